"""A receiver of webhooks that listens for real: it writes down what it was sent, checks signatures, and answers as it is told."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Got:
    id: str
    timestamp: int
    signatures: list[str]
    body: bytes
    status: int

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def signed_by(self, secret: str) -> bool:
        """Reckoned as the specification says, without our own code."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.id}.{self.timestamp}.".encode() + self.body
        made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{made}" in self.signatures


@dataclass
class Receiver:
    """`answers` gives the status for each message; it may take its time."""

    answers: Callable[[dict[str, Any]], int] = lambda told: 204
    headers: dict[str, str] = field(default_factory=dict)
    got: list[Got] = field(default_factory=list)
    port: int = 0
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def taken(self) -> list[Got]:
        return [one for one in self.got if 200 <= one.status < 300]

    def start(self) -> None:
        """On the same port as before."""
        receiver, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.answers(json.loads(body))
                with lock:
                    receiver.got.append(
                        Got(
                            id=self.headers["webhook-id"],
                            timestamp=int(self.headers["webhook-timestamp"]),
                            signatures=self.headers["webhook-signature"].split(" "),
                            body=body,
                            status=status,
                        )
                    )
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@contextmanager
def receiving(**given: Any) -> Iterator[Receiver]:
    receiver = Receiver(**given)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def slowly(seconds: float) -> Callable[[dict[str, Any]], int]:
    def answer(told: dict[str, Any]) -> int:
        time.sleep(seconds)
        return 204

    return answer
