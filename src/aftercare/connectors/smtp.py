"""Mails handed to a server (RFC 5321), or laid into a folder where there is none."""

import os
import re
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

import aiosmtplib

from aftercare.settings import Mail

Security = Literal["tls", "starttls", "none"]


class MailNotTaken(Exception):
    """The server will never take this mail. `bounced`: because of its addressee."""

    def __init__(self, said: str, *, bounced: bool) -> None:
        super().__init__(said)
        self.said, self.bounced = said, bounced


@dataclass(frozen=True)
class Server:
    """Who has an access token (OAuth2) signs in by it, else by the password, else not at all."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = None
    access_token: str | None = None
    timeout_seconds: float = 20

    @property
    def signs_in(self) -> bool:
        return bool(self.username and (self.password or self.access_token))

    def way(self) -> dict[str, Any]:
        """As the library wants to be told."""

        async def token() -> str:
            return self.access_token or ""

        return {
            "hostname": self.host,
            "port": self.port,
            "use_tls": self.security == "tls",
            "start_tls": self.security == "starttls",
            "username": self.username if self.signs_in else None,
            "password": self.password if self.signs_in and not self.access_token else None,
            "oauth_token_generator": token if self.signs_in and self.access_token else None,
            "timeout": self.timeout_seconds,
        }


def house_server(mail: Mail, host: str) -> Server:
    """The installation's own."""
    return Server(
        host=host,
        port=mail.port,
        security=mail.security,
        username=mail.username,
        password=mail.password.get_secret_value() if mail.password else None,
        timeout_seconds=mail.timeout_seconds,
    )


async def hand_over(mail: EmailMessage, server: Server, *, sender: str, to: str) -> None:
    """With one connection. Raises MailNotTaken, or OSError when asking again may help."""
    try:
        await aiosmtplib.send(mail, sender=sender, recipients=[to], **server.way())
    except aiosmtplib.SMTPRecipientsRefused as refused:
        first = refused.recipients[0]
        raise _verdict(first.code, first.message, bounced=True) from refused
    except aiosmtplib.SMTPAuthenticationError as refused:
        # Our own credentials are wrong: somebody mends them, and the mail goes.
        raise ConnectionError(f"mail server: {refused.code} sign-in refused") from refused
    except aiosmtplib.SMTPResponseException as refused:
        raise _verdict(refused.code, refused.message, bounced=False) from refused
    except (aiosmtplib.SMTPException, OSError, ValueError) as failure:
        raise ConnectionError(f"mail server: {failure}") from failure


def _verdict(code: int, words: str, *, bounced: bool) -> Exception:
    """5xx is for ever, anything else may pass (RFC 5321, 4.2.1)."""
    told = f"{code} {words}"
    return (
        MailNotTaken(told, bounced=bounced) if 500 <= code < 600 else ConnectionError(f"mail server: {told}")
    )


async def sign_in(server: Server) -> None:
    """And leave. Raises OSError with what a person can use."""
    try:
        async with aiosmtplib.SMTP(**server.way()) as client:
            await client.noop()
    except aiosmtplib.SMTPAuthenticationError as refused:
        raise OSError(f"{server.host} refuses the sign-in of {server.username} ({refused.code})") from None
    except (aiosmtplib.SMTPException, ValueError) as failure:
        raise OSError(f"{server.host}: {failure}") from None


def lay_into(folder: Path, message_id: str, mail: bytes) -> None:
    """As `.eml`, named by its Message-ID: a repeated sending replaces itself."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", message_id.strip("<>"))
    fresh = folder / f".{name}.{os.getpid()}"
    fresh.write_bytes(mail)
    fresh.replace(folder / f"{name}.eml")
