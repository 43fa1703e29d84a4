"""The house put together: every context with its tables, facts and reactions, the database, and the outside world by port.

Importing this module registers everything; `open_house` makes what a process works with and takes it apart again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import asyncpg

from aftercare import (  # noqa: F401  # registers tables, facts and reactions
    assistant,
    cases,
    claims,
    conversations,
    identity,
    insights,
    knowledge,
    logistics,
    notices,
    people,
    privacy,
    promises,
    quality,
    shop,
    supply,
    trials,
)
from aftercare.assistant import LanguageModel, ModelShelf
from aftercare.claims import PaymentGateways, RefundGateways
from aftercare.connectors.alarm_mail import AlarmMail
from aftercare.connectors.channels import channel_senders, outside_of
from aftercare.connectors.checking import AccountChecks
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.connectors.mail_smtp import mail_sender
from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.senders import Exchanges
from aftercare.connectors.tracking import tracking_pushes, tracking_source, tracking_subscriptions
from aftercare.connectors.webhooks import HttpPoster
from aftercare.conversations import CallPlacer, ChannelChecks, ChannelSenders
from aftercare.insights.alarms import AlarmPost
from aftercare.insights.foresight import ForesightShelf
from aftercare.insights.lake import Lake
from aftercare.insights.reports import OwnFonts
from aftercare.journal import House
from aftercare.journal.signals import signals_of
from aftercare.kit.database import DRIVER_FAILURES, Database
from aftercare.kit.files import Files
from aftercare.kit.server import DATABASE, SECONDS_BETWEEN_LOOKS, Server, connect, find_server
from aftercare.logistics import TrackingPushes, TrackingSource, TrackingSubscriptions
from aftercare.notices import MailSender
from aftercare.notices.webhooks import WebhookPoster
from aftercare.settings import Settings

__all__ = [
    "DATABASE",
    "FACTS_CHANNEL",
    "Bell",
    "Server",
    "connect",
    "connect_ports",
    "find_server",
    "open_house",
]

FACTS_CHANNEL = "aftercare_facts"
SECONDS_BETWEEN_RINGS = 0.01


class Bell:
    """Tells the workers that facts were committed: one NOTIFY on a connection of its own for all commits of some
    milliseconds. In the commits themselves NOTIFY would take a lock that lets them through one by one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._asked = asyncio.Event()

    def ring(self) -> None:
        self._asked.set()

    async def run(self) -> None:
        while True:
            connection: asyncpg.Connection | None = None
            try:
                connection = await connect(self._url)
                while True:
                    await self._asked.wait()
                    self._asked.clear()
                    await connection.execute(f"NOTIFY {FACTS_CHANNEL}")
                    await asyncio.sleep(SECONDS_BETWEEN_RINGS)
            except (OSError, *DRIVER_FAILURES):
                # Nothing is lost: the worker looks by itself several times a second.
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            finally:
                if connection is not None:
                    connection.terminate()


async def connect_ports(house: House, settings: Settings, stack: AsyncExitStack) -> None:
    """Hands the connectors in."""
    files = settings.files
    options = (
        {
            "key": files.key,
            "secret": files.secret.get_secret_value() if files.secret else None,
            "endpoint_url": files.endpoint,
        }
        if files.url and files.url.startswith("s3:")
        else {}
    )
    gateways = ConfiguredGateways(settings, house)
    outside = outside_of(settings)
    stack.push_async_callback(outside.close)
    poster = HttpPoster(settings.webhooks)
    stack.push_async_callback(poster.close)
    lake = Lake(settings.home / "lake", settings.insight)
    stack.callback(lake.close)
    ports: dict[type, Any] = {
        RefundGateways: gateways,
        PaymentGateways: gateways,
        Files: Files(files.url or str(settings.home / "files"), largest=files.largest_bytes, **options),
        MailSender: mail_sender(settings),
        ChannelSenders: channel_senders(settings, outside),
        ChannelChecks: AccountChecks(settings.base_url),
        Outside: outside,
        CallPlacer: Exchanges(outside),
        TrackingPushes: tracking_pushes(settings.tracking),
        ModelShelf: ModelShelf(settings.home),
        ForesightShelf: ForesightShelf(settings.home),
        WebhookPoster: poster,
        OwnFonts: OwnFonts(settings.insight.fonts),
        Lake: lake,
    }
    source = await stack.enter_async_context(tracking_source(settings.tracking))
    if source is not None:
        ports[TrackingSource] = source
    watching = tracking_subscriptions(settings.tracking, settings.base_url)
    if (subscriptions := await stack.enter_async_context(watching)) is not None:
        ports[TrackingSubscriptions] = subscriptions
    if settings.mail.host:
        ports[AlarmPost] = AlarmMail(mail_sender(settings))
    if settings.language_model.url:
        from aftercare.connectors.language_model import OpenAICompatible

        speaker = OpenAICompatible(settings.language_model)
        stack.push_async_callback(speaker.close)
        ports[LanguageModel] = speaker
    house.ports = ports


@asynccontextmanager
async def open_house(
    settings: Settings, server: Server, *, pool_size: int | None = None
) -> AsyncIterator[House]:
    """A house with its pool, ports and bell."""
    database = Database(server.url, pool_size=pool_size or settings.pool_size)
    house = House(database, secret=settings.secret)
    bell = Bell(server.url)

    house.wake = bell.ring
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await connect_ports(house, settings, stack)
        for runs in (bell.run(), signals_of(house).run(server.url), server.keep_alive()):
            stack.push_async_callback(_end, asyncio.create_task(runs))
        yield house


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
