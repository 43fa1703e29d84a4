"""`aftercare demo` as a person runs it: broken off, killed, begun again, living on, stopped; nothing stays behind."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from aftercare.kit.server import connect
from tests.given.ports import free_port

SECONDS = 240.0
"""A tenth of the story takes some seconds; machines that test have much else to do."""


class Demo:
    """One `aftercare demo` in a session of its own, so that whoever stays behind is found."""

    def __init__(self, home: Path, port: int, *words: str) -> None:
        self.port = port
        self.said = home / f"said-{time.monotonic_ns()}.txt"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aftercare", "demo", "--small", "--port", str(port), *words],
                env={
                    **{name: value for name, value in os.environ.items() if name != "AFTERCARE_DATABASE_URL"},
                    "AFTERCARE_HOME": str(home),
                },
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @property
    def words(self) -> str:
        return self.said.read_text()

    @property
    def family(self) -> list[int]:
        return [pid for pid in psutil.pids() if _session(pid) == self.process.pid and pid != self.process.pid]

    def until(self, condition: Callable[[], Any], *, alive: bool = True) -> None:
        ends = time.monotonic() + SECONDS
        while not condition():
            assert not alive or self.process.poll() is None, self.words
            assert time.monotonic() < ends, self.words
            time.sleep(0.1)

    def until_open(self) -> None:
        self.until(lambda: "Ctrl-C stops everything" in self.words)
        self.until(lambda: _ready(self.port))

    def told_to_stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(SECONDS)
        self.until(lambda: not self.family, alive=False)
        return code


def _session(pid: int) -> int:
    try:
        return os.getsid(pid) if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE else 0
    except (OSError, psutil.Error):
        return 0


def _ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def postgres_runs(home: Path) -> bool:
    return (home / "postgres" / "place" / "data" / "postmaster.pid").exists()


def asked(home: Path, question: str) -> Any:
    async def ask() -> Any:
        folder = (home / "postgres" / "place" / "socket").resolve()
        elsewhere = home / "postgres" / "place" / "socket-elsewhere"
        at = elsewhere.resolve() if elsewhere.is_symlink() else folder
        connection = await connect(f"postgresql://postgres@/aftercare?host={at}", as_app=False)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    try:
        return asyncio.run(ask())
    except Exception:
        return None  # the server, the database or the table is not there yet


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Demo]]:
    demos: list[Demo] = []
    yield demos
    for demo in demos:
        for pid in [demo.process.pid, *demo.family]:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        demo.process.wait()
    # Where root may not let PostgreSQL in, its data lies elsewhere.
    shutil.rmtree((tmp_path / "postgres" / "place").resolve(), ignore_errors=True)


def test_a_demo_is_broken_off_killed_begun_again_and_lives(
    tmp_path: Path, port: int, started: list[Demo]
) -> None:
    def begins(*words: str) -> Demo:
        started.append(Demo(tmp_path, port, *words))
        return started[-1]

    # Ctrl-C in the middle of the story.
    first = begins()
    first.until(lambda: (asked(tmp_path, "SELECT count(*) FROM claim") or 0) > 2)
    assert first.told_to_stop() == 130
    assert "Stopped before the year was told to its end" in first.words
    assert not postgres_runs(tmp_path)

    # It begins again, and is killed: its children notice, and PostgreSQL goes with the last of them.
    second = begins()
    second.until(lambda: "it begins again" in " ".join(second.words.split()))
    second.until(lambda: (asked(tmp_path, "SELECT count(*) FROM claim") or 0) > 2)
    second.process.kill()
    second.process.wait()
    second.until(lambda: not second.family, alive=False)
    second.until(lambda: not postgres_runs(tmp_path), alive=False)

    # The third is told to its end, and is killed while it looks back at what was unusual.
    third = begins()
    third.until_open()
    assert "it begins again" in " ".join(third.words.split())
    looked_back = "SELECT settings ->> 'looked_back' FROM shop WHERE code = 'qinghe-home'"
    third.until(lambda: asked(tmp_path, looked_back))
    third.process.kill()
    third.process.wait()
    third.until(lambda: not third.family and not postgres_runs(tmp_path), alive=False)

    # The next goes on there, and lives.
    third = begins("--live")
    third.until_open()
    assert "begins again" not in third.words
    assert "owner@demo.example.com" in third.words
    assert asked(tmp_path, "SELECT count(*) FROM account") == 12
    assert asked(tmp_path, "SELECT count(*) FROM sales_order") >= 300
    before = asked(tmp_path, "SELECT count(*) FROM fact")
    newest = "SELECT count(*) FROM fact WHERE name = 'order.imported' AND at > now() - interval '1 minute'"
    third.until(lambda: (asked(tmp_path, newest) or 0) > 0)
    third.until(lambda: asked(tmp_path, "SELECT count(*) FROM fact") > before + 5)

    # Its port is taken for another.
    other = begins()
    assert other.process.wait(SECONDS) == 1
    assert "Something else listens on this address already" in other.words

    assert third.told_to_stop() == 0
    assert "Stopped. The data is kept" in third.words
    assert not postgres_runs(tmp_path)

    # What is whole stays as it is. Stopped the moment it is open, it leaves at once.
    fourth = begins()
    fourth.until(lambda: "Ctrl-C stops everything" in fourth.words)
    assert "begins again" not in fourth.words
    assert asked(tmp_path, "SELECT count(*) FROM fact") >= before
    assert fourth.told_to_stop() == 0
    assert "did not finish in time" not in fourth.words
    assert not postgres_runs(tmp_path)

    # What the group published, which was perhaps broken off each time, is there at last.
    fifth = begins()
    fifth.until_open()
    fifth.until(lambda: asked(tmp_path, "SELECT count(*) FROM shop WHERE settings ? 'reported'") == 1)
    assert asked(tmp_path, "SELECT count(*) FROM report WHERE state = 'published'") == 1
    assert asked(tmp_path, looked_back) == "whole"
    assert fifth.told_to_stop() == 0
    assert [one.words for one in started if "Traceback" in one.words] == []
