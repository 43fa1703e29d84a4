"""Requests: how many a second on one and on two server processes, beside the same statements by a bare driver."""

import asyncio
from dataclasses import dataclass

from aftercare.house import Server, open_house
from bench import world
from bench.asks import Kind, People, kinds, people
from bench.captured import Sequel, capture, ceiling, pgbench
from bench.ground import Ground, owner, serving
from bench.load import load

CASES = 10_000
CAPTURED = 100
TRIED = "bench_tried"
WARMING = 400
CONNECTIONS = 16


@dataclass
class Result:
    """`part` is of the ceiling of as many processes; `least` what it should be."""

    request: str
    processes: int
    statements: float
    per_second: float
    p50_ms: float
    p99_ms: float
    ceiling_per_second: float
    ceiling_p99_ms: float
    pgbench_per_second: float | None
    part: float
    least: float
    refused: dict[str, int]


async def _settle(ground: Ground, database: str) -> People:
    connection = await owner(ground.url(database))
    try:
        async with open_house(ground.settings(database), Server(ground.url(database))) as house:
            return await people(connection, house)
    finally:
        await connection.close()


async def _tell(ground: Ground, database: str, cases: int) -> None:
    connection = await owner(ground.url(database))
    try:
        await world.tell(connection, cases)
    finally:
        await connection.close()


def a_world(ground: Ground, cases: int) -> tuple[str, People]:
    """The database with so many cases, made unless it is there, and who asks in it."""
    database = f"bench_{cases}"
    known = ground.cluster.psql("SELECT count(*) FROM pg_database WHERE datname = :'name'", name=database)
    if known.strip() == "0":
        ground.make(f"{database}_new")
        asyncio.run(_tell(ground, f"{database}_new", cases))
        ground.cluster.psql(f'ALTER DATABASE "{database}_new" RENAME TO "{database}"')
    return database, asyncio.run(_settle(ground, database))


def measure(
    ground: Ground, *, seconds: float, processes: tuple[int, ...] = (1, 2), only: frozenset[str] = frozenset()
) -> list[Result]:
    database, who = a_world(ground, CASES)
    results = []
    for kind in kinds(who):
        if not only or kind.name in only:
            ground.copy(database, TRIED)
            sample = asyncio.run(capture(ground.url(TRIED), ground.home / "home", kind.asks(CAPTURED)))
            results += [_one(ground, database, kind, sample, number, seconds) for number in processes]
    ground.drop(TRIED)
    return results


def _one(
    ground: Ground, database: str, kind: Kind, sample: list[Sequel], processes: int, seconds: float
) -> Result:
    # What was written before is gone before the like of it is written again.
    ground.copy(database, TRIED)
    url = ground.url(TRIED)
    bare = ceiling(
        url,
        sample,
        connections=CONNECTIONS,
        processes=processes,
        seconds=seconds,
        written=kind.written,
        rounds=30,
    )
    by_pgbench = None
    if not kind.written:
        program = ground.cluster.program("pgbench")
        by_pgbench = pgbench(
            program, url, sample[:40], connections=CONNECTIONS, seconds=seconds, threads=processes
        )
    ground.copy(database, TRIED)
    most = 4_000 if kind.name == "claim" else 40_000 if kind.written else 4_000
    asked = [bytes(ask) for ask in kind.asks(most)]
    with serving(ground, TRIED, processes=processes) as port:
        load(
            port,
            asked[:WARMING],
            connections=CONNECTIONS,
            seconds=max(2.0, seconds / 2),
            again=not kind.written,
        )
        served = load(
            port,
            asked[WARMING:],
            connections=CONNECTIONS,
            seconds=seconds,
            again=not kind.written or kind.name == "message",
        )
    return Result(
        request=kind.title,
        processes=processes,
        statements=round(sum(len(one.statements) for one in sample) / len(sample), 1),
        per_second=round(served.per_second, 1),
        p50_ms=round(served.quantile(0.5), 1),
        p99_ms=round(served.quantile(0.99), 1),
        ceiling_per_second=round(bare.per_second, 1),
        ceiling_p99_ms=round(bare.quantile(0.99), 1),
        pgbench_per_second=None if by_pgbench is None else round(by_pgbench, 1),
        part=round(served.per_second / bare.per_second, 3),
        least=kind.least,
        refused=dict(list(served.refused.items())[:5]),
    )
