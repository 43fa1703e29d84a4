"""Alarms as they are shown: the open ones by weight, one with its picture and playbook."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.insights.alarms.model import AlarmNotFound, AlarmState, CloseReason, Severity
from aftercare.insights.alarms.naming import indicator_of, titles_of, what_of
from aftercare.insights.alarms.playbooks import LOCALES, PlaybookView, playbooks_of
from aftercare.insights.alarms.ways import way_of
from aftercare.journal import Work
from aftercare.kit.paging import LARGEST_PAGE, Page, page, read_mark


class AlarmPoint(BaseModel):
    on: date
    value: float | None
    expected: float
    low: float
    high: float


class AlarmView(BaseModel):
    """`value` of the last `window_days` days, `expected` what is usual, `low` and `high` where 99 % of such days lie. `title`: all that in one
    line; `what`: what is watched, and `indicator`, if it is one. `measured`: it is a mean, and not counted."""

    id: UUID
    shop_id: UUID
    series: str
    cut: str
    label: str
    title: str
    what: str
    indicator: str | None
    measured: bool
    group_key: str
    playbook: str
    severity: Severity
    state: AlarmState
    since_on: date
    last_on: date
    window_days: int
    value: float
    expected: float
    low: float
    high: float
    p: float
    details: dict[str, Any]
    points: list[AlarmPoint]
    owner_id: UUID | None
    owner_name: str | None
    raised_at: datetime
    acknowledged_at: datetime | None
    closed_at: datetime | None
    close_reason: CloseReason | None
    note: str


class AlarmShown(BaseModel):
    alarm: AlarmView
    playbook: PlaybookView


class AlarmCount(BaseModel):
    open: int
    acknowledged: int
    crisis: int


ALARMS = """
    SELECT m.*, a.name AS owner_name FROM alarm m LEFT JOIN account a ON a.id = m.owner_id
    WHERE (CAST(:shop AS uuid) IS NULL OR m.shop_id = :shop) AND m.state = ANY (:states)
      AND (CAST(:id AS uuid) IS NULL OR m.id = :id)
      AND (CAST(:at AS timestamptz) IS NULL OR (m.raised_at, m.id) < (:at, CAST(:before AS uuid)))
    ORDER BY m.raised_at DESC, m.id DESC LIMIT :fetch
"""


async def alarms(
    work: Work,
    *,
    closed: bool = False,
    shop_id: UUID | None = None,
    locale: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[AlarmView]:
    """The newest first. Needs `insights.read`."""
    work.require("insights.read")
    limit = max(1, min(limit, LARGEST_PAGE))
    begins = read_mark(after, (datetime, UUID))
    rows = (
        await work.session.execute(
            text(ALARMS),
            {
                "shop": shop_id,
                "states": ["closed"] if closed else ["open", "acknowledged"],
                "id": None,
                "at": begins[0] if begins else None,
                "before": begins[1] if begins else None,
                "fetch": limit + 1,
            },
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (row.raised_at, row.id))
    return Page(items=_views(kept, locale or work.actor.locale or "en"), next=following)


def _views(rows: Sequence[Any], locale: str) -> list[AlarmView]:
    locale = locale if locale in LOCALES else "en"
    told = []
    for row, title in zip(rows, titles_of(rows, locale), strict=True):
        of = indicator_of(row.series, row.cut)
        told.append(
            AlarmView.model_validate(
                {
                    **row._mapping,
                    "title": title,
                    "what": what_of(row, locale),
                    "indicator": of[0].name if of else None,
                    "measured": of is not None and way_of(of[0]) == "value",
                }
            )
        )
    return told


async def alarm(work: Work, alarm_id: UUID, locale: str) -> AlarmShown:
    """Needs `insights.read`. Refuses with AlarmNotFound."""
    work.require("insights.read")
    row = (
        await work.session.execute(
            text(ALARMS),
            {
                "shop": None,
                "states": [state.value for state in AlarmState],
                "id": alarm_id,
                "at": None,
                "before": None,
                "fetch": 1,
            },
        )
    ).one_or_none()
    if row is None:
        raise AlarmNotFound(alarm_id=alarm_id)
    (view,) = _views([row], locale)
    known = {one.code: one for one in await playbooks_of(work, locale, view.shop_id)}
    return AlarmShown(alarm=view, playbook=known[view.playbook])


async def count_alarms(work: Work) -> AlarmCount:
    """For the badge beside the page's name. Needs `insights.read`."""
    work.require("insights.read")
    row = (
        await work.session.execute(
            text(
                """
                SELECT count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'acknowledged') AS acknowledged,
                  count(*) FILTER (WHERE severity = 'crisis') AS crisis FROM alarm WHERE state <> 'closed'
                """
            )
        )
    ).one()
    return AlarmCount.model_validate(dict(row._mapping))
