"""What a case is found by: its number, title, tags, customer, order, and everything that was said."""

import re
from uuid import UUID

from sqlalchemy import text

from aftercare.cases.model import BLOCK
from aftercare.journal import Work
from aftercare.kit.languages import simplified
from aftercare.kit.text import phone_spellings, tsquery, tsvector_text

MOST_FOUND = 200
MOST_MESSAGES = 200

# Calls of people whom we do not know are named by their number.
_NUMBER = re.compile(r"\+\d{7,15}")

PARTS = text(
    """
    SELECT c.shop_id, c.number, c.title, c.tags, u.name, u.email, u.phone, o.number AS order_number,
      array(SELECT body FROM message m WHERE m.thread_id = c.thread_id AND m.kind = 'message'
        ORDER BY m.sent_at DESC LIMIT :most) AS said
    FROM service_case c LEFT JOIN customer u ON u.id = c.customer_id LEFT JOIN sales_order o ON o.id = c.order_id
    WHERE c.id = :id
    """
)


def _in_both_scripts(*texts: str | None) -> str:
    """What was written in traditional characters is found by simplified ones too."""
    plain = (simplified(one) for one in texts if one)
    return tsvector_text(*texts, *(one for one in plain if one not in texts))


async def index_case(work: Work, case_id: UUID) -> None:
    """Writes anew what the case is found by; also after a customer was changed or erased."""
    row = (await work.session.execute(PARTS, {"id": case_id, "most": MOST_MESSAGES})).one_or_none()
    if row is None:
        return
    words = _in_both_scripts(
        row.number,
        row.title,
        *row.tags,
        row.name,
        row.email,
        *phone_spellings(row.phone),
        *(spelling for number in _NUMBER.findall(row.title) for spelling in phone_spellings(number)),
        row.order_number,
        *row.said,
    )
    await work.session.execute(
        text(
            "INSERT INTO case_words (case_id, shop_id, block, words) VALUES (:id, :shop_id, :block, CAST(:words AS tsvector))"
            " ON CONFLICT (case_id) DO UPDATE SET words = excluded.words"
        ),
        {
            "id": case_id,
            "shop_id": row.shop_id,
            "block": int(row.number.rsplit("-", 1)[1]) // BLOCK,
            "words": words,
        },
    )


async def index_message(work: Work, case_id: UUID, message_id: UUID) -> None:
    """Adds the words of one message."""
    body = (
        await work.session.execute(text("SELECT body FROM message WHERE id = :id"), {"id": message_id})
    ).scalar_one_or_none()
    if body:
        await work.session.execute(
            text("UPDATE case_words SET words = words || CAST(:words AS tsvector) WHERE case_id = :id"),
            {"id": case_id, "words": _in_both_scripts(body)},
        )


async def find_cases(work: Work, words: str) -> list[UUID]:
    """The newest cases that hold every word, else any word, in either script; identifiers match by their beginning. At most 200."""
    for every in (True, False):
        # Traditional characters stand in both scripts only since they are indexed so.
        for asked in dict.fromkeys((simplified(words), words)):
            query = tsquery(asked, every=every)
            if query is None:
                return []
            ids = await newest_that_hold(work, query, most=MOST_FOUND)
            if ids:
                return ids
    return []


async def newest_that_hold(work: Work, query: str, *, most: int) -> list[UUID]:
    """Cases of the actor's shops whose words match a tsquery."""
    found = await work.session.execute(
        text("SELECT case_id FROM find_cases(CAST(:query AS tsquery), :most)"), {"query": query, "most": most}
    )
    return list(found.scalars())
