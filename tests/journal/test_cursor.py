"""The relay's cursor under many writers: every fact is delivered, none twice, each subject's in order."""

import asyncio
import random
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text

from aftercare.journal import Fact, House, Lane, Work, after, begin, relay, run_lane
from aftercare.kit.ids import new_id


class BellRung(Fact):
    name: ClassVar[str] = "bell.rung"
    bell_id: UUID
    number: int


heard: dict[UUID, list[int]] = {}


@after(BellRung, name="test.hear")
async def hear(work: Work, fact: BellRung) -> None:
    heard.setdefault(fact.bell_id, []).append(fact.number)


WRITERS, EACH = 16, 60


async def test_nothing_is_lost_or_heard_twice_under_sixteen_writers(own_house: House) -> None:
    heard.clear()
    bells = [new_id() for _ in range(WRITERS)]
    dice = random.Random(7)

    async def ring(bell: UUID) -> None:
        for number in range(EACH):
            async with begin(own_house) as work:
                work.record(BellRung(bell_id=bell, number=number))
                await work.write_facts()
                # Positions are drawn now; some commit much later than others that drew after them.
                await asyncio.sleep(dice.random() * 0.01)

    async def settled() -> bool:
        async with begin(own_house) as work:
            held = await work.session.execute(
                text(
                    "SELECT (SELECT count(*) FROM fact WHERE name = 'bell.rung'"
                    "   AND (transaction, position) > (SELECT transaction, position FROM reader WHERE name = 'relay'))"
                )
            )
            return bool(held.scalar_one() == 0)

    async def deliver(writers: "asyncio.Future[list[None]]") -> None:
        lanes: set[Lane] = set()
        while True:
            ended = writers.done()
            async with begin(own_house) as work:
                lanes.update((await relay(work, limit=37)).lanes)
            if ended and await settled():
                break
            await asyncio.sleep(0.002)
        await asyncio.gather(*(run_lane(own_house, lane) for lane in lanes))

    writers = asyncio.gather(*(ring(bell) for bell in bells))
    await asyncio.wait_for(deliver(writers), 60)
    await writers
    assert {bell: heard[bell] for bell in bells} == {bell: list(range(EACH)) for bell in bells}
