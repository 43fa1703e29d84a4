"""Reading notices: the customer's own, the desk's list, and the share of them that were right."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Select, func, select, text, tuple_

from aftercare.journal import Work
from aftercare.kit.json import to_json
from aftercare.kit.paging import LARGEST_PAGE, Page, page, read_mark
from aftercare.notices.model import Notice, NoticeNotFound, NoticeState
from aftercare.notices.rules import rules
from aftercare.notices.sending import link_of


class MyNotice(BaseModel):
    """`link`: a path of the portal."""

    id: UUID
    shop_id: UUID | None
    template: str
    claim_id: UUID | None
    case_id: UUID | None
    subject: str
    body: str
    button: str
    link: str
    planned_at: datetime
    read_at: datetime | None


class MyNotices(BaseModel):
    items: list[MyNotice]
    next: str | None
    unread: int


class NoticeView(BaseModel):
    """A notice at the desk. `subject` is null until it was worded."""

    id: UUID
    shop_id: UUID | None
    customer_id: UUID | None
    claim_id: UUID | None
    case_id: UUID | None
    fact: str
    template: str
    state: NoticeState
    locale: str | None
    address: str | None
    subject: str | None
    body: str | None
    attempts: int
    next_at: datetime
    error: str | None
    message_id: str | None
    planned_at: datetime
    sent_at: datetime | None
    read_at: datetime | None


async def my_notices(work: Work, *, after: str | None = None, limit: int = 50) -> MyNotices:
    """What the customer was told, newest first, and how much of it is unread."""
    mine = (
        select(Notice)
        .where(Notice.customer_id.in_(work.actor.customers), Notice.body.is_not(None))
        .order_by(Notice.planned_at.desc(), Notice.id.desc())
    )
    rows, following = await _page(work, mine, after, limit)
    unread = await work.session.scalar(
        select(func.count()).where(
            Notice.customer_id.in_(work.actor.customers), Notice.body.is_not(None), Notice.read_at.is_(None)
        )
    )
    return MyNotices(
        items=[
            MyNotice(
                id=row.id,
                shop_id=row.shop_id,
                template=row.template,
                claim_id=row.claim_id,
                case_id=row.case_id,
                subject=row.subject or "",
                body=row.body or "",
                button=row.button or "",
                link=link_of(row),
                planned_at=row.planned_at,
                read_at=row.read_at,
            )
            for row in rows
        ],
        next=following,
        unread=unread or 0,
    )


async def list_notices(
    work: Work,
    *,
    shop_id: UUID | None = None,
    state: NoticeState | None = None,
    template: str | None = None,
    customer_id: UUID | None = None,
    claim_id: UUID | None = None,
    case_id: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[NoticeView]:
    """Newest first. Needs `notices.read`."""
    work.require("notices.read")
    wanted = select(Notice).order_by(Notice.planned_at.desc(), Notice.id.desc())
    for column, value in (
        (Notice.shop_id, shop_id),
        (Notice.state, state),
        (Notice.template, template),
        (Notice.customer_id, customer_id),
        (Notice.claim_id, claim_id),
        (Notice.case_id, case_id),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    rows, following = await _page(work, wanted, after, limit)
    return Page(items=[NoticeView.model_validate(row, from_attributes=True) for row in rows], next=following)


async def get_notice(work: Work, notice_id: UUID) -> NoticeView:
    """Needs `notices.read`. Refuses with NoticeNotFound."""
    work.require("notices.read")
    row = await work.session.get(Notice, notice_id, populate_existing=True)
    if row is None:
        raise NoticeNotFound(notice_id=notice_id)
    return NoticeView.model_validate(row, from_attributes=True)


async def _page(
    work: Work, wanted: Select[Notice], after: str | None, limit: int
) -> tuple[list[Notice], str | None]:
    begins = read_mark(after, (datetime, UUID))
    if begins:
        wanted = wanted.where(tuple_(Notice.planned_at, Notice.id) < (begins[0], begins[1]))
    limit = min(limit, LARGEST_PAGE)
    rows = (await work.session.scalars(wanted.limit(limit + 1))).all()
    return page(rows, limit, lambda row: (row.planned_at, row.id))


class NoticeShare(BaseModel):
    """Facts of a period that asked for a notice, against the notices. `told`: by mail, or in the portal where there is no
    address; `undelivered`: failed or bounced, but worded in the portal; `waiting`: still planned; `missing`: no notice;
    `untrue`: notices whose fact is not in the journal. `share` is (told + undelivered) of asked, null when none asked."""

    asked: int
    told: int
    undelivered: int
    waiting: int
    missing: int
    untrue: int
    share: float | None


SHARE = """
    WITH rule AS (
      SELECT r->>'fact' AS fact, r->>'template' AS template, r->'asks' AS asks,
        ARRAY(SELECT jsonb_array_elements_text(r->'has')) AS has,
        ARRAY(SELECT jsonb_array_elements_text(r->'lacks')) AS lacks
      FROM jsonb_array_elements(CAST(:rules AS jsonb)) AS r
    ), asked AS (
      SELECT DISTINCT f.position, rule.template FROM fact f JOIN rule ON rule.fact = f.name AND f.data @> rule.asks
        AND f.data ?& rule.has AND NOT f.data ?| rule.lacks
      WHERE f.name = ANY(:facts) AND f.at >= :since AND f.at < :until {of_shop}
    ), met AS (
      SELECT a.position, n.id, n.state, n.body IS NOT NULL AND n.customer_id IS NOT NULL AS in_portal
      FROM asked a LEFT JOIN notice n ON n.position = a.position AND n.template = a.template
    )
    SELECT count(*) AS asked,
      count(*) FILTER (WHERE state IN ('sent', 'read') OR (state = 'suppressed' AND in_portal)) AS told,
      count(*) FILTER (WHERE state IN ('failed', 'bounced') AND in_portal) AS undelivered,
      count(*) FILTER (WHERE state = 'planned') AS waiting,
      count(*) FILTER (WHERE id IS NULL) AS missing,
      (SELECT count(*) FROM notice n WHERE n.planned_at >= :since AND n.planned_at < :until {of_shop_too}
        AND NOT EXISTS (SELECT FROM asked a WHERE a.position = n.position AND a.template = n.template)) AS untrue
    FROM met
"""


def _asks() -> list[dict[str, Any]]:
    """Each rule once for every value that its condition allows, as what the fact's data must contain."""
    asks: list[dict[str, Any]] = []
    for rule in rules():
        wanted: list[dict[str, str]] = [{}]
        for name, values in rule.when.items():
            wanted = [{**one, name: value} for one in wanted for value in values]
        asks += [
            {
                "fact": rule.fact,
                "template": rule.template,
                "asks": one,
                "has": list(rule.has),
                "lacks": list(rule.lacks),
            }
            for one in wanted
        ]
    return asks


async def notice_share(
    work: Work, since: datetime, until: datetime, *, shop_id: UUID | None = None
) -> NoticeShare:
    """The share of right notices, of the shops that the actor sees. Needs `notices.read`. None is told twice: a notice is
    unique by fact and template."""
    work.require("notices.read")
    statement = SHARE.format(
        of_shop="AND f.shop_id = :shop_id" if shop_id else "",
        of_shop_too="AND n.shop_id = :shop_id" if shop_id else "",
    )
    asks = _asks()
    row = (
        await work.session.execute(
            text(statement),
            {
                "rules": to_json(asks),
                "facts": sorted({ask["fact"] for ask in asks}),
                "since": since,
                "until": until,
                **({"shop_id": shop_id} if shop_id else {}),
            },
        )
    ).one()
    counted = dict(row._mapping)
    share = (row.told + row.undelivered) / row.asked if row.asked else None
    return NoticeShare(**counted, share=share)
