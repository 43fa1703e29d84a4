"""Alarms reach people: at the desk, and by mail where the house has a mail server.

An alarm is told when it is raised, to its owner or, without one, to everybody who may act on it; not while another alarm of its group is open in
the shop, unless it is the first of them that is a crisis. All that somebody is told at once is one letter.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.insights.alarms.events import AlarmsTold
from aftercare.insights.alarms.model import Alarm, AlarmTelling, Severity
from aftercare.insights.alarms.naming import titles_of
from aftercare.insights.alarms.ports import AlarmLetter, AlarmPost
from aftercare.insights.alarms.words import LETTER, SEVERITY
from aftercare.journal import SYSTEM, ActorKind, House, Work, after, begin

OTHERS = text(
    """
    SELECT EXISTS (SELECT 1 FROM alarm m JOIN alarm_telling l ON l.alarm_id = m.id
      WHERE m.shop_id = :shop AND m.group_key = :group AND m.state <> 'closed' AND m.id <> :id
        AND (m.severity = 'crisis' OR NOT CAST(:crisis AS boolean)))
    """
)


async def tell_of(work: Work, rows: Sequence[Alarm]) -> None:
    """Those who look after these alarms of one shop, unless they know of the matter already."""
    round_id = work.new_id()
    told: dict[UUID, int] = {}
    for row in rows:
        known = await work.session.scalar(
            OTHERS,
            {
                "shop": row.shop_id,
                "group": row.group_key,
                "id": row.id,
                "crisis": row.severity is Severity.crisis,
            },
        )
        if known:
            continue
        accounts = (
            [row.owner_id] if row.owner_id else await identity.members_of(work, row.shop_id, "insights.write")
        )
        for account_id in accounts:
            await _put(work, row, account_id, round_id)
            told[account_id] = told.get(account_id, 0) + 1
    for account_id, many in told.items():
        work.record(
            AlarmsTold(shop_id=rows[0].shop_id, account_id=account_id, alarm_round_id=round_id, many=many)
        )


async def hand_to(work: Work, row: Alarm, account_id: UUID) -> None:
    """Somebody is told that it is theirs now."""
    round_id = work.new_id()
    await _put(work, row, account_id, round_id)
    work.record(AlarmsTold(shop_id=row.shop_id, account_id=account_id, alarm_round_id=round_id, many=1))


async def _put(work: Work, row: Alarm, account_id: UUID, round_id: UUID) -> None:
    put = insert(AlarmTelling).values(
        alarm_id=row.id, account_id=account_id, shop_id=row.shop_id, round_id=round_id, told_at=work.now
    )
    await work.session.execute(
        put.on_conflict_do_update(
            index_elements=["alarm_id", "account_id"],
            set_={"round_id": round_id, "told_at": work.now, "read_at": None},
        )
    )


# At the desk


class ToldAlarm(BaseModel):
    alarm_id: UUID
    shop_id: UUID
    shop: str
    title: str
    severity: Severity
    told_at: datetime
    read: bool


class ToldAlarms(BaseModel):
    """One's own: what is open, the newest first, and how many of them are unread."""

    unread: int
    items: list[ToldAlarm]


MINE = text(
    """
    SELECT m.id, m.shop_id, s.name AS shop, m.series, m.cut, m.label, m.details, m.severity, m.value, m.expected, m.window_days, l.told_at, l.read_at
    FROM alarm_telling l JOIN alarm m ON m.id = l.alarm_id JOIN shop s ON s.id = m.shop_id
    WHERE l.account_id = :me AND m.state <> 'closed' ORDER BY l.told_at DESC, m.id DESC LIMIT 50
    """
)


async def told_to_me(work: Work, locale: str = "") -> ToldAlarms:
    if work.actor.kind is not ActorKind.staff or work.actor.id is None:
        return ToldAlarms(unread=0, items=[])
    rows = (await work.session.execute(MINE, {"me": work.actor.id})).all()
    titles = titles_of(rows, locale or work.actor.locale or "en")
    items = [
        ToldAlarm(
            alarm_id=row.id,
            shop_id=row.shop_id,
            shop=row.shop,
            title=title,
            severity=row.severity,
            told_at=row.told_at,
            read=row.read_at is not None,
        )
        for row, title in zip(rows, titles, strict=True)
    ]
    return ToldAlarms(unread=sum(not one.read for one in items), items=items)


async def read_told(work: Work) -> None:
    """All that one was told is read."""
    await work.session.execute(
        update(AlarmTelling)
        .where(AlarmTelling.account_id == work.actor.id, AlarmTelling.read_at.is_(None))
        .values(read_at=work.now)
    )


# By mail

ROUND = text(
    """
    SELECT m.id, s.name AS shop, m.series, m.cut, m.label, m.details, m.severity, m.value, m.expected, m.window_days, l.told_at, a.email, a.name AS person,
      a.locale FROM alarm_telling l JOIN alarm m ON m.id = l.alarm_id JOIN shop s ON s.id = m.shop_id
      JOIN account a ON a.id = l.account_id AND a.active
    WHERE l.round_id = :round AND l.account_id = :account ORDER BY m.p, m.id
    """
)


@after(AlarmsTold, in_order_of="account_id", outside=True)
async def write_to_them(house: House, fact: AlarmsTold) -> None:
    post: AlarmPost | None = house.ports.get(AlarmPost)
    if post is None:
        return
    async with begin(house, SYSTEM) as work:
        rows = (
            await work.session.execute(ROUND, {"round": fact.alarm_round_id, "account": fact.account_id})
        ).all()
    if not rows:
        return
    first = rows[0]
    locale = first.locale if first.locale in LETTER else "en"
    subject, body, line = LETTER[locale]
    titles = titles_of(rows, locale)
    lines = "\n".join(
        line.format(severity=SEVERITY[locale][row.severity], title=title)
        for row, title in zip(rows, titles, strict=True)
    )
    fields = {"person": first.person, "shop": first.shop, "title": titles[0], "many": len(rows)}
    await post.send(
        AlarmLetter(
            key=f"alarm.{fact.alarm_round_id.hex}.{fact.account_id.hex}",
            to=first.email,
            to_name=first.person,
            locale=locale,
            subject=subject.format(**fields),
            text=body.format(**fields, lines=lines, url=f"{post.console_url}/console/insight/alarms"),
            date=first.told_at,
        )
    )
