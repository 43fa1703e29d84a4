"""A stand-in for somebody else's HTTP service: answers what it was told to, in order, and keeps what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Reply:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    after_seconds: float = 0


@dataclass
class StandIn:
    address: str
    asked: list[Asked] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    sign: Callable[[bytes], dict[str, str]] = lambda _: {}

    def answers(self, *replies: Reply) -> None:
        self.replies[:] = replies


@contextmanager
def stand_in() -> Iterator[StandIn]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            heard = self.rfile.read(length).decode(errors="replace")
            service.asked.append(
                Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, heard)
            )
            reply = service.replies.pop(0)
            time.sleep(reply.after_seconds)
            payload = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(payload)),
                **service.sign(payload),
                **reply.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(payload)
            except OSError:
                # Whoever asked has stopped waiting.
                return

        do_GET = do_POST = answer  # noqa: N815  # the names that the server looks for

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = StandIn(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
