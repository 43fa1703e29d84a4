"""From whatever a database holds to a whole story."""

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from aftercare.demo.looking import Standing, look
from aftercare.demo.year import Script, lay_ground, tell_part
from aftercare.house import open_house
from aftercare.identity import find_shop
from aftercare.installation import install
from aftercare.journal import SYSTEM, begin
from aftercare.kit.database import Database, Reading
from aftercare.kit.errors import Refusal
from aftercare.kit.loop import calm_collector
from aftercare.kit.server import Server, empty_database, standing
from aftercare.settings import Settings

LAYING = "Laying the schema"


class NotOurs(Refusal):
    """This database holds shops that are not of the demo; give the demo a database of its own."""


async def prepare(
    settings: Settings,
    server: Server,
    say: Callable[[Any], None],
    *,
    reset: bool,
    today: datetime,
    small: bool,
) -> bool:
    """Lays the schema and the ground of the story, unless the story is there: whether its parts are still to be told. One that
    was broken off begins again. `say` gets sentences, and (what, done, of how much). Refuses with NotOurs."""
    stands = Standing.empty
    if await standing(server.url) is not None:
        stands, _ = await look(server.url)
    if stands is Standing.foreign:
        raise NotOurs()
    if stands is Standing.half:
        say("The telling was broken off last time. What it left is deleted, and it begins again.")
    if reset or stands is Standing.half:
        await empty_database(server)
        for folder in ("files", "outbox"):
            shutil.rmtree(settings.home / folder, ignore_errors=True)
        stands = Standing.empty
    await install(settings, server.url)
    say((LAYING, 1, 1))
    if stands is Standing.whole:
        return False
    async with open_house(settings, server) as house:
        await lay_ground(house, Script(today, small=small))
    return True


async def tell_group(
    settings: Settings,
    server: Server,
    say: Callable[[Any], None],
    codes: Sequence[str],
    today: datetime,
    *,
    small: bool,
) -> None:
    """The year of some shops, in a house that sees only these."""
    calm_collector()
    async with open_house(settings, server) as house:
        async with begin(house, SYSTEM) as work:
            ids = [(await find_shop(work, code)).id for code in codes]
        whole, house.database = house.database, OwnShops(server.url, ids)
        try:
            told = await tell_part(house, lambda *progress: say(progress), Script(today, small=small), codes)
        finally:
            await house.database.close()
            house.database = whole
    for refused in told.refused:
        say(f"Not as it was written: {refused}")


class OwnShops(Database):
    """Who may see everything sees only these shops. A crash may lose what was told last; then all of it is told again. The same
    statements come ten thousand times: to plan each anew would be a fifth of the database's work."""

    def __init__(self, url: str, shops: Sequence[UUID]) -> None:
        super().__init__(
            url, server_settings={"synchronous_commit": "off", "plan_cache_mode": "force_generic_plan"}
        )
        self._own = ",".join(str(shop) for shop in shops)

    def lazy_session(self, shops: str) -> AsyncSession:
        return super().lazy_session(self._seen(shops))

    @asynccontextmanager
    async def reading(self, shops: str) -> AsyncIterator[Reading]:
        async with super().reading(self._seen(shops)) as reading:
            yield reading

    def _seen(self, shops: str) -> str:
        return self._own if shops == "*" else shops
