"""Letters by SMTP; without a mail host, as `.eml` files in a folder, where any mail program opens them.

Sources: RFC 5322 (headers), RFC 3834 (Auto-Submitted).
"""

import asyncio
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from hashlib import sha256
from pathlib import Path

from aftercare.connectors.smtp import MailNotTaken, hand_over, house_server, lay_into
from aftercare.kit.text import one_line
from aftercare.notices import Letter, MailRefused
from aftercare.settings import Mail, Settings


def message(letter: Letter, sender: str) -> EmailMessage:
    """The letter as it goes over the wire, byte for byte the same each time. Refuses with MailRefused an address that is
    none."""
    _, address = parseaddr(sender)
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = Address(display_name=one_line(letter.sender_name), addr_spec=address)
        mail["To"] = Address(display_name=one_line(letter.to_name), addr_spec=letter.to)
        if letter.reply_to:
            mail["Reply-To"] = Address(display_name=one_line(letter.sender_name), addr_spec=letter.reply_to)
    except (ValueError, IndexError) as wrong:
        raise MailRefused(f"not an address: {wrong}", bounced=True) from wrong
    mail["Subject"] = one_line(letter.subject)
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


class SmtpSender:
    """Implements `notices.MailSender` with one connection per letter."""

    def __init__(self, mail: Mail, portal_url: str) -> None:
        if mail.host is None:
            raise ValueError("AFTERCARE_MAIL__HOST is not set")
        self._sender = mail.sender
        self._server = house_server(mail, mail.host)
        self.portal_url = portal_url.rstrip("/")
        self.address = parseaddr(mail.sender)[1]

    async def send(self, letter: Letter) -> None:
        try:
            await hand_over(message(letter, self._sender), self._server, sender=self.address, to=letter.to)
        except MailNotTaken as refused:
            raise MailRefused(refused.said, bounced=refused.bounced) from refused


class FileOutbox:
    """Implements `notices.MailSender` without a mail server: one file per letter."""

    def __init__(self, folder: Path, portal_url: str, sender: str = Mail().sender) -> None:
        self._folder, self._sender = folder, sender
        self.portal_url = portal_url.rstrip("/")
        self.address = parseaddr(sender)[1]

    async def send(self, letter: Letter) -> None:
        await asyncio.to_thread(
            lay_into, self._folder, letter.message_id, message(letter, self._sender).as_bytes()
        )


def mail_sender(settings: Settings) -> SmtpSender | FileOutbox:
    """By SMTP where a mail host is set, else into `outbox` in the home folder."""
    if settings.mail.host:
        return SmtpSender(settings.mail, settings.base_url)
    return FileOutbox(settings.home / "outbox", settings.base_url, settings.mail.sender)
