"""The portal's one-time code leaves by SMS, where it is for a telephone number and the shop has an account that sends any."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable
from uuid import UUID

import structlog

from aftercare.connectors.messaging.forms import form_of
from aftercare.conversations import (
    Account,
    Channel,
    ChannelSenders,
    NotDelivered,
    Sent,
    TryLater,
    note_account,
    open_accounts,
)
from aftercare.identity import (
    EntryCodeIssued,
    EntryCodeSpent,
    entry_addressee,
    entry_code_text,
    get_shop,
)
from aftercare.journal import SYSTEM, House, after, begin

log = structlog.get_logger()


@runtime_checkable
class CodeSender(Protocol):
    """Raises NotDelivered, TryLater or OSError."""

    async def send_code(self, account: Account, to: str, code: str, *, locale: str, shop: str) -> Sent: ...


class CodeNotSent(OSError):
    """It is tried again while the code is good."""


@after(EntryCodeIssued, outside=True)
async def send_entry_code(house: House, fact: EntryCodeIssued) -> None:
    senders: ChannelSenders | None = house.ports.get(ChannelSenders)
    async with begin(house, SYSTEM) as work:
        whom = await entry_addressee(work, fact.entry_code_id)
        if senders is None or fact.shop_id is None or "@" in whom.contact:
            return
        try:
            code = await entry_code_text(work, fact.entry_code_id)
        except EntryCodeSpent:
            # Too late to be of use; a new one is asked for by whoever still wants in.
            return
        shop = await get_shop(work, fact.shop_id)
        chosen = _chosen(await open_accounts(work, Channel.sms), senders, whom.shops)
    if chosen is None:
        return
    account, sender = chosen
    try:
        await sender.send_code(account, whom.contact, code, locale=whom.locale, shop=shop.name)
    except NotDelivered as refused:
        log.info("an entry code was refused", account=str(account.id), said=refused.said)
        async with begin(house, SYSTEM) as work:
            await note_account(work, account.id, error=refused.said)
    except TryLater as later:
        async with begin(house, SYSTEM) as work:
            await note_account(work, account.id, error=later.said)
        raise CodeNotSent(later.said) from None


def _chosen(
    accounts: list[Account], senders: ChannelSenders, shops: Sequence[UUID]
) -> tuple[Account, CodeSender] | None:
    sender: object = senders.sender(Channel.sms)
    if not isinstance(sender, CodeSender):
        return None
    for shop_id in shops:
        for account in accounts:
            if account.shop_id == shop_id and form_of(account):
                return account, sender
    return None
