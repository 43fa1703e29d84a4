"""Chats: thousands of open windows, messages from both sides, and a restart of the server in the middle.

The windows are raw sockets in a process of their own, over many local addresses. Each message carries the moment at which its
sending began; whoever gets it notes how long it took. At the end what every window got is compared with the database: the same
messages, once each, in the order of their positions.
"""

import asyncio
import json
import multiprocessing
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from uuid import UUID

import asyncpg

from aftercare import identity
from aftercare.conversations import ensure_chat_account, new_visitor, visitor_token
from aftercare.house import Server, open_house
from aftercare.identity import NewShop
from aftercare.journal import SYSTEM, begin
from aftercare.kit.loop import run
from bench.ground import Ground, owner
from bench.load import request
from bench.world import sign_in

DATABASE = "bench_chat"
ADDRESSES = 50
HOT = 50
"""So many windows get a fifth of all messages."""
WRITERS = 48
SECONDS_TO_OPEN = 60
SECONDS_TO_WARM = 5.0
"""Written before anything is measured: connections are opened and statements prepared."""
SECONDS_TO_SETTLE = 20
TROUBLED = 3.0
"""A message whose sending began so many seconds before the restart, or while it ran, is not one of the quiet time."""


@dataclass
class Result:
    """`p99_ms` is of messages sent in quiet times; `slowest_ms` of all, those of the restart among them."""

    chats: int
    processes: int
    messages: int
    per_second: float
    p50_ms: float
    p99_ms: float
    allowed_ms: float
    slowest_ms: float
    lost: int
    twice: int
    out_of_order: int
    all_back_seconds: float
    kb_a_chat: float
    cores_used: float
    client_cores: float
    refused: dict[str, int]


@dataclass
class World:
    """`chats`: (token, case, thread, position of the first message)."""

    chats: list[tuple[str, str, str, int]]
    agent: dict[str, str]


FILL = """
    WITH given AS (SELECT a.address, a.n FROM unnest($1::text[]) WITH ORDINALITY a(address, n)),
    ids AS (SELECT address, n, gen_random_uuid() AS thread, gen_random_uuid() AS kase, gen_random_uuid() AS contact,
      gen_random_uuid() AS message FROM given),
    t AS (INSERT INTO thread (id, shop_id, opened_at, last_message_at) SELECT thread, $2, now(), now() FROM ids),
    c AS (INSERT INTO service_case (id, shop_id, number, thread_id, title, status, stage, priority, channel, locale, tags,
        opened_at, last_message_at, last_message_id, last_author, last_words, waiting_since, due_at, queued)
      SELECT kase, $2, 'BC-' || n, thread, '在线咨询 ' || n, 'open', 'consulted', 'normal', 'chat', 'zh-CN', '{}', now(), now(), message,
        'customer', '您好', now(), '9999-12-31', false FROM ids),
    k AS (INSERT INTO contact (id, shop_id, channel, address, account_id, name, created_at)
      SELECT contact, $2, 'chat', address, $3, '', now() FROM ids),
    m AS (INSERT INTO message (id, shop_id, thread_id, author_kind, kind, channel, body, sent_at, account_id, contact_id)
      SELECT message, $2, thread, 'customer', 'message', 'chat', '您好', now(), $3, contact FROM ids RETURNING thread_id, position)
    SELECT ids.n, ids.kase, ids.thread, m.position FROM ids JOIN m ON m.thread_id = ids.thread ORDER BY ids.n
"""


async def settle(ground: Ground, chats: int) -> World:
    """A shop with so many talks begun, and an agent who may answer them."""
    url = ground.url(DATABASE)
    connection = await owner(url)
    await connection.execute("SET session_replication_role = replica")
    try:
        async with open_house(ground.settings(DATABASE), Server(url)) as house:
            async with begin(house, SYSTEM) as work:
                await identity.seed_roles(work)
                shop = await identity.new_shop(work, NewShop(code="bench", name="店铺"))
                account = await ensure_chat_account(work, shop.id, "chat")
            assert account is not None
            agent_id = UUID(int=random.getrandbits(128), version=4)
            await connection.execute(
                "INSERT INTO account (id, email, name, locale, created_at) VALUES ($1, 'agent@bench.test', '客服', 'zh-CN', now())",
                agent_id,
            )
            await connection.execute(
                "INSERT INTO membership (id, account_id, role, shop_id) VALUES (gen_random_uuid(), $1, 'supervisor', $2)",
                agent_id,
                shop.id,
            )
            agent = await sign_in(connection, house, "chat agent", account=agent_id)
            visitors = [new_visitor(shop.id, datetime.now(UTC)) for _ in range(chats)]
            rows = await connection.fetch(FILL, [one.address for one in visitors], shop.id, account.id)
            await connection.execute("VACUUM ANALYZE")
            return World(
                [
                    (visitor_token(house, one), str(row["kase"]), str(row["thread"]), row["position"])
                    for one, row in zip(visitors, rows, strict=True)
                ],
                agent.headers,
            )
    finally:
        await connection.close()


# The windows, in a process of their own


@dataclass
class Told:
    """What the windows saw. `got`: of each window the ids in the order in which they came; `waits`: (sent at, seconds)."""

    got: list[list[str]] = field(default_factory=list)
    waits: list[tuple[float, float]] = field(default_factory=list)
    posted: int = 0
    seconds: float = 0.0
    back: float = 0.0
    cpu: float = 0.0
    refused: dict[str, int] = field(default_factory=dict)


EVENT = re.compile(rb"id: (\d+)\nevent: message\ndata: (.*)\n\n")
SENT = re.compile(r"^([0-9.]+) ")


class Window(asyncio.Protocol):
    """One window: opens, reads, and opens again where it broke off."""

    def __init__(self, crowd: "Crowd", number: int, token: str, mark: int) -> None:
        self.crowd, self.number, self.token, self.mark = crowd, number, token, mark
        self.came = b""
        self.open = False
        self.got: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.came = b""
        headers = {"x-chat": self.token, "last-event-id": str(self.mark), "accept": "text/event-stream"}
        cast(asyncio.Transport, transport).write(request("GET", "/api/chat/live", headers))

    def data_received(self, data: bytes) -> None:
        self.came += data
        if not self.open:
            if b"\r\n\r\n" not in self.came:
                return
            if self.came[9:12] != b"200":
                self.crowd.refused[self.came[9:12].decode()] += 1
                return
            if b": welcome" not in self.came:
                return
            self.open = True
            self.crowd.opened(1)
        end = 0
        for found in EVENT.finditer(self.came):
            end = found.end()
            self.mark = int(found[1])
            told = json.loads(found[2])
            self.got.append(told["id"])
            sent = SENT.match(told["body"])
            if sent:
                at = float(sent[1])
                self.crowd.waits.append((at, time.monotonic() - at))
        self.came = self.came[end:] if end else self.came[-20_000:]

    def connection_lost(self, _failure: Exception | None) -> None:
        if self.open:
            self.open = False
            self.crowd.opened(-1)
        if not self.crowd.over:
            self.crowd.again(self)


class Crowd:
    def __init__(self, port: int, world: World) -> None:
        self.port, self.world = port, world
        self.windows = [
            Window(self, number, token, mark) for number, (token, _, _, mark) in enumerate(world.chats)
        ]
        self.waits: list[tuple[float, float]] = []
        self.refused: Counter[str] = Counter()
        self.count = 0
        self.over = False
        self.full_at = 0.0
        self.full = asyncio.Event()
        self.posted = 0
        self.round = 0
        self._connecting = asyncio.Semaphore(64)
        self._tasks: set[asyncio.Task[None]] = set()

    def opened(self, more: int) -> None:
        self.count += more
        if self.count == len(self.windows):
            self.full_at = time.monotonic()
            self.full.set()

    def again(self, window: Window) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(window, random.random() * 2))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, window: Window, wait: float) -> None:
        loop = asyncio.get_running_loop()
        address = (f"127.0.2.{1 + window.number % ADDRESSES}", 0)
        while not self.over:
            await asyncio.sleep(wait)
            wait = 0.3 + random.random() / 2
            try:
                async with self._connecting:
                    await loop.create_connection(lambda: window, "127.0.0.1", self.port, local_addr=address)
                return
            except OSError:
                continue

    async def open_all(self) -> float:
        began = time.monotonic()
        for window in self.windows:
            task = asyncio.get_running_loop().create_task(self._connect(window, 0))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.full.wait(), SECONDS_TO_OPEN)
        return time.monotonic() - began

    async def write(self, rate: int, seconds: float) -> None:
        """So many messages a second, half by visitors and half by the agent, each tried under its key until it is taken."""
        self.round += 1
        asked: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
        writers = [asyncio.create_task(self._writer(asked)) for _ in range(WRITERS)]
        began = time.monotonic()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            which = random.randrange(HOT if number % 5 == 0 else len(self.windows))
            token, case, _, _ = self.world.chats[which]
            now = time.monotonic()
            body = json.dumps(
                {"body": f"{now:.6f} 消息 {number}", "key": f"bench-{self.round}-{number:07}"}
            ).encode()
            headers = {"content-type": "application/json"}
            if number % 2:
                ask = request("POST", "/api/chat/messages", {**headers, "x-chat": token}, body)
            else:
                ask = request("POST", f"/api/cases/{case}/messages", {**headers, **self.world.agent}, body)
            asked.put_nowait((now, ask))
        for _ in writers:
            asked.put_nowait(None)
        await asyncio.gather(*writers)

    async def _writer(self, asked: "asyncio.Queue[tuple[float, bytes] | None]") -> None:
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        while (one := await asked.get()) is not None:
            while True:
                try:
                    if reader is None or writer is None:
                        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.write(one[1])
                    async with asyncio.timeout(10):
                        head = await reader.readuntil(b"\r\n\r\n")
                        length = re.search(rb"content-length: (\d+)", head)
                        answer = await reader.readexactly(int(length[1])) if length else b""
                    if head[9:12] == b"201":
                        self.posted += 1
                        break
                    self.refused[f"{head[9:12].decode()} {answer[:120].decode(errors='replace')}"] += 1
                    if head[9:12] in (b"422", b"401", b"403", b"404"):
                        break
                except (OSError, asyncio.IncompleteReadError, TimeoutError):
                    reader = writer = None
                await asyncio.sleep(0.2)
        if writer is not None:
            writer.close()


async def _crowd(
    port: int, world: World, rate: int, seconds: float, told: "multiprocessing.Queue[object]"
) -> None:
    crowd = Crowd(port, world)
    opening = await crowd.open_all()
    await crowd.write(rate, SECONDS_TO_WARM)
    crowd.waits.clear()
    warmed = crowd.posted
    told.put(("open", crowd.count, opening))
    used = time.process_time()
    began = time.monotonic()
    await crowd.write(rate, seconds)
    wrote = time.monotonic() - began
    used = time.process_time() - used
    # What is on its way arrives; whoever was cut off comes back.
    settled, last = time.monotonic(), -1
    while time.monotonic() - settled < SECONDS_TO_SETTLE and (
        last != len(crowd.waits) or crowd.count < len(crowd.windows)
    ):
        last = len(crowd.waits)
        await asyncio.sleep(1)
    crowd.over = True
    told.put(
        Told(
            got=[window.got for window in crowd.windows],
            waits=crowd.waits,
            posted=crowd.posted - warmed,
            seconds=wrote,
            back=crowd.full_at,
            cpu=used / wrote,
            refused=dict(crowd.refused),
        )
    )


def _in_process(
    port: int, world: World, rate: int, seconds: float, told: "multiprocessing.Queue[object]"
) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    run(_crowd(port, world, rate, seconds, told))


# The server


def _quiet_port() -> int:
    """Not one that the system gives to callers: while the server is away, a caller could reach itself there and hold it."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _start(ground: Ground, port: int, processes: int) -> subprocess.Popen[bytes]:
    surroundings = {
        **os.environ,
        "AFTERCARE_HOME": str(ground.home / "home"),
        "AFTERCARE_DATABASE_URL": ground.url(DATABASE),
        "AFTERCARE_LOG_FORMAT": "json",
        "AFTERCARE_LOG_LEVEL": "warning",
    }
    log = (ground.home / "serve.log").open("ab")
    return subprocess.Popen(
        [sys.executable, "-m", "aftercare", "serve", "--workers", str(processes), "--port", str(port)],
        env=surroundings,
        stdout=log,
        stderr=log,
    )


def _family(pid: int) -> list[int]:
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        if parent == pid:
            found += _family(int(path.parent.name))
    return found


def _memory(pid: int) -> int:
    """Kilobytes of all its processes."""
    total = 0
    for one in _family(pid):
        found = re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{one}/status").read_text(), re.MULTILINE)
        total += int(found[1]) if found else 0
    return total


def _cpu(pid: int) -> float:
    """Seconds used by all its processes."""
    total = 0
    for one in _family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _answers(port: int) -> None:
    from urllib.error import URLError
    from urllib.request import urlopen

    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError("the server does not answer")


async def _compare(url: str, world: World, got: list[list[str]]) -> tuple[int, int, int]:
    """(lost, twice, windows out of order), against the database."""
    connection: asyncpg.Connection = await owner(url)
    try:
        rows = await connection.fetch("SELECT id, thread_id, position FROM message ORDER BY position")
    finally:
        await connection.close()
    said: dict[str, list[str]] = {}
    marks = {thread: mark for _, _, thread, mark in world.chats}
    for row in rows:
        thread = str(row["thread_id"])
        if row["position"] > marks[thread]:
            said.setdefault(thread, []).append(str(row["id"]))
    lost = twice = disorder = 0
    for (_, _, thread, _), mine in zip(world.chats, got, strict=True):
        expected = said.get(thread, [])
        lost += len(set(expected) - set(mine))
        twice += len(mine) - len(set(mine))
        disorder += list(dict.fromkeys(mine)) != [one for one in expected if one in set(mine)]
    return lost, twice, disorder


def measure(
    ground: Ground,
    *,
    chats: int = 5_000,
    rate: int = 100,
    seconds: float = 30.0,
    processes: int = 2,
    restart: bool = True,
) -> list[Result]:
    ground.drop(DATABASE)
    ground.make(DATABASE)
    world = asyncio.run(settle(ground, chats))
    port = _quiet_port()
    server = _start(ground, port, processes)
    context = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[object] = context.Queue()
    crowd = context.Process(target=_in_process, args=(port, world, rate, seconds, told))
    try:
        _answers(port)
        before = _memory(server.pid)
        crowd.start()
        opened = cast(tuple[str, int, float], told.get(timeout=SECONDS_TO_OPEN + 60))
        if opened[1] < chats:
            raise RuntimeError(f"only {opened[1]} of {chats} windows opened")
        kilobytes = (_memory(server.pid) - before) / chats
        used, since = _cpu(server.pid), time.monotonic()
        time.sleep(seconds * 0.6)
        cores = (_cpu(server.pid) - used) / (time.monotonic() - since)
        troubled_from = time.monotonic()
        if restart:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
            server = _start(ground, port, processes)
            _answers(port)
        seen = cast(Told, told.get(timeout=seconds + SECONDS_TO_SETTLE + 60))
        crowd.join(10)
    finally:
        if crowd.is_alive():
            crowd.terminate()
        server.terminate()
        server.wait(60)
    lost, twice, disorder = asyncio.run(_compare(ground.url(DATABASE), world, seen.got))
    back = max(0.0, seen.back - troubled_from) if restart else 0.0
    quiet = sorted(
        wait
        for at, wait in seen.waits
        if not restart or at < troubled_from - TROUBLED or at > troubled_from + back + TROUBLED
    )
    return [
        Result(
            chats=chats,
            processes=processes,
            messages=seen.posted,
            per_second=round(seen.posted / seen.seconds, 1),
            p50_ms=round(quiet[len(quiet) // 2] * 1000, 1),
            p99_ms=round(quiet[int(len(quiet) * 0.99)] * 1000, 1),
            allowed_ms=500,
            slowest_ms=round(max(wait for _, wait in seen.waits) * 1000, 1),
            lost=lost + int(rate * seconds) - seen.posted,
            twice=twice,
            out_of_order=disorder,
            all_back_seconds=round(back, 1),
            kb_a_chat=round(kilobytes, 1),
            cores_used=round(cores, 2),
            client_cores=round(seen.cpu, 2),
            refused=dict(list(seen.refused.items())[:5]),
        )
    ]
