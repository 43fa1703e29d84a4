"""Answers leave by mail: threaded as mail programs expect (RFC 5322), under one Message-ID however often they are sent, and with
an address that leads the reply, and a bounce, back into its thread."""

import asyncio
import html
import re
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from hashlib import sha256
from pathlib import Path

from aftercare.connectors.mail.account import (
    MailSettings,
    MailSettingsWrong,
    OAuthTokens,
    SmtpSettings,
    mail_settings,
)
from aftercare.connectors.smtp import MailNotTaken, Server, hand_over, house_server, lay_into, sign_in
from aftercare.conversations import Account, NotDelivered, Outgoing, Sent, TryLater
from aftercare.kit.text import one_line
from aftercare.settings import Mail, Settings

LARGEST_FILES = 20 * 1024 * 1024
"""Bytes of all attachments; what is beyond stands in the portal."""
LOOP = "X-Loop"
TOO_LARGE = {
    "zh-CN": "（以下附件过大，请在自助服务页面查看：{names}）",
    "zh-TW": "（以下附件過大，請於自助服務頁面查看：{names}）",
    "en": "(Too large for a mail, to be seen in your account: {names})",
}


def with_token(address: str, token: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def message_id(outgoing: Outgoing) -> str:
    return f"<message.{outgoing.message_id.hex}@{outgoing.account.address.rpartition('@')[2] or 'localhost'}>"


def letter(outgoing: Outgoing, contents: list[bytes], *, plus: bool = True) -> EmailMessage:
    """As it goes over the wire. Refuses with NotDelivered an address that is none."""
    ours = outgoing.account.address
    name = one_line(outgoing.shop_name)
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = Address(display_name=name, addr_spec=ours)
        mail["To"] = Address(display_name=one_line(outgoing.contact_name), addr_spec=outgoing.to)
        if plus:
            mail["Reply-To"] = Address(display_name=name, addr_spec=with_token(ours, outgoing.reply_token))
    except (ValueError, IndexError) as wrong:
        raise NotDelivered(f"not an address: {wrong}", bounced=True) from wrong
    mail["Subject"] = subject_of(outgoing)
    mail["Date"] = outgoing.posted_at.astimezone(UTC)
    mail["Message-ID"] = message_id(outgoing)
    references = [one for one in outgoing.references if re.fullmatch(r"<[\x21-\x7e]{3,300}>", one)]
    if outgoing.in_reply_to in references:
        mail["In-Reply-To"] = outgoing.in_reply_to
    elif references:
        mail["In-Reply-To"] = references[-1]
    if references:
        mail["References"] = " ".join(references)
    # A robot that sends this back to us tells us so; and no absence note needs to answer.
    mail[LOOP] = ours
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    if outgoing.author_name is None:
        mail["Auto-Submitted"] = "auto-generated"
    body = outgoing.body + _signature(outgoing)
    mail.set_content(body, charset="utf-8", cte="base64")
    mail.add_alternative(_html(outgoing, body), subtype="html", charset="utf-8", cte="base64")
    for file, content in zip(outgoing.files, contents, strict=True):
        main, _, sub = file.media_type.partition("/")
        mail.add_attachment(
            content, maintype=main, subtype=sub or "octet-stream", filename=one_line(file.name)
        )
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{sha256(f'{outgoing.message_id}{number}'.encode()).hexdigest()[:32]}")
    mail["Content-Language"] = outgoing.locale
    return mail


def subject_of(outgoing: Outgoing) -> str:
    subject = one_line(outgoing.subject) or outgoing.case_number
    if outgoing.in_reply_to and not re.match(r"(?i)(?:re|回复|回覆|答复)\s*[:：]", subject):
        subject = f"Re: {subject}"
    return subject if outgoing.case_number in subject else f"{subject} [{outgoing.case_number}]".strip()


def _signature(outgoing: Outgoing) -> str:
    names = [one_line(name) for name in (outgoing.author_name, outgoing.shop_name) if name]
    return "\n\n-- \n" + " · ".join(names) + "\n" if names else "\n"


def _html(outgoing: Outgoing, body: str) -> str:
    said = outgoing.html or "<br>\n".join(html.escape(line) for line in outgoing.body.split("\n"))
    names = html.escape(_signature(outgoing).strip().removeprefix("-- ").strip())
    return (
        f'<!DOCTYPE html>\n<html lang="{html.escape(outgoing.locale, quote=True)}"><head><meta charset="utf-8"></head>'
        f"<body><div>{said}</div><p>-- <br>{names}</p></body></html>\n"
    )


class MailChannel:
    """Implements `conversations.ChannelSender`: by the account's own server, else by the installation's, else into files."""

    def __init__(self, house_mail: Mail, outbox: Path, tokens: OAuthTokens | None = None) -> None:
        self._house, self._outbox = house_mail, outbox
        self._tokens = tokens or OAuthTokens()

    async def send(self, outgoing: Outgoing) -> Sent:
        try:
            given = mail_settings(outgoing.account)
        except MailSettingsWrong as wrong:
            raise TryLater(str(wrong)) from wrong
        outgoing, contents = await _with_files(outgoing)
        mail = letter(outgoing, contents, plus=given.plus)
        ours = outgoing.account.address
        back = with_token(ours, outgoing.reply_token) if given.plus else ours
        server = await self._server(outgoing.account, given)
        if server is None:
            await asyncio.to_thread(lay_into, self._outbox, message_id(outgoing), mail.as_bytes())
        else:
            try:
                await hand_over(mail, server, sender=back, to=outgoing.to)
            except MailNotTaken as refused:
                raise NotDelivered(refused.said, bounced=refused.bounced) from refused
            except ConnectionError as failure:
                raise TryLater(str(failure)) from failure
        return Sent(external_id=message_id(outgoing))

    async def _server(self, account: Account, given: MailSettings) -> Server | None:
        if given.smtp is not None:
            token = await self._tokens.token(account, given.oauth)
            return account_server(account, given.smtp, token, self._house.timeout_seconds)
        return house_server(self._house, self._house.host) if self._house.host is not None else None


async def _with_files(outgoing: Outgoing) -> tuple[Outgoing, list[bytes]]:
    """The files that fit, with their bytes; the others are named in the text."""
    fitting, left, names = [], LARGEST_FILES, []
    for file in outgoing.files:
        if file.size <= left:
            fitting.append(file)
            left -= file.size
        else:
            names.append(file.name)
    changed = {"files": fitting}
    if names:
        words = TOO_LARGE.get(outgoing.locale, TOO_LARGE["en"]).format(names=", ".join(names))
        changed["body"] = f"{outgoing.body}\n\n{words}"  # type: ignore[assignment]
        if outgoing.html:
            changed["html"] = f"{outgoing.html}<p>{html.escape(words)}</p>"  # type: ignore[assignment]
    return outgoing.model_copy(update=changed), [await file.read() for file in fitting]


def account_server(
    account: Account, given: SmtpSettings, token: str | None, timeout_seconds: float = 20
) -> Server:
    return Server(
        host=given.host,
        port=given.port,
        security=given.security,
        username=given.username or account.address,
        password=account.secrets.get("smtp_password") or account.secrets.get("password"),
        access_token=token,
        timeout_seconds=timeout_seconds,
    )


async def check_smtp(account: Account, given: SmtpSettings, token: str | None) -> str:
    """Signs in and leaves. Raises OSError with what a person can use."""
    server = account_server(account, given, token)
    await sign_in(server)
    signed = "signed in to" if server.signs_in else "reached"
    return f"smtp: {signed} {server.host}:{server.port}"


def mail_channel(settings: Settings) -> MailChannel:
    return MailChannel(settings.mail, settings.home / "outbox", OAuthTokens())


def own_address(address: str) -> str:
    """Without the token: `support+token@…` is `support@…`."""
    local, at, domain = parseaddr(address)[1].lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"
