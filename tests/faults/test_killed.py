"""Web, worker and PostgreSQL killed with -9 under load, again and again: what was said to be done is done, once."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from aftercare.notices.rules import rules, rules_by_fact
from tests.faults.installed import Buyer, Installed, buyers, count, installed, rows_of, until
from tests.faults.standin import gateway, payments

ROUNDS = 12
FEWEST_ROUNDS = 6
SECONDS_OF_BLOWS = 90
"""On a machine that does much else, the blows end then."""
CLIENTS = 4
ORDERS_EACH = 150


@dataclass
class Told:
    """What the clients were told is done."""

    claims: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        return len(self.claims) + len(self.messages)


async def live(address: str, buyer: Buyer, told: Told, enough: asyncio.Event) -> None:
    """Cancels one order after the other and writes about each. Nothing that got no answer is sent again."""
    async with httpx.AsyncClient(base_url=address, headers=buyer.headers, timeout=30) as client:
        for line in buyer.lines:
            if enough.is_set():
                return
            claim = await post(
                client,
                "/api/claims",
                {
                    "kind": "cancel_unshipped",
                    "reason": "no_reason",
                    "lines": [{"order_line_id": str(line), "quantity": 1}],
                },
                told,
            )
            if claim is None:
                await asyncio.sleep(0.1)
                continue
            told.claims.append(claim["id"])
            words = {"body": "什么时候退款？", "key": uuid4().hex}
            said = await post(client, f"/api/my/cases/{claim['case_id']}/messages", words, told)
            if said is not None:
                told.messages.append(said["message_id"])


async def post(client: httpx.AsyncClient, path: str, body: object, told: Told) -> dict[str, str] | None:
    """What was answered; None when nothing was, or a refusal, after the time that it asks to wait.

    While nobody listens it waits: nothing was sent then.
    """
    try:
        while True:
            with suppress(httpx.ConnectError):
                answer = await client.post(path, json=body)
                break
            await asyncio.sleep(0.1)
    except httpx.TransportError:
        told.unanswered += 1
        return None
    if answer.is_success:
        found: dict[str, str] = answer.json()
        return found
    told.refused[answer.status_code] += 1
    if answer.status_code != 503 or "retry-after" not in answer.headers:
        told.wrong.append(f"{path} {answer.status_code} {answer.text[:300]}")
    else:
        await asyncio.sleep(int(answer.headers["retry-after"]))
    return None


@pytest.mark.slow
async def test_killed_twelve_times_under_load_nothing_is_lost_and_nothing_happens_twice(
    tmp_path: Path,
) -> None:
    book = tmp_path / "book"
    dice = random.Random(20260310)
    with gateway(book) as gateway_port:
        async with installed(tmp_path / "home", AFTERCARE_POOL_SIZE="6") as there:
            people = await buyers(there.house, CLIENTS, orders=ORDERS_EACH)
            address = there.start_web()
            there.start("worker", ["tests.faults.worker", str(gateway_port)])
            await until(there.answers, what="the first start of the web")
            told, enough = Told(), asyncio.Event()
            clients = [asyncio.create_task(live(address, buyer, told, enough)) for buyer in people]
            ends = time.monotonic() + SECONDS_OF_BLOWS
            for round_ in range(ROUNDS):
                if round_ >= FEWEST_ROUNDS and time.monotonic() > ends:
                    break
                await under_load(told, dice.randint(3, 10))
                await kill_one(there, ("web", "worker", "postgres")[round_ % 3], gateway_port)
            await under_load(told, 10)
            enough.set()
            await asyncio.gather(*clients)
            assert told.wrong == []
            await until(worked_off(there), what="everything that follows", seconds=180)
            await nothing_is_lost(there, told)
            await nothing_is_half_done(there)
            await paid_once(there, book)
            await told_once(there)


async def under_load(told: Told, more: int) -> None:
    """Until so many more things were acknowledged: so it also recovered from the last blow."""
    wanted = told.done + more

    async def enough() -> bool:
        return told.done >= wanted

    await until(enough, what=f"{more} more answers after {told}")


async def kill_one(there: Installed, whom: str, gateway_port: int) -> None:
    if whom == "postgres":
        # Who starts it again is the web and the worker themselves.
        there.kill_postgres()
        return
    there.kill(whom)
    if whom == "web":
        there.start_web()
    else:
        there.start("worker", ["tests.faults.worker", str(gateway_port)])


def worked_off(there: Installed) -> Callable[[], Awaitable[bool]]:
    async def nothing_waits() -> bool:
        try:
            return (
                await count(there.house, "refund WHERE state <> 'paid'") == 0
                and await count(there.house, "claim WHERE state <> 'refunded'") == 0
                and await count(there.house, "notice WHERE state = 'planned'") == 0
                and await count(there.house, "delivery") == 0
                and await unread(there) == 0
            )
        except Exception:
            return False

    return nothing_waits


async def unread(there: Installed) -> int:
    """Refunds that were asked for in the journal but have not gone through the relay leave no delivery yet."""
    return await count(
        there.house,
        "fact f WHERE f.name = 'refund.requested' AND NOT EXISTS"
        " (SELECT FROM fact s WHERE s.name = 'refund.paid' AND s.data->>'refund_id' = f.data->>'refund_id')",
    )


async def nothing_is_lost(there: Installed, told: Told) -> None:
    claims = {
        str(row.id)
        for row in await rows_of(
            there.house,
            "SELECT c.id FROM claim c JOIN fact f ON f.name = 'claim.applied' AND f.data->>'claim_id' = c.id::text",
        )
    }
    assert set(told.claims) <= claims
    messages = {
        str(row.id)
        for row in await rows_of(
            there.house,
            "SELECT m.id FROM message m JOIN fact f ON f.name = 'message.posted'"
            " AND f.data->>'message_id' = m.id::text",
        )
    }
    assert set(told.messages) <= messages


async def nothing_is_half_done(there: Installed) -> None:
    for what in (
        (
            "claim c WHERE (SELECT count(*) FROM fact f WHERE f.name = 'claim.applied'"
            " AND f.data->>'claim_id' = c.id::text) <> 1"
        ),
        (
            "fact f WHERE f.name = 'claim.applied' AND NOT EXISTS (SELECT FROM claim c"
            " WHERE c.id::text = f.data->>'claim_id')"
        ),
        (
            "message m WHERE (SELECT count(*) FROM fact f WHERE f.name = 'message.posted'"
            " AND f.data->>'message_id' = m.id::text) <> 1"
        ),
        "claim c WHERE (SELECT count(*) FROM claim_line l WHERE l.claim_id = c.id) <> 1",
        "claim c WHERE NOT EXISTS (SELECT FROM service_case s WHERE s.id = c.case_id)",
        "claim c WHERE (SELECT sum(amount_cents) FROM refund r WHERE r.claim_id = c.id) IS DISTINCT FROM 9900",
        "line_account WHERE taken_cents <> 9900 OR taken_quantity <> 1",
        "line_account a WHERE NOT EXISTS (SELECT FROM claim_line l WHERE l.order_line_id = a.order_line_id)",
        (
            "refund r WHERE (SELECT count(*) FROM fact f WHERE f.name = 'refund.paid'"
            " AND f.data->>'refund_id' = r.id::text) <> 1"
        ),
        (
            "claim c WHERE (SELECT count(*) FROM fact f WHERE f.name = 'claim.refunded'"
            " AND f.data->>'claim_id' = c.id::text) <> 1"
        ),
    ):
        assert await count(there.house, what) == 0, what


async def paid_once(there: Installed, book: Path) -> None:
    given = payments(book)
    keys = Counter(payment["key"] for payment in given)
    assert set(keys.values()) == {1}
    assert set(Counter(payment["payment_ref"] for payment in given).values()) == {1}
    refunds = await rows_of(there.house, "SELECT key, amount_cents FROM refund")
    assert {row.key: row.amount_cents for row in refunds} == {
        payment["key"]: payment["amount_cents"] for payment in given
    }


async def told_once(there: Installed) -> None:
    """Every fact that asks for a notice has exactly one, and each was sent under a Message-ID of its own."""
    named = [rule.fact for rule in rules()]
    facts = await rows_of(
        there.house, "SELECT position, name, data FROM fact WHERE name = ANY(:names)", names=named
    )
    wanted = Counter(
        (fact.position, rule.template)
        for fact in facts
        for rule in rules_by_fact().get(fact.name, ())
        if rule.asks(fact.data)
    )
    planned = await rows_of(there.house, "SELECT position, template FROM notice")
    assert Counter((notice.position, notice.template) for notice in planned) == wanted
    sent = await rows_of(there.house, "SELECT message_id, state FROM notice")
    assert {row.state for row in sent} <= {"sent", "read"}
    letters = {file.name for file in (there.home / "outbox").glob("*.eml")}
    assert len({row.message_id for row in sent}) == len(sent) == len(letters)
