"""A payment gateway in a process of its own: it outlives whatever is killed, and writes down every order it was given.

It pays once per key, answers late, and loses every fifth answer after having paid."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import httpx

from aftercare.claims import GatewayAnswer, GatewayState, RefundGateway, RefundOrder
from tests.faults.processes import ROOT, child


class Book:
    """What was paid under which key; each payment is a line of a file."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._file = file
        self._paid: dict[str, int] = {}
        self._asked = 0

    def pay(self, order: dict[str, Any]) -> bool:
        """False when the answer gets lost on its way."""
        with self._lock:
            self._asked += 1
            if order["key"] not in self._paid:
                self._paid[order["key"]] = order["amount_cents"]
                with self._file.open("a") as book:
                    book.write(json.dumps(order) + "\n")
            return self._asked % 5 != 0

    def knows(self, key: str) -> bool:
        with self._lock:
            return key in self._paid


def serve(file: Path) -> None:
    book = Book(file)

    class Counter(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            order = json.loads(self.rfile.read(int(self.headers["content-length"])))
            heard = book.pay(order)
            time.sleep(0.02)
            if not heard:
                self.close_connection = True
                self.connection.close()
                return
            self._answer(200)

        def do_GET(self) -> None:
            self._answer(200 if book.knows(self.path.removeprefix("/")) else 404)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    counter = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    counter.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    sys.stdout.write(f"{counter.server_port}\n")
    sys.stdout.flush()
    counter.serve_forever()


class StandIn:
    """Implements `claims.RefundGateway` for a worker, over HTTP."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/"

    async def refund(self, order: RefundOrder) -> GatewayAnswer:
        told = {"key": order.key, "payment_ref": order.payment_ref, "amount_cents": order.amount_cents}
        try:
            async with httpx.AsyncClient(timeout=20) as client:
                (await client.post(self._url, json=told)).raise_for_status()
        except httpx.TransportError as lost:
            raise ConnectionError(str(lost)) from lost
        return GatewayAnswer(GatewayState.paid, reference=f"ref-{order.key}")

    async def find(self, key: str, payment_ref: str) -> GatewayAnswer | None:
        try:
            async with httpx.AsyncClient(timeout=20) as client:
                answer = await client.get(self._url + key)
        except httpx.TransportError as lost:
            raise ConnectionError(str(lost)) from lost
        return GatewayAnswer(GatewayState.paid, reference=f"ref-{key}") if answer.is_success else None


class StandIns:
    """Implements `claims.RefundGateways`."""

    def __init__(self, port: int) -> None:
        self.by_provider: dict[str, RefundGateway] = {"standin": StandIn(port)}


@contextmanager
def gateway(file: Path) -> Iterator[int]:
    """Its port, while it runs; `file` gets a line per payment."""
    process = Popen(
        [sys.executable, "-m", "tests.faults.standin", str(file)],
        cwd=ROOT,
        stdout=PIPE,
        text=True,
        preexec_fn=child,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def payments(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
