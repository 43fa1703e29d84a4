"""From a fact's commit to its reaction: facts at a steady rate from one process, a worker in another."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text

from aftercare.house import Server, connect, open_house
from aftercare.journal import SYSTEM, Fact, House, Work, after, begin
from aftercare.kit.ids import new_id
from aftercare.kit.logs import configure_logs
from aftercare.kit.loop import run
from aftercare.settings import Settings
from aftercare.study import study
from aftercare.worker import work


class BenchHappened(Fact):
    name: ClassVar[str] = "bench.happened"
    bench_id: UUID


@after(BenchHappened, name="bench.note")
async def note(work: Work, fact: BenchHappened) -> None:
    await work.session.execute(
        text("INSERT INTO bench_note (id, ran_at) VALUES (:id, :ran_at)"),
        {"id": fact.bench_id, "ran_at": time.time()},
    )


def _run_worker(url: str, home: Path) -> None:
    configure_logs("console", "WARNING")
    run(work(Settings(home=home), Server(url)))


def _run_study(url: str, home: Path) -> None:
    configure_logs("console", "WARNING")
    run(study(Settings(home=home), Server(url)))


@contextmanager
def working(url: str, home: Path) -> Iterator[None]:
    """What `aftercare work` starts: the worker, and the study that counts beside it."""
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=target, args=(url, home)) for target in (_run_worker, _run_study)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.join(30)


MOST_MS = 250.0


@dataclass
class Result:
    """From commit to the moment at which the reaction runs."""

    facts_per_second: float
    facts: int
    missing: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    allowed_ms: float


async def measure(rate: int, seconds: float, url: str, home: Path) -> Result:
    """In an installed database of its own."""
    async with open_house(Settings(database_url=url), Server(url)) as house:
        owner = await connect(url, as_app=False)
        await owner.execute(
            "CREATE TABLE IF NOT EXISTS bench_note (id uuid, ran_at double precision); TRUNCATE bench_note;"
            " GRANT ALL ON bench_note TO aftercare_app"
        )
        await owner.close()
        committed: dict[UUID, float] = {}
        with working(url, home):
            await _until_it_leads(house)

            async def state() -> None:
                fact = BenchHappened(bench_id=new_id())
                async with begin(house, SYSTEM) as stating:
                    stating.record(fact)
                committed[fact.bench_id] = time.time()

            began = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for number in range(int(rate * seconds)):
                    await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                    group.create_task(state())
            took = time.monotonic() - began
            ran = await _noted(house, len(committed))
    waits = sorted((ran[fact] - at) * 1000 for fact, at in committed.items() if fact in ran)
    return Result(
        facts_per_second=round(len(committed) / took, 1),
        facts=len(committed),
        missing=len(committed) - len(waits),
        p50_ms=round(waits[len(waits) // 2], 1),
        p99_ms=round(waits[int(len(waits) * 0.99)], 1),
        max_ms=round(waits[-1], 1),
        allowed_ms=MOST_MS,
    )


async def _until_it_leads(house: House) -> None:
    for _ in range(200):
        async with begin(house, SYSTEM) as looking:
            if await looking.session.scalar(text("SELECT count(*) FROM worker_beat")):
                await asyncio.sleep(1)
                return
        await asyncio.sleep(0.1)
    raise RuntimeError("the worker did not start")


async def _noted(house: House, awaited: int) -> dict[UUID, float]:
    for _ in range(300):
        async with begin(house, SYSTEM) as looking:
            rows = (await looking.session.execute(text("SELECT id, ran_at FROM bench_note"))).all()
        if len(rows) >= awaited:
            break
        await asyncio.sleep(0.1)
    return {row.id: row.ran_at for row in rows}
