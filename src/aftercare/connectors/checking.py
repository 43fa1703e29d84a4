"""Trying a channel account for somebody who has just set it up: mail signs in at the servers; of messaging and telephone it is
told what is missing, and which address the vendor is given."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aftercare.connectors.mail.account import not_understood
from aftercare.connectors.mail.boxes import check_account
from aftercare.connectors.messaging.forms import form_of
from aftercare.conversations import Account, AccountNotFound, Channel, Checked, account_of
from aftercare.journal import SYSTEM, House, begin
from aftercare.kit.errors import Refusal

SECRETS = {
    "webhook": ("key",),
    "phone": ("key",),
    "telegram": ("bot_token", "secret_token"),
    "whatsapp": ("access_token", "app_secret", "verify_token"),
    "wechat": ("token", "encoding_aes_key", "app_secret"),
    "wecom": ("token", "encoding_aes_key", "secret"),
    "twilio": ("auth_token",),
    "aliyun": ("access_key_id", "access_key_secret", "push_token"),
}
SETTINGS = {
    "whatsapp": ("phone_number_id",),
    "wecom": ("agent_id", "corp_id"),
    "twilio": ("account_sid",),
    "aliyun": ("sign_name", "templates"),
}


class AccountChecks:
    """Implements `conversations.ChannelChecks`."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def not_understood(self, kind: Channel, settings: Mapping[str, Any]) -> list[str]:
        return not_understood(settings) if kind is Channel.email else []

    async def check(self, house: House, account_id: UUID) -> Checked:
        async with begin(house, SYSTEM) as work:
            account = await account_of(work, account_id)
        if account.kind is Channel.email:
            return await self._mail(house, account)
        if account.kind is Channel.chat:
            return Checked(good=True, found=[], missing=[], door=f"{self._base_url}/widget.js")
        form = form_of(account)
        missing = [name for name in SECRETS.get(form, ()) if not account.secrets.get(name)]
        missing += [name for name in SETTINGS.get(form, ()) if not account.settings.get(name)]
        door = f"{self._base_url}/api/connect/{form}/{account.id}" if form in SECRETS else None
        return Checked(good=not missing, found=[], missing=missing, door=door)

    async def _mail(self, house: House, account: Account) -> Checked:
        try:
            found = await check_account(house, account.id)
        except AccountNotFound:
            raise
        except (OSError, Refusal) as failure:
            return Checked(good=False, found=[str(failure)[:500]], missing=[], door=None)
        return Checked(good=True, found=found, missing=[], door=None)
