"""Lists of claims: what narrows them, and that pages follow one another under every filter."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from aftercare import claims
from aftercare.claims import ClaimFilter, ClaimKind, Reason
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.kit.ids import new_id
from tests import given
from tests.conftest import NOON, Clock
from tests.given import AGENT, Line
from tests.given.web import signed_in


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
        bought = await given.an_order(house, of, Line(price_cents=cents))
        made[name] = (await given.a_claim(house, bought, kind, reason, description="坏了")).number
        clock.now += timedelta(days=1)
    return made


@pytest.fixture
async def desk(house: House, four: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(house, Actor(ActorKind.staff, new_id(), None, AGENT, role="test")) as client:
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
