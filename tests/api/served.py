"""The web application on a socket, in a thread with a loop of its own, on a database of its own."""

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from pydantic import SecretStr

from aftercare.app import create_app
from aftercare.claims import RefundGateways
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.connectors.mail_smtp import mail_sender
from aftercare.connectors.tracking import tracking_pushes
from aftercare.journal import House
from aftercare.kit.database import Database
from aftercare.kit.files import Files
from aftercare.logistics import TrackingPushes
from aftercare.notices import MailSender
from aftercare.settings import Settings, Shopify, Stripe, Tracking
from tests.conftest import Clock

T = TypeVar("T")


class Served:
    """`url` is where it answers; `run` does something in its loop, beside the requests."""

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop, url: str) -> None:
        self.house = house
        self.url = url
        self._loop = loop

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(300)


def connect_ports(house: House, settings: Settings) -> None:
    """Everything that an installation can be connected to without the internet."""
    house.ports = {
        RefundGateways: ConfiguredGateways(settings, house),
        Files: Files(str(settings.home / "files"), largest=3 * 1024 * 1024),
        MailSender: mail_sender(settings),
        TrackingPushes: tracking_pushes(settings.tracking),
    }


@contextmanager
def serving(database_url: str, home: Path) -> Iterator[Served]:
    settings = Settings(
        home=home,
        sandbox_gateway=True,
        tracking=Tracking(kuaidi100_salt=SecretStr("salt"), push_secret=SecretStr("a secret for pushes")),
        shopify=Shopify(webhook_secret=SecretStr("a secret for pushes")),
        stripe=Stripe(webhook_secret=SecretStr("whsec_test")),
    )
    house = House(Database(database_url, pool_size=8), clock=Clock(), secret=b"a secret for tests only")
    connect_ports(house, settings)
    listening = socket.create_server(("127.0.0.1", 0))
    web = uvicorn.Server(
        uvicorn.Config(
            create_app(house),
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    )
    loop = asyncio.new_event_loop()

    async def live() -> None:
        await web.serve(sockets=[listening])
        await house.database.close()

    def in_thread() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(live())

    thread = threading.Thread(target=in_thread, name="web", daemon=True)
    thread.start()
    try:
        yield Served(house, loop, f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        web.should_exit = True
        thread.join(30)
        loop.close()
