"""How a case begins."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare import identity
from aftercare.cases.events import CaseLinked, CaseOpened
from aftercare.cases.model import (
    LONGEST_TITLE,
    NO_CLOCK,
    SNIPPET,
    CaseNotFound,
    Priority,
    Stage,
    Status,
    TitleMissing,
)
from aftercare.cases.verbs import FIRST_ANSWER, RESOLUTION, CaseView, get_case, good_tags
from aftercare.conversations import Author, Channel, MessageKind, NewMessage, post
from aftercare.journal import ActorKind, Work
from aftercare.kit.text import clean, one_line
from aftercare.promises import start_clock


class NewCase(BaseModel):
    """`body` is the first message; opened by staff it is their note of what the customer asked. A case that expects no
    answer (one that a claim opens for itself) starts no clock of first answer. The same `client_key` of the same customer
    opens the same case, however often it is sent."""

    shop_id: UUID
    title: str
    customer_id: UUID | None = None
    order_id: UUID | None = None
    channel: Channel = Channel.portal
    locale: str = "zh-CN"
    priority: Priority = Priority.normal
    skill: str | None = None
    tags: list[str] = []
    body: str = ""
    file_ids: list[UUID] = []
    client_key: str | None = None
    expects_answer: bool = True
    find_owner: bool = True
    links: list[tuple[str, UUID]] = []
    """Objects of other contexts, by kind, that belong to it from the beginning."""


OPEN = """
    WITH n AS (SELECT nextval('service_case_number') AS n),
    c AS (
      INSERT INTO service_case (id, shop_id, number, customer_id, order_id, thread_id, title, status, stage, priority,
        channel, locale, skill, tags, opened_at, last_message_at, last_message_id, last_author, last_words, waiting_since,
        due_at, queued, client_key)
      SELECT :id, :shop_id, 'AC-' || CAST(:month AS text) || '-' || lpad(n::text, greatest(6, length(n::text)), '0'),
        :customer_id, :order_id, :thread_id, :title, 'open', 'consulted', :priority, :channel, :locale, :skill, :tags, :now,
        :now, :message_id, :last_author, :last_words, :waiting_since, :no_clock, :queued, :client_key FROM n
      ON CONFLICT (customer_id, client_key) WHERE client_key IS NOT NULL DO NOTHING RETURNING number
    ), t AS (
      INSERT INTO thread (id, shop_id, customer_id, opened_at)
      SELECT CAST(:thread_id AS uuid), CAST(:shop_id AS uuid), CAST(:customer_id AS uuid), CAST(:now AS timestamptz) FROM c
    ), l AS (
      INSERT INTO case_link (case_id, object_kind, object_id, shop_id, linked_at)
      SELECT CAST(:id AS uuid), l.kind, l.id, CAST(:shop_id AS uuid), CAST(:now AS timestamptz)
      FROM c, unnest(CAST(:link_kinds AS text[]), CAST(:link_ids AS uuid[])) AS l(kind, id)
    )
    SELECT number FROM c
"""


async def open_case(work: Work, new: NewCase) -> CaseView:
    """Opens a case with its thread, its first message and its clocks. A customer opens only own matters; staff need
    `cases.write`. Refuses with CaseNotFound (not yours), TitleMissing."""
    actor = work.actor
    is_customer = actor.kind is ActorKind.customer
    title = one_line(new.title)
    if not title or len(title) > LONGEST_TITLE:
        raise TitleMissing(most=LONGEST_TITLE)
    if is_customer:
        if new.customer_id not in actor.customers:
            raise CaseNotFound()
    else:
        work.require("cases.write")
    await _check_parties(work, new)
    case_id, thread_id = work.new_id(), work.new_id()
    body = clean(new.body).strip()
    says = bool(body or new.file_ids)
    message_id = work.new_id() if says else None
    row: dict[str, Any] = {
        "id": case_id,
        "thread_id": thread_id,
        "shop_id": new.shop_id,
        "customer_id": new.customer_id,
        "order_id": new.order_id,
        "title": title,
        "priority": new.priority.value,
        "channel": new.channel.value,
        "locale": new.locale,
        "skill": new.skill,
        "tags": good_tags(new.tags),
        "now": work.now,
        "month": work.now.strftime("%y%m"),
        "message_id": message_id,
        "last_author": Author(actor.kind.value).value if says else None,
        "last_words": one_line(body)[:SNIPPET],
        "waiting_since": work.now if new.expects_answer else None,
        "no_clock": NO_CLOCK,
        "queued": new.find_owner,
        "client_key": new.client_key,
        "link_kinds": [kind for kind, _ in new.links],
        "link_ids": [object_id for _, object_id in new.links],
    }
    opened = await work.row(OPEN, row)
    if opened is None:
        return await _opened_before(work, new)
    number = opened.number
    work.record(
        CaseOpened(
            shop_id=new.shop_id,
            case_id=case_id,
            thread_id=thread_id,
            customer_id=new.customer_id,
            order_id=new.order_id,
            channel=new.channel,
            number=number,
        )
    )
    for kind, object_id in new.links:
        work.record(CaseLinked(shop_id=new.shop_id, case_id=case_id, object_kind=kind, object_id=object_id))
    if message_id is not None:
        await post(
            work,
            NewMessage(
                thread_id=thread_id,
                case_id=case_id,
                body=body,
                kind=MessageKind.message if is_customer else MessageKind.note,
                channel=new.channel,
                file_ids=new.file_ids,
            ),
            message_id=message_id,
        )
    clocks = [FIRST_ANSWER, RESOLUTION] if new.expects_answer else [RESOLUTION]
    for name in clocks:
        await start_clock(work, shop_id=new.shop_id, subject_kind="case", subject_id=case_id, name=name)
    return CaseView(
        id=case_id,
        shop_id=new.shop_id,
        number=number,
        customer_id=new.customer_id,
        order_id=new.order_id,
        thread_id=thread_id,
        title=title,
        status=Status.open,
        stage=Stage.consulted,
        priority=new.priority,
        owner_id=None,
        channel=new.channel,
        locale=new.locale,
        skill=new.skill,
        tags=row["tags"],
        opened_at=work.now,
        last_message_at=work.now,
        answered_at=None,
        waiting_since=row["waiting_since"],
        snoozed_until=None,
        solved_at=None,
        closed_at=None,
        closing=None,
    )


async def _opened_before(work: Work, new: NewCase) -> CaseView:
    earlier = await work.session.execute(
        text("SELECT id FROM service_case WHERE customer_id = :customer_id AND client_key = :client_key"),
        {"customer_id": new.customer_id, "client_key": new.client_key},
    )
    return await get_case(work, earlier.scalar_one())


async def _check_parties(work: Work, new: NewCase) -> None:
    """The actor sees the shop, the customer is one of it, and the order is the customer's."""
    if new.customer_id is None and new.order_id is None:
        await identity.get_shop(work, new.shop_id)
        return
    row = await work.row(
        """
        SELECT (CAST(:customer_id AS uuid) IS NULL OR EXISTS (
            SELECT FROM customer WHERE id = :customer_id AND shop_id = :shop_id))
          AND (CAST(:order_id AS uuid) IS NULL OR EXISTS (
            SELECT FROM sales_order WHERE id = :order_id AND shop_id = :shop_id
              AND (CAST(:customer_id AS uuid) IS NULL OR customer_id = :customer_id))) AS fits
        """,
        {"customer_id": new.customer_id, "order_id": new.order_id, "shop_id": new.shop_id},
    )
    if not row.fits:
        raise CaseNotFound(shop_id=new.shop_id, customer_id=new.customer_id, order_id=new.order_id)
