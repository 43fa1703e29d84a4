"""The settings of a mail account, read: where it is fetched, where it sends, who signs in and how.

    {"imap": {"host": "imap.example.com", "port": 993, "security": "tls", "username": "…", "folders": ["INBOX"],
              "after": "seen" | "keep" | "delete" | "move:Archive", "begin": "now" | "all"},
     "smtp": {"host": "smtp.example.com", "port": 587, "security": "starttls", "username": "…"},
     "oauth": {"token_url": "https://…", "client_id": "…", "scope": "…"},
     "plus": true, "mass_opens": false}

Secrets: `password` (for both), `imap_password`, `smtp_password`; with OAuth2 `refresh_token` and `client_secret`, or an
`access_token` that somebody else renews.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from aftercare.connectors.smtp import Security
from aftercare.conversations import Account
from aftercare.kit.errors import Invalid


class MailSettingsWrong(Invalid):
    """The settings of this mail account cannot be understood."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ImapSettings(_Part):
    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 993
    security: Security = "tls"
    username: str | None = None
    folders: Annotated[list[str], Field(min_length=1, max_length=20)] = ["INBOX"]
    after: Annotated[str, Field(pattern=r"^(seen|keep|delete|move:.{1,200})$")] = "seen"
    begin: Literal["now", "all"] = "now"
    """Whether what lies there when we first look is ours to read."""
    idle_seconds: Annotated[int, Field(ge=1, le=1_500)] = 120


class SmtpSettings(_Part):
    host: str
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Security = "starttls"
    username: str | None = None


class OAuth(_Part):
    token_url: str
    client_id: str
    scope: str = ""

    @field_validator("token_url")
    @classmethod
    def is_safe(cls, url: str) -> str:
        if not url.startswith("https://"):
            raise ValueError("tokens are fetched over https only")
        return url


class MailSettings(_Part):
    imap: ImapSettings | None = None
    smtp: SmtpSettings | None = None
    oauth: OAuth | None = None
    plus: bool = True
    """Answers come to `name+token@domain`, which nearly every mail server delivers to `name@domain`."""
    mass_opens: bool = False
    """Whether mails from lists and to very many open cases."""


def mail_settings(account: Account) -> MailSettings:
    """Refuses with MailSettingsWrong."""
    try:
        return MailSettings.model_validate(account.settings)
    except ValidationError as wrong:
        raise MailSettingsWrong(where=_places(wrong)) from None


def not_understood(settings: Mapping[str, Any]) -> list[str]:
    """Where these settings are not what they may be: `imap.port`."""
    try:
        MailSettings.model_validate(settings)
    except ValidationError as wrong:
        return _places(wrong)
    return []


def _places(wrong: ValidationError) -> list[str]:
    return [".".join(str(part) for part in error["loc"]) for error in wrong.errors()]


class OAuthTokens:
    """Access tokens, renewed shortly before they end."""

    def __init__(self) -> None:
        self._kept: dict[UUID, tuple[str, str, float]] = {}
        self._lock = asyncio.Lock()

    async def token(self, account: Account, oauth: OAuth | None) -> str | None:
        """None when the account signs in with a password. Raises OSError when no token can be had."""
        if oauth is None or "refresh_token" not in account.secrets:
            return account.secrets.get("access_token") or None
        refresh = account.secrets["refresh_token"]
        async with self._lock:
            kept = self._kept.get(account.id)
            if kept is not None and kept[0] == refresh and kept[2] > monotonic():
                return kept[1]
            form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": oauth.client_id}
            if oauth.scope:
                form["scope"] = oauth.scope
            if secret := account.secrets.get("client_secret"):
                form["client_secret"] = secret
            import httpx  # loaded where somebody is asked

            try:
                async with httpx.AsyncClient(timeout=20) as client:
                    answer = await client.post(oauth.token_url, data=form)
                told = answer.json()
                token, lasts = str(told["access_token"]), float(told.get("expires_in", 600))
            except (httpx.HTTPError, ValueError, KeyError, TypeError) as failure:
                # Not the answer itself: it may hold a token.
                raise OSError(f"no access token from {oauth.token_url}: {type(failure).__name__}") from None
            self._kept[account.id] = (refresh, token, monotonic() + max(lasts - 60, 10))
            return token
