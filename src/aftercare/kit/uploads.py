"""Uploads taken from the wire as they come: nothing is gathered in memory or on a disk before its size and type are known."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from aftercare.kit.errors import Invalid

MULTIPART: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
"""`openapi_extra` of a route that takes one file."""


class UploadUnreadable(Invalid):
    """Send the file as multipart/form-data, in a part with a file name."""


@dataclass
class Upload:
    """The first file of a form; `pieces` can be read once."""

    name: str
    pieces: AsyncIterator[bytes]


async def first_file(content_type: str, body: AsyncIterator[bytes]) -> Upload:
    """Reads up to where the first file begins. Refuses with UploadUnreadable, also while the pieces are read."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise UploadUnreadable()
    parts = _Parts(boundary)
    async for chunk in body:
        parts.feed(chunk)
        if parts.name is not None:
            return Upload(parts.name, _pieces(parts, body))
    raise UploadUnreadable()


async def _pieces(parts: "_Parts", body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while True:
        while parts.data:
            yield parts.data.popleft()
        if parts.done:
            return
        try:
            chunk = await anext(body)
        except StopAsyncIteration:
            raise UploadUnreadable() from None
        parts.feed(chunk)


class _Parts:
    def __init__(self, boundary: bytes) -> None:
        self.name: str | None = None
        self.done = False
        self.data: deque[bytes] = deque()
        self._header, self._value = b"", b""
        self._disposition = b""
        self._inside = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._field,
                "on_header_value": self._more_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._piece,
                "on_part_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as malformed:
            raise UploadUnreadable() from malformed

    def _begin(self) -> None:
        self._header = self._value = self._disposition = b""

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _more_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if self.name is None and b"filename" in options:
            self.name = options[b"filename"].decode("utf-8", "replace")
            self._inside = True

    def _piece(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self.data.append(data[start:end])

    def _end(self) -> None:
        if self._inside:
            self._inside, self.done = False, True
