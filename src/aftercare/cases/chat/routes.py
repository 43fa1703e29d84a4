"""The chat over HTTP. A visitor shows the token in the header `X-Chat`; the windows of a chat live on a stream."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aftercare.cases.chat import verbs
from aftercare.cases.chat.leaving import leave_words
from aftercare.cases.chat.presence import Doing, Presence, look_at
from aftercare.cases.chat.verbs import CodeAsked, Earlier, Said, Started, Uploaded
from aftercare.conversations import (
    ChatLive,
    FileNotFound,
    Line,
    Visitor,
    chats_of,
    file_pass_is_good,
    open_file,
    visitor_of,
)
from aftercare.identity import limit
from aftercare.journal import SYSTEM, begin
from aftercare.journal.http import ByActor, InHouse, InWork
from aftercare.kit.errors import Unavailable
from aftercare.kit.files import Files, asked_range, serving_headers
from aftercare.kit.text import clean, one_line
from aftercare.kit.uploads import MULTIPART, first_file

router = APIRouter(tags=["chat"])

STARTS_AN_HOUR = 600
"""From one address; a page that is opened starts its chat only when that is opened too."""

Locale = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Key = Annotated[str, Field(min_length=8, max_length=60, pattern=r"^[A-Za-z0-9._-]+$")]
Handle = Annotated[str, Field(max_length=120, pattern=r"^[0-9a-f.-]+$")]
Text = Annotated[str, Field(max_length=20_000), AfterValidator(clean)]
Words = Annotated[str, Field(max_length=254), AfterValidator(one_line)]


class ChatsFull(Unavailable):
    """So many chats are open here that no other can be; please try again in a moment."""


async def visitor_here(house: InHouse, x_chat: Annotated[str, Header(max_length=200)] = "") -> Visitor:
    return visitor_of(house, x_chat, house.clock())


ByVisitor = Annotated[Visitor, Depends(visitor_here)]


class Starting(BaseModel):
    """`shop` is its code; in our own portal it may be left out. `token` is that of before, if there is one; `about` is the case,
    claim or order that a customer who is signed in speaks of."""

    shop: Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9-]+$")] | None = None
    token: Annotated[str, Field(max_length=200)] | None = None
    about: UUID | None = None


class Saying(BaseModel):
    """`key` is made by who sends; the same key again is the same message."""

    body: Text = ""
    files: Annotated[list[Handle], Field(max_length=verbs.MOST_CHAT_FILES)] = []
    key: Key
    locale: Locale | None = None


class Typing(BaseModel):
    typing: bool


class Stars(BaseModel):
    stars: Annotated[int, Field(ge=1, le=5)]
    words: Annotated[str, Field(max_length=2_000), AfterValidator(clean)] = ""


class Leaving(BaseModel):
    name: Words = ""
    contact: Words
    body: Text
    key: Key
    locale: Locale = "zh-CN"


class CodeAsking(BaseModel):
    order_number: Annotated[Words, Field(min_length=1)]
    contact: Annotated[Words, Field(min_length=1)]
    locale: Locale | None = None


class CodeGiven(BaseModel):
    entry_id: UUID
    code: Annotated[str, Field(min_length=6, max_length=12)]


class Look(BaseModel):
    doing: Doing


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@router.post("/chat/start", operation_id="start_chat")
async def start(request: Request, house: InHouse, actor: ByActor, new: Starting) -> Started:
    """A window of the chat opens: the visitor's token, and what was said last."""
    await limit(house, f"chat start:{_address(request)}", STARTS_AN_HOUR, timedelta(hours=1))
    return await verbs.start_chat(house, actor, shop_code=new.shop, token=new.token, about=new.about)


class ChatShop(BaseModel):
    code: str


@router.get("/chat/shop")
async def read_chat_shop(house: InHouse) -> ChatShop:
    """The only shop there is, for a page of ours that knows of none. Refuses with NotFound where there are more."""
    return ChatShop(code=await verbs.usual_shop(house))


@router.get("/chat/messages", operation_id="earlier_in_chat")
async def earlier(
    house: InHouse, visitor: ByVisitor, before: Annotated[int, Query(ge=0, le=2**62)]
) -> Earlier:
    return await verbs.earlier_in_chat(house, visitor, before)


@router.post("/chat/messages", status_code=201, operation_id="say_in_chat")
async def say(request: Request, house: InHouse, visitor: ByVisitor, new: Saying) -> Said:
    return await verbs.say_in_chat(
        house,
        visitor,
        body=new.body,
        handles=new.files,
        key=new.key,
        locale=new.locale,
        address=_address(request),
    )


@router.post("/chat/files", status_code=201, openapi_extra=MULTIPART, operation_id="upload_in_chat")
async def upload(house: InHouse, visitor: ByVisitor, request: Request) -> Uploaded:
    """Pictures, films and PDF; name its handle with the message that it belongs to."""
    file = await first_file(request.headers.get("content-type", ""), request.stream())
    return await verbs.upload_in_chat(house, visitor, file.pieces, file.name, _address(request))


@router.get("/chat/files/{file_id}", response_class=StreamingResponse, operation_id="read_chat_file")
async def read_file(
    house: InHouse,
    file_id: UUID,
    given: Annotated[str, Query(alias="pass", max_length=80)],
    asked: Annotated[str | None, Header(alias="Range")] = None,
) -> StreamingResponse:
    """The content of a file of a chat, for who was given its pass."""
    if not file_pass_is_good(house, file_id, given, house.clock()):
        raise FileNotFound(file_id=file_id)
    async with begin(house, SYSTEM) as work:
        file = await open_file(work, file_id)
    part = asked_range(asked, file.bytes)
    start_at, end_at = part or (0, file.bytes)
    headers = serving_headers(file.name, file.media_type) | {"Content-Length": str(end_at - start_at)}
    if part:
        headers["Content-Range"] = f"bytes {start_at}-{end_at - 1}/{file.bytes}"
    pieces = await house.port(Files).read(file.key, start_at, end_at)
    return StreamingResponse(pieces, 206 if part else 200, headers)


@router.post("/chat/typing", status_code=204, operation_id="type_in_chat")
async def typing(house: InHouse, visitor: ByVisitor, what: Typing) -> None:
    await verbs.type_in_chat(house, visitor, what.typing)


@router.post("/chat/read", status_code=204, operation_id="mark_chat_seen")
async def seen(house: InHouse, visitor: ByVisitor) -> None:
    await verbs.mark_seen(house, visitor)


@router.post("/chat/rating", status_code=204, operation_id="rate_chat")
async def rating(house: InHouse, visitor: ByVisitor, given: Stars) -> None:
    await verbs.rate_chat(house, visitor, given.stars, given.words)


@router.post("/chat/left", status_code=204, operation_id="leave_words_in_chat")
async def left(request: Request, house: InHouse, visitor: ByVisitor, new: Leaving) -> None:
    """Words for when nobody is there, and where to answer them."""
    await leave_words(house, visitor, address=_address(request), **new.model_dump())


@router.post("/chat/code", operation_id="ask_chat_code")
async def ask_code(request: Request, house: InHouse, visitor: ByVisitor, asked: CodeAsking) -> CodeAsked:
    """Six digits go to the contact of the order. Looks the same whether there is such an order or not."""
    return await verbs.ask_code(house, visitor, address=_address(request), **asked.model_dump())


@router.post("/chat/code/confirm", status_code=204, operation_id="confirm_chat_code")
async def confirm_code(house: InHouse, visitor: ByVisitor, given: CodeGiven) -> None:
    """With the six digits the visitor is the customer of the order."""
    await verbs.confirm_code(house, visitor, given.entry_id, given.code)


class ChatStream(Response):
    """One window's stream. One task waits for words, one for the window to close."""

    media_type = "text/event-stream"

    def __init__(self, live: ChatLive, line: Line) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live, self._line = live, line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        line = self._line
        closing = asyncio.create_task(_closed(receive, line))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while not line.gone or line.pieces:
                await send({"type": "http.response.body", "body": await line.taken(), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._live.leave(line)
            closing.cancel()
            with suppress(asyncio.CancelledError):
                await closing


async def _closed(receive: Receive, line: Line) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    line.pieces.clear()
    line.end()


@router.get("/chat/live", response_class=StreamingResponse, operation_id="follow_chat")
async def follow(
    house: InHouse,
    x_chat: Annotated[str, Header(max_length=200)] = "",
    token: Annotated[str, Query(max_length=200)] = "",
    since: Annotated[int, Query(ge=0, le=2**62)] = 0,
    last_event_id: Annotated[str | None, Header(max_length=30)] = None,
) -> Response:
    """Server-sent events: `message` with its position as id, and in passing `typing`, `read`, `ended`, `afresh` (start again).
    Send the last id as `Last-Event-ID`, or as `since`, to go on from there."""
    visitor = visitor_of(house, x_chat or token, house.clock())
    live = chats_of(house)
    if live.is_full:
        raise ChatsFull(retry_after=3)
    known = last_event_id if last_event_id and last_event_id.isdigit() else None
    return ChatStream(live, live.join(visitor, min(int(known), 2**62) if known else since))


@router.put("/cases/{case_id}/presence", tags=["cases"])
async def look_at_case(work: InWork, case_id: UUID, look: Look) -> Presence:
    """The desk has this case open (say so every fifteen seconds), or somebody types in it; who else does, and whether the
    customer's chat is open. Told to the others over the live stream as `case.looked`, `chat.typing`, `chat.read`."""
    return await look_at(work, case_id, look.doing)
