"""Many facts at once: a reaction takes them together, and yet each happens once, in order, and alone when it fails."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.journal import (
    AFTER,
    Fact,
    House,
    Lane,
    Work,
    after,
    begin,
    drain,
    failed_deliveries,
    lanes_waiting,
    relay,
    run_lane,
    set_aside,
    within,
)
from aftercare.kit.ids import new_id
from tests.conftest import Clock


class LeafFell(Fact):
    name: ClassVar[str] = "leaf.fell"
    tree_id: UUID
    number: int = 0


class LeafSwept(Fact):
    name: ClassVar[str] = "leaf.swept"
    tree_id: UUID
    number: int = 0


batches: list[list[int]] = []
swept: list[tuple[UUID, int]] = []
heard: list[list[int]] = []
fail_on: set[int] = set()


@after(LeafFell, name="test.sweep", in_batches_of=50)
async def sweep(work: Work, facts: Sequence[LeafFell]) -> None:
    for fact in facts:
        work.record(LeafSwept(tree_id=fact.tree_id, number=fact.number), because=fact)
    await work.write_facts()
    if blind := fail_on & {fact.number for fact in facts}:
        raise RuntimeError(f"blind at {blind}")
    batches.append([fact.number for fact in facts])
    swept.extend((fact.tree_id, fact.number) for fact in facts)


@within(LeafSwept, together=True)
async def hear(work: Work, facts: Sequence[LeafSwept]) -> None:
    heard.append([fact.number for fact in facts])


@pytest.fixture(autouse=True)
def fresh() -> None:
    for told in (batches, swept, heard):
        told.clear()
    fail_on.clear()


def trees(how_many: int) -> list[UUID]:
    """Of one share, so that they may be swept together."""
    return [UUID(int=(new_id().int >> 8 << 8) + 4 * number) for number in range(how_many)]


async def fall(house: House, leaves: Sequence[tuple[UUID, int]]) -> None:
    async with begin(house, request_id="a-request") as work:
        for tree, number in leaves:
            work.record(LeafFell(tree_id=tree, number=number))


async def swept_facts(house: House) -> list[tuple[int, int]]:
    """Number of each, and the number of the leaf that it follows from."""
    async with begin(house) as work:
        rows = await work.session.execute(
            text(
                "SELECT CAST(s.data->>'number' AS int) AS number, CAST(f.data->>'number' AS int) AS cause, s.request_id"
                " FROM fact s JOIN fact f ON f.position = s.cause WHERE s.name = 'leaf.swept' ORDER BY s.position"
            )
        )
        found = rows.all()
    assert {row.request_id for row in found} <= {"a-request"}
    return [(row.number, row.cause) for row in found]


async def test_many_facts_are_one_batch_and_each_knows_its_cause(house: House) -> None:
    one, other = trees(2)
    await fall(house, [(one, 1), (other, 2), (one, 3), (other, 4)])
    await drain(house)
    await drain(house)
    assert batches == [[1, 2, 3, 4]]
    assert heard == [[1, 2, 3, 4]]
    assert await swept_facts(house) == [(1, 1), (2, 2), (3, 3), (4, 4)]


async def test_more_than_a_batch_go_in_several_and_in_order(house: House) -> None:
    (tree,) = trees(1)
    await fall(house, [(tree, number) for number in range(120)])
    assert await drain(house) == 120
    assert [len(batch) for batch in batches] == [50, 50, 20]
    assert [number for _, number in swept] == list(range(120))


async def test_one_poisoned_fact_holds_its_own_lane_only(house: House, clock: Clock) -> None:
    bad, good, fine = trees(3)
    fail_on.add(2)
    await fall(house, [(good, 1), (bad, 2), (bad, 3), (fine, 4), (good, 5)])
    await drain(house)
    assert sorted(number for _, number in swept) == [1, 4, 5]
    assert [number for tree, number in swept if tree == good] == [1, 5]

    await fall(house, [(bad, 6), (fine, 7), (good, 8)])
    batches.clear()
    await drain(house)
    assert batches == [[7, 8]], "who has failed is not tried again with the others"
    for _ in range(8):
        clock.now += timedelta(hours=2)
        await drain(house)
    async with begin(house) as work:
        (failed,) = await failed_deliveries(work)
        assert (failed.reaction, failed.attempts, failed.held_behind) == ("test.sweep", 8, 2)
        assert await lanes_waiting(work, idle_for=timedelta(0)) == []
        await set_aside(work, failed.reaction, failed.position)
    await drain(house)
    assert [number for tree, number in swept if tree == bad] == [3, 6]
    assert sorted(number for number, _ in await swept_facts(house)) == [1, 3, 4, 5, 6, 7, 8]


async def test_what_failed_once_is_tried_again_and_happens_once(house: House, clock: Clock) -> None:
    one, other = trees(2)
    fail_on.update({1, 2})
    await fall(house, [(one, 1), (other, 2)])
    await drain(house)
    assert swept == []
    fail_on.clear()
    lane = Lane("test.sweep", one).shared
    waits = await run_lane(house, lane)
    assert (waits.ran, waits.again_at) == (0, clock.now + timedelta(seconds=1))
    clock.now += timedelta(seconds=1)
    assert await run_lane(house, lane) == type(waits)(2, None)
    assert await swept_facts(house) == [(1, 1), (2, 2)]


async def test_several_workers_beside_each_other_keep_order_and_sweep_each_leaf_once(
    own_house: House,
) -> None:
    wood = [new_id() for _ in range(40)]
    for number in range(6):
        await fall(own_house, [(tree, number) for tree in wood])
    relayed, lanes = 0, set()
    while relayed < 240:  # whoever else writes on this server holds younger facts back
        async with begin(own_house) as work:
            step = await relay(work)
        relayed += step.read
        lanes |= {lane for lane in step.lanes if lane.reaction == "test.sweep"}
    assert len(lanes) == 4
    fail_on.add(7)
    await asyncio.gather(*(run_lane(own_house, lane) for lane in [*lanes] * 3))
    assert len(swept) == 240
    for tree in wood:
        assert [number for swept_tree, number in swept if swept_tree == tree] == list(range(6))


def test_what_goes_outside_goes_one_by_one() -> None:
    with pytest.raises(TypeError, match="one by one"):
        after(LeafFell, name="test.outside", outside=True, in_batches_of=5)
    assert AFTER["test.sweep"].in_batches_of == 50
