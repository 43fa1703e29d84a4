"""From whatever a database holds to a whole story."""

import shutil
from collections.abc import Callable
from typing import Any

from aftercare.demo.told import Standing, Whole, look
from aftercare.demo.year import tell
from aftercare.house import open_house
from aftercare.installation import install
from aftercare.kit.errors import Refusal
from aftercare.kit.server import Server, empty_database, standing
from aftercare.settings import Settings

LAYING = "Laying the schema"


class NotOurs(Refusal):
    """This database holds shops that are not of the demo; give the demo a database of its own."""


async def prepare(settings: Settings, server: Server, say: Callable[[Any], None], *, reset: bool) -> Whole:
    """Lays the schema and tells the year, if they are not there; a story that was broken off begins again. `say` gets sentences,
    and (what, done, of how much). Refuses with NotOurs."""
    stands, whole = Standing.empty, None
    if await standing(server.url) is not None:
        stands, whole = await look(server.url)
    if stands is Standing.foreign:
        raise NotOurs()
    if stands is Standing.half:
        say("The telling was broken off last time. What it left is deleted, and it begins again.")
    if reset or stands is Standing.half:
        await empty_database(server)
        for folder in ("files", "outbox"):
            shutil.rmtree(settings.home / folder, ignore_errors=True)
        whole = None
    await install(settings, server.url)
    say((LAYING, 1, 1))
    if whole is not None:
        return whole
    async with open_house(settings, server) as house:
        await tell(house, lambda *progress: say(progress))
    _, whole = await look(server.url)
    if whole is None:
        raise RuntimeError("the story was told, but is not there")
    return whole
