"""Workers as processes of their own: killed, stopped, several at once."""

import asyncio
from itertools import groupby
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from aftercare.house import FACTS_CHANNEL, Server, connect, open_house
from aftercare.journal import SYSTEM, House, begin
from aftercare.journal.jobs import last_beat
from aftercare.kit.ids import new_id
from aftercare.settings import Settings
from tests.rehearsal import Rehearsed, count, lay_notes, notes, state, until, workers


@pytest_asyncio.fixture(loop_scope="session")
async def stage(own_house: House) -> House:
    await lay_notes(own_house.database.url)
    return own_house


async def leads(house: House) -> bool:
    return await count(house, "worker_beat WHERE leads") > 0


async def test_a_worker_that_is_killed_in_the_middle_loses_nothing_and_nothing_happens_twice(
    stage: House, tmp_path: Path
) -> None:
    slow = Rehearsed(rehearsal_id=new_id(), number=1, slow_ms=3_000)
    with workers(stage.database.url, tmp_path) as (first,):
        await state(stage, slow)
        begun = tmp_path / f"{slow.rehearsal_id}-1"

        async def in_the_middle() -> bool:
            return await asyncio.to_thread(begun.exists)

        await until(in_the_middle)
        first.kill()
        first.join()
    assert await notes(stage) == []
    assert await count(stage, "delivery") == 1
    with workers(stage.database.url, tmp_path):

        async def done() -> bool:
            return await count(stage, "delivery") == 0

        await until(done)
        assert await notes(stage) == [(slow.rehearsal_id, 1)]


async def test_a_worker_that_is_told_to_stop_finishes_what_it_does(stage: House, tmp_path: Path) -> None:
    slow = Rehearsed(rehearsal_id=new_id(), number=1, slow_ms=1_500)
    with workers(stage.database.url, tmp_path) as (worker,):
        await state(stage, slow)
        begun = tmp_path / f"{slow.rehearsal_id}-1"

        async def in_the_middle() -> bool:
            return await asyncio.to_thread(begun.exists)

        await until(in_the_middle)
        worker.terminate()
        await asyncio.to_thread(worker.join, 60)
        assert worker.exitcode == 0
    assert await notes(stage) == [(slow.rehearsal_id, 1)]
    assert await count(stage, "delivery") == 0
    assert await count(stage, "pgqueuer") == 0
    assert await count(stage, "worker_beat") == 0


async def test_a_failure_is_tried_again_by_itself(stage: House, tmp_path: Path) -> None:
    fact = Rehearsed(rehearsal_id=new_id(), number=1, fails_once=True)
    with workers(stage.database.url, tmp_path):

        async def done() -> bool:
            return await notes(stage) == [(fact.rehearsal_id, 1)]

        await state(stage, fact)
        await until(done)


async def test_two_workers_share_the_work_in_order_and_another_leads_when_the_leader_is_killed(
    stage: House, tmp_path: Path
) -> None:
    subjects = [new_id() for _ in range(12)]

    async def tell(numbers: range) -> None:
        for number in numbers:
            await state(stage, *(Rehearsed(rehearsal_id=subject, number=number) for subject in subjects))

    with workers(stage.database.url, tmp_path, 2) as both:

        async def led() -> bool:
            return await count(stage, "worker_beat") == 2 and await leads(stage)

        await until(led)
        await tell(range(10))
        both[0].kill()
        await tell(range(10, 20))

        async def done() -> bool:
            return await count(stage, "rehearsal_note") >= 240 and await count(stage, "delivery") == 0

        await until(done)
    told = sorted(await notes(stage), key=lambda one: one[0])
    by_subject = {
        subject: [number for _, number in group] for subject, group in groupby(told, key=lambda one: one[0])
    }
    assert by_subject == {subject: list(range(20)) for subject in subjects}


async def test_the_database_restarting_under_it_is_survived(stage: House, tmp_path: Path) -> None:
    """All its connections are cut, as when the server restarts."""
    with workers(stage.database.url, tmp_path) as (worker,):

        async def led() -> bool:
            return await leads(stage)

        await until(led)
        owner = await connect(stage.database.url, as_app=False)
        await owner.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name LIKE 'aftercare%'"
        )
        await owner.close()
        # The test's own connections are cut as well, and it may not have noticed yet; it begins afresh.
        await stage.database.close()
        fact = Rehearsed(rehearsal_id=new_id(), number=1)
        await state(stage, fact)

        async def done() -> bool:
            return await notes(stage) == [(fact.rehearsal_id, 1)]

        await until(done)
        assert worker.is_alive()


async def test_a_worker_says_that_it_lives(stage: House, tmp_path: Path) -> None:
    async def silence() -> float | None:
        async with begin(stage, SYSTEM) as work:
            silent = await last_beat(work)
        return None if silent is None else silent.total_seconds()

    assert await silence() is None
    with workers(stage.database.url, tmp_path):

        async def heard_lately() -> bool:
            silent = await silence()
            return silent is not None and silent < 6

        await until(heard_lately)


async def test_many_commits_ring_the_bell_few_times(
    stage: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    between = 0.5
    monkeypatch.setattr("aftercare.house.SECONDS_BETWEEN_RINGS", between)
    rung: list[float] = []
    loop = asyncio.get_running_loop()
    began = loop.time()
    listener: asyncpg.Connection = await connect(stage.database.url)
    await listener.add_listener(FACTS_CHANNEL, lambda *_: rung.append(loop.time()))
    async with open_house(Settings(home=tmp_path), Server(stage.database.url)) as house:
        await asyncio.gather(
            *(state(house, Rehearsed(rehearsal_id=new_id(), number=number)) for number in range(50))
        )

        async def heard() -> bool:
            return bool(rung)

        await until(heard)
    await listener.close()
    assert 1 <= len(rung) <= 2 + (loop.time() - began) / between


@pytest.mark.parametrize("refused", [ValueError("not one fact is recorded")])
async def test_what_is_rolled_back_rings_no_bell(stage: House, tmp_path: Path, refused: Exception) -> None:
    rung: list[int] = []
    listener: asyncpg.Connection = await connect(stage.database.url)
    await listener.add_listener(FACTS_CHANNEL, lambda *_: rung.append(1))
    async with open_house(Settings(home=tmp_path), Server(stage.database.url)) as house:
        with pytest.raises(ValueError, match="not one fact"):
            async with begin(house, SYSTEM) as work:
                work.record(Rehearsed(rehearsal_id=new_id(), number=1))
                raise refused
        await asyncio.sleep(0.2)
    await listener.close()
    assert rung == []
