"""The web for somebody who is signed in already; signing in itself is shown elsewhere."""

import httpx
from fastapi import APIRouter, FastAPI
from starlette.types import Receive, Scope, Send

from aftercare.app import ROUTERS
from aftercare.journal import Actor, House
from aftercare.kit.http import explain_problems


def signed_in(house: House, actor: Actor, *doors: APIRouter, at: str = "/api") -> httpx.AsyncClient:
    """All doors, or only those that are given."""
    app = FastAPI()
    app.state.house = house
    for router in doors or ROUTERS:
        app.include_router(router, prefix="/api")
    explain_problems(app)

    async def as_the_actor(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["actor"] = actor
        await app(scope, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(as_the_actor), base_url=f"http://test{at}")
