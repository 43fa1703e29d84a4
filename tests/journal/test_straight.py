"""The short way through a route answers as FastAPI's own does."""

from typing import Annotated
from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.routing import iter_route_contexts
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel

from aftercare.journal import House
from aftercare.journal.http import InWork, straight
from aftercare.kit.errors import NotFound
from aftercare.kit.http import PlainJSON, RequestFrame, Switchboard, explain_problems

router = APIRouter()


class Seen(BaseModel):
    thing: UUID
    limit: int
    after: str | None
    kinds: list[str]
    shops: str


@router.get("/things/{thing}")
async def see(
    work: InWork,
    thing: UUID,
    limit: Annotated[int, Query(ge=1, le=9)] = 5,
    after: str | None = None,
    kinds: Annotated[list[str], Query(max_length=2)] = [],  # noqa: B006
) -> Seen:
    return Seen(thing=thing, limit=limit, after=after, kinds=kinds, shops=work.actor.shops_setting)


@router.get("/bare/{name}")
async def bare(work: InWork, name: str) -> PlainJSON:
    if name == "none":
        raise NotFound(name=name)
    return PlainJSON({"name": name})


@router.get("/needed")
async def needed(work: InWork, word: str) -> str:
    return word


@router.get("/broken")
async def broken(work: InWork) -> Seen:
    return {"thing": "no"}  # type: ignore[return-value]


@router.get("/asks")
async def asks(work: InWork, request: Request) -> str:
    return request.url.path


def app_of(house: House, *, short: bool) -> FastAPI:
    app = FastAPI()
    app.state.house = house
    app.include_router(router, prefix="/api")
    if short:
        app.router.middleware_stack = Switchboard(app.router, straight=straight)
    explain_problems(app)
    app.add_middleware(RequestFrame)
    return app


THING = "/api/things/0192f0c1-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (THING, 200),
        (f"{THING}?limit=3&after=x&kinds=a&kinds=b", 200),
        (f"{THING}?limit=10&kinds=a&kinds=b&kinds=c", 422),
        ("/api/things/none?limit=x", 422),
        ("/api/bare/%E5%B8%BD", 200),
        ("/api/bare/none", 404),
        ("/api/needed", 422),
        ("/api/needed?word=w", 200),
        ("/api/broken", 500),
        ("/api/asks", 200),
    ],
)
async def test_it_answers_as_the_usual_way(house: House, path: str, status: int) -> None:
    answers = []
    for short in (False, True):
        transport = ASGITransport(app_of(house, short=short), raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="http://shop.test") as client:
            answer = await client.get(path, headers={"x-request-id": "the-same-one"})
        answers.append((answer.status_code, sorted(answer.headers.items()), answer.content))
    assert answers[0] == answers[1]
    assert answers[0][0] == status


def test_it_is_for_routes_that_need_nothing_else(house: House) -> None:
    ways = {
        context.path: straight(context) is not None
        for context in iter_route_contexts(app_of(house, short=False).router.routes)
        if (context.path or "").startswith("/api/")
    }
    assert ways == {
        "/api/things/{thing}": True,
        "/api/bare/{name}": True,
        "/api/needed": True,
        "/api/broken": True,
        "/api/asks": False,
    }
