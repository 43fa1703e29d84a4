"""Growth: the same pages as the data grows tenfold and again. What counts is the last column: p99 beside that of the smallest."""

from dataclasses import dataclass

from bench.asks import growing
from bench.ground import Ground, serving
from bench.load import load
from bench.requests import a_world

MOST = 1.5
CONNECTIONS = 2
"""So few that nobody waits for another: what is measured is the page, not the queue before it."""


@dataclass
class Result:
    cases: int
    page: str
    per_second: float
    p50_ms: float
    p99_ms: float
    times: float
    """p99 beside the p99 of the smallest world."""
    most: float
    refused: dict[str, int]


def measure(ground: Ground, sizes: list[int], *, seconds: float) -> list[Result]:
    results: list[Result] = []
    first: dict[str, float] = {}
    for cases in sizes:
        database, who = a_world(ground, cases)
        with serving(ground, database, processes=1) as port:
            for page, asks in growing(who).items():
                asked = [bytes(ask) for ask in asks]
                load(port, asked, connections=CONNECTIONS, seconds=seconds / 2)
                served = load(port, asked, connections=CONNECTIONS, seconds=seconds)
                p99 = served.quantile(0.99)
                results.append(
                    Result(
                        cases=cases,
                        page=page,
                        per_second=round(served.per_second, 1),
                        p50_ms=round(served.quantile(0.5), 1),
                        p99_ms=round(p99, 1),
                        times=round(p99 / first.setdefault(page, p99), 2),
                        most=MOST,
                        refused=dict(list(served.refused.items())[:5]),
                    )
                )
    return results
