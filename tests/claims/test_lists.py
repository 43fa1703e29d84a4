"""Lists of claims: what narrows them, and that pages follow one another under every filter."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from aftercare import claims
from aftercare.app import ROUTERS
from aftercare.claims import AskedLine, ClaimFilter, ClaimKind, NewClaim, Reason
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.kit.http import explain_problems
from aftercare.kit.ids import new_id
from tests import given
from tests.conftest import NOON, Clock
from tests.given import AGENT, Bought, Line


async def a_claim(house: House, bought: Bought, kind: ClaimKind, reason: Reason) -> str:
    async with begin(house, bought.buyer) as work:
        claim = await claims.apply(
            work,
            NewClaim(
                kind=kind,
                lines=[AskedLine(order_line_id=bought.line_ids[0], quantity=1)],
                reason=reason,
                description="坏了",
            ),
        )
        return claim.number


@pytest.fixture
async def four(house: House, clock: Clock) -> dict[str, str]:
    """A claim a day: two in a Chinese shop, one in a German, one in another Chinese."""
    home = await given.a_shop(house)
    abroad = await given.a_shop(house, market="DE", currency="EUR")
    other = await given.a_shop(house)
    made: dict[str, str] = {"home": str(home.id), "abroad": str(abroad.id)}
    for name, of, cents, kind, reason in (
        ("dear", home, 29_900, ClaimKind.return_refund, Reason.no_reason),
        ("cheap", home, 900, ClaimKind.exchange, Reason.defective),
        ("german", abroad, 5_900, ClaimKind.return_refund, Reason.no_reason),
        ("other", other, 1_200, ClaimKind.return_refund, Reason.defective),
    ):
        made[name] = await a_claim(
            house, await given.an_order(house, of, Line(price_cents=cents)), kind, reason
        )
        clock.now += timedelta(days=1)
    return made


@pytest.fixture
async def desk(house: House, four: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.house = house
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    explain_problems(app)

    @app.middleware("http")
    async def sign_in(request: Request, call_next):  # type: ignore[no-untyped-def]
        request.state.actor = Actor(ActorKind.staff, new_id(), None, AGENT, role="test")
        return await call_next(request)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://test/api"
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["other", "german", "cheap", "dear"]),
        ({"reasons": "no_reason"}, ["german", "dear"]),
        ({"reasons": ["no_reason", "defective"], "kinds": "exchange"}, ["cheap"]),
        ({"market": "CN"}, ["other", "cheap", "dear"]),
        ({"market": "FR"}, []),
        ({"currency": "EUR"}, ["german"]),
        ({"currency": "CNY", "from_cents": 1_000}, ["other", "dear"]),
        ({"from_cents": 1_200, "to_cents": 5_900}, ["other", "german"]),
        ({"applied_from": NOON + timedelta(days=1), "applied_before": NOON + timedelta(days=3)}, ["german", "cheap"]),
        ({"applied_before": NOON}, []),
        ({"open": True, "market": "DE", "applied_from": NOON}, ["german"]),
    ],
)  # fmt: skip
async def test_claims_are_narrowed_and_every_page_keeps_to_it(
    desk: httpx.AsyncClient, four: dict[str, str], wanted: dict[str, Any], expected: list[str]
) -> None:
    asked = {
        name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in wanted.items()
    }
    seen: list[str] = []
    after: str | None = None
    for _ in range(5):
        answer = await desk.get(
            "/claims", params={**asked, "limit": 1, **({"after": after} if after else {})}
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [row["number"] for row in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [four[name] for name in expected]


async def test_one_shop_and_its_states(desk: httpx.AsyncClient, four: dict[str, str]) -> None:
    both = {"shop_id": four["home"]}
    rows = (await desk.get("/claims", params=both)).json()["items"]
    assert [row["number"] for row in rows] == [four["cheap"], four["dear"]]
    for row in rows:
        found = (await desk.get("/claims", params={**both, "states": row["state"]})).json()["items"]
        assert row["number"] in [one["number"] for one in found]


@pytest.mark.parametrize(
    "odd",
    [
        {"market": "china"},
        {"from_cents": -1},
        {"applied_from": "2026-03-10T00:00:00"},
        {"reasons": "because"},
        {"to_cents": 10**16},
    ],
)
async def test_what_makes_no_sense_is_refused(desk: httpx.AsyncClient, odd: dict[str, Any]) -> None:
    assert (await desk.get("/claims", params=odd)).status_code == 422


async def test_customers_see_their_own_under_every_filter(house: House, four: dict[str, str]) -> None:
    stranger = Actor(ActorKind.customer, new_id(), None, customers=frozenset({new_id()}))
    async with begin(house, stranger) as work:
        found = await claims.claim_list(work, ClaimFilter(market="CN", from_cents=0))
    assert found.items == []
