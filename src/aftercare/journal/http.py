"""One request is one Work: `InWork` commits before the answer is sent, so a failing commit is a 500 and not a lie."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from inspect import iscoroutinefunction
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi._compat import ModelField
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.utils import request_params_to_args
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.responses import Response, StreamingResponse
from fastapi.routing import RouteContext
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from aftercare.journal.actors import NOBODY, Actor
from aftercare.journal.live import Live
from aftercare.journal.queries import FailedDelivery, failed_deliveries
from aftercare.journal.relay import retry, set_aside
from aftercare.journal.work import House, Work, begin
from aftercare.kit.errors import NotFound, NotSignedIn, Unavailable
from aftercare.kit.json import to_json
from aftercare.kit.sheets import ROWS_A_PIECE, Cell, Sheet, pieces


# Not plain functions: those would be run in a thread.
async def house_of(request: Request) -> House:
    return request.app.state.house  # type: ignore[no-any-return]


async def actor_of(request: Request) -> Actor:
    """Who asks; put there by the sign-in layer. Somebody unknown is NOBODY, who sees no shop."""
    return getattr(request.state, "actor", NOBODY)


async def open_work(request: Request) -> AsyncIterator[Work]:
    house, actor = await house_of(request), await actor_of(request)
    async with begin(house, actor, request_id=getattr(request.state, "request_id", None)) as work:
        yield work


InWork = Annotated[Work, Depends(open_work, scope="function")]
"""The Work of this request. The function scope makes the commit happen before the answer is sent."""
InHouse = Annotated[House, Depends(house_of)]
ByActor = Annotated[Actor, Depends(actor_of)]


def straight(context: RouteContext) -> ASGIApp | None:
    """The short way through a route that asks for its Work and what its address says, and nothing else: what FastAPI does for
    any route takes longer than the database does for such a one. Checks, answers and refusals are the same. None for
    any other route."""
    needs = context.dependant
    if (
        [(need.call, need.scope) for need in needs.dependencies] != [(open_work, "function")]
        or needs.body_params
        or needs.header_params
        or needs.cookie_params
        or needs.request_param_name
        or needs.http_connection_param_name
        or needs.response_param_name
        or needs.background_tasks_param_name
        or needs.security_scopes_param_name
        or context.methods != {"GET"}
        or context.status_code not in (None, 200)
        or context.is_sse_stream
        or context.is_json_stream
        or not isinstance(context.response_class, DefaultPlaceholder)
        or not iscoroutinefunction(context.endpoint)
        or context.response_model_include is not None
        or context.response_model_exclude is not None
        or context.response_model_exclude_unset
        or context.response_model_exclude_defaults
        or context.response_model_exclude_none
    ):
        return None
    endpoint: Callable[..., Awaitable[Any]] = context.endpoint
    usual, field, named = context.app, context.response_field, needs.dependencies[0].name
    path_params, query_params = needs.path_params, needs.query_params
    unasked = _unasked(query_params)
    overrides = context.dependency_overrides_provider

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if overrides is not None and overrides.dependency_overrides:
            await usual(scope, receive, send)
            return
        values, errors = request_params_to_args(path_params, scope["path_params"])
        if unasked is not None and not scope["query_string"]:
            values |= unasked
        elif query_params:
            asked, mistakes = request_params_to_args(query_params, QueryParams(scope["query_string"]))
            values |= asked
            errors += mistakes
        if errors:
            raise RequestValidationError(errors)
        state, house = scope.get("state", {}), scope["app"].state.house
        async with begin(house, state.get("actor", NOBODY), request_id=state.get("request_id")) as work:
            values[named] = work
            given = await endpoint(**values)
            if not isinstance(given, Response):
                content = _written(field, given)
        if isinstance(given, Response):
            await given(scope, receive, send)
            return
        length = b"%d" % len(content)
        headers = [(b"content-length", length), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return answered


def _unasked(query_params: Sequence[ModelField]) -> dict[str, Any] | None:
    """What a route gets when its address has no query; None when something is missing then, or may be changed by the route."""
    values, errors = request_params_to_args(query_params, QueryParams())
    fixed = all(value is None or isinstance(value, str | int | bool) for value in values.values())
    return values if fixed and not errors else None


def _written(field: Any, given: Any) -> bytes:
    """As FastAPI writes an answer, which must have the shape that was promised."""
    if field is None:
        return to_json(jsonable_encoder(given)).encode()
    value, errors = field.validate(given, {}, loc=("response",))
    if errors:
        raise ResponseValidationError(errors=errors, body=given)
    return field.serialize_json(value)  # type: ignore[no-any-return]


SHEETS_AT_ONCE = 3
"""Of one process. Each keeps a connection until its reader has it all."""


class SheetsBusy(Unavailable):
    """Others are fetching long lists right now; please try again in a moment."""


class SheetAnswer(StreamingResponse):
    """A CSV file, sent while it is read from the database."""

    media_type = "text/csv; charset=utf-8"


async def sheet_answer(
    request: Request, house: House, actor: Actor, ask: Callable[[Work], Awaitable[Sheet]]
) -> SheetAnswer:
    """`ask` checks what the actor may and tells what to read: its refusals are answers like any other. Then all rows are
    sent as they come through a cursor of the server: of one moment, however long it takes. Refuses with SheetsBusy."""
    state = request.app.state
    if getattr(state, "sheets", 0) >= SHEETS_AT_ONCE:
        raise SheetsBusy(retry_after=10)
    async with begin(house, actor) as work:
        sheet = await ask(work)

    async def rows() -> AsyncGenerator[Sequence[Cell], None]:
        async with begin(house, actor) as reading:
            found = await reading.session.stream(
                sheet.asks, sheet.values or {}, execution_options={"yield_per": ROWS_A_PIECE}
            )
            async for row in found:
                yield sheet.row(row)

    async def sent() -> AsyncGenerator[bytes, None]:
        state.sheets = getattr(state, "sheets", 0) + 1
        try:
            async with aclosing(rows()) as all_rows, aclosing(pieces(sheet.columns, all_rows)) as written:
                async for piece in written:
                    yield piece
        finally:
            state.sheets -= 1

    name = f"{sheet.name}-{house.clock():%Y-%m-%d}.csv"
    return SheetAnswer(
        sent(),
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


router = APIRouter()


def live_of(request: Request) -> Live:
    """The one reader of this process."""
    state = request.app.state
    if not hasattr(state, "live"):
        state.live = Live(state.house)
    return state.live  # type: ignore[no-any-return]


@router.get("/live", response_class=StreamingResponse, tags=["live"])
async def follow_live(
    request: Request,
    actor: ByActor,
    last_event_id: Annotated[str | None, Header(max_length=60)] = None,
) -> StreamingResponse:
    """Server-sent events: every fact that the actor may see, as it is committed, with the ids of what it is about. Send the
    id of the last one seen as `Last-Event-ID` to go on from there; `afresh` says that too much was missed."""
    if actor is NOBODY or (not actor.customers and not actor.permissions):
        raise NotSignedIn()
    return StreamingResponse(
        live_of(request).stream(actor, last_event_id, still=getattr(request.state, "still", None)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/journal/failed", tags=["journal"])
async def list_failed_reactions(work: InWork) -> list[FailedDelivery]:
    """Reactions that gave up or were set aside. Needs `journal.operate`."""
    return await failed_deliveries(work)


@router.post("/journal/failed/{reaction}/{position}/retry", status_code=204, tags=["journal"])
async def retry_reaction(work: InWork, reaction: str, position: int) -> None:
    """Needs `journal.operate`."""
    work.require("journal.operate")
    if await retry(work, reaction, position) is None:
        raise NotFound(reaction=reaction, position=position)


@router.post("/journal/failed/{reaction}/{position}/set-aside", status_code=204, tags=["journal"])
async def set_reaction_aside(work: InWork, reaction: str, position: int) -> None:
    """What waits behind it goes on. Needs `journal.operate`."""
    work.require("journal.operate")
    if await set_aside(work, reaction, position) is None:
        raise NotFound(reaction=reaction, position=position)
