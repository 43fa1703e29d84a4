"""HTTP without opinion: request ids, refusals as problem+json, safe headers, counts and times for Prometheus."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import structlog
from asyncpg import InternalClientError
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, Metric, multiprocess, values
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.convertors import Convertor
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aftercare.kit.errors import Refusal, Unavailable
from aftercare.kit.json import to_json
from aftercare.kit.logs import plain_path

log = structlog.get_logger()

REQUESTS = Counter("aftercare_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "aftercare_request_seconds",
    "Time to answer",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

LOOKED_AT_OFTEN = frozenset({"/health", "/ready", "/metrics"})
GOOD_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

CONTENT_POLICY = (
    b"default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline';"
    b" object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(self), geolocation=(self), microphone=()"),
    (
        b"content-security-policy",
        CONTENT_POLICY,
    ),
]
SAFE_NAMES = frozenset(name for name, _ in SAFE_HEADERS)


@lru_cache(maxsize=4_000)
def _measures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The two that a request is counted by; to look them up takes longer than to count."""
    return REQUESTS.labels(method, route, status), SECONDS.labels(method, route)


class DatabaseAway(Unavailable):
    """The database cannot be reached right now; nothing was changed. Please try again in a moment."""


class RequestFrame:
    """The outermost frame of a request: gives it an id, measures it, logs it once, and adds the safe headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next(
            (value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), ""
        )
        request_id = given if GOOD_REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        begun, status = time.perf_counter(), 500

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", request_id.encode())]
                present = {name for name, _ in headers}
                headers += (
                    SAFE_HEADERS
                    if SAFE_NAMES.isdisjoint(present)
                    else [header for header in SAFE_HEADERS if header[0] not in present]
                )
                message["headers"] = headers
            await send(message)

        try:
            await self.app(scope, receive, framed)
        finally:
            seconds = time.perf_counter() - begun
            route = getattr(scope.get("route"), "path", "unmatched")
            counted, timed = _measures(scope["method"], route, status)
            counted.inc()
            timed.observe(seconds)
            asked_often = scope["path"] in LOOKED_AT_OFTEN and status < 400
            (log.debug if asked_often else log.info)(
                "request",
                method=scope["method"],
                path=plain_path(scope["path"]),
                status=status,
                ms=round(seconds * 1000, 1),
            )
            structlog.contextvars.unbind_contextvars("request_id")


@dataclass(frozen=True, slots=True)
class _Known:
    """A route as the switchboard needs it: what its context would look up anew for each request."""

    match: Callable[[str], re.Match[str] | None]
    convertors: dict[str, Convertor[Any]]
    endpoint: Any
    route: APIRoute
    app: ASGIApp


class Switchboard:
    """Finds the route of a request by its method, its length and its first part, instead of trying hundreds one after the other.
    What it does not know (a wrong method, a path without a route, a face) goes the usual way. `straight` may give a shorter way
    through a route than FastAPI's own, or None. Routes are learnt with the first request that begins like them: to make them
    all ready takes half a second, which a start does not wait for."""

    def __init__(
        self, router: APIRouter, *, straight: Callable[[RouteContext], ASGIApp | None] = lambda _: None
    ) -> None:
        self._otherwise = router.app
        self._straight = straight
        self._known: dict[tuple[str, int, str], list[_Known]] = {}
        self._unlearnt: dict[str, list[BaseRoute]] = {}
        for route in router.routes:
            for path in _paths_of(route):
                beginning = _beginning(path)
                if "{" in beginning or ":path}" in path:
                    raise ValueError(f"{path} may be anything: it would hide those that come after it")
                there = self._unlearnt.setdefault(beginning, [])
                if route not in there:
                    there.append(route)

    def learn_all(self) -> None:
        """Before anybody asks; also from a thread beside the requests."""
        for beginning in list(self._unlearnt):
            self._learn(beginning)

    def _learn(self, beginning: str) -> None:
        found: dict[tuple[str, int, str], list[_Known]] = {}
        for context in iter_route_contexts(self._unlearnt.get(beginning, ())):
            path = context.path or ""
            if _beginning(path) == beginning and isinstance(context.original_route, APIRoute):
                known = _Known(
                    context.path_regex.match,
                    context.param_convertors,
                    context.endpoint,
                    context.original_route,
                    self._straight(context) or context.app,
                )
                for method in context.methods or ():
                    found.setdefault((method, path.count("/"), beginning), []).append(known)
        self._known.update(found)
        self._unlearnt.pop(beginning, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope.get("root_path"):
            path = scope["path"]
            beginning = _beginning(path)
            if beginning in self._unlearnt:
                self._learn(beginning)
            for known in self._known.get((scope["method"], path.count("/"), beginning), ()):
                found = known.match(path)
                if found:
                    scope["path_params"] = {
                        name: known.convertors[name].convert(value)
                        for name, value in found.groupdict().items()
                    }
                    scope["endpoint"], scope["route"] = known.endpoint, known.route
                    scope.setdefault("router", scope["app"].router)
                    await known.app(scope, receive, send)
                    return
        await self._otherwise(scope, receive, send)


def _paths_of(route: Any, prefix: str = "") -> Iterator[str]:
    """Of one route, or of all that an included router has."""
    included = getattr(route, "original_router", None)
    if included is None:
        yield f"{prefix}{route.path}"
        return
    for one in included.routes:
        yield from _paths_of(one, f"{prefix}{route.include_context.prefix}")


def _beginning(path: str) -> str:
    """Its first part, and under /api the one after it."""
    parts = path.split("/", 3)
    return parts[2] if len(parts) > 2 and parts[1] == "api" else f"/{parts[1] if len(parts) > 1 else ''}"


def metrics_registry() -> CollectorRegistry:
    """Of this process, or of all that share a folder for their numbers (PROMETHEUS_MULTIPROC_DIR)."""
    if values.ValueClass is values.MutexValue:
        return REGISTRY
    registry = CollectorRegistry()
    _NumbersOfAll(registry)  # type: ignore[no-untyped-call]
    return registry


class _NumbersOfAll(multiprocess.MultiProcessCollector):
    """The library takes a file that a process is just beginning for a broken one: it is empty for a moment."""

    def collect(self) -> Iterable[Metric]:
        written = []
        for file in Path(self._path).glob("*.db"):
            with suppress(FileNotFoundError):
                if file.stat().st_size:
                    written.append(str(file))
        return cast(Iterable[Metric], self.merge(written))  # type: ignore[no-untyped-call]


class BodyLimit:
    """Bodies that are too long are not read: 413, by what was announced and by what comes. Uploads may be longer."""

    def __init__(self, app: ASGIApp, *, longest: int = 2 * 1024 * 1024, longest_upload: int) -> None:
        self.app = app
        self.longest = longest
        self.longest_upload = longest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        upload = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        longest = self.longest_upload if upload else self.longest
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > longest:
            answer = problem(Request(scope), 413, "too_large", TOO_LARGE, largest_bytes=longest)
            await answer(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > longest:
                raise HTTPException(413, TOO_LARGE)
            return message

        await self.app(scope, counted, send)


TOO_LARGE = "What was sent is too large."


class Problem(BaseModel):
    """A refusal, in the form of RFC 9457. `code` says which; further fields are the data that belongs to it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/not_found"])
    title: str
    status: int
    code: str
    request_id: str | None


class FieldProblem(BaseModel):
    field: str
    where: str
    reason: str


class InvalidProblem(Problem):
    """What was sent does not have the form that was asked for; each field is named with its reason."""

    errors: list[FieldProblem] = []


_AS_PROBLEM = "application/problem+json"


def problems_documented() -> dict[int | str, dict[str, Any]]:
    """`responses` of an application whose refusals are problems."""

    def answer(words: str, shape: str) -> dict[str, Any]:
        schema = {"$ref": f"#/components/schemas/{shape}"}
        return {"description": words, "content": {_AS_PROBLEM: {"schema": schema}}}

    return {
        "4XX": answer("Refused; `code` says why", "Problem"),
        "422": answer("Something in what was sent is not right", "InvalidProblem"),
        "5XX": answer(
            "Something failed on our side; 503 with Retry-After when it is worth trying again", "Problem"
        ),
    }


def problem_schemas() -> dict[str, Any]:
    """Under `components.schemas` of the description."""
    _, made = models_json_schema(
        [(Problem, "serialization"), (InvalidProblem, "serialization")],
        ref_template="#/components/schemas/{model}",
    )
    return cast(dict[str, Any], made["$defs"])


def problem(request: Request, status: int, code: str, title: str, /, **data: Any) -> Response:
    """An RFC 9457 answer."""
    body = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        "request_id": request.scope.get("state", {}).get("request_id"),
        **{name: value for name, value in data.items() if name not in ("type", "title", "status", "code")},
    }
    headers = {"Retry-After": str(data.get("retry_after", 5))} if status in (429, 503) else {}
    return Response(to_json(body), status, headers, media_type="application/problem+json")


def explain_problems(app: FastAPI) -> None:
    """Every way in which a request can fail, as problem+json."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return problem(request, refusal.status, refusal.code, refusal.title, **refusal.data)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, invalid: RequestValidationError) -> Response:
        errors = [
            {
                "field": ".".join(str(part) for part in error["loc"][1:]),
                "where": str(error["loc"][0]),
                "reason": error["msg"],
            }
            for error in invalid.errors()
        ]
        return problem(request, 422, "invalid", "Something in what was sent is not right.", errors=errors)

    @app.exception_handler(HTTPException)
    async def http(request: Request, raised: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(
            raised.status_code, "http_error"
        )
        answer = problem(request, raised.status_code, code, str(raised.detail))
        for name, value in (raised.headers or {}).items():
            answer.headers[name] = value
        return answer

    @app.exception_handler(DBAPIError)
    async def database(request: Request, failure: DBAPIError) -> Response:
        if sqlstate(failure) in UNSTORABLE:
            log.warning("unstorable value", error=repr(failure.orig))
            return problem(request, 422, "invalid", "Something in what was sent is not right.", errors=[])
        return await broken(request, failure)

    # The first two are named so that the log and the metrics see the answer that was given: what only falls under the last
    # is answered outside of them and counted as a 500.
    @app.exception_handler(OSError)
    @app.exception_handler(PoolTimeout)
    @app.exception_handler(Exception)
    async def broken(request: Request, failure: Exception) -> Response:
        if database_is_away(failure):
            log.warning("database away", error=repr(failure))
            return problem(
                request, 503, DatabaseAway.code, (DatabaseAway.__doc__ or "").strip(), retry_after=2
            )
        log.error("request failed", exc_info=failure)
        return problem(request, 500, "internal", "Something went wrong on our side. Nothing was changed.")


# What no column can hold: a NUL or half a surrogate pair in a text, a number or an instant beyond its type.
UNSTORABLE = {"22000", "22003", "22008", "22021", "22P02", "22P05"}


def sqlstate(failure: DBAPIError) -> str:
    return getattr(failure.orig, "sqlstate", None) or ""


def database_is_away(failure: BaseException) -> bool:
    """Whether it failed because the database could not be reached, rather than because of what was asked of it."""
    if isinstance(failure, PoolTimeout | ConnectionError | TimeoutError | InterfaceError | OperationalError):
        return True
    if isinstance(failure, DBAPIError):
        # The driver's own confusion when the server's farewell arrives between two statements.
        confused = isinstance(getattr(failure.orig, "__cause__", None), InternalClientError)
        return confused or failure.connection_invalidated or sqlstate(failure).startswith(("57P", "08", "53"))
    return isinstance(failure, OSError)


class PlainJSON(JSONResponse):
    """JSON for answers that are ready-made columns: ids and instants become text, nothing is checked a second time."""

    def render(self, content: Any) -> bytes:
        return to_json(content).encode()


async def whole_body(request: Request, most: int, too_large: type[Refusal]) -> bytes:
    """What was sent, read no further than `most`. Refuses with `too_large` (`largest_bytes`)."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > most:
        raise too_large(largest_bytes=most)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise too_large(largest_bytes=most)
        parts.append(part)
    return b"".join(parts)
