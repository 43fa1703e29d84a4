"""One request is one Work: `InWork` commits before the answer is sent, so a failing commit is a 500 and not a lie."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from aftercare.journal.actors import NOBODY, Actor
from aftercare.journal.live import Live
from aftercare.journal.queries import FailedDelivery, failed_deliveries
from aftercare.journal.relay import retry, set_aside
from aftercare.journal.work import House, Work, begin
from aftercare.kit.errors import NotFound, NotSignedIn, Unavailable
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
