"""Facts and reactions for workers that run as processes of their own, and how to start one."""

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text

from aftercare.house import Server, connect
from aftercare.journal import SYSTEM, Fact, House, Work, after, begin
from aftercare.kit.logs import configure_logs
from aftercare.kit.loop import run
from aftercare.settings import Settings
from aftercare.worker import work

SEEN = Path("/tmp")  # replaced by each worker's own folder


class Rehearsed(Fact):
    name: ClassVar[str] = "rehearsal.rehearsed"
    rehearsal_id: UUID
    number: int
    slow_ms: int = 0
    fails_once: bool = False


@after(Rehearsed, name="rehearsal.note")
async def note(work: Work, fact: Rehearsed) -> None:
    await work.session.execute(
        text("INSERT INTO rehearsal_note (rehearsal_id, number) VALUES (:id, :number)"),
        {"id": fact.rehearsal_id, "number": fact.number},
    )
    begun = SEEN / f"{fact.rehearsal_id}-{fact.number}"
    if fact.fails_once and not begun.exists():
        begun.touch()
        raise RuntimeError("the first time it fails")
    begun.touch()
    await asyncio.sleep(fact.slow_ms / 1000)


def run_worker(url: str, folder: str) -> None:
    global SEEN
    SEEN = Path(folder)
    configure_logs("console", "WARNING")
    run(work(Settings(home=Path(folder)), Server(url)))


@contextmanager
def workers(url: str, folder: Path, number: int = 1) -> Iterator[list[SpawnProcess]]:
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=run_worker, args=(url, str(folder))) for _ in range(number)]
    for process in started:
        process.start()
    try:
        yield started
    finally:
        for process in started:
            if process.is_alive():
                process.kill()
            process.join()


async def lay_notes(url: str) -> None:
    owner = await connect(url, as_app=False)
    await owner.execute(
        "CREATE TABLE rehearsal_note (rehearsal_id uuid, number int, at timestamptz DEFAULT clock_timestamp(),"
        " ord bigint GENERATED ALWAYS AS IDENTITY); GRANT ALL ON rehearsal_note TO aftercare_app"
    )
    await owner.close()


async def state(house: House, *facts: Rehearsed) -> None:
    async with begin(house, SYSTEM) as stating:
        for fact in facts:
            stating.record(fact)


async def notes(house: House) -> list[tuple[UUID, int]]:
    async with begin(house, SYSTEM) as looking:
        rows = await looking.session.execute(
            text("SELECT rehearsal_id, number FROM rehearsal_note ORDER BY ord")
        )
        return [(row.rehearsal_id, row.number) for row in rows]


async def count(house: House, what: str) -> int:
    async with begin(house, SYSTEM) as looking:
        found: int = await looking.session.scalar(text(f"SELECT count(*) FROM {what}")) or 0
        return found


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 120) -> float:
    """How long it took; fails the test when it takes too long."""
    began = time.monotonic()
    while not await condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        await asyncio.sleep(0.02)
    return time.monotonic() - began
