"""What several tests of insight stand on."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest_asyncio

from aftercare import identity
from aftercare.app import create_app
from aftercare.connectors.webhooks import HttpPoster
from aftercare.identity import NewAccount
from aftercare.journal import House, begin
from aftercare.kit.files import Files
from aftercare.notices.webhooks import WebhookPoster
from aftercare.settings import Webhooks
from tests import given
from tests.identity.people import cheap_hash
from tests.insights.doors import Doors


@pytest_asyncio.fixture(loop_scope="session")
async def doors(own_house: House, tmp_path: Path) -> AsyncIterator[Doors]:
    """`owner` sees all; `boss` and `agent` the one shop, `theirs` is the boss of the other; `nobody` has no session."""
    house = own_house
    poster = HttpPoster(Webhooks(private_hosts=["127.0.0.1"], timeout_seconds=60))
    house.ports = {Files: Files(str(tmp_path / "files")), WebhookPoster: poster}
    async with begin(house) as work:
        await identity.seed_roles(work)
    mine, other = await given.a_shop(house), await given.a_shop(house)
    accounts: dict[str, UUID] = {}
    async with begin(house) as work:
        for name, role, shops in (
            ("owner", "owner", None),
            ("boss", "supervisor", [mine.id]),
            ("agent", "agent", [mine.id]),
            ("theirs", "supervisor", [other.id]),
        ):
            account = await identity.create_account(
                work,
                NewAccount(email=f"{name}@example.com", name=name, role=role, shops=shops),
                password_hash=cheap_hash(),
            )
            accounts[name] = account.id
    transport = httpx.ASGITransport(create_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        doors = Doors(house, http, mine, other, accounts)
        await doors.sign_in()
        yield doors
    await poster.close()
