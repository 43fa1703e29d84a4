"""A shop's channel account, who sends by it in a test, and what came in by it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from aftercare.cases import Incoming, Received, receive
from aftercare.conversations import (
    Channel,
    ChannelSender,
    ChannelSenders,
    NewAccount,
    Outgoing,
    Sent,
    add_account,
)
from aftercare.journal import House, begin

SECRETS = {"token": "t0p-secret"}


class Carrier:
    """Takes every message and remembers it, or answers as a test says."""

    def __init__(self) -> None:
        self.took: list[Outgoing] = []
        self.answer: Callable[[Outgoing], Sent] = lambda out: Sent(external_id=f"out-{len(self.took)}")

    async def send(self, outgoing: Outgoing) -> Sent:
        sent = self.answer(outgoing)
        self.took.append(outgoing)
        return sent

    def sender(self, kind: Channel) -> ChannelSender | None:
        return self


def with_carrier(house: House) -> Carrier:
    carrier = Carrier()
    house.ports = {**house.ports, ChannelSenders: carrier}
    return carrier


async def an_account(
    house: House, shop_id: UUID, kind: Channel = Channel.email, address: str = "service@qinglan.example"
) -> UUID:
    async with begin(house) as work:
        new = NewAccount(shop_id=shop_id, kind=kind, name="客服", address=address, secrets=SECRETS)
        return (await add_account(work, new)).id


async def comes(house: House, account_id: UUID, address: str, body: str, **more: Any) -> Received:
    async with begin(house) as work:
        return await receive(work, Incoming(account_id=account_id, address=address, body=body, **more))
