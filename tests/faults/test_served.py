"""Two web processes on one database: many at once, the database away, a disk that is full."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.api.world import PNG
from tests.faults.installed import Buyer, Installed, buyers, count, installed, rows_of, until

PARALLEL = 32
UNITS = 10
MEGABYTE = 1024 * 1024


class Stage:
    def __init__(self, there: Installed, people: list[Buyer]) -> None:
        self.there = there
        self.people = people

    def client(self, buyer: Buyer) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.there.address(), headers=buyer.headers, timeout=60)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    home = tmp_path_factory.mktemp("home")
    async with installed(home, AFTERCARE_POOL_SIZE="6") as there:
        there.leave_to_others()
        people = await buyers(there.house, 2, orders=2, quantity=UNITS)
        there.start_web("web", "--workers", "2", most_file_bytes=2 * MEGABYTE)
        await until(there.answers, what="the web")
        yield Stage(there, people)


def cancel(buyer: Buyer, which: int = 0) -> dict[str, object]:
    line = {"order_line_id": str(buyer.lines[which]), "quantity": 1}
    return {"kind": "cancel_unshipped", "reason": "no_reason", "lines": [line]}


async def test_thirty_two_at_once_get_no_more_back_than_was_paid(stage: Stage) -> None:
    buyer = stage.people[0]

    async def one() -> int:
        async with stage.client(buyer) as client:
            return (await client.post("/api/claims", json=cancel(buyer))).status_code

    answers = Counter(await asyncio.gather(*(one() for _ in range(PARALLEL))))
    assert answers == {201: UNITS, 409: PARALLEL - UNITS}
    (row,) = await rows_of(
        stage.there.house,
        "SELECT sum(r.amount_cents)::bigint AS cents, count(DISTINCT r.key) AS keys FROM refund r"
        " JOIN claim_line l ON l.claim_id = r.claim_id WHERE l.order_line_id = :line",
        line=buyer.lines[0],
    )
    assert (row.cents, row.keys) == (9_900 * UNITS, UNITS)
    (account,) = await rows_of(
        stage.there.house,
        "SELECT taken_cents, taken_quantity FROM line_account WHERE order_line_id = :line",
        line=buyer.lines[0],
    )
    assert (account.taken_cents, account.taken_quantity) == (9_900 * UNITS, UNITS)


async def test_while_the_database_is_away_every_answer_says_when_to_come_again(stage: Stage) -> None:
    buyer = stage.people[1]
    there = stage.there
    before = await count(there.house, "claim")
    there.kill_postgres()
    async with stage.client(buyer) as client:
        for _ in range(6):
            for method, path in (("GET", "/api/claims"), ("POST", "/api/claims"), ("GET", "/api/my/orders")):
                body = cancel(buyer) if method == "POST" else None
                answer = await client.request(method, path, json=body)
                assert answer.status_code == 503, answer.text
                assert int(answer.headers["retry-after"]) > 0
                assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/ready")).status_code == 503
        assert (await client.get("/health")).status_code == 200
        await asyncio.to_thread(there.cluster.revive)

        async def served_again() -> bool:
            return (await client.get("/api/my/orders")).status_code == 200

        await until(served_again, what="the same processes to answer again")
        for _ in range(4):
            assert (await client.post("/api/claims", json=cancel(buyer))).status_code == 201
    assert await count(there.house, "claim") == before + 4
    assert there.running["web"].poll() is None


async def test_a_full_disk_is_a_clear_refusal_and_leaves_nothing_behind(stage: Stage) -> None:
    buyer = stage.people[1]
    (order,) = await rows_of(
        stage.there.house, "SELECT order_id FROM order_line WHERE id = :line", line=buyer.lines[0]
    )
    files = stage.there.home / "files"
    async with stage.client(buyer) as client:
        path = f"/api/orders/{order.order_id}/files"
        for _ in range(4):
            too_much = {"file": ("film.png", PNG + bytes(4 * MEGABYTE), "image/png")}
            answer = await client.post(path, files=too_much)
            assert answer.status_code == 507, answer.text
            assert answer.json()["code"] == "disk_full"
        assert not [file for file in files.rglob("*") if file.is_file()]
        assert await count(stage.there.house, "file") == 0
        kept = await client.post(path, files={"file": ("photo.png", PNG, "image/png")})
        assert kept.status_code == 201, kept.text
        assert (await client.get(f"/api/files/{kept.json()['id']}")).content == PNG
