"""The hot requests, as a browser or a carrier would send them."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import asyncpg

from aftercare.journal import House
from bench.ground import PUSH_SECRET
from bench.load import request
from bench.world import BUYERS, STAFF, SignedIn, sign_in

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Ask:
    """A request in parts, for the application called directly, and in bytes."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def __bytes__(self) -> bytes:
        return request(self.method, self.path, self.headers, self.body)


@dataclass(frozen=True)
class Kind:
    """One kind of request: `least` is the part of the ceiling that it should reach. What is `written` may be sent once only."""

    name: str
    title: str
    written: bool
    asks: Callable[[int], list[Ask]]

    @property
    def least(self) -> float:
        return 0.25 if self.written else 0.15


@dataclass(frozen=True)
class People:
    """Who asks, and about what."""

    agent: SignedIn
    owner: SignedIn
    buyers: list[SignedIn]
    cases: list[UUID]
    answered: list[UUID]
    """Of these cases those without a claim: the world's claims are numbers in its journal only, and answers are checked against
    what is true of a case's claims."""
    lines: list[UUID]


async def people(
    connection: asyncpg.Connection, house: House, *, cases: int = 4_000, buyers: int = BUYERS
) -> People:
    """Signed in; `cases` of those that the agent may see, the newest and the oldest alike."""

    async def account(email: str) -> UUID:
        found: UUID = await connection.fetchval("SELECT id FROM account WHERE email = $1", email)
        return found

    agent_id = await account("agent1@bench.test")
    rows = await connection.fetch(
        "SELECT c.id, EXISTS (SELECT FROM case_link l WHERE l.case_id = c.id) AS linked FROM service_case c"
        " JOIN membership m ON m.shop_id = c.shop_id AND m.account_id = $1 ORDER BY md5(c.id::text) LIMIT $2",
        agent_id, cases,
    )  # fmt: skip
    lines = await connection.fetch(
        "SELECT l.id, o.customer_id, l.shop_id FROM order_line l JOIN sales_order o ON o.id = l.order_id WHERE o.number LIKE 'BO%'"
        " ORDER BY l.id LIMIT $1",
        buyers,
    )
    return People(
        agent=await sign_in(connection, house, "agent", account=agent_id),
        owner=await sign_in(connection, house, "owner", account=await account(f"agent{STAFF}@bench.test")),
        buyers=[
            await sign_in(connection, house, f"buyer-{number}", customer=(row["customer_id"], row["shop_id"]))
            for number, row in enumerate(lines)
        ],
        cases=[row["id"] for row in rows],
        answered=[row["id"] for row in rows if not row["linked"]],
        lines=[row["id"] for row in lines],
    )


def kinds(who: People) -> list[Kind]:
    def get(paths: list[str], by: SignedIn) -> list[Ask]:
        return [Ask("GET", path, by.headers, b"") for path in paths]

    def claims(number: int) -> list[Ask]:
        asked = []
        for buyer, line in zip(who.buyers[:number], who.lines, strict=False):
            body = {
                "kind": "return_refund",
                "lines": [{"order_line_id": str(line), "quantity": 1}],
                "reason": "no_reason",
                "condition": "unopened",
                "description": "不喜欢了，想退货",
            }
            asked.append(Ask("POST", "/api/claims", {**buyer.headers, **JSON}, json.dumps(body).encode()))
        return asked

    def messages(number: int) -> list[Ask]:
        body = json.dumps({"body": "您好，已经为您安排补发，预计两天内送达。 It is on its way."}).encode()
        return [
            Ask("POST", f"/api/cases/{case}/messages", {**who.agent.headers, **JSON}, body)
            for case in who.answered[:number]
        ]

    def pushes(number: int) -> list[Ask]:
        return [push(one) for one in range(number)]

    def push(number: int) -> Ask:
        moment = datetime.now(UTC).isoformat()
        told = {
            "carrier": "shunfeng",
            "number": f"SF{1 + number % BUYERS:012d}",
            "events": [
                {
                    "at": moment,
                    "status": "in_transit",
                    "text": f"快件到达【上海青浦中转站】 {number}",
                    "place": "上海",
                }
            ],
        }
        body, stamp = json.dumps(told).encode(), str(int(time.time()) + 200)
        seal = hmac.new(PUSH_SECRET.encode(), f"{stamp}.bench-1.".encode() + body, hashlib.sha256).hexdigest()
        signed = {"x-aftercare-timestamp": stamp, "x-aftercare-signature": seal}
        return Ask("POST", "/api/webhooks/tracking/bench-1", {**JSON, **signed}, body)

    def inbox(number: int) -> list[Ask]:
        return get(
            ["/api/cases", "/api/cases?view=waiting", "/api/cases?view=mine", "/api/cases?view=all"]
            * (number // 4 + 1),
            who.agent,
        )

    return [
        Kind("claim", "submit claim", True, claims),
        Kind("message", "post message", True, messages),
        Kind("push", "tracking push", True, pushes),
        Kind("inbox", "inbox page", False, inbox),
        Kind(
            "case",
            "case page",
            False,
            lambda number: get([f"/api/cases/{case}" for case in who.cases[:number]], who.agent),
        ),
        Kind(
            "timeline",
            "timeline",
            False,
            lambda number: get([f"/api/cases/{case}/timeline" for case in who.cases[:number]], who.agent),
        ),
    ]


SEARCHES = ["空气炸锅 漏水", "羽绒服 尺码偏小", "充不进电", "退货退款 上海", "wrong size", "sneakers arrived broken", "vacuum cleaner 漏水", "M137-B", "M905", "包装破损 补发", "who pays the freight", "c77@bench.test"]  # fmt: skip


def growing(who: People, seed: int = 1) -> dict[str, list[Ask]]:
    """What must stay flat as data grows: for one who sees some shops and for one who sees all."""
    dice = Random(seed)
    cases = dice.sample(who.cases, min(400, len(who.cases)))

    def of(paths: list[str]) -> list[Ask]:
        return [Ask("GET", path, by.headers, b"") for path in paths for by in (who.agent, who.owner)]

    return {
        "inbox": of(
            [
                "/api/cases",
                "/api/cases?view=waiting",
                "/api/cases?view=unassigned",
                "/api/cases?view=late",
                "/api/cases?view=mine",
                "/api/cases?view=all",
            ]
        ),
        "search": of([f"/api/cases?q={_quoted(words)}" for words in SEARCHES]),
        "case": of([f"/api/cases/{case}" for case in cases]),
        "timeline": of([f"/api/cases/{case}/timeline" for case in cases]),
    }


def _quoted(words: str) -> str:
    from urllib.parse import quote

    return quote(words)
