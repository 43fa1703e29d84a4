"""Life after the story: in real time, at a pace that one can watch."""

import asyncio
from contextlib import suppress

from aftercare.journal import House


async def live(house: House, stop: asyncio.Event) -> None:
    """Goes on until `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), 3600)
