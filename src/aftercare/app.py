"""The web application: every context's routes, the faces, health, metrics, and the description of it all."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

import aftercare.house  # noqa: F401  # registers every context's tables, facts and reactions
from aftercare import __version__
from aftercare.assistant import routes as assistant_routes
from aftercare.cases import frame_headers, lookers
from aftercare.cases import routes as cases_routes
from aftercare.claims import routes as claims_routes
from aftercare.connectors import routes as connectors_routes
from aftercare.conversations import chats_of
from aftercare.conversations import routes as conversations_routes
from aftercare.identity import CSRF_COOKIE, SESSION_COOKIE, Door
from aftercare.identity import routes as identity_routes
from aftercare.insights import routes as insights_routes
from aftercare.insights.alarms import routes as alarms_routes
from aftercare.insights.analysis import routes as analysis_routes
from aftercare.insights.costs import routes as costs_routes
from aftercare.insights.decisions import routes as decisions_routes
from aftercare.insights.foresight import routes as foresight_routes
from aftercare.insights.indicators import routes as indicators_routes
from aftercare.insights.process import routes as process_routes
from aftercare.insights.reports import routes as reports_routes
from aftercare.insights.room import routes as room_routes
from aftercare.journal import SYSTEM, House, begin
from aftercare.journal import http as journal_http
from aftercare.journal.jobs import last_beat
from aftercare.kit.api_page import api_page
from aftercare.kit.errors import Unavailable
from aftercare.kit.files import Files
from aftercare.kit.http import (
    BodyLimit,
    RequestFrame,
    Switchboard,
    database_is_away,
    explain_problems,
    metrics_registry,
    problem_schemas,
    problems_documented,
)
from aftercare.kit.pages import Faces, Headers, Scope
from aftercare.kit.server import newest_revision
from aftercare.knowledge import routes as knowledge_routes
from aftercare.logistics import routes as logistics_routes
from aftercare.notices import routes as notices_routes
from aftercare.notices.webhooks import routes as webhooks_routes
from aftercare.people import routes as people_routes
from aftercare.privacy import routes as privacy_routes
from aftercare.promises import routes as promises_routes
from aftercare.quality import routes as quality_routes
from aftercare.shop import routes as shop_routes
from aftercare.supply import routes as supply_routes

ROUTERS: list[APIRouter] = [
    cases_routes.router,
    claims_routes.router,
    connectors_routes.router,
    conversations_routes.router,
    journal_http.router,
    people_routes.router,
    privacy_routes.router,
    identity_routes.router,
    insights_routes.router,
    analysis_routes.router,
    decisions_routes.router,
    indicators_routes.router,
    costs_routes.router,
    foresight_routes.router,
    alarms_routes.router,
    knowledge_routes.router,
    logistics_routes.router,
    notices_routes.router,
    webhooks_routes.router,
    process_routes.router,
    reports_routes.router,
    room_routes.router,
    promises_routes.router,
    quality_routes.router,
    shop_routes.router,
    supply_routes.router,
    assistant_routes.router,
]


WEB = Path(__file__).parent / "web"
FACES = ("portal", "desk", "console", "chat")
SECONDS_TO_LOOK = 3
WORKER_SILENT_AFTER = timedelta(seconds=20)
AROUND_AN_UPLOAD = 1024 * 1024
ABOUT = (
    "After-sales service for e-commerce. Every refusal is a problem (RFC 9457) whose `code` says which. People sign in with a"
    " session cookie and send its CSRF token with every change; programs send an API token."
)

status = APIRouter(include_in_schema=False)


class NotReady(Unavailable):
    """This process cannot serve yet."""


@status.get("/health")
async def health() -> dict[str, str]:
    """Alive: the process answers."""
    return {"status": "alive", "version": __version__}


@status.get("/ready")
async def ready(request: Request) -> dict[str, str]:
    """Ready: the database answers, its schema is ours, a worker is at work. Refuses with NotReady."""
    try:
        async with asyncio.timeout(SECONDS_TO_LOOK):
            checks = await _look(request.app.state.house)
    except Exception as failure:
        if not database_is_away(failure):
            raise
        checks = {"database": "away"}
    if any(found != "ok" for found in checks.values()):
        raise NotReady(checks=checks)
    return checks


async def _look(house: House) -> dict[str, str]:
    async with begin(house, SYSTEM) as work:
        if await work.session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return {"database": "ok", "schema": "none: run `aftercare migrate`"}
        revision = await work.session.scalar(text("SELECT version_num FROM alembic_version"))
        if revision != newest_revision():
            return {
                "database": "ok",
                "schema": f"at {revision}, needs {newest_revision()}: run `aftercare migrate`",
            }
        silence = await last_beat(work)
    worker = "ok" if silence is not None and silence < WORKER_SILENT_AFTER else "none: run `aftercare work`"
    return {"database": "ok", "schema": "ok", "worker": worker}


@status.get("/metrics")
async def metrics() -> Response:
    """For Prometheus; of all processes that were started together."""
    return Response(generate_latest(metrics_registry()), media_type=CONTENT_TYPE_LATEST)


@status.get("/api/docs")
async def read_api(request: Request) -> HTMLResponse:
    """The API for people."""
    app = request.app
    if not hasattr(app.state, "api_page"):
        app.state.api_page = api_page(app.openapi(), app.openapi_url)
    return HTMLResponse(app.state.api_page)


def name_of(route: APIRoute) -> str:
    """Operations are called as their functions are."""
    return route.name


class Application(FastAPI):
    """Its description documents problems and ways to sign in, which routes do not repeat."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            described = super().openapi()
            described["info"]["description"] = ABOUT
            parts = described.setdefault("components", {})
            parts.setdefault("schemas", {}).update(problem_schemas())
            parts["securitySchemes"] = {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SESSION_COOKIE,
                    "description": f"Changes also carry the header X-CSRF-Token with the value of the cookie {CSRF_COOKIE}.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token: `aftercare token create`.",
                },
            }
            described["security"] = [{"session": []}, {"token": []}, {}]
        return self.openapi_schema or {}


def create_app(house: House | None) -> FastAPI:
    """Without a house it can only be described."""
    app = Application(
        title="Aftercare",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=problems_documented(),
        generate_unique_id_function=name_of,
    )
    app.state.house = house
    if house is not None:
        _tell_live_streams(app, house)
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    app.include_router(status)
    framed = {"chat": _framed_by(house)} if house is not None else None
    app.router.default = Faces(WEB, FACES, otherwise=app.router.default, headers=framed)
    app.router.middleware_stack = Switchboard(app.router, straight=journal_http.straight)
    explain_problems(app)
    if house is not None:
        app.add_middleware(Door, house=house)
    app.add_middleware(BodyLimit, longest_upload=_largest_file(house) + AROUND_AN_UPLOAD)
    app.add_middleware(RequestFrame)
    return app


def get_ready(app: FastAPI) -> None:
    """Makes all routes ready before the first request to each; may run in a thread beside the requests."""
    switchboard = app.router.middleware_stack
    if isinstance(switchboard, Switchboard):
        switchboard.learn_all()


def _framed_by(house: House) -> Callable[[Scope], Awaitable[Headers]]:
    """The page of the chat may be framed by the pages of the shop that it is asked for."""

    async def headers(scope: Scope) -> Headers:
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("shop", [""])
        return await frame_headers(house, asked[0][:63])

    return headers


def _tell_live_streams(app: FastAPI, house: House) -> None:
    """What is committed here is told to those who look on at once, and to the workers as before."""
    wake_workers = house.wake

    def wake() -> None:
        wake_workers()
        live = getattr(app.state, "live", None)
        if live is not None:
            live.poke()

    house.wake = wake
    # Both must hear from the start who is there and who looks on elsewhere.
    chats_of(house)
    lookers(house)


def _largest_file(house: House | None) -> int:
    files = house.ports.get(Files) if house is not None else None
    return files.largest if isinstance(files, Files) else 50 * 1024 * 1024
