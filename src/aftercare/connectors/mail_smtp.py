"""Letters by SMTP; without a mail host, as `.eml` files in a folder, where any mail program opens them.

Sources: RFC 5321 (replies), RFC 5322 (headers), RFC 3834 (Auto-Submitted).
"""

import asyncio
import os
import re
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from hashlib import sha256
from pathlib import Path

import aiosmtplib

from aftercare.notices import Letter, MailRefused
from aftercare.settings import Mail, Settings


def message(letter: Letter, sender: str) -> EmailMessage:
    """The letter as it goes over the wire, byte for byte the same each time. Refuses with MailRefused an address that is
    none."""
    _, address = parseaddr(sender)
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = Address(display_name=_one_line(letter.sender_name), addr_spec=address)
        mail["To"] = Address(display_name=_one_line(letter.to_name), addr_spec=letter.to)
        if letter.reply_to:
            mail["Reply-To"] = Address(display_name=_one_line(letter.sender_name), addr_spec=letter.reply_to)
    except (ValueError, IndexError) as wrong:
        raise MailRefused(f"not an address: {wrong}", bounced=True) from wrong
    mail["Subject"] = _one_line(letter.subject)
    mail["Date"] = letter.date.astimezone(UTC)
    mail["Message-ID"] = letter.message_id
    # So that absence notes and other robots do not answer a robot.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(letter.text, charset="utf-8", cte="base64")
    mail.add_alternative(letter.html, subtype="html", charset="utf-8", cte="base64")
    # Only now: setting the content clears every Content- header.
    mail["Content-Language"] = letter.locale
    mail.set_boundary(f"=_{sha256(letter.message_id.encode()).hexdigest()[:32]}")
    return mail


def _one_line(text: str) -> str:
    return " ".join(text.split())


class SmtpSender:
    """Implements `notices.MailSender` with one connection per letter."""

    def __init__(self, mail: Mail, portal_url: str) -> None:
        if mail.host is None:
            raise ValueError("AFTERCARE_MAIL__HOST is not set")
        self._mail, self._host = mail, mail.host
        self.portal_url = portal_url.rstrip("/")
        self.address = parseaddr(mail.sender)[1]

    async def send(self, letter: Letter) -> None:
        given = self._mail
        try:
            await aiosmtplib.send(
                message(letter, given.sender),
                sender=self.address,
                recipients=[letter.to],
                hostname=self._host,
                port=given.port,
                username=given.username,
                password=given.password.get_secret_value() if given.password else None,
                use_tls=given.security == "tls",
                start_tls=given.security == "starttls",
                timeout=given.timeout_seconds,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            first = refused.recipients[0]
            raise _verdict(first.code, first.message, bounced=True) from refused
        except aiosmtplib.SMTPAuthenticationError as refused:
            # Our own credentials are wrong: somebody mends them, and the letter goes.
            raise ConnectionError(f"mail server: {refused.code} {refused.message}") from refused
        except aiosmtplib.SMTPResponseException as refused:
            raise _verdict(refused.code, refused.message, bounced=False) from refused
        except aiosmtplib.SMTPException as failure:
            raise ConnectionError(f"mail server: {failure}") from failure


def _verdict(code: int, words: str, *, bounced: bool) -> Exception:
    """5xx is for ever, anything else may pass (RFC 5321, 4.2.1)."""
    told = f"{code} {words}"
    return (
        MailRefused(told, bounced=bounced) if 500 <= code < 600 else ConnectionError(f"mail server: {told}")
    )


class FileOutbox:
    """Implements `notices.MailSender` without a mail server: one file per letter, named by its Message-ID, so that a
    repeated sending replaces itself."""

    def __init__(self, folder: Path, portal_url: str, sender: str = Mail().sender) -> None:
        self._folder, self._sender = folder, sender
        self.portal_url = portal_url.rstrip("/")
        self.address = parseaddr(sender)[1]

    async def send(self, letter: Letter) -> None:
        await asyncio.to_thread(self._write, letter.message_id, message(letter, self._sender).as_bytes())

    def _write(self, message_id: str, letter: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9._-]", "_", message_id.strip("<>"))
        fresh = self._folder / f".{name}.{os.getpid()}"
        fresh.write_bytes(letter)
        fresh.replace(self._folder / f"{name}.eml")


def mail_sender(settings: Settings) -> SmtpSender | FileOutbox:
    """By SMTP where a mail host is set, else into `outbox` in the home folder."""
    if settings.mail.host:
        return SmtpSender(settings.mail, settings.base_url)
    return FileOutbox(settings.home / "outbox", settings.base_url, settings.mail.sender)
