"""The study's round: once a day is over in a shop, it is looked at, and the last whole hour whenever one has ended. What is unusual becomes an
alarm, once, and is told to people.

An alarm that goes on grows; one that was closed comes again only when it is seen on a day after its closing. After a fortnight in which it was
not seen again, one that nobody has taken closes itself as passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from aftercare.insights.alarms.events import AlarmClosed, AlarmRaised, AlarmWorsened
from aftercare.insights.alarms.model import Alarm, AlarmRule, AlarmState, AlarmWatch, CloseReason, Severity
from aftercare.insights.alarms.naming import indicator_of, spoken, what
from aftercare.insights.alarms.telling import tell_of
from aftercare.insights.alarms.watched import shops_watched
from aftercare.journal import SYSTEM, House, Work, begin

if TYPE_CHECKING:
    from aftercare.insights.alarms.noticing import Notice
    from aftercare.insights.alarms.watched import ShopDays, Watch

AT_ONCE = 3
"""Days that are caught up with after the worker was away; older ones are past."""
PASSED = timedelta(days=14)
HEAVIER = list(Severity)


async def keep(house: House) -> int:
    """Looks at the days, and the hour, that have ended since the last time; how many alarms were raised."""
    return await _keep_hours(house) + await _keep_days(house)


async def _keep_days(house: House) -> int:
    async with begin(house, SYSTEM) as work:
        shops = await shops_watched(work, work.now)
        done = {row.shop_id: row.looked_on for row in await work.session.scalars(select(AlarmWatch))}
        begun = await work.session.scalar(text("SELECT EXISTS (SELECT 1 FROM sales_order)"))
        now = work.now
    due = [shop for shop in shops if done.get(shop.id, date.min) < shop.upto]
    if not due or not begun:
        return 0
    from aftercare.insights.alarms.detecting import threshold
    from aftercare.insights.alarms.noticing import looked_at, noticed
    from aftercare.insights.alarms.watched import watch_of

    async with begin(house, SYSTEM) as work:
        watches = {watch.shop.id: watch for watch in await watch_of(work, now)}
    at_most = threshold(sum(looked_at(watch) for watch in watches.values()))
    raised = 0
    for shop in due:
        watch = watches[shop.id]
        since = max(done.get(shop.id, date.min), shop.upto - timedelta(days=AT_ONCE))
        days = [since + timedelta(days=number) for number in range(1, (shop.upto - since).days + 1)]
        found = [(day, await asyncio.to_thread(noticed, watch, day, at_most)) for day in days]
        async with begin(house, SYSTEM) as work:
            for day, notices in found:
                raised += await put(work, shop.id, day, notices)
            await _let_pass(work, shop.id, shop.upto)
            await _looked(work, watch)
    return raised


async def _keep_hours(house: House) -> int:
    """Shops whose days are looked at are looked at by the hour too."""
    async with begin(house, SYSTEM) as work:
        until = work.now.replace(minute=0, second=0, microsecond=0)
        due = set(await work.session.scalars(select(AlarmWatch.shop_id).where(AlarmWatch.looked_at < until)))
        shops = await shops_watched(work, work.now) if due else []
    if not shops:
        return 0
    async with begin(house, SYSTEM) as work:
        raised = await _put_hours(work, [shop for shop in shops if shop.id in due], until, of=len(shops))
        await work.session.execute(
            update(AlarmWatch).where(AlarmWatch.shop_id.in_(due)).values(looked_at=work.now)
        )
    return raised


async def _put_hours(
    work: Work, shops: Sequence[ShopDays], until: datetime, *, of: int, past: bool = False
) -> int:
    from aftercare.insights.alarms.hours import hours_of, noticed_within

    raised = 0
    for hours in await hours_of(work, shops, until):
        notices = await asyncio.to_thread(noticed_within, hours, of)
        raised += await put(work, hours.shop.id, hours.on, notices, past=past)
    return raised


async def look_back(
    house: House,
    days: int,
    then: Callable[[datetime], Awaitable[None]] | None = None,
    *,
    after: datetime | None = None,
) -> int:
    """Looks at the days of the past, each by what was known on it, as would have been done on their evenings and in their hours; how many
    alarms were raised. Nobody is told of them. The last days are left to `keep`. `then` hears of each moment once all of it was looked at;
    whoever was broken off goes on `after` the last that was heard of, and what was looked at beyond it is found again and changes nothing."""
    from aftercare.insights.alarms.detecting import LEARNED_DAYS, threshold
    from aftercare.insights.alarms.hours import busy_hours
    from aftercare.insights.alarms.noticing import looked_at, noticed
    from aftercare.insights.alarms.watched import watch_of

    async with begin(house, SYSTEM) as work:
        watches = await watch_of(work, work.now, days + LEARNED_DAYS)
        begins, ends = work.now - timedelta(days=days), work.now - timedelta(days=AT_ONCE)
        busy = await busy_hours(work, begins, ends)
    at_most = threshold(sum(looked_at(watch) for watch in watches))
    found: list[tuple[datetime, Watch | None, list[Notice]]] = [
        (moment, None, []) for moment in busy if after is None or moment > after
    ]
    for watch in watches:
        for back in range(days, AT_ONCE - 1, -1):
            day = watch.shop.upto - timedelta(days=back)
            evening = datetime.combine(
                day + timedelta(days=1), time(0, 5), ZoneInfo(watch.shop.time_zone)
            ).astimezone(UTC)
            if after is None or evening > after:
                found.append((evening, watch, await asyncio.to_thread(noticed, watch, day, at_most)))
    raised = 0
    for moment, at_once in groupby(sorted(found, key=itemgetter(0)), key=itemgetter(0)):
        for _, looked, notices in at_once:
            async with begin(house, SYSTEM, now=moment) as work:
                if looked is None:
                    shops = [watch.shop for watch in watches]
                    raised += await _put_hours(work, shops, moment, of=len(shops), past=True)
                else:
                    day = moment.astimezone(ZoneInfo(looked.shop.time_zone)).date() - timedelta(days=1)
                    raised += await put(work, looked.shop.id, day, notices, past=True)
                    await _let_pass(work, looked.shop.id, day)
        if then is not None:
            await then(moment)
    return raised


async def put(work: Work, shop_id: UUID, day: date, notices: list[Notice], *, past: bool = False) -> int:
    """Raises what is new, lets grow what goes on, and tells people of it unless it is past; how many are new."""
    new: list[Alarm] = []
    worse: list[Alarm] = []
    for one in notices:
        row = await work.session.scalar(
            select(Alarm)
            .where(
                Alarm.shop_id == shop_id,
                Alarm.series == one.series,
                Alarm.cut == one.cut,
                Alarm.state != AlarmState.closed,
            )
            .with_for_update()
        )
        finding = one.finding
        if row is None:
            if await _closed_since(work, shop_id, one, day):
                continue
            row = Alarm(
                id=work.new_id(),
                shop_id=shop_id,
                series=one.series,
                cut=one.cut,
                label=await _label(work, shop_id, one),
                group_key=one.group,
                playbook=one.playbook,
                severity=one.severity,
                state=AlarmState.open,
                owner_id=await _owner(work, shop_id, one),
                since_on=finding.since,
                raised_at=work.now,
            )
            work.session.add(row)
            work.record(
                AlarmRaised(shop_id=shop_id, alarm_id=row.id, series=one.series, severity=one.severity)
            )
            new.append(row)
        elif row.last_on > day:
            continue
        elif HEAVIER.index(one.severity) > HEAVIER.index(row.severity):
            row.severity = one.severity
            worse += [row] if one.severity is Severity.crisis else []
            work.record(
                AlarmWorsened(shop_id=shop_id, alarm_id=row.id, series=one.series, severity=one.severity)
            )
        row.last_on, row.window_days = day, finding.days
        row.value, row.expected, row.low, row.high = (
            finding.value,
            finding.expected,
            finding.low,
            finding.high,
        )
        part = await _part(work, one)
        row.details = {**one.details, "part": part} if part else one.details
        row.p, row.points = finding.p, one.points
        await work.session.flush()
    if not past:
        await tell_of(work, [*new, *worse])
    return len(new)


async def _owner(work: Work, shop_id: UUID, one: Notice) -> UUID | None:
    """Whose the alarms of an indicator are."""
    of = indicator_of(one.series, one.cut)
    if of is None:
        return None
    return await work.session.scalar(
        select(AlarmRule.owner_id).where(
            AlarmRule.shop_id == shop_id, AlarmRule.indicator == of[0].name, AlarmRule.cut_by == of[1]
        )
    )


async def _closed_since(work: Work, shop_id: UUID, one: Notice, day: date) -> bool:
    """Whether the same was closed after this window had begun: then it is the same matter, seen in the same numbers."""
    found = await work.session.scalar(
        text(
            "SELECT EXISTS (SELECT 1 FROM alarm WHERE shop_id = :shop AND series = :series AND cut = :cut AND state = 'closed'"
            " AND closed_at::date >= :since)"
        ),
        {"shop": shop_id, "series": one.series, "cut": one.cut, "since": one.finding.since},
    )
    return bool(found)


async def _label(work: Work, shop_id: UUID, one: Notice) -> str:
    """What it is about; of an indicator, which and what part of it, in the shop's language."""
    if indicator_of(one.series, one.cut) is None:
        return one.cut if one.series != "product_claims" else await _product(work, one.cut)
    locale = await work.session.scalar(text("SELECT locale FROM shop WHERE id = :id"), {"id": shop_id})
    return what(one.series, one.cut, await _part(work, one), spoken(locale))


async def _part(work: Work, one: Notice) -> str:
    """What the part of an indicator is called."""
    of = indicator_of(one.series, one.cut)
    if of is None:
        return ""
    return await _product(work, of[2]) if of[1] == "product" and of[2] else of[2]


async def _product(work: Work, product_id: str) -> str:
    name = await work.session.scalar(
        text("SELECT title FROM product WHERE id = :id"), {"id": UUID(product_id)}
    )
    return str(name or product_id)


async def _let_pass(work: Work, shop_id: UUID, upto: date) -> None:
    rows = await work.session.scalars(
        select(Alarm)
        .where(Alarm.shop_id == shop_id, Alarm.state == AlarmState.open, Alarm.last_on < upto - PASSED)
        .with_for_update()
    )
    for row in rows:
        row.state, row.close_reason, row.closed_at = AlarmState.closed, CloseReason.passed, work.now
        work.record(AlarmClosed(shop_id=shop_id, alarm_id=row.id, reason=CloseReason.passed))


async def _looked(work: Work, watch: Watch) -> None:
    put = insert(AlarmWatch).values(
        shop_id=watch.shop.id, looked_on=watch.shop.upto, looked_at=work.now, series=len(watch.lines)
    )
    await work.session.execute(
        put.on_conflict_do_update(
            index_elements=["shop_id"],
            set_={name: put.excluded[name] for name in ("looked_on", "looked_at", "series")},
        )
    )
