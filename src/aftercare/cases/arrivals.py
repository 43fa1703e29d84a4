"""What comes in by a channel finds its case: the one it answers, else the sender's open matter, else a new one.

Whose it is, is believed only on verified facts. An order that is named by who writes from the address or number of its customer
is one; a sender line alone is none. What a robot wrote opens nothing and answers nothing, so that two robots never talk.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.cases.escalation.words import note_language
from aftercare.cases.model import LONGEST_TITLE
from aftercare.cases.opening import NewCase, open_case
from aftercare.cases.search import index_case
from aftercare.cases.verbs import case_row, goes_on_in
from aftercare.conversations import (
    LONGEST_BODY,
    MOST_FILES,
    Channel,
    ContactJoined,
    ContactSplit,
    ContactView,
    MessageKind,
    MessageUndeliverable,
    NewMessage,
    Verified,
    account_of,
    answered_at_once,
    contact_of,
    get_contact,
    give_files,
    join_contact,
    note_heard,
    post,
    spellings,
    thread_of_token,
)
from aftercare.identity import get_shop
from aftercare.journal import Work, after, within
from aftercare.kit.text import clean, one_line
from aftercare.shop import number_key

RECENTLY = timedelta(days=7)
MOST_AN_HOUR = 40
"""Of one sender. What comes faster than people write is kept as notes: it is read, but nothing answers it by itself."""
MOST_NUMBERS = 40
MOST_REFERENCES = 60
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{3,38}[A-Za-z0-9]")
_ANSWERED = re.compile(
    r"^(?:(?:re|fwd?|aw|wg|sv|vs|tr|rv|res|enc|r|i|回复|答复|回覆|转发|轉寄|轉發|返信|転送|답장|전달)(?:\[\d+\])?\s*[:：]\s*)+",
    re.IGNORECASE,
)
_TRADITIONAL = re.compile(r"[請問訂單貨錢還個這麼說為沒過時間開關買賣寄單號謝]")
_HAN = re.compile(r"[\u4e00-\u9fff]")

UNTITLED = {"zh-CN": "来自客户的消息", "zh-TW": "來自客戶的訊息", "en": "A customer's message"}
AUTOMATIC = {"zh-CN": "〔自动回复〕", "zh-TW": "〔自動回覆〕", "en": "[Automatic reply]"}
MANY = {
    "zh-CN": "〔短时间内来信过多，仅作记录〕",
    "zh-TW": "〔短時間內來信過多，僅作紀錄〕",
    "en": "[Too many in a short time; kept as a note]",
}


class Incoming(BaseModel):
    """A message as a connector has read it. `file_ids` were kept with `store_file(…, customer_id=None)`. `thread_id` is for
    connectors that know the thread for certain (a chat's own session); `thread_token` is what `signed_reply_token` gave out;
    `references` are the other side's names of earlier messages. `order_numbers` may be left empty: they are looked for in
    subject and body. `automatic`: a robot wrote it."""

    account_id: UUID
    address: str
    name: str = ""
    body: str = ""
    html: str | None = None
    file_ids: list[UUID] = []
    external_id: str | None = None
    thread_token: str | None = None
    thread_id: UUID | None = None
    references: list[str] = []
    subject: str = ""
    locale: str | None = None
    order_numbers: list[str] = []
    sent_at: datetime | None = None
    automatic: bool = False


class Received(BaseModel):
    """`case_id` is None for what a robot wrote into no case of ours: then nothing was kept. `again`: it had come before.
    `quiet`: it was kept as a note."""

    case_id: UUID | None
    message_id: UUID | None
    contact_id: UUID
    again: bool = False
    opened: bool = False
    quiet: bool = False


EARLIER = text(
    """
    SELECT m.id AS message_id, c.id AS case_id, m.contact_id FROM message m
    LEFT JOIN service_case c ON c.thread_id = m.thread_id WHERE m.account_id = :account_id AND m.external_id = :external_id
    """
)
ORDERS = text(
    """
    SELECT o.id, o.customer_id, u.email = CAST(:address AS text) OR u.phone = ANY(:spellings) AS known
    FROM sales_order o JOIN customer u ON u.id = o.customer_id
    WHERE o.shop_id = :shop_id AND o.number_key = ANY(:numbers) ORDER BY o.placed_at DESC, o.id DESC LIMIT 20
    """
)
# Anybody can write any reference: it counts for who has a part in that case already.
REFERENCED = text(
    """
    SELECT c.id FROM (
      SELECT m.thread_id, m.sent_at FROM message m
      WHERE m.account_id IN (SELECT id FROM channel_account WHERE shop_id = :shop_id) AND m.external_id = ANY(:references)
      UNION ALL
      SELECT s.thread_id, s.planned_at FROM message_sending s
      WHERE s.account_id IN (SELECT id FROM channel_account WHERE shop_id = :shop_id) AND s.external_id = ANY(:references)
    ) r JOIN service_case c ON c.thread_id = r.thread_id
    WHERE c.customer_id = CAST(:customer_id AS uuid)
      OR EXISTS (SELECT FROM message m WHERE m.thread_id = c.thread_id AND m.contact_id = :contact_id)
      OR EXISTS (SELECT FROM message_sending s WHERE s.thread_id = c.thread_id AND s.contact_id = :contact_id)
    ORDER BY r.sent_at DESC LIMIT 1
    """
)
# The open matter: about the order that is named; else the one that this contact wrote in last, unless it is about another order.
OPEN_MATTER = text(
    """
    SELECT c.id FROM service_case c
    WHERE c.shop_id = :shop_id AND (c.status IN ('open', 'waiting_shop', 'waiting_customer')
        OR c.status = 'solved' AND c.solved_at > :recently)
      AND (c.customer_id = CAST(:customer_id AS uuid) AND c.order_id = ANY(:orders)
        OR (c.order_id IS NULL OR NOT :named)
          AND c.thread_id IN (SELECT thread_id FROM message WHERE contact_id = :contact_id)
          AND c.customer_id IS NOT DISTINCT FROM CAST(:customer_id AS uuid))
    ORDER BY coalesce(c.order_id = ANY(:orders), false) DESC, c.status <> 'solved' DESC, c.last_message_at DESC, c.id DESC
    LIMIT 1
    """
)
RECENT = text(
    "SELECT count(*) FROM message WHERE contact_id = :contact_id AND sent_at > :since AND author_kind = 'customer'"
)


async def receive(work: Work, incoming: Incoming) -> Received:
    """Takes in what came by a channel, once. For connectors, in a Work of the system. Refuses with AccountNotFound,
    AddressNotPossible."""
    account = await account_of(work, incoming.account_id)
    contact = await contact_of(
        work,
        shop_id=account.shop_id,
        channel=account.kind,
        address=incoming.address,
        account_id=account.id,
        name=incoming.name,
    )
    if incoming.external_id is not None:
        # Two addresses may tell of one message; one after the other they find it.
        await work.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
            {"name": f"{account.id} {clean(incoming.external_id)}"},
        )
        row = (
            await work.session.execute(
                EARLIER, {"account_id": account.id, "external_id": incoming.external_id}
            )
        ).one_or_none()
        if row is not None:
            return Received(case_id=row.case_id, message_id=row.message_id, contact_id=contact.id, again=True)
    orders: list[Any] = []
    if not incoming.automatic:
        await note_heard(work, contact.id)
        orders = await _named_orders(work, contact, incoming)
        contact = await _verified(work, contact, orders)
    own_orders = [order.id for order in orders if order.customer_id == contact.customer_id]
    case_id = await _find(work, contact, incoming, own_orders, named=bool(orders))
    if case_id is None and incoming.automatic:
        return Received(case_id=None, message_id=None, contact_id=contact.id)
    recent = await work.session.scalar(
        RECENT, {"contact_id": contact.id, "since": work.now - timedelta(hours=1)}
    )
    quiet = incoming.automatic or (
        account.kind is not Channel.chat and case_id is not None and (recent or 0) >= MOST_AN_HOUR
    )
    opened = case_id is None
    if case_id is None:
        case_id = await _open(work, account.kind, contact, incoming, own_orders)
    message_id = await _post(work, account.kind, contact, incoming, case_id, quiet=quiet)
    return Received(case_id=case_id, message_id=message_id, contact_id=contact.id, opened=opened, quiet=quiet)


async def _named_orders(work: Work, contact: ContactView, incoming: Incoming) -> list[Any]:
    said = incoming.order_numbers or [
        found[0]
        for found in _NUMBER.finditer(f"{incoming.subject}\n{incoming.body}"[:LONGEST_BODY])
        if any(one.isdigit() for one in found[0])
    ]
    numbers = list(dict.fromkeys(number_key(one) for one in said))[:MOST_NUMBERS]
    if not numbers:
        return []
    rows = await work.session.execute(
        ORDERS,
        {
            "shop_id": contact.shop_id,
            "numbers": numbers,
            "address": contact.address,
            "spellings": spellings(contact.address),
        },
    )
    return list(rows)


async def _verified(work: Work, contact: ContactView, orders: Sequence[Any]) -> ContactView:
    """Who writes from the address of the order's customer and names the order is that customer."""
    if contact.customer_id is not None:
        return contact
    shown = {order.customer_id for order in orders if order.known}
    if len(shown) != 1:
        return contact
    return await join_contact(work, contact.id, shown.pop(), Verified.order_contact)


async def _find(
    work: Work, contact: ContactView, incoming: Incoming, own_orders: list[UUID], *, named: bool
) -> UUID | None:
    about = {"shop_id": contact.shop_id, "contact_id": contact.id, "customer_id": contact.customer_id}
    thread_id = incoming.thread_id
    if thread_id is None and incoming.thread_token:
        thread_id = thread_of_token(work.house.secret, incoming.thread_token)
    if thread_id is not None:
        found = await goes_on_in(work, thread_id=thread_id)
        if found is not None and (await case_row(work, found)).shop_id == contact.shop_id:
            return found
    if incoming.references:
        found = await work.session.scalar(
            REFERENCED, {**about, "references": incoming.references[-MOST_REFERENCES:]}
        )
        if found is not None:
            return UUID(str(found))
    if incoming.automatic:
        return None
    found = await work.session.scalar(
        OPEN_MATTER, {**about, "orders": own_orders, "named": named, "recently": work.now - RECENTLY}
    )
    return None if found is None else UUID(str(found))


async def _open(
    work: Work, channel: Channel, contact: ContactView, incoming: Incoming, own_orders: list[UUID]
) -> UUID:
    locale = incoming.locale or await _language(work, contact, incoming)
    title = _ANSWERED.sub("", one_line(incoming.subject)).strip()
    title = title or one_line(incoming.body)[:60] or UNTITLED[locale if locale in UNTITLED else "en"]
    case = await open_case(
        work,
        NewCase(
            shop_id=contact.shop_id,
            title=title[:LONGEST_TITLE],
            customer_id=contact.customer_id,
            order_id=own_orders[0] if own_orders else None,
            channel=channel,
            locale=locale,
            expects_answer=False,
            find_owner=not await answered_at_once(work, contact.shop_id, channel),
        ),
    )
    if contact.customer_id is not None:
        await _only_through(work, case.id, contact.id, case.shop_id)
    return case.id


async def _language(work: Work, contact: ContactView, incoming: Incoming) -> str:
    """The customer's, else that of the words, else the shop's."""
    if contact.customer_id is not None:
        known = await work.session.scalar(
            text("SELECT locale FROM customer WHERE id = :id"), {"id": contact.customer_id}
        )
        if known:
            return str(known)
    shop = await get_shop(work, contact.shop_id)
    words = f"{incoming.subject} {incoming.body}"[:4_000]
    if _HAN.search(words):
        traditional = len(set(_TRADITIONAL.findall(words))) >= 2 or shop.locale == "zh-TW"
        return "zh-TW" if traditional else "zh-CN"
    return "en" if re.search(r"[A-Za-z]{3}", words) else shop.locale


async def _post(
    work: Work,
    channel: Channel,
    contact: ContactView,
    incoming: Incoming,
    case_id: UUID,
    *,
    quiet: bool,
) -> UUID:
    row = (
        await work.session.execute(
            text("SELECT thread_id, customer_id FROM service_case WHERE id = :id"), {"id": case_id}
        )
    ).one()
    await give_files(work, incoming.file_ids, row.customer_id)
    body = clean(incoming.body).strip() or one_line(incoming.subject)
    if quiet:
        language = note_language(await get_shop(work, contact.shop_id))
        body = f"{(AUTOMATIC if incoming.automatic else MANY)[language]} {contact.address}\n{body}"
    if len(body) > LONGEST_BODY:
        body = body[: LONGEST_BODY - 1] + "…"
    posted = await post(
        work,
        NewMessage(
            thread_id=row.thread_id,
            case_id=case_id,
            body=body or ("" if incoming.file_ids else "…"),
            html=incoming.html,
            kind=MessageKind.note if quiet else MessageKind.message,
            channel=channel,
            file_ids=incoming.file_ids[:MOST_FILES],
            account_id=incoming.account_id,
            contact_id=contact.id,
            external_id=incoming.external_id,
            incoming=not quiet,
        ),
    )
    # What comes next in the same Work finds the case as these words have left it.
    await work.write_facts()
    return posted.message_id


CONTACTS = text(
    """
    SELECT k.id, max(m.sent_at) AS wrote FROM contact k
    LEFT JOIN message m ON m.contact_id = k.id AND m.thread_id = :thread_id AND m.author_kind = 'customer'
    WHERE k.id IN (SELECT contact_id FROM message WHERE thread_id = :thread_id)
      OR k.customer_id = CAST(:customer_id AS uuid) AND k.shop_id = :shop_id
    GROUP BY k.id ORDER BY wrote DESC NULLS LAST, k.id LIMIT 50
    """
)


async def contacts_of_case(work: Work, case_id: UUID) -> list[ContactView]:
    """The ways to reach who the case is about: who wrote in it, the last first, then the customer's others. Needs
    `cases.read`."""
    work.require("cases.read")
    case = await case_row(work, case_id)
    rows = await work.session.execute(
        CONTACTS,
        {"thread_id": case.thread_id, "customer_id": case.customer_id, "shop_id": case.shop_id},
    )
    return [await get_contact(work, row.id) for row in rows.all()]


# Whose the cases of a contact are


async def _only_through(work: Work, case_id: UUID, contact_id: UUID, shop_id: UUID) -> None:
    await work.session.execute(
        text(
            "INSERT INTO case_contact (case_id, contact_id, shop_id) VALUES (:case_id, :contact_id, :shop_id)"
            " ON CONFLICT DO NOTHING"
        ),
        {"case_id": case_id, "contact_id": contact_id, "shop_id": shop_id},
    )


JOIN = text(
    """
    WITH c AS (
      UPDATE service_case SET customer_id = :customer_id
      WHERE customer_id IS NULL AND thread_id IN (SELECT thread_id FROM message WHERE contact_id = :contact_id)
      RETURNING id, thread_id, shop_id
    ), t AS (
      UPDATE thread SET customer_id = :customer_id FROM c WHERE thread.id = c.thread_id
    ), f AS (
      UPDATE file SET customer_id = :customer_id WHERE customer_id IS NULL AND id IN (
        SELECT mf.file_id FROM message_file mf JOIN message m ON m.id = mf.message_id JOIN c ON c.thread_id = m.thread_id)
    )
    INSERT INTO case_contact (case_id, contact_id, shop_id) SELECT id, :contact_id, shop_id FROM c
    ON CONFLICT (case_id) DO UPDATE SET contact_id = excluded.contact_id
    """
)
# What the customer has claimed in the case is the customer's, whoever wrote the letters.
SPLIT = text(
    """
    WITH c AS (
      UPDATE service_case SET customer_id = NULL, order_id = NULL FROM case_contact x
      WHERE x.contact_id = :contact_id AND service_case.id = x.case_id AND service_case.customer_id = :customer_id
        AND NOT EXISTS (SELECT FROM case_link l WHERE l.case_id = x.case_id)
      RETURNING service_case.id, service_case.thread_id
    ), t AS (
      UPDATE thread SET customer_id = NULL FROM c WHERE thread.id = c.thread_id
    ), f AS (
      UPDATE file SET customer_id = NULL WHERE customer_id = :customer_id AND id IN (
        SELECT mf.file_id FROM message_file mf JOIN message m ON m.id = mf.message_id JOIN c ON c.thread_id = m.thread_id)
    )
    DELETE FROM case_contact WHERE contact_id = :contact_id
    """
)


@within(ContactJoined)
async def give_cases(work: Work, fact: ContactJoined) -> None:
    await work.session.execute(JOIN, {"contact_id": fact.contact_id, "customer_id": fact.customer_id})


@within(ContactSplit)
async def take_cases_back(work: Work, fact: ContactSplit) -> None:
    await work.session.execute(SPLIT, {"contact_id": fact.contact_id, "customer_id": fact.customer_id})


@after(ContactJoined, ContactSplit)
async def make_findable_anew(work: Work, fact: ContactJoined | ContactSplit) -> None:
    """By the customer's name and orders, or no longer by them."""
    rows = await work.session.execute(
        text(
            "SELECT id FROM service_case WHERE thread_id IN (SELECT thread_id FROM message WHERE contact_id = :id)"
        ),
        {"id": fact.contact_id},
    )
    for row in rows.all():
        await index_case(work, row.id)


@after(MessageUndeliverable)
async def wait_for_shop(work: Work, fact: MessageUndeliverable) -> None:
    """An answer that did not arrive is none: the case waits for us again."""
    if fact.case_id is not None:
        await work.session.execute(
            text(
                "UPDATE service_case SET status = 'waiting_shop', snoozed_until = NULL"
                " WHERE id = :id AND status = 'waiting_customer' AND EXISTS (SELECT FROM message_sending s"
                " WHERE s.message_id = :message_id AND s.state IN ('failed', 'bounced'))"
            ),
            {"id": fact.case_id, "message_id": fact.message_id},
        )
