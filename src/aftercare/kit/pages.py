"""Built pages and their assets, handed out from memory: each file is read and compressed once, until it changes on disk."""

import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

FOR_EVER = b"public, max-age=31536000, immutable"
ASK_AGAIN = b"no-cache"
A_DAY = b"public, max-age=86400"
WORTH_COMPRESSING = 1024
COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/manifest", "image/svg")

NOT_BUILT = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>Aftercare</title>
<style>body{font:17px/1.7 system-ui,"Noto Sans CJK SC",sans-serif;max-width:34rem;margin:18vh auto;padding:0 1rem}</style>
<h1>页面尚未构建</h1><p>服务已在运行，但网页前端还没有构建。在源码目录执行 <code>make web</code>，然后刷新本页。</p>
<p lang="en">The service is running, but its web front end has not been built. Run <code>make web</code> in the checkout,
then reload this page. The API is described at <a href="/api/docs">/api/docs</a>.</p></html>""".encode()


@dataclass(frozen=True)
class _Kept:
    stamp: tuple[int, int]
    kind: bytes
    plain: bytes
    packed: bytes | None
    tag: bytes


class Faces:
    """An ASGI application. `/assets/…` carry their content's hash in their names and are kept for ever; each of `faces` has a
    page that routes by itself below its address; the first is the one at `/`. What is no page goes to `otherwise`. `headers`
    gives a face further ones, which depend on what is asked."""

    def __init__(
        self,
        folder: Path,
        faces: tuple[str, ...],
        otherwise: App,
        headers: Mapping[str, Callable[[Scope], Awaitable[Headers]]] | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._faces = faces
        self._otherwise = otherwise
        self._headers = headers or {}
        self._kept: dict[Path, _Kept] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or path.startswith("/api"):
            await self._otherwise(scope, receive, send)
            return
        last = path.rpartition("/")[2]
        if "." in last:
            found = self._file(path)
            if found is None:
                await self._otherwise(scope, receive, send)
                return
            await self._answer(scope, send, 200, found, _keeping(path))
            return
        first = path.split("/")[1]
        face = first if first in self._faces else self._faces[0]
        found = self._file(f"/{face}.html")
        if found is None:
            unbuilt = _Kept((0, 0), b"text/html; charset=utf-8", NOT_BUILT, None, b'"unbuilt"')
            await self._answer(scope, send, 503, unbuilt, b"no-store")
            return
        more = await self._headers[face](scope) if face in self._headers else []
        await self._answer(scope, send, 200, found, ASK_AGAIN, more)

    def _file(self, path: str) -> _Kept | None:
        file = (self._folder / path.lstrip("/")).resolve()
        if not file.is_relative_to(self._folder) or file.name.startswith("."):
            return None
        try:
            seen = file.stat()
            if not file.is_file():
                return None
        except (OSError, ValueError):
            return None
        stamp = (seen.st_mtime_ns, seen.st_size)
        kept = self._kept.get(file)
        if kept is None or kept.stamp != stamp:
            kept = self._kept[file] = _read(file, stamp)
        return kept

    async def _answer(
        self, scope: Scope, send: Send, status: int, kept: _Kept, keeping: bytes, more: Headers | None = None
    ) -> None:
        asked = dict(scope["headers"])
        headers = [
            (b"etag", kept.tag),
            (b"cache-control", keeping),
            (b"vary", b"accept-encoding"),
            *(more or []),
        ]
        if status == 200 and kept.tag in asked.get(b"if-none-match", b""):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        body = kept.plain
        if kept.packed is not None and b"gzip" in asked.get(b"accept-encoding", b""):
            body = kept.packed
            headers.append((b"content-encoding", b"gzip"))
        headers += [(b"content-type", kept.kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _keeping(path: str) -> bytes:
    if path.startswith("/assets/"):
        return FOR_EVER
    return A_DAY if path.startswith("/icons/") else ASK_AGAIN


_KINDS = {".webmanifest": "application/manifest+json", ".js": "text/javascript", ".woff2": "font/woff2"}


def _read(file: Path, stamp: tuple[int, int]) -> _Kept:
    plain = file.read_bytes()
    kind = _KINDS.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    packed = None
    if len(plain) >= WORTH_COMPRESSING and kind.startswith(COMPRESSIBLE):
        packed = gzip.compress(plain, 9, mtime=0)
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    return _Kept(stamp, kind.encode(), plain, packed, f'"{hashlib.sha256(plain).hexdigest()[:20]}"'.encode())
