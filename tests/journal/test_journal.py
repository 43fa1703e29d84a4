"""The promises of the journal, each shown on a real database."""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.journal import (
    AFTER,
    SYSTEM,
    Actor,
    ActorKind,
    Fact,
    House,
    Work,
    after,
    begin,
    drain,
    failed_deliveries,
    retry,
    set_aside,
    timeline,
    within,
)
from aftercare.kit.errors import Refusal
from aftercare.kit.ids import new_id
from tests.conftest import Clock


class LampLit(Fact):
    name: ClassVar[str] = "lamp.lit"
    public: ClassVar[bool] = True
    lamp_id: UUID
    room_id: UUID | None = None
    number: int = 0


class LampCounted(Fact):
    name: ClassVar[str] = "lamp.counted"
    lamp_id: UUID
    number: int = 0


class LampBroken(Refusal):
    """The lamp is broken."""


seen: list[int] = []
fail_on: set[int] = set()


@after(LampLit, name="test.look")
async def look(work: Work, fact: LampLit) -> None:
    work.record(LampCounted(lamp_id=fact.lamp_id, number=fact.number))
    await work.write_facts()
    if fact.number in fail_on:
        raise RuntimeError(f"blind at {fact.number}")
    seen.append(fact.number)


@after(LampLit, name="test.other_look")
async def other_look(work: Work, fact: LampLit) -> None:
    seen.append(1000 + fact.number)


@after(LampLit, name="test.only_seventy", when=lambda fact: fact.number == 70)
async def only_seventy(work: Work, fact: LampLit) -> None:
    seen.append(2000 + fact.number)


@pytest.fixture(autouse=True)
def fresh() -> None:
    seen.clear()
    fail_on.clear()


async def facts_named(house: House, name: str) -> int:
    async with begin(house) as work:
        counted = await work.session.execute(
            text("SELECT count(*) FROM fact WHERE name = :name"), {"name": name}
        )
        return int(counted.scalar_one())


async def test_a_refused_verb_leaves_no_trace(house: House) -> None:
    lamp = new_id()
    with pytest.raises(LampBroken):
        async with begin(house) as work:
            work.record(LampLit(lamp_id=lamp))
            await work.write_facts()
            raise LampBroken(lamp=lamp)
    assert await facts_named(house, "lamp.lit") == 0
    assert await drain(house) == 0


async def test_a_fact_is_found_under_every_object_it_is_about(house: House) -> None:
    lamp, room = new_id(), new_id()
    async with begin(house) as work:
        work.record(LampLit(lamp_id=lamp, room_id=room, number=7))
        work.record(LampCounted(lamp_id=lamp, number=8))
    async with begin(house) as work:
        assert [(e.name, e.data["number"]) for e in (await timeline(work, lamp)).items] == [
            ("lamp.counted", 8),
            ("lamp.lit", 7),
        ]
        assert [e.name for e in (await timeline(work, room)).items] == ["lamp.lit"]
        assert [e.name for e in (await timeline(work, lamp, public=True)).items] == ["lamp.lit"]


async def test_reactions_of_one_object_run_in_order_and_once(house: House) -> None:
    lamp = new_id()
    for number in range(1, 6):
        async with begin(house) as work:
            work.record(LampLit(lamp_id=lamp, number=number))
    await drain(house)
    await drain(house)
    assert [n for n in seen if n < 1000] == [1, 2, 3, 4, 5]
    assert [n for n in seen if n > 1000] == [1001, 1002, 1003, 1004, 1005]


async def test_a_reaction_that_looks_at_the_fact_alone_gets_only_what_it_wants(house: House) -> None:
    async with begin(house) as work:
        for number in (69, 70):
            work.record(LampLit(lamp_id=new_id(), number=number))
    await drain(house)
    assert sorted(seen) == [69, 70, 1069, 1070, 2070]


async def test_a_reaction_that_crashes_half_way_runs_again_and_happens_once(
    house: House, clock: Clock
) -> None:
    lamp = new_id()
    fail_on.add(1)
    async with begin(house) as work:
        work.record(LampLit(lamp_id=lamp, number=1))
    await drain(house)
    assert seen == [1001]
    assert await facts_named(house, "lamp.counted") == 0
    fail_on.clear()
    clock.now += timedelta(minutes=1)
    await drain(house)
    assert seen == [1001, 1]
    assert await facts_named(house, "lamp.counted") == 1


async def test_a_poisoned_reaction_holds_only_its_own_lane_and_an_operator_frees_it(
    house: House, clock: Clock
) -> None:
    bad, good = new_id(), new_id()
    fail_on.add(1)
    async with begin(house) as work:
        for lamp, number in ((bad, 1), (bad, 2), (good, 3)):
            work.record(LampLit(lamp_id=lamp, number=number))
    for _ in range(9):
        await drain(house)
        clock.now += timedelta(hours=2)
    assert sorted(seen) == [3, 1001, 1002, 1003]
    async with begin(house) as work:
        (failed,) = await failed_deliveries(work)
    assert (failed.reaction, failed.fact, failed.attempts, failed.held_behind) == (
        "test.look",
        "lamp.lit",
        8,
        1,
    )
    assert failed.error == "RuntimeError: blind at 1"
    async with begin(house) as work:
        assert await set_aside(work, failed.reaction, failed.position) is not None
    await drain(house)
    assert sorted(seen) == [2, 3, 1001, 1002, 1003]
    fail_on.clear()
    async with begin(house) as work:
        assert await retry(work, failed.reaction, failed.position) is not None
    await drain(house)
    assert sorted(seen) == [1, 2, 3, 1001, 1002, 1003]
    async with begin(house) as work:
        assert await failed_deliveries(work) == []


async def test_what_belongs_within_is_written_with_the_fact_or_not_at_all(house: House) -> None:
    class DoorOpened(Fact):
        name: ClassVar[str] = "door.opened"
        door_id: UUID

    @within(DoorOpened)
    async def light(work: Work, fact: DoorOpened) -> None:
        work.record(LampLit(lamp_id=fact.door_id, number=9))

    async with begin(house) as work:
        work.record(DoorOpened(door_id=new_id()))
    assert await facts_named(house, "lamp.lit") == 1


async def test_the_application_cannot_change_or_delete_a_fact(house: House) -> None:
    async with begin(house) as work:
        work.record(LampLit(lamp_id=new_id()))
    for statement in ("UPDATE fact SET name = 'x'", "DELETE FROM fact", "DELETE FROM fact_object"):
        with pytest.raises(Exception, match="permission denied"):
            async with begin(house) as work:
                await work.session.execute(text(statement))


async def test_facts_of_another_shop_are_not_seen(house: House) -> None:
    mine, theirs, lamp = new_id(), new_id(), new_id()
    async with begin(house) as work:
        work.record(LampLit(lamp_id=lamp, shop_id=theirs, number=1))
        work.record(LampLit(lamp_id=lamp, shop_id=mine, number=2))
    keeper = Actor(kind=ActorKind.staff, id=new_id(), shops=frozenset({mine}))
    async with begin(house, keeper) as work:
        assert [entry.data["number"] for entry in (await timeline(work, lamp)).items] == [2]
    async with begin(house, SYSTEM) as work:
        assert len((await timeline(work, lamp)).items) == 2


def test_reactions_are_registered_by_name() -> None:
    assert AFTER["test.look"].facts == {"lamp.lit"}
