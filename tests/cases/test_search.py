"""A search reads the newest cases first, and finds exactly the newest that match, wherever they are."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.cases.model import BLOCK
from aftercare.cases.search import find_cases
from aftercare.journal import SYSTEM, Actor, House, begin, drain
from aftercare.kit.tables import APP_ROLE
from tests.cases.given import World, a_case, a_world
from tests.conftest import Clock

CASES = 14
HOLDS = {
    "every": set(range(CASES)),
    "second": set(range(0, CASES, 2)),
    "third": set(range(0, CASES, 3)),
    "newest": {CASES - 1},
    "oldest": {0, 1, 2},
    # Dense among the newest, then for long nowhere: the second turn finds too little.
    "gap": {0, 1, CASES - 2, CASES - 1},
    "never": set(),
}


async def found(house: House, actor: Actor, word: str, most: int) -> list[UUID]:
    async with begin(house, actor) as work:
        asked = "SELECT case_id FROM find_cases(CAST(:word AS tsquery), :most)"
        return list(await work.session.scalars(text(asked), {"word": word, "most": most}))


async def a_case_every_few_blocks(world: World, clock: Clock, apart: int) -> list[UUID]:
    cases = []
    for number in range(CASES):
        clock.now += timedelta(minutes=1)
        cases.append((await a_case(world, str(number))).id)
        words = " ".join(word for word, numbers in HOLDS.items() if number in numbers)
        async with begin(world.house) as work:
            await work.session.execute(
                text(
                    "INSERT INTO case_words VALUES (:id, :shop, :block, to_tsvector('simple', :words))"
                    " ON CONFLICT (case_id) DO UPDATE SET block = :block, words = excluded.words"
                ),
                {"id": cases[-1], "shop": world.shop_id, "block": number * apart, "words": words},
            )
    return cases


@pytest.mark.parametrize(
    ("apart", "into"), [(1, 0), (1, BLOCK // 2), (3, BLOCK - 1), (16, 0), (37, BLOCK // 2), (300, 0)]
)
async def test_the_newest_that_match_are_found_wherever_they_are(
    house: House, clock: Clock, apart: int, into: int
) -> None:
    world = await a_world(house)
    cases = await a_case_every_few_blocks(world, clock, apart)
    before = await last_number(house)
    await set_last_number(house, (CASES - 1) * apart * BLOCK + into)
    try:
        for word, numbers in HOLDS.items():
            newest = [cases[number] for number in sorted(numbers, reverse=True)]
            for most in range(1, CASES + 2):
                assert await found(house, world.mei, word, most) == newest[:most], (word, most)
                assert await found(house, SYSTEM, word, most) == newest[:most], (word, most)
    finally:
        # A sequence does not roll back.
        await set_last_number(house, before)


async def last_number(house: House) -> int:
    async with begin(house) as work:
        return int(await work.session.scalar(text("SELECT last_value FROM service_case_number")) or 0)


async def set_last_number(house: House, number: int) -> None:
    """What the application itself may not."""
    async with begin(house) as work:
        await work.session.execute(text("SET LOCAL ROLE NONE"))
        await work.session.execute(text("SELECT setval('service_case_number', :number)"), {"number": number})
        await work.session.execute(text(f"SET LOCAL ROLE {APP_ROLE}"))


async def test_both_scripts_find_each_other_and_a_caller_is_found_by_the_number(house: House) -> None:
    world = await a_world(house)
    simple = await a_case(world, "吸尘器不吸了", "换了滤芯还是不行")
    old = await a_case(world, "吸塵器不吸了", "換了濾芯還是不行")
    call = await a_case(world, "来电 +8613900139000", "")
    await drain(house)
    async with begin(house, world.mei) as work:
        for asked in ("吸尘器", "吸塵器", "滤芯", "濾芯"):
            assert set(await find_cases(work, asked)) == {simple.id, old.id}, asked
        for asked in ("13900139000", "8613900139000", "+8613900139000"):
            assert await find_cases(work, asked) == [call.id], asked
