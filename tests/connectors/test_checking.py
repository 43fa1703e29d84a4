"""What the settings of a channel account may be is looked at when they are given."""

import pytest

from aftercare.connectors.checking import AccountChecks
from aftercare.conversations import (
    AccountChange,
    Channel,
    ChannelChecks,
    NewAccount,
    add_account,
    change_account,
)
from aftercare.conversations.model import SettingsNotPossible
from aftercare.journal import House, begin
from tests import given


async def test_mail_settings_that_are_none_are_refused_by_name(house: House) -> None:
    house.ports = {**house.ports, ChannelChecks: AccountChecks("https://care.test")}
    shop = await given.a_shop(house)
    new = NewAccount(
        shop_id=shop.id,
        kind=Channel.email,
        name="客服邮箱",
        address="service@example.com",
        settings={"imap": {"host": "imap.example.com"}},
    )
    wrong = {"imap": {"host": "imap.example.com", "port": "x", "after": "burn"}, "smpt": {}}
    with pytest.raises(SettingsNotPossible) as refused:
        async with begin(house) as work:
            await add_account(work, new.model_copy(update={"settings": wrong}))
    assert refused.value.data == {"where": ["imap.port", "imap.after", "smpt"]}
    async with begin(house) as work:
        account = await add_account(work, new)
    with pytest.raises(SettingsNotPossible):
        async with begin(house) as work:
            await change_account(work, account.id, AccountChange(settings={"imap": {}}))
    async with begin(house) as work:
        changed = await change_account(work, account.id, AccountChange(settings={"plus": False}))
    assert changed.settings == {"plus": False}
