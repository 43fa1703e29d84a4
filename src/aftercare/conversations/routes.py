"""Files handed out to who may see them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from aftercare.conversations.verbs import open_file
from aftercare.journal import begin
from aftercare.journal.http import ByActor, InHouse
from aftercare.kit.files import Files, asked_range, serving_headers

router = APIRouter(tags=["conversations"])


@router.get("/files/{file_id}", response_class=StreamingResponse)
async def read_upload(
    house: InHouse,
    actor: ByActor,
    file_id: UUID,
    asked: Annotated[str | None, Header(alias="Range")] = None,
) -> StreamingResponse:
    """The content of an upload, whole or the range asked for."""
    async with begin(house, actor) as work:
        file = await open_file(work, file_id)
    part = asked_range(asked, file.bytes)
    start, end = part or (0, file.bytes)
    headers = serving_headers(file.name, file.media_type) | {"Content-Length": str(end - start)}
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.bytes}"
    pieces = await house.port(Files).read(file.key, start, end)
    return StreamingResponse(pieces, 206 if part else 200, headers)
