"""Reading in the portal, sending again, bounces."""

from uuid import UUID

from sqlalchemy import select, text

from aftercare.journal import SYSTEM, ActorKind, House, Work, begin
from aftercare.notices.events import NoticeFailed, NoticePlanned, NoticeRead
from aftercare.notices.model import Notice, NoticeNotFound, NoticeState, NoticeUnderWay

READ = text(
    """
    UPDATE notice SET read_at = :now, state = CASE WHEN state IN ('sent', 'suppressed') THEN 'read' ELSE state END
    WHERE (CAST(:id AS uuid) IS NULL OR id = :id) AND customer_id = ANY(:customers) AND read_at IS NULL
      AND body IS NOT NULL
    RETURNING id, shop_id, customer_id
    """
)


async def mark_read(work: Work, notice_id: UUID | None = None) -> int:
    """The customer has read this notice, or all of them. Read again, it was read the first time. Returns how many are newly
    read. Refuses with NoticeNotFound what is not the customer's."""
    customers = list(work.actor.customers) if work.actor.kind is ActorKind.customer else []
    if notice_id is not None:
        mine = await work.session.scalar(
            select(Notice.id).where(Notice.id == notice_id, Notice.customer_id.in_(customers))
        )
        if mine is None:
            raise NoticeNotFound(notice_id=notice_id)
    rows = (
        await work.session.execute(READ, {"id": notice_id, "customers": customers, "now": work.now})
    ).all()
    for row in rows:
        work.record(NoticeRead(notice_id=row.id, customer_id=row.customer_id, shop_id=row.shop_id))
    return len(rows)


async def resend(work: Work, notice_id: UUID) -> None:
    """Sends the same words under the same Message-ID again, to the address that the customer has now. Needs `notices.write`.
    Refuses with NoticeNotFound, or with NoticeUnderWay while it has not been tried to the end."""
    work.require("notices.write")
    notice = (
        await work.session.execute(select(Notice).where(Notice.id == notice_id).with_for_update())
    ).scalar_one_or_none()
    if notice is None:
        raise NoticeNotFound(notice_id=notice_id)
    if notice.state is NoticeState.planned:
        raise NoticeUnderWay(notice_id=notice_id)
    notice.state, notice.attempts, notice.next_at, notice.error = NoticeState.planned, 0, work.now, None
    await work.session.flush()
    work.record(NoticePlanned(notice_id=notice_id, shop_id=notice.shop_id))


async def bounced(house: House, message_id: str, reason: str) -> bool:
    """A mail server reports later that a sent letter did not arrive. False if we know no such letter."""
    async with begin(house, SYSTEM) as work:
        notice = (
            await work.session.execute(
                select(Notice).where(Notice.message_id == message_id).with_for_update()
            )
        ).scalar_one_or_none()
        if notice is None:
            return False
        if notice.state in (NoticeState.sent, NoticeState.read):
            notice.state, notice.error = NoticeState.bounced, reason[:1_000]
            work.record(
                NoticeFailed(
                    notice_id=notice.id,
                    shop_id=notice.shop_id,
                    customer_id=notice.customer_id,
                    claim_id=notice.claim_id,
                    case_id=notice.case_id,
                    template=notice.template,
                    bounced=True,
                )
            )
        return True
