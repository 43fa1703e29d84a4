"""What a case is found by: its number, title, tags, customer, order, and everything that was said."""

from uuid import UUID

from sqlalchemy import text

from aftercare.cases.model import BLOCK
from aftercare.journal import Work
from aftercare.kit.text import phone_spellings, tsquery, tsvector_text

MOST_FOUND = 200
MOST_MESSAGES = 200

PARTS = text(
    """
    SELECT c.shop_id, c.number, c.title, c.tags, u.name, u.email, u.phone, o.number AS order_number,
      array(SELECT body FROM message m WHERE m.thread_id = c.thread_id AND m.kind = 'message'
        ORDER BY m.sent_at DESC LIMIT :most) AS said
    FROM service_case c LEFT JOIN customer u ON u.id = c.customer_id LEFT JOIN sales_order o ON o.id = c.order_id
    WHERE c.id = :id
    """
)


async def index_case(work: Work, case_id: UUID) -> None:
    """Writes anew what the case is found by; also after a customer was changed or erased."""
    row = (await work.session.execute(PARTS, {"id": case_id, "most": MOST_MESSAGES})).one_or_none()
    if row is None:
        return
    words = tsvector_text(
        row.number,
        row.title,
        *row.tags,
        row.name,
        row.email,
        *phone_spellings(row.phone),
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
            {"id": case_id, "words": tsvector_text(body)},
        )


async def find_cases(work: Work, words: str) -> list[UUID]:
    """The newest cases that hold every word, else any word; identifiers match by their beginning. At most 200."""
    for every in (True, False):
        query = tsquery(words, every=every)
        if query is None:
            return []
        found = await work.session.execute(
            text("SELECT case_id FROM find_cases(CAST(:query AS tsquery), :most)"),
            {"query": query, "most": MOST_FOUND},
        )
        ids = list(found.scalars())
        if ids:
            return ids
    return []
