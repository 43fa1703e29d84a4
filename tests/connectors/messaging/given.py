"""A shop with an account of a vendor, somebody who knocks at its door, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
from sqlalchemy import text

from aftercare.app import create_app
from aftercare.connectors.channels import ConnectedSenders
from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.senders import messaging_senders
from aftercare.conversations import Channel, ChannelSenders, NewAccount, add_account
from aftercare.journal import House, begin, drain
from aftercare.kit.files import Files
from aftercare.settings import Channels
from tests.cases.given import World, a_world

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082".replace(
        " ", ""
    )
)


@dataclass
class Knock:
    """A request of a vendor. `path` is what follows the account's address."""

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass
class Shop:
    house: House
    world: World
    account_id: UUID
    form: str
    http: httpx.AsyncClient

    async def hears(self, knock: Knock) -> httpx.Response:
        query = f"?{urlencode(knock.query)}" if knock.query else ""
        return await self.http.request(
            knock.method,
            f"/api/connect/{self.form}/{self.account_id}{query}",
            content=knock.body,
            headers=dict(knock.headers),
        )

    async def took(self) -> list[tuple[str, str, str]]:
        """What customers said, as (author, address, body), once everything has followed."""
        await drain(self.house)
        return [
            (row.author_kind, row.address, row.body)
            for row in await self.rows(
                "SELECT m.author_kind, c.address, m.body FROM message m JOIN contact c ON c.id = m.contact_id ORDER BY m.position"
            )
        ]

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with begin(self.house) as work:
            return list((await work.session.execute(text(statement), values)).all())

    async def outcomes(self) -> list[str | None]:
        return [
            row.outcome
            for row in await self.rows("SELECT outcome FROM channel_push ORDER BY received_at, id")
        ]


async def a_shop(
    house: House,
    tmp_path: Path,
    form: str,
    kind: Channel,
    address: str,
    *,
    secrets: dict[str, str],
    settings: dict[str, Any] | None = None,
    vendors: Callable[[], Channels] | None = None,
) -> Shop:
    """`vendors`: where the vendors are in this test."""
    world = await a_world(house)
    outside = Outside(vendors() if vendors else Channels(), "https://after.example")
    house.ports = {
        **house.ports,
        Outside: outside,
        ChannelSenders: ConnectedSenders(messaging_senders(outside)),
        Files: Files(str(tmp_path / "files")),
    }
    async with begin(house) as work:
        account = await add_account(
            work,
            NewAccount(
                shop_id=world.shop_id,
                kind=kind,
                name="客服",
                address=address,
                settings=settings or {},
                secrets=secrets,
            ),
        )
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(house)), base_url="https://after.example"
    )
    return Shop(house, world, account.id, form, http)
