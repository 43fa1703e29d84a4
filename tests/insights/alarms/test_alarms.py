"""Alarms: raised once, grown, taken, closed with a reason; told to nobody of another shop."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.identity import ShopView
from aftercare.insights import alarms
from aftercare.insights.alarms import CloseReason, NewPlaybook, Severity, keeping, noticing, topics
from aftercare.insights.alarms.detecting import Days, Finding, series
from aftercare.insights.alarms.model import PlaybookUnknown
from aftercare.insights.alarms.noticing import Notice
from aftercare.insights.alarms.playbooks import LOCALES, built_in
from aftercare.insights.alarms.watched import PLAYBOOK_OF, SERIES, Mood, ShopDays, Watch, watch_of
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin
from tests import given

DAY = date(2026, 3, 9)
BOTH = frozenset({"insights.read", "insights.write"})


def boss(shop: ShopView, permissions: frozenset[str] = BOTH) -> Actor:
    return Actor(kind=ActorKind.staff, shops=frozenset({shop.id}), permissions=permissions, locale="en")


def notice(severity: Severity = Severity.notable, on: date = DAY, value: float = 9) -> Notice:
    finding = Finding(on, 3, value, 1.2, 0, 4, 1e-7, up=True)
    points = [{"on": on.isoformat(), "value": value, "expected": 0.4, "low": 0.0, "high": 2.0}]
    return Notice("contacts", "", "contacts", "contacts", severity, finding, points)


async def test_an_alarm_is_raised_once_and_grows_while_it_goes_on(house: House) -> None:
    shop = await given.a_shop(house)
    async with begin(house) as work:
        assert await keeping.put(work, shop.id, DAY, [notice()]) == 1
    async with begin(house) as work:
        worse = notice(Severity.crisis, DAY + timedelta(days=1), 14)
        assert await keeping.put(work, shop.id, DAY + timedelta(days=1), [worse]) == 0
    async with begin(house, boss(shop)) as work:
        (one,) = (await alarms.alarms(work)).items
        assert (one.since_on, one.last_on, one.value) == (date(2026, 3, 7), date(2026, 3, 10), 14)
        assert one.severity is Severity.crisis
        assert (await alarms.count_alarms(work)).model_dump() == {"open": 1, "acknowledged": 0, "crisis": 1}
        names = await work.session.scalars(
            text("SELECT name FROM fact WHERE name LIKE 'alarm.%' ORDER BY position")
        )
        assert names.all() == ["alarm.raised", "alarm.worsened"]


async def test_it_is_taken_closed_with_a_reason_and_not_raised_again_for_the_same_days(house: House) -> None:
    shop = await given.a_shop(house)
    async with begin(house) as work:
        await keeping.put(work, shop.id, DAY, [notice()])
    async with begin(house, boss(shop)) as work:
        (one,) = (await alarms.alarms(work)).items
        await alarms.acknowledge(work, one.id)
    async with begin(house, boss(shop)) as work:
        await alarms.close(work, one.id, CloseReason.put_right, "a mistake in a price")
    async with begin(house, boss(shop)) as work:
        with pytest.raises(alarms.AlarmClosedAlready):
            await alarms.close(work, one.id, CloseReason.passed)
        (closed,) = (await alarms.alarms(work, closed=True)).items
        assert (closed.close_reason, closed.note) == (CloseReason.put_right, "a mistake in a price")
    closed_on = closed.closed_at.date() if closed.closed_at else DAY
    async with begin(house) as work:
        # The three days end with the day of closing: the same matter. A fortnight later it is another one.
        assert await keeping.put(work, shop.id, closed_on, [notice(on=closed_on)]) == 0
        later = closed_on + timedelta(days=14)
        assert await keeping.put(work, shop.id, later, [notice(on=later)]) == 1


async def test_what_nobody_took_passes_by_itself(house: House) -> None:
    shop = await given.a_shop(house)
    async with begin(house) as work:
        await keeping.put(work, shop.id, DAY, [notice()])
        await keeping._let_pass(work, shop.id, DAY + timedelta(days=14))
    async with begin(house, boss(shop)) as work:
        assert len((await alarms.alarms(work)).items) == 1
    async with begin(house) as work:
        await keeping._let_pass(work, shop.id, DAY + timedelta(days=15))
    async with begin(house, boss(shop)) as work:
        (one,) = (await alarms.alarms(work, closed=True)).items
        assert one.close_reason is CloseReason.passed


async def test_nobody_sees_or_closes_another_shops_alarm(house: House) -> None:
    shop, other = await given.a_shop(house), await given.a_shop(house)
    async with begin(house) as work:
        await keeping.put(work, shop.id, DAY, [notice()])
    async with begin(house, boss(shop)) as work:
        (one,) = (await alarms.alarms(work)).items
    async with begin(house, boss(other)) as work:
        assert (await alarms.alarms(work)).items == []
        for refused in (alarms.acknowledge(work, one.id), alarms.alarm(work, one.id, "en")):
            with pytest.raises(alarms.AlarmNotFound):
                await refused
        with pytest.raises(alarms.AlarmNotFound):
            await alarms.close(work, one.id, CloseReason.passed)


async def test_reading_and_writing_need_their_permissions(house: House) -> None:
    shop = await given.a_shop(house)
    async with begin(house) as work:
        await keeping.put(work, shop.id, DAY, [notice()])
    async with begin(house, boss(shop, frozenset())) as work:
        with pytest.raises(PermissionMissing):
            await alarms.alarms(work)
        with pytest.raises(PermissionMissing):
            await alarms.playbooks_of(work, "en", None)
    async with begin(house, boss(shop, frozenset({"insights.read"}))) as work:
        (one,) = (await alarms.alarms(work)).items
        with pytest.raises(PermissionMissing):
            await alarms.acknowledge(work, one.id)
        with pytest.raises(PermissionMissing):
            await alarms.set_playbook(work, "topic", "en", NewPlaybook(title="x", steps=["y"]), shop.id)


async def test_a_shop_writes_its_own_plan(house: House) -> None:
    shop, other = await given.a_shop(house), await given.a_shop(house)
    async with begin(house) as work:
        await keeping.put(work, shop.id, DAY, [notice()])
    async with begin(house, boss(shop)) as work:
        for title in ("Call Mei", "Call Mei at once"):
            await alarms.set_playbook(
                work,
                "contacts",
                "en",
                NewPlaybook(title=title, steps=["020-1234", "then the owner"]),
                shop.id,
            )
        with pytest.raises(PlaybookUnknown):
            await alarms.set_playbook(work, "weather", "en", NewPlaybook(title="x", steps=["y"]), shop.id)
    async with begin(house, boss(shop)) as work:
        (one,) = (await alarms.alarms(work)).items
        shown = await alarms.alarm(work, one.id, "en")
        assert (shown.playbook.title, shown.playbook.own) == ("Call Mei at once", True)
        assert shown.playbook.steps == ["020-1234", "then the owner"]
        assert not (await alarms.alarm(work, one.id, "zh-CN")).playbook.own
    async with begin(house, boss(other)) as work:
        books = {book.code: book for book in await alarms.playbooks_of(work, "en", other.id)}
        assert not books["contacts"].own


def test_every_series_has_a_plan_in_three_languages() -> None:
    books = built_in()
    assert set(PLAYBOOK_OF.values()) <= set(books)
    for book in books.values():
        assert set(book) == set(LOCALES)
        assert all(words["title"] and words["steps"] for words in book.values())


async def test_the_series_come_from_the_tables_of_the_shops_one_sees(house: House) -> None:
    shop, other = await given.a_shop(house), await given.a_shop(house)
    for of in (shop, shop, other):
        await given.an_order(house, of, given.Line(price_cents=90_000))
    async with begin(house, boss(shop)) as work:
        now = work.now + timedelta(days=3)
        (watch,) = await watch_of(work, now)
    assert watch.shop.id == shop.id
    assert {name for name, _ in watch.lines} <= {one.name for one in SERIES}


def quiet(moods: dict[date, Mood]) -> Watch:
    shop = ShopDays(UUID(int=1), "CN", DAY)
    return Watch(shop, DAY - timedelta(days=99), {}, topics.Topics(), moods)


def test_a_crisis_is_many_angry_and_suddenly_so() -> None:
    people = [UUID(int=number) for number in range(1, 30)]
    usual = {
        DAY - timedelta(days=back): Mood(3, back % 9 == 0, frozenset(people[:1])) for back in range(4, 99)
    }
    burst = {
        DAY - timedelta(days=back): Mood(6, 5, frozenset(people[back * 5 : back * 5 + 5]))
        for back in range(3)
    }
    (found,) = noticing.noticed(quiet(usual | burst), DAY, 1e-4)
    assert found.series == "crisis"
    assert found.severity is Severity.crisis
    assert (found.details["mood"], found.details["reach"]) == (0.833, 15)
    assert found.details["speed"] > 10
    # One angry customer who writes again and again is no crisis; neither are many who are content.
    alone = {day: Mood(mood.said, mood.bad, frozenset(people[:1])) for day, mood in burst.items()}
    content = {day: Mood(30, mood.bad, mood.people) for day, mood in burst.items()}
    assert noticing.noticed(quiet(usual | alone), DAY, 1e-4) == []
    assert noticing.noticed(quiet(usual | content), DAY, 1e-4) == []


def test_a_topic_that_rises_is_told_once_with_what_it_is_about() -> None:
    shop = UUID(int=1)
    said = [
        topics.Said(shop, DAY - timedelta(days=back), UUID(int=100 + back), "什么时候发货呢", "电饭煲")
        for back in range(90)
    ]
    said += [topics.Said(shop, DAY, UUID(int=number), "电池发烫有焦味", "充电宝") for number in range(1, 9)]
    watch = quiet({})
    watch.topics = topics.count(said)[shop]
    found = noticing.noticed(watch, DAY, 1e-4)
    assert len(found) == 1
    assert found[0].series == "topic"
    assert found[0].details["about"] == "充电宝"
    assert found[0].details["people"] == 8


def test_a_replay_tells_each_alarm_once_and_looks_at_no_later_day() -> None:
    watch = quiet({})
    values = series([(DAY - timedelta(days=30 - number), 6.0) for number in range(4)], watch.first, DAY)
    watch.lines["product_claims", "bag"] = Days(watch.first, values.values)
    told = noticing.replay([watch], watch.first, 0.3)
    assert [(one.on, one.series, one.cut) for one in told] == [
        (DAY - timedelta(days=30), "product_claims", "bag")
    ]
