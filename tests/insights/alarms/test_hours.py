"""Within a day: a rush is told by the hour, a crisis while it can still be met, and what is usual at that hour is not told."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.cases import NewCase, open_case
from aftercare.identity import ShopView
from aftercare.insights import alarms
from aftercare.insights.alarms import AlarmState, Severity, keeping
from aftercare.insights.alarms.hours import LOOKS_BACK, Hours, hours_of, noticed_within
from aftercare.insights.alarms.model import AlarmWatch
from aftercare.insights.alarms.watched import ShopDays
from aftercare.journal import SYSTEM, House, begin
from tests import given
from tests.conftest import Clock

UNTIL = datetime(2026, 3, 10, 7, tzinfo=UTC)
"""Three in the afternoon in Shanghai, a Tuesday."""


def hours(**counted: dict[int, int]) -> Hours:
    found = Hours(ShopDays(UUID(int=1), "CN", date(2026, 3, 9)), UNTIL)
    for name, by_day in counted.items():
        for stretch in (1, 3, 6):
            getattr(found, name)[stretch].update(by_day)
    return found


def mood(found: Hours, said: int, bad: int) -> Hours:
    for stretch in (1, 3, 6):
        found.said[stretch], found.bad[stretch] = said, bad
    return found


def test_more_than_is_usual_in_these_hours_is_a_rush() -> None:
    calm = {back: back % 3 for back in range(1, LOOKS_BACK)}
    (told,) = noticed_within(hours(rush={**calm, 0: 14}), 1)
    assert (told.series, told.group, told.playbook) == ("rush", "many", "contacts")
    assert (told.finding.on, told.finding.days, told.finding.value) == (date(2026, 3, 10), 1, 14)
    assert 0.5 < told.finding.expected < 1.5
    assert told.details["until"] == "2026-03-10T07:00:00+00:00"
    assert noticed_within(hours(rush={**calm, 0: 5}), 1) == []
    busy = {back: 10 + back % 5 for back in range(1, LOOKS_BACK)}
    assert noticed_within(hours(rush={**busy, 0: 14}), 1) == []


def test_many_angry_within_hours_are_told_and_a_crisis_when_most_are() -> None:
    usual = {back: back % 9 == 0 for back in range(1, LOOKS_BACK)}
    few = mood(hours(angry={**usual, 0: 9}), said=60, bad=9)
    (anger,) = noticed_within(few, 1)
    assert (anger.series, anger.group) == ("anger", "voice")
    assert anger.severity is not Severity.crisis
    (crisis,) = noticed_within(mood(hours(angry={**usual, 0: 9}), said=12, bad=10), 1)
    assert (crisis.series, crisis.severity) == ("crisis", Severity.crisis)
    assert (crisis.details["mood"], crisis.details["reach"]) == (0.833, 9)
    assert crisis.details["speed"] > 10


async def _asks(house: House, shop: ShopView, order: given.Bought, at: datetime) -> None:
    """The buyer opens a case with a question."""
    async with begin(house, order.buyer, now=at) as work:
        await open_case(
            work,
            NewCase(
                shop_id=shop.id,
                customer_id=order.customer_id,
                order_id=order.order_id,
                title="?",
                body="Where is it?",
                locale="en",
            ),
        )


async def test_the_hours_are_read_from_what_was_written(house: House) -> None:
    shop = await given.a_shop(house)
    order = await given.an_order(house, shop)
    for at in (UNTIL - timedelta(minutes=20), UNTIL - timedelta(hours=2), UNTIL - timedelta(days=3, hours=5)):
        await _asks(house, shop, order, at)
    # Not in these hours, and not yet.
    for at in (UNTIL - timedelta(hours=7), UNTIL + timedelta(minutes=1)):
        await _asks(house, shop, order, at)
    async with begin(house, SYSTEM) as work:
        (found,) = await hours_of(work, [ShopDays(shop.id, "CN", date(2026, 3, 9))], UNTIL)
    assert {stretch: {d: n for d, n in days.items() if n} for stretch, days in found.rush.items()} == {
        1: {0: 1},
        3: {0: 2},
        6: {0: 2, 3: 1},
    }


async def test_a_rush_is_raised_when_its_hour_is_over_and_once(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    order = await given.an_order(house, shop)
    now = clock.now.replace(minute=30)
    clock.now = now
    async with begin(house, SYSTEM) as work:
        work.session.add(
            AlarmWatch(
                shop_id=shop.id,
                looked_on=(now - timedelta(days=1)).date(),
                looked_at=now - timedelta(hours=1),
                series=1,
            )
        )
    for number in range(9):
        await _asks(house, shop, order, now - timedelta(minutes=40 + number))
    assert await keeping._keep_hours(house) == 1
    assert await keeping._keep_hours(house) == 0
    clock.now = now + timedelta(hours=1)
    assert await keeping._keep_hours(house) == 0
    async with begin(house, SYSTEM) as work:
        (one,) = (await alarms.alarms(work, locale="zh-CN")).items
        assert (one.series, one.state, one.value) == ("rush", AlarmState.open, 9)
        assert one.title.startswith("咨询会话突然变多：")
        shown = await alarms.alarm(work, one.id, "en")
        assert shown.playbook.title == "Many more people ask"


async def test_the_past_is_looked_at_as_it_would_have_been(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    order = await given.an_order(house, shop)
    then = clock.now.replace(hour=6, minute=10) - timedelta(days=20)
    for number in range(9):
        await _asks(house, shop, order, then + timedelta(minutes=number))
    async with begin(house, SYSTEM) as work:
        replayed = await alarms.replay_hours(work, work.now - timedelta(days=30), work.now)
        assert (await alarms.alarms(work, closed=True)).items == []
    assert [(at, where.id, series) for at, where, series in replayed] == [
        (then.replace(minute=0) + timedelta(hours=1), shop.id, "rush")
    ]
    heard: list[datetime] = []

    async def hears(moment: datetime) -> None:
        heard.append(moment)

    assert await alarms.look_back(house, 30, hears) >= 1
    assert heard == sorted(heard)
    async with begin(house, SYSTEM) as work:
        told = {one.series: one for one in (await alarms.alarms(work, closed=True)).items}
        assert told["rush"].raised_at == then.replace(minute=0) + timedelta(hours=1)
        assert {one.close_reason for one in told.values()} == {alarms.CloseReason.passed}
        assert await work.session.scalar(text("SELECT count(*) FROM alarm_telling")) == 0
        assert (await alarms.alarms(work)).items == []


async def test_whoever_is_broken_off_in_the_past_goes_on_there(house: House, clock: Clock) -> None:
    for _ in range(2):  # two shops in one zone: their evenings are one moment
        shop = await given.a_shop(house)
        order = await given.an_order(house, shop)
        for back in (27, 8):
            then = clock.now.replace(hour=6, minute=10) - timedelta(days=back)
            for number in range(9):
                await _asks(house, shop, order, then + timedelta(minutes=number))

    async def there() -> list[tuple[object, ...]]:
        async with begin(house, SYSTEM) as work:
            rows = await work.session.execute(
                text(
                    "SELECT shop_id, series, since_on, last_on, raised_at, state, closed_at, value, p FROM alarm"
                    " ORDER BY shop_id, series, raised_at"
                )
            )
            return [tuple(row) for row in rows]

    heard: list[datetime] = []

    async def hears(moment: datetime) -> None:
        heard.append(moment)

    await alarms.look_back(house, 30, hears)
    whole, moments = await there(), list(heard)
    assert len(whole) == 4
    assert len(moments) == len(set(moments))
    for at in (0, len(moments) // 3, 2 * len(moments) // 3, len(moments) - 1):
        async with begin(house, SYSTEM) as work:
            await work.session.execute(text("DELETE FROM alarm"))
        heard.clear()

        async def breaks(moment: datetime, at: int = at) -> None:
            # The alarms of this moment are there, but nobody has heard of it.
            if len(heard) == at:
                raise TimeoutError
            heard.append(moment)

        with pytest.raises(TimeoutError):
            await alarms.look_back(house, 30, breaks)
        await alarms.look_back(house, 30, hears, after=heard[-1] if heard else None)
        assert heard == moments
        assert await there() == whole
