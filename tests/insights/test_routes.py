"""The manager's numbers through the door of HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from aftercare.insights import routes
from aftercare.insights.indicators import routes as indicators_routes
from aftercare.journal import House
from aftercare.journal.http import router as journal_router
from tests import given
from tests.conftest import NOON
from tests.given.web import signed_in
from tests.insights.given import manager

PERIOD = {"since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}


@pytest_asyncio.fixture(loop_scope="session")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    boss = manager(await given.a_shop(house))
    doors = (routes.router, indicators_routes.router, journal_router)
    async with signed_in(house, boss, *doors, at="") as client:
        yield client


async def test_an_indicator_is_defined_in_the_readers_language(client: httpx.AsyncClient) -> None:
    for locale, title in (("zh-CN", "首次回答"), ("zh-TW", "首次回覆"), ("en", "First answer")):
        found = await client.get("/api/insights/catalogue", params={"locale": locale})
        assert found.status_code == 200, found.text
        told = {one["name"]: one for one in found.json()["indicators"]}
        assert told["first_answer"]["title"] == title
        assert all(one["formula"] and one["facts"] for one in told.values())
    assert found.json()["groups"] == ["satisfaction", "speed", "solving", "promises", "goods", "cost"]


async def test_every_address_answers(client: httpx.AsyncClient) -> None:
    for address, more in (
        ("/api/insights/indicators", {"name": ["csat", "first_answer"], "trend": "false"}),
        ("/api/insights/indicators/deliveries", {"cut": "carrier", "grain": "week"}),
        ("/api/insights/indicators/deliveries/cases", {"which": "missed", "filter": ["carrier:sf"]}),
        ("/api/insights/indicators/first_answer/targets", {}),
        ("/api/insights/promises/cases", {"which": "broken"}),
        ("/api/insights/promises/people", {}),
        ("/api/insights/newest", {}),
        ("/api/insights/queues", {}),
        ("/api/insights/claims", {"cut": "reason"}),
        ("/api/journal", {"name": "shop.added"}),
        ("/api/journal/names", {}),
        ("/api/journal/failed", {}),
    ):
        found = await client.get(address, params={**PERIOD, **more})
        assert found.status_code == 200, (address, found.text)
    unknown = await client.get("/api/insights/indicators/luck", params=PERIOD)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "indicator_unknown")
    for wrong in ({"cut": "carrier"}, {"filter": "channel"}):
        refused = await client.get("/api/insights/indicators/csat", params={**PERIOD, **wrong})
        assert refused.status_code == 422, refused.text
    backwards = await client.get(
        "/api/insights/indicators", params={"since": NOON.isoformat(), "until": NOON.isoformat()}
    )
    assert (backwards.status_code, backwards.json()["code"]) == (422, "period_too_long")


async def test_what_never_failed_cannot_be_retried(client: httpx.AsyncClient) -> None:
    for verb in ("retry", "set-aside"):
        refused = await client.post(f"/api/journal/failed/claims.pay/1/{verb}")
        assert refused.status_code == 404
