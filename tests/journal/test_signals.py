"""What runs on a connection of its own goes on when the server dies under it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from aftercare import house as houses
from aftercare.house import FACTS_CHANNEL, Bell
from aftercare.journal import House, signals
from aftercare.journal.signals import Signals
from aftercare.kit.server import connect


class Dying:
    """A connection whose server is killed before it has answered: the driver finds itself in a state that it does not know."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in ("terminate", "is_closed"):
            return lambda: False

        async def dies(*_: object) -> None:
            raise asyncpg.InternalClientError(
                "cannot switch to state 12; another operation (2) is in progress"
            )

        return dies


def first_dying(monkeypatch: pytest.MonkeyPatch, where: object) -> list[str]:
    """The first connection dies, those after it are real."""
    asked: list[str] = []

    async def connected(url: str) -> Any:
        asked.append(url)
        return Dying() if len(asked) == 1 else await connect(url)

    monkeypatch.setattr(where, "connect", connected)
    return asked


async def while_running(runs: Awaitable[None], until: Callable[[], bool], do: Callable[[], None]) -> None:
    task = asyncio.ensure_future(runs)
    try:
        async with asyncio.timeout(20):
            while not until():
                assert not task.done(), task.exception()
                do()
                await asyncio.sleep(0.05)
    finally:
        task.cancel()


async def test_signals_are_heard_again_after_the_server_died(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "SECONDS_AFTER_A_BREAK", 0.05)
    asked = first_dying(monkeypatch, signals)
    here, elsewhere = Signals(), Signals()
    heard: list[Any] = []
    here.on("said", heard.append)
    url = house.database.url
    telling = asyncio.create_task(elsewhere.run(url))
    try:
        await while_running(here.run(url), lambda: bool(heard), lambda: elsewhere.tell("said", "hello"))
    finally:
        telling.cancel()
    assert heard[0] == "hello"
    assert len(asked) >= 3


async def test_the_bell_rings_again_after_the_server_died(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(houses, "SECONDS_BETWEEN_LOOKS", 0.05)
    asked = first_dying(monkeypatch, houses)
    url = house.database.url
    rung = asyncio.Event()
    hears = await connect(url)
    try:
        await hears.add_listener(FACTS_CHANNEL, lambda *_: rung.set())
        bell = Bell(url)
        await while_running(bell.run(), rung.is_set, bell.ring)
    finally:
        await hears.close()
    assert len(asked) == 2
