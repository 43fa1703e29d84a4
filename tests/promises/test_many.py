"""Clocks beside themselves: two workers, a crash, thousands at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.identity import NewShop, new_shop
from aftercare.journal import SYSTEM, House, begin
from aftercare.promises import (
    NewPolicy,
    fire_due,
    ring,
    set_policy,
    start_clock,
    stop_clocks,
    terms_for,
    warn_due,
)
from tests.conftest import NOON, Clock

MANY = text(
    """
    INSERT INTO clock (id, shop_id, subject_kind, subject_id, name, started_at, due_at, warn_at, length, business, policy,
      max_extensions)
    SELECT gen_random_uuid(), :shop, 'claim', gen_random_uuid(), 'claim.ship', s.at, s.at + interval '1 day',
      s.at + interval '18 hours', interval '1 day', false, 'default', 1
    FROM (SELECT CAST(:start AS timestamptz) AS at) s, generate_series(1, :count)
    """
)


async def many(house: House, count: int) -> UUID:
    async with begin(house, SYSTEM) as work:
        shop = await new_shop(work, NewShop(code="qinglan", name="青岚"))
        await work.session.execute(MANY, {"shop": shop.id, "start": NOON, "count": count})
    return shop.id


async def told(house: House, name: str) -> tuple[int, int]:
    """How many facts, and about how many clocks."""
    async with begin(house, SYSTEM) as work:
        row = (
            await work.session.execute(
                text(
                    "SELECT count(*) AS facts, count(DISTINCT data->>'clock_id') AS clocks FROM fact WHERE name = :name"
                ),
                {"name": name},
            )
        ).one()
    return row.facts, row.clocks


async def worker(house: House) -> int:
    fired = 0
    while True:
        async with begin(house, SYSTEM) as work:
            now = await fire_due(work, limit=50)
            await asyncio.sleep(0)
        if not now:
            return fired
        fired += now


async def test_workers_beside_each_other_fire_each_clock_once(own_house: House, clock: Clock) -> None:
    await many(own_house, 1000)
    clock.now = NOON + timedelta(days=1)
    fired = await asyncio.gather(*(worker(own_house) for _ in range(6)))
    assert sum(fired) == 1000
    assert sum(count > 0 for count in fired) >= 2
    assert await told(own_house, "clock.fired") == (1000, 1000)


async def test_what_a_crashed_worker_held_is_due_again(own_house: House, clock: Clock) -> None:
    await many(own_house, 100)
    clock.now = NOON + timedelta(hours=18)
    with pytest.raises(ZeroDivisionError):
        async with begin(own_house, SYSTEM) as work:
            assert await warn_due(work) == 100
            raise ZeroDivisionError
    async with begin(own_house, SYSTEM) as work:
        assert await warn_due(work) == 100
    clock.now = NOON + timedelta(days=1)
    with pytest.raises(ZeroDivisionError):
        async with begin(own_house, SYSTEM) as held:
            assert await fire_due(held, limit=60) == 60
            # Another worker does not wait for what this one holds.
            async with begin(own_house, SYSTEM) as work:
                assert await fire_due(work) == 40
            raise ZeroDivisionError
    assert await told(own_house, "clock.fired") == (40, 40)
    async with begin(own_house, SYSTEM) as work:
        assert await fire_due(work) == 60
    assert await told(own_house, "clock.fired") == (100, 100)


async def test_a_promise_kept_while_it_fires_ends_one_way_only(own_house: House, clock: Clock) -> None:
    shop_id = await many(own_house, 0)
    for number in range(20):
        subject = UUID(int=number + 1)
        async with begin(own_house, SYSTEM) as work:
            await start_clock(
                work, shop_id=shop_id, subject_kind="claim", subject_id=subject, name="claim.answer"
            )
    clock.now = NOON + timedelta(hours=48)

    async def keep(number: int) -> None:
        async with begin(own_house, SYSTEM) as work:
            await stop_clocks(work, UUID(int=number + 1))

    await asyncio.gather(worker(own_house), *(keep(number) for number in range(20)))
    async with begin(own_house, SYSTEM) as work:
        states = (
            await work.session.execute(
                text("SELECT count(*) FROM clock WHERE state IN ('kept', 'fired') AND settled_at IS NOT NULL")
            )
        ).scalar_one()
        fired = await work.session.scalar(text("SELECT count(*) FROM clock WHERE state = 'fired'"))
    assert states == 20
    assert await told(own_house, "clock.fired") == (fired, fired)


async def test_all_that_is_due_rings(own_house: House, clock: Clock) -> None:
    await many(own_house, 100)
    clock.now = NOON + timedelta(hours=18)
    assert await ring(own_house, limit=30) == 100
    clock.now = NOON + timedelta(days=1)
    assert await ring(own_house, limit=30) == 100
    assert await ring(own_house, limit=30) == 0
    assert (await told(own_house, "clock.warned"), await told(own_house, "clock.fired")) == (
        (100, 100),
        (100, 100),
    )


async def test_policies_set_at_the_same_moment_follow_one_another(own_house: House) -> None:
    shop_id = await many(own_house, 0)

    async def put(days: int) -> int:
        wish = NewPolicy(name="claim.ship", length=timedelta(days=days), reason="试行")
        async with begin(own_house, SYSTEM) as work:
            return (await set_policy(work, shop_id, wish)).version

    assert sorted(await asyncio.gather(*map(put, range(1, 7)))) == [1, 2, 3, 4, 5, 6]
    async with begin(own_house, SYSTEM) as work:
        assert (await terms_for(work, shop_id, "claim.ship")).policy == "shop v6"


async def test_ten_thousand_due_at_once_are_worked_off_in_batches(own_house: House, clock: Clock) -> None:
    await many(own_house, 10_000)
    clock.now = NOON + timedelta(days=1)
    batches = []
    for _ in range(3):
        async with begin(own_house, SYSTEM) as work:
            batches.append(await fire_due(work, limit=6_000))
    assert batches == [6_000, 4_000, 0]
    assert await told(own_house, "clock.fired") == (10_000, 10_000)
