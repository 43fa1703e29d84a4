"""The manager's numbers through the door of HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint

from aftercare.insights import routes
from aftercare.journal import Actor, House
from aftercare.journal.http import router as journal_router
from aftercare.kit.http import explain_problems
from tests import given
from tests.conftest import NOON
from tests.insights.test_indicators import manager

PERIOD = {"since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}


@pytest_asyncio.fixture(loop_scope="session")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    boss: Actor = manager(await given.a_shop(house))
    app = FastAPI()
    app.state.house = house

    @app.middleware("http")
    async def signed_in(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.actor = boss
        return await call_next(request)

    explain_problems(app)
    app.include_router(routes.router, prefix="/api")
    app.include_router(journal_router, prefix="/api")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_an_indicator_is_defined_in_the_readers_language(client: httpx.AsyncClient) -> None:
    for locale, title in (("zh-CN", "首次回答"), ("zh-TW", "首次回覆"), ("en", "First answer")):
        found = await client.get("/api/insights/indicators", params={**PERIOD, "locale": locale})
        assert found.status_code == 200, found.text
        assert found.json()[0]["name"] == "first_answer"
        assert found.json()[0]["title"] == title
        assert all(one["formula"] for one in found.json())


async def test_every_address_answers(client: httpx.AsyncClient) -> None:
    for address, more in (
        ("/api/insights/indicators/deliveries/misses", {}),
        ("/api/insights/promises/cases", {"which": "broken"}),
        ("/api/insights/promises/people", {}),
        ("/api/insights/queues", {}),
        ("/api/insights/claims", {"cut": "reason"}),
        ("/api/journal", {"name": "shop.added"}),
        ("/api/journal/names", {}),
        ("/api/journal/failed", {}),
    ):
        found = await client.get(address, params={**PERIOD, **more})
        assert found.status_code == 200, (address, found.text)
    unknown = await client.get("/api/insights/indicators/luck/misses", params=PERIOD)
    assert unknown.status_code == 422
    backwards = await client.get(
        "/api/insights/indicators", params={"since": NOON.isoformat(), "until": NOON.isoformat()}
    )
    assert (backwards.status_code, backwards.json()["code"]) == (422, "period_too_long")


async def test_what_never_failed_cannot_be_retried(client: httpx.AsyncClient) -> None:
    for verb in ("retry", "set-aside"):
        refused = await client.post(f"/api/journal/failed/claims.pay/1/{verb}")
        assert refused.status_code == 404
