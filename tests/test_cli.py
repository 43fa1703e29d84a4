"""The command line: words, exit codes, and processes that stop in order."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest
import pytest_asyncio

from aftercare.cli import main
from aftercare.installation import scratch_database
from aftercare.kit.server import newest_revision
from aftercare.settings import Settings
from tests.given.ports import free_port

Run = Callable[..., tuple[int, str, str]]


@pytest_asyncio.fixture(loop_scope="session")
async def empty(server_url: str) -> AsyncIterator[str]:
    async with scratch_database(server_url) as url:
        yield url


@pytest.fixture
def aftercare(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", empty)
    monkeypatch.setenv("AFTERCARE_HOME", str(tmp_path))

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["aftercare", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call


def test_help_is_there_at_once() -> None:
    """Measured by what is loaded: nothing that takes time."""
    heavy = "{'sqlalchemy', 'fastapi', 'pydantic', 'asyncio', 'structlog', 'rich', 'aftercare.house'}"
    script = f"import sys, aftercare.cli; sys.exit(len({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_what_is_not_understood_is_exit_code_2(aftercare: Run) -> None:
    assert aftercare("--version")[:2] == (0, "aftercare 0.1.0\n")
    assert aftercare("nonsense")[0] == 2
    assert aftercare("serve", "--workers", "0")[0] == 2
    assert aftercare("import", "olist", "/nowhere")[0] == 2


def test_an_installation_from_nothing(aftercare: Run) -> None:
    code, _, said = aftercare("serve", "--port", "1")
    assert code == 1
    code, _, said = aftercare("shop", "list")
    assert (code, said.splitlines()[0]) == (
        1,
        "The database is not of this version: run `aftercare migrate`.",
    )
    code, _, said = aftercare("work")
    assert (code, said) == (
        1,
        f"The database stands at nothing, this version needs {newest_revision()}: run `aftercare migrate`.\n",
    )
    assert aftercare("migrate")[:2] == (0, f"Migrated from nothing to {newest_revision()}.\n")
    assert aftercare("migrate")[:2] == (0, f"Up to date at {newest_revision()}.\n")
    assert aftercare("shop", "create", "qinghe", "--name", "青禾家电")[:2] == (0, "Shop qinghe is there.\n")
    code, _, said = aftercare("shop", "create", "qinghe", "--name", "青禾家电")
    assert (code, "Traceback" in said) == (1, False)
    for option, value, why in (
        ("--market", "ZZ", "no country has this code"),
        ("--market", "cn", "no country has this code"),
        ("--currency", "XXQ", "no currency has this code"),
    ):
        code, _, said = aftercare("shop", "create", "nowhere", "--name", "x", option, value)
        assert (code, why in said) == (1, True), said
    assert "青禾家电" in aftercare("shop", "list")[1]
    aftercare("user", "create", "wang@example.com", "--name", "王", "--role", "owner")
    code, told, _ = aftercare(
        "user", "create", "li@example.com", "--name", "李", "--role", "agent", "--shop", "qinghe"
    )
    assert told.splitlines()[0] == "li@example.com can work as agent."
    assert "/desk/password?token=" in told
    assert aftercare("user", "roles", "li@example.com", "--role", "finance")[:2] == (
        0,
        "li@example.com works as finance now.\n",
    )
    assert aftercare("user", "disable", "li@example.com")[:2] == (0, "li@example.com is closed.\n")
    code, _, said = aftercare("user", "disable", "wang@example.com")
    assert (code, said) == (1, "Somebody must remain who can manage users in every shop.\n")
    assert aftercare("user", "disable", "nobody@example.com")[0] == 1
    secret = aftercare("token", "create", "store", "--scope", "orders.import", "--shop", "qinghe")[1].strip()
    assert len(secret) > 30
    code, _, said = aftercare("token", "create", "store", "--scope", "orders.write")
    assert (code, "orders.import" in said) == (1, True)
    listed = aftercare("token", "list")[1]
    assert secret not in listed
    token_id = next(word for word in listed.split() if word.count("-") == 4)
    assert aftercare("token", "revoke", token_id)[:2] == (0, "Revoked.\n")
    assert aftercare("token", "revoke", "seven")[0] == 2
    assert "shop.added" in aftercare("journal", "tail")[1]
    assert aftercare("journal", "failed")[:2] == (0, "No reaction has failed.\n")
    assert aftercare("journal", "retry", "claims.nothing", "7")[0] == 1
    assert aftercare("journal", "drain")[0] == 0
    assert json.loads(aftercare("policy", "show", "--shop", "qinghe")[1])["version"] == 1


def test_orders_from_a_file_are_counted(aftercare: Run, tmp_path: Path) -> None:
    aftercare("migrate")
    file = tmp_path / "orders.csv"
    file.write_text(
        "order_number,placed_at,title,quantity,unit_price,customer_email\n"
        "A-1,2026-03-01T10:00:00+08:00,电饭煲,1,299.00,li@example.com\n"
        "A-2,not a day,电饭煲,1,299.00,li@example.com\n"
    )
    code, told, _ = aftercare("import", "orders", str(file), "--shop", "qinghe", "--create")
    assert code == 0
    assert "orders.csv, line 3, placed_at" in told
    again = aftercare("import", "orders", str(file), "--shop", "qinghe")[1]
    line = next(line for line in again.splitlines() if "orders" in line and "csv" not in line)
    assert [cell.strip() for cell in line.strip("│").split("│")] == ["orders", "2", "0", "0", "1", "1"]
    file.write_text(file.read_text().replace("2026-03-01T10:00:00+08:00", "one of these days"))
    assert aftercare("import", "orders", str(file), "--shop", "qinghe")[0] == 1, (
        "nothing of it could be taken"
    )
    code, _, said = aftercare("import", "orders", str(file), "--shop", "elsewhere")
    assert (code, said.splitlines()[-2:]) == (
        1,
        ["No shop has this code, or it is not yours to see.", "  shop_code: elsewhere"],
    )


def test_what_is_told_is_told_in_three_languages(aftercare: Run) -> None:
    for words in (("insight", "indicator"), ("insight", "report"), ("insight", "decision", "list")):
        code, _, said = aftercare(*words, "--locale", "tlh")
        assert (code, "zh-CN, zh-TW, en" in said) == (2, True), said


def test_a_setting_that_cannot_be_is_told_in_words(aftercare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCARE_ENVIRONMENT", "production")
    code, _, said = aftercare("migrate")
    assert code == 1
    assert "AFTERCARE_SECRET_KEY must be set in production" in said
    monkeypatch.delenv("AFTERCARE_ENVIRONMENT")
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    code, _, said = aftercare("migrate")
    assert (code, "Traceback" in said) == (1, False)


def test_the_description_is_printed(aftercare: Run) -> None:
    assert json.loads(aftercare("openapi")[1])["info"]["title"] == "Aftercare"


# Processes.


@contextmanager
def serving(url: str, home: Path, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    environment = {**os.environ, "AFTERCARE_DATABASE_URL": url, "AFTERCARE_HOME": str(home)}
    process = subprocess.Popen(
        [sys.executable, "-m", "aftercare", "serve", "--port", str(port), *words],
        env=environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:

        def serves() -> bool:
            assert process.poll() is None
            return asked(port, "/health") == 200

        until(serves)
        yield process, port
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def asked(port: int, path: str) -> int:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code
    except OSError:
        return 0


def test_what_is_in_flight_when_told_to_stop_is_answered(aftercare: Run, empty: str, tmp_path: Path) -> None:
    aftercare("migrate")
    body = json.dumps({"email": "nobody@example.com", "password": "not the right one"}).encode()
    with serving(empty, tmp_path) as (process, port):
        with socket.create_connection(("127.0.0.1", port)) as slow, slow.makefile("rb") as answers:
            slow.sendall(
                b"POST /api/session HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
                b"expect: 100-continue\r\n\r\n" % len(body)
            )
            assert answers.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert answers.readline() == b"\r\n"
            slow.sendall(body[:10])
            process.send_signal(signal.SIGTERM)
            until(lambda: asked(port, "/health") == 0)
            assert process.poll() is None
            slow.sendall(body[10:])
            answer = answers.read()
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"sign_in_failed" in answer
        assert process.wait(120) == 0


def test_a_process_that_dies_is_replaced_and_all_of_them_stop_together(
    aftercare: Run, empty: str, tmp_path: Path
) -> None:
    aftercare("migrate")
    with serving(empty, tmp_path, "--workers", "2", "--with-worker") as (process, port):

        def children() -> set[int]:
            return children_of(process)

        until(lambda: asked(port, "/ready") == 200)
        before = children()
        assert len(before) == 4
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(children()) == 4 and children() != before)
        until(lambda: asked(port, "/ready") == 200)
        family = [psutil.Process(pid) for pid in children()]
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
        until(lambda: not any(child.is_running() for child in family))


def children_of(process: subprocess.Popen[bytes]) -> set[int]:
    return {
        child.pid
        for nursery in psutil.Process(process.pid).children()
        if "forkserver" in " ".join(nursery.cmdline())
        for child in nursery.children()
    }


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_worker_and_study_are_started_anew_and_tell_numbers_and_what_happened(
    aftercare: Run, empty: str, tmp_path: Path
) -> None:
    aftercare("migrate")
    metrics = tmp_path / "metrics" / socket.gethostname()
    of_one_killed, of_one_that_lives = metrics / str(dead_pid()), metrics / str(os.getpid())
    for folder in (of_one_killed, of_one_that_lives):
        folder.mkdir(parents=True)
    port = free_port()
    said = tmp_path / "said.txt"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "aftercare", "work", "--metrics-port", str(port)],
            env={
                **os.environ,
                "AFTERCARE_DATABASE_URL": empty,
                "AFTERCARE_HOME": str(tmp_path),
                "AFTERCARE_LOG_FORMAT": "json",
            },
            stdout=out,
            stderr=out,
            start_new_session=True,
        )

    def numbers() -> str:
        try:
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    try:
        until(lambda: all(f'count{{round="{one}"}}' in numbers() for one in ("clocks", "costs")))
        before = children_of(process)
        for child in before:
            os.kill(child, signal.SIGKILL)
        until(lambda: said.read_text().count("process leads") == 4)
        assert len(children_of(process) - before) == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    lines = said.read_text().splitlines()
    assert [line for line in lines if not line.startswith("{")] == []
    told = [json.loads(line) for line in lines]
    ended = {(one["part"], one["code"]) for one in told if one["event"] == "process ended by itself"}
    assert ended == {("worker", -9), ("study", -9)}
    assert {"worker has stopped", "study has stopped"} <= {one["event"] for one in told}
    assert list(metrics.iterdir()) == [of_one_that_lives]


def test_children_whose_parent_is_killed_leave(aftercare: Run, empty: str, tmp_path: Path) -> None:
    aftercare("migrate")
    with serving(empty, tmp_path, "--with-worker") as (process, port):
        until(lambda: asked(port, "/ready") == 200)
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        until(lambda: not any(child.is_running() for child in family))


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)


def test_settings_can_be_handed_to_another_process() -> None:
    import pickle

    given = Settings(home=Path("/tmp"))
    assert pickle.loads(pickle.dumps(given)) == given


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["serve", "--host", "nowhere.invalid", "--port", "8000"], "This machine has no such address"),
        (["serve", "--host", "203.0.113.5", "--port", "8000"], "This machine has no such address"),
        (["policy", "replay", "{file}", "--shop", "x"], "'utf-8' codec can't decode"),
        (
            ["insight", "decision", "power", "--target", "0.1", "--per-day", "9", "--file", "{file}"],
            "The file is not a table that can be read",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    aftercare: Run, tmp_path: Path, words: list[str], told: str
) -> None:
    file = tmp_path / "noise.csv"
    file.write_bytes(bytes(range(256)))
    code, _, said = aftercare(*(word.replace("{file}", str(file)) for word in words))
    assert (code, "Traceback" in said) == (1, False)
    assert told in said


def test_little_room_is_told(aftercare: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=5 << 20))
    code, _, said = aftercare("migrate")
    assert (code, said.splitlines()[1:]) == (
        1,
        [
            f"  Only 5 MB are free on the disk of {tmp_path}.",
            "  Make room on it, or set AFTERCARE_HOME to a folder on a larger disk; then start again.",
        ],
    )


@pytest.mark.parametrize("address", ["mysql://root@localhost/shop", "nonsense"])
def test_an_address_of_no_postgresql_is_refused(
    aftercare: Run, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("AFTERCARE_DATABASE_URL", address)
    code, _, said = aftercare("migrate")
    assert (code, "is not the address of a PostgreSQL" in said) == (1, True)
