"""The ceiling: the very statements that a request sends, sent again by a bare driver, with nothing else to do.

They are recorded below SQLAlchemy, where it calls the driver, while the application answers real requests in a transaction that
is rolled back. Ids that the request made are made anew for each repetition, so that every repetition writes rows of its own.
"""

import asyncio
import json
import multiprocessing
import re
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from asyncpg.transaction import Transaction
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_cursor
from starlette.types import Message

from aftercare.app import create_app
from aftercare.house import Server, connect, open_house
from aftercare.journal import work as journal_work
from aftercare.kit import database
from aftercare.kit.database import Reading, positional
from aftercare.kit.ids import new_id
from aftercare.kit.logs import configure_logs
from aftercare.kit.loop import calm_collector, run
from aftercare.logistics import tracking
from aftercare.settings import Settings
from aftercare.settings import Tracking as TrackingSettings
from bench.asks import Ask
from bench.ground import PUSH_SECRET, parts_of
from bench.load import Measured


@dataclass
class Statement:
    """`values` is None for what is sent as it is: BEGIN, COMMIT."""

    sql: str
    values: tuple[Any, ...] | None


@dataclass
class Sequel:
    """What one request sent, in order, the ids that it made, and the positions of its facts."""

    statements: list[Statement]
    born: set[UUID]
    positions: set[int] = field(default_factory=set)


class _Tape:
    def __init__(self) -> None:
        self.sequel = Sequel([], set())

    def note(self, sql: str, values: Sequence[Any] | None) -> None:
        self.sequel.statements.append(Statement(sql, None if values is None else tuple(values)))

    def cut(self) -> Sequel:
        cut, self.sequel = self.sequel, Sequel([], set())
        return cut


@contextmanager
def _recording(tape: _Tape, *, keep: bool) -> Iterator[None]:
    """Every statement goes onto the tape; unless `keep`, commits roll back instead."""
    cursor: Any = AsyncAdapt_asyncpg_cursor
    execute, many = cursor._prepare_and_execute, cursor._executemany
    start, commit = Transaction.start, Transaction.commit
    digested = tracking.digest_of

    async def noted(self: Any, operation: str, parameters: Any) -> Any:
        tape.note(operation, parameters or ())
        return await execute(self, operation, parameters)

    async def noted_many(self: Any, operation: str, seq: Any) -> Any:
        for parameters in seq:
            tape.note(operation, parameters)
        return await many(self, operation, seq)

    async def noted_start(self: Any) -> None:
        # SQLAlchemy begins with the first statement, which is noted already.
        shops = self._connection.shops
        tape.sequel.statements.insert(-1, Statement(f"BEGIN; SET LOCAL aftercare.shops = '{shops}'", None))
        await start(self)

    async def noted_commit(self: Any) -> None:
        tape.note("COMMIT", None)
        await (commit if keep else Transaction.rollback)(self)

    reading_tell, reading_rows = Reading.tell, Reading.rows

    async def noted_tell(self: Any, words: str) -> None:
        tape.note(words, None)
        await reading_tell(self, words)

    async def noted_rows(self: Any, query: str, values: Sequence[Any]) -> Any:
        tape.note(query, values)
        return await reading_rows(self, query, values)

    rows_of = database.rows_of

    async def noted_past(session: Any, sql: str, values: Any) -> Any:
        query, names = positional(sql)
        began = len(tape.sequel.statements)
        rows = await rows_of(session, sql, values)
        if len(tape.sequel.statements) == began:  # else the session asked, which is noted
            tape.note(query, [values[name] for name in names])
        return rows

    written = journal_work.write

    async def noted_write(work: journal_work.Work, said: list[journal_work.Said]) -> None:
        await written(work, said)
        tape.sequel.positions.update(one.position for one in said)

    def birth(at: datetime | None = None) -> UUID:
        born = new_id(at)
        tape.sequel.born.add(born)
        return born

    def digest(event: Any) -> UUID:
        born = digested(event)
        tape.sequel.born.add(born)
        return born

    patches: list[tuple[Any, str, Any, Any]] = [
        (cursor, "_prepare_and_execute", execute, noted),
        (cursor, "_executemany", many, noted_many),
        (Transaction, "start", start, noted_start),
        (Reading, "tell", reading_tell, noted_tell),
        (Reading, "rows", reading_rows, noted_rows),
        (Transaction, "commit", commit, noted_commit),
        (journal_work, "new_id", new_id, birth),
        (journal_work, "write", written, noted_write),
        (journal_work, "rows_of", rows_of, noted_past),
        (tracking, "digest_of", digested, digest),
    ]
    for where, name, _, new in patches:
        setattr(where, name, new)
    try:
        yield
    finally:
        for where, name, old, _ in patches:
            setattr(where, name, old)


@asynccontextmanager
async def application(url: str, home: Path) -> AsyncIterator[Callable[[Ask], Any]]:
    """The whole application in this process; call it with a request, get status and body."""
    settings = Settings(
        home=home,
        database_url=url,
        sandbox_gateway=True,
        tracking=TrackingSettings.model_validate({"push_secret": PUSH_SECRET}),
    )
    configure_logs("json", "WARNING")
    async with open_house(settings, Server(url)) as house:
        app = create_app(house)

        async def call(ask: Ask) -> tuple[int, bytes]:
            path, _, query = ask.path.partition("?")
            scope = {
                "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": ask.method, "scheme": "http", "path": path,
                "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "client": ("127.0.0.1", 1), "server": ("bench", 80),
                "headers": [(name.encode(), value.encode()) for name, value in ask.headers.items()],
            }  # fmt: skip
            answer: dict[str, Any] = {"body": b""}
            given = [{"type": "http.request", "body": ask.body, "more_body": False}]

            async def receive() -> Message:
                if given:
                    return given.pop()
                await asyncio.Event().wait()
                raise AssertionError

            async def send(message: Message) -> None:
                if message["type"] == "http.response.start":
                    answer["status"] = message["status"]
                else:
                    answer["body"] += message.get("body", b"")

            await app(scope, receive, send)
            return answer["status"], answer["body"]

        yield call


async def capture(url: str, home: Path, asks: Sequence[Ask]) -> list[Sequel]:
    tape, taken = _Tape(), []
    async with application(url, home) as call:
        for ask in asks[:2]:  # shops, policies and the like are remembered after the first
            with _recording(_Tape(), keep=False):
                await call(ask)
        for ask in asks:
            with _recording(tape, keep=False):
                status, body = await call(ask)
            if status >= 300:
                raise RuntimeError(f"{ask.method} {ask.path}: {status} {body[:500]!r}")
            taken.append(tape.cut())
    return taken


# Again, by the bare driver.

AFTER_ALL_POSITIONS = 1_000_000_000_000
_NUMBER = re.compile(r"AS\d{10}")


def _afresh(sequel: Sequel, number: int) -> list[Statement]:
    """The same statements with new ids, a new claim's number, and facts that were told nowhere else."""
    new = {old: uuid4() for old in sequel.born}
    words = {str(old): str(fresh) for old, fresh in new.items()}
    pattern = re.compile("|".join(map(re.escape, words))) if words else None

    def value(given: Any) -> Any:
        if isinstance(given, UUID):
            return new.get(given, given)
        if type(given) is int and given in sequel.positions:
            return AFTER_ALL_POSITIONS + number * 1_000 + sorted(sequel.positions).index(given)
        if isinstance(given, str):
            if len(given) == 12 and _NUMBER.fullmatch(given):
                return f"AS99{number:08d}"
            return (
                pattern.sub(lambda found: words[found.group()], given)
                if pattern and len(given) >= 36
                else given
            )
        if isinstance(given, list):
            return [value(one) for one in given]
        return given

    return [
        Statement(one.sql, None if one.values is None else tuple(value(each) for each in one.values))
        for one in sequel.statements
    ]


async def _replay(url: str, mine: list[list[list[Statement]]], seconds: float, again: bool) -> Measured:
    connections = [await connect(url) for _ in mine]
    waits: list[float] = []
    calm_collector()

    async def speak(
        connection: asyncpg.Connection, sequels: list[list[Statement]], until: float, noted: bool
    ) -> None:
        prepared: dict[str, Any] = {}
        while True:
            for sequel in sequels:
                began = time.perf_counter()
                if began >= until:
                    return
                for statement in sequel:
                    if statement.values is None:
                        await connection.execute(statement.sql)
                        continue
                    known = prepared.get(statement.sql)
                    if known is None:
                        known = prepared[statement.sql] = await connection.prepare(statement.sql)
                    await known.fetch(*statement.values)
                if noted:
                    waits.append(time.perf_counter() - began)
            if not again:
                return

    began = time.perf_counter()
    await asyncio.gather(
        *(
            speak(connection, sequels, began + seconds, True)
            for connection, sequels in zip(connections, mine, strict=True)
        )
    )
    took = time.perf_counter() - began
    for connection in connections:
        await connection.close()
    return Measured(took, waits)


def _in_process(
    url: str, mine: Any, seconds: float, again: bool, told: "multiprocessing.Queue[Measured]"
) -> None:
    told.put(run(_replay(url, mine, seconds, again)))


def ceiling(
    url: str,
    sequels: Sequence[Sequel],
    *,
    connections: int = 16,
    processes: int = 1,
    seconds: float = 5.0,
    written: bool,
    rounds: int = 20,
) -> Measured:
    """What the driver alone reaches with the same statements."""
    if written:
        told = [
            _afresh(sequel, turn * len(sequels) + number)
            for turn in range(rounds)
            for number, sequel in enumerate(sequels)
        ]
    else:
        told = [sequel.statements for sequel in sequels]
    shared = [told[number::connections] for number in range(connections)]
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[Measured] = context.Queue()
    each = connections // processes
    running = [
        context.Process(
            target=_in_process,
            args=(url, shared[number * each : (number + 1) * each], seconds, not written, queue),
        )
        for number in range(processes)
    ]
    for process in running:
        process.start()
    measured = [queue.get(timeout=seconds + 120) for _ in running]
    for process in running:
        process.join()
    return Measured(max(one.seconds for one in measured), [wait for one in measured for wait in one.waits])


# The same by pgbench, for what reads.


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, datetime):
        return f"'{value:%Y%m%dT%H%M%S.%f%z}'"  # without colons, which pgbench takes for variables
    if isinstance(value, timedelta):
        return f"'{value.total_seconds()} seconds'"
    if isinstance(value, list | tuple):
        inner = ",".join(json.dumps(str(one)) if isinstance(one, str) else str(one) for one in value)
        return "'{" + inner.replace("'", "''") + "}'"
    return "'" + str(value).replace("'", "''") + "'"


def _script(sequel: Sequel) -> str:
    lines = []
    for statement in sequel.statements:

        def given(found: re.Match[str], values: tuple[Any, ...] = statement.values or ()) -> str:
            return _literal(values[int(found.group(1)) - 1])

        lines.append(" ".join(re.sub(r"\$(\d+)", given, statement.sql).split()) + ";")
    return "\n".join(lines)


def pgbench(
    program: Path,
    url: str,
    sequels: Sequence[Sequel],
    *,
    connections: int = 16,
    seconds: float = 5.0,
    threads: int = 2,
) -> float:
    """Transactions a second, prepared, each request's statements as one script with its values written in."""
    with tempfile.TemporaryDirectory(prefix="aftercare-pgbench-") as folder:
        options: list[str] = []
        for number, sequel in enumerate(sequels):
            path = Path(folder) / f"{number}.sql"
            path.write_text(_script(sequel))
            options += ["-f", str(path)]
        where = [part for pair in parts_of(url).items() if pair[0] != "-d" for part in pair]
        done = subprocess.run(
            [str(program), "-n", "-M", "prepared", "-c", str(connections), "-j", str(threads), "-T", str(max(1, round(seconds))), *options, *where,
             parts_of(url)["-d"]],
            capture_output=True, text=True, check=False, env={"PGOPTIONS": "-c role=aftercare_app", "PATH": "/usr/bin"},
        )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench: {done.stderr[-2000:]}")
    return float(found[1])
