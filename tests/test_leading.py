"""What a leader does when it is told to stop: it finishes, or it breaks off; and a process that leaves waits for no thread."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from aftercare.journal import House
from aftercare.leading import Leadership, Round

LEAVES = """
import asyncio, sys, time
from pathlib import Path

from aftercare.kit.processes import run_part, unless_told
from aftercare.settings import Settings

async def story(server):
    asyncio.get_running_loop().call_later(0.2, asyncio.current_task().cancel)
    try:
        await asyncio.to_thread(time.sleep, 300)
    finally:
        print("given up")

run_part(Settings(home=Path(sys.argv[1]), database_url="postgresql://nobody@127.0.0.1:1/none"), story)
"""


@pytest.mark.parametrize(("patience", "finished"), [(None, [True]), (0.05, [])])
async def test_a_round_in_the_middle_is_finished_or_broken_off(
    own_house: House, patience: float | None, finished: list[bool]
) -> None:
    begun, done = asyncio.Event(), []

    async def slow(house: House) -> None:
        begun.set()
        await asyncio.sleep(1.5 if patience is None else 300)
        done.append(True)

    rounds = (Round("slow", 60, slow),)
    leadership = Leadership(own_house, own_house.database.url, "a test leads", rounds, patience=patience)
    async with asyncio.timeout(60):
        leading = asyncio.create_task(leadership.lead())
        await begun.wait()
        leadership.stop()
        await leading
    assert (done, leadership.held) == (finished, False)


def test_what_a_thread_still_reckons_is_not_waited_for(tmp_path: Path) -> None:
    left = subprocess.run(
        [sys.executable, "-c", LEAVES, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert (left.returncode, left.stdout, left.stderr) == (0, "given up\n", "")
