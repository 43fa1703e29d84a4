from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from aftercare.identity import NewShop, new_shop
from aftercare.journal import SYSTEM, Actor, ActorKind, House, begin
from aftercare.kit.errors import NotAllowed
from aftercare.promises import (
    CalendarHours,
    ClockTerms,
    NewPolicy,
    NoSuchCalendar,
    clocks_of,
    make_calendar,
    set_policy,
    start_clock,
    terms_for,
    withdraw_policy,
)
from aftercare.promises.model import PolicyInThePast
from aftercare.promises.policies import list_policies, terms_in_shop
from tests.conftest import NOON, Clock

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SHIP = "claim.ship"


async def a_shop(house: House, code: str = "qinglan") -> UUID:
    async with begin(house, SYSTEM) as work:
        return (await new_shop(work, NewShop(code=code, name=code))).id


def staff_of(shop_id: UUID) -> Actor:
    return Actor(
        kind=ActorKind.staff,
        id=uuid4(),
        shops=frozenset({shop_id}),
        permissions=frozenset({"promises.read", "promises.write"}),
    )


def policy(days: int, **more: object) -> NewPolicy:
    return NewPolicy.model_validate({"name": SHIP, "length": timedelta(days=days), "reason": "试行", **more})


async def length_of(house: House, shop_id: UUID) -> tuple[timedelta, str]:
    customer = Actor(kind=ActorKind.customer, shops=frozenset({shop_id}))
    async with begin(house, customer) as work:
        terms = await terms_for(work, shop_id, SHIP)
    return terms.length, terms.policy


async def test_the_shops_policy_wins_over_the_houses_and_that_over_the_default(house: House) -> None:
    one, two = await a_shop(house, "one"), await a_shop(house, "two")
    assert await length_of(house, one) == (7 * DAY, "default")
    async with begin(house, SYSTEM) as work:
        await set_policy(work, None, policy(8))
        await set_policy(work, one, policy(9))
    assert await length_of(house, one) == (9 * DAY, "shop v1")
    assert await length_of(house, two) == (8 * DAY, "house v1")
    async with begin(house, staff_of(one)) as work:
        await withdraw_policy(work, one, SHIP)
        await withdraw_policy(work, one, SHIP)
    assert await length_of(house, one) == (8 * DAY, "house v1")


async def test_versions_follow_one_another_and_running_clocks_keep_theirs(house: House, clock: Clock) -> None:
    shop_id, subject = await a_shop(house), uuid4()
    staff = staff_of(shop_id)
    async with begin(house, staff) as work:
        first = await set_policy(work, shop_id, policy(3, warn_fraction=0, max_extensions=2))
        assert (first.version, first.valid_from, first.set_by, first.in_force) == (1, NOON, staff.id, True)
        await start_clock(work, shop_id=shop_id, subject_kind="claim", subject_id=subject, name=SHIP)
        later = await set_policy(work, shop_id, policy(5, valid_from=NOON + 10 * DAY))
        assert (later.version, later.in_force) == (2, False)
    assert await length_of(house, shop_id) == (3 * DAY, "shop v1")
    async with begin(house, staff) as work:
        (running,) = await clocks_of(work, [subject])
        assert (running.due_at, running.warn_at, running.max_extensions) == (NOON + 3 * DAY, None, 2)
        assert running.policy == "shop v1"
    clock.now = NOON + 10 * DAY
    assert await length_of(house, shop_id) == (5 * DAY, "shop v2")


async def test_a_version_set_for_earlier_replaces_one_set_for_later(house: House, clock: Clock) -> None:
    shop_id = await a_shop(house)
    async with begin(house, SYSTEM) as work:
        await set_policy(work, shop_id, policy(5, valid_from=NOON + 10 * DAY))
        await set_policy(work, shop_id, policy(4, valid_from=NOON + 5 * DAY))
        with pytest.raises(PolicyInThePast):
            await set_policy(work, shop_id, policy(2, valid_from=NOON - DAY))
        assert [view.version for view in await list_policies(work)] == [2]
        assert [view.version for view in await list_policies(work, history=True)] == [2, 1]
    assert await length_of(house, shop_id) == (7 * DAY, "default")
    clock.now = NOON + 11 * DAY
    assert await length_of(house, shop_id) == (4 * DAY, "shop v2")


async def test_a_policy_in_working_days_of_a_calendar_of_the_shop(house: House) -> None:
    one, two, subject = await a_shop(house, "one"), await a_shop(house, "two"), uuid4()
    async with begin(house, SYSTEM) as work:
        night = await make_calendar(
            work, one, CalendarHours(name="night", week=[["22:00-06:00"]] * 7, country=None)
        )
        wish = NewPolicy(name=SHIP, working_days=2, business=True, calendar_id=night.id, reason="夜班")
        with pytest.raises(NoSuchCalendar):
            await set_policy(work, two, wish)
        await set_policy(work, one, wish)
        await start_clock(work, shop_id=one, subject_kind="claim", subject_id=subject, name=SHIP)
        (running,) = await clocks_of(work, [subject])
        # Noon; two nights of eight hours end at 06:00 on Thursday.
        assert running.due_at == NOON + 42 * HOUR


async def test_what_holds_in_a_shop_for_every_clock(house: House) -> None:
    shop_id = await a_shop(house)
    async with begin(house, staff_of(shop_id)) as work:
        await set_policy(work, shop_id, policy(3))
        await set_policy(work, shop_id, policy(1, name="case.call_back"))
        await withdraw_policy(work, shop_id, "case.call_back")
        told = {view.name: view.terms for view in await terms_in_shop(work, shop_id)}
        assert len(told) == 30
        assert told[SHIP] == ClockTerms(length=3 * DAY, policy="shop v1")
        assert told["claim.confirm"].policy == "default"


async def test_what_holds_for_the_house_takes_one_who_sees_all_shops(house: House) -> None:
    shop_id = await a_shop(house)
    async with begin(house, staff_of(shop_id)) as work:
        with pytest.raises(NotAllowed):
            await set_policy(work, None, policy(3))
        with pytest.raises(NotAllowed):
            await withdraw_policy(work, None, SHIP)
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with begin(house, staff_of(shop_id)) as work:
            await work.session.execute(
                text(
                    "INSERT INTO business_calendar (id, shop_id, name, time_zone, week, changed_at)"
                    " VALUES (:id, NULL, 'x', 'UTC', '[[],[],[],[],[],[],[]]', :now)"
                ),
                {"id": uuid4(), "now": work.now},
            )


@pytest.mark.parametrize(
    "wrong",
    [
        {"working_days": 2},
        {"length": None},
        {"length": None, "working_days": 2},
        {"name": "Ship"},
        {"reason": ""},
        {"valid_from": "2026-03-10T12:00:00"},
    ],
)
def test_a_policy_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        policy(3, **wrong)
