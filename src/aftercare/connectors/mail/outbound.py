"""Answers leave by mail: threaded as mail programs expect (RFC 5322), under one Message-ID however often they are sent, and with
an address that leads the reply, and a bounce, back into its thread."""

import asyncio
import html
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

from aftercare.connectors.mail.account import MailSettingsWrong, OAuthTokens, SmtpSettings, mail_settings
from aftercare.conversations import Account, NotDelivered, Outgoing, Sent, TryLater
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
    name = _one_line(outgoing.shop_name)
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = Address(display_name=name, addr_spec=ours)
        mail["To"] = Address(display_name=_one_line(outgoing.contact_name), addr_spec=outgoing.to)
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
            content, maintype=main, subtype=sub or "octet-stream", filename=_one_line(file.name)
        )
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{sha256(f'{outgoing.message_id}{number}'.encode()).hexdigest()[:32]}")
    mail["Content-Language"] = outgoing.locale
    return mail


def subject_of(outgoing: Outgoing) -> str:
    subject = _one_line(outgoing.subject) or outgoing.case_number
    if outgoing.in_reply_to and not re.match(r"(?i)(?:re|回复|回覆|答复)\s*[:：]", subject):
        subject = f"Re: {subject}"
    return subject if outgoing.case_number in subject else f"{subject} [{outgoing.case_number}]".strip()


def _signature(outgoing: Outgoing) -> str:
    names = [_one_line(name) for name in (outgoing.author_name, outgoing.shop_name) if name]
    return "\n\n-- \n" + " · ".join(names) + "\n" if names else "\n"


def _html(outgoing: Outgoing, body: str) -> str:
    said = outgoing.html or "<br>\n".join(html.escape(line) for line in outgoing.body.split("\n"))
    names = html.escape(_signature(outgoing).strip().removeprefix("-- ").strip())
    return (
        f'<!DOCTYPE html>\n<html lang="{html.escape(outgoing.locale, quote=True)}"><head><meta charset="utf-8"></head>'
        f"<body><div>{said}</div><p>-- <br>{names}</p></body></html>\n"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


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
        server = given.smtp
        if server is not None:
            secrets = outgoing.account.secrets
            token = await self._tokens.token(outgoing.account, given.oauth)
            await self._hand_over(
                mail,
                back,
                outgoing.to,
                server,
                server.username or (ours if token or secrets else None),
                secrets.get("smtp_password") or secrets.get("password"),
                token,
            )
        elif self._house.host is not None:
            house = SmtpSettings(host=self._house.host, port=self._house.port, security=self._house.security)
            password = self._house.password.get_secret_value() if self._house.password else None
            await self._hand_over(mail, back, outgoing.to, house, self._house.username, password, None)
        else:
            await asyncio.to_thread(self._write, message_id(outgoing), mail.as_bytes())
        return Sent(external_id=message_id(outgoing))

    async def _hand_over(
        self,
        mail: EmailMessage,
        back: str,
        to: str,
        server: SmtpSettings,
        username: str | None,
        password: str | None,
        token: str | None,
    ) -> None:
        async def access_token() -> str:
            return token or ""

        signs_in = bool(username and (password or token))
        try:
            await aiosmtplib.send(
                mail,
                sender=back,
                recipients=[to],
                hostname=server.host,
                port=server.port,
                username=username if signs_in else None,
                password=password if signs_in and not token else None,
                oauth_token_generator=access_token if signs_in and token else None,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                timeout=self._house.timeout_seconds,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            first = refused.recipients[0]
            raise _verdict(first.code, first.message, bounced=True) from refused
        except aiosmtplib.SMTPAuthenticationError as refused:
            # Our own credentials are wrong: somebody mends them, and the mail goes.
            raise TryLater(f"mail server: {refused.code} sign-in refused") from refused
        except aiosmtplib.SMTPResponseException as refused:
            raise _verdict(refused.code, refused.message, bounced=False) from refused
        except (aiosmtplib.SMTPException, OSError, ValueError) as failure:
            raise TryLater(f"mail server: {failure}") from failure

    def _write(self, name: str, content: bytes) -> None:
        self._outbox.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^A-Za-z0-9._-]", "_", name.strip("<>"))
        fresh = self._outbox / f".{stem}.{os.getpid()}"
        fresh.write_bytes(content)
        fresh.replace(self._outbox / f"{stem}.eml")


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


def _verdict(code: int, words: str, *, bounced: bool) -> Exception:
    """5xx is for ever, anything else may pass (RFC 5321, 4.2.1)."""
    told = f"{code} {words}"
    return NotDelivered(told, bounced=bounced) if 500 <= code < 600 else TryLater(f"mail server: {told}")


async def check_smtp(account: Account, server: SmtpSettings, token: str | None) -> str:
    """Signs in and leaves. Raises OSError with what a person can use."""
    secrets = account.secrets
    password = secrets.get("smtp_password") or secrets.get("password")
    username = server.username or account.address

    async def access_token() -> str:
        return token or ""

    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        username=username if token or password else None,
        password=password if not token else None,
        oauth_token_generator=access_token if token else None,
        timeout=20,
    )
    try:
        async with client:
            await client.noop()
    except aiosmtplib.SMTPAuthenticationError as refused:
        raise OSError(f"{server.host} refuses the sign-in of {username} ({refused.code})") from None
    except (aiosmtplib.SMTPException, ValueError) as failure:
        raise OSError(f"{server.host}: {failure}") from None
    signed = (
        f"signed in to {server.host}:{server.port}"
        if token or password
        else f"reached {server.host}:{server.port}"
    )
    return f"smtp: {signed}"


def mail_channel(settings: Settings) -> MailChannel:
    return MailChannel(settings.mail, settings.home / "outbox", OAuthTokens())


def own_address(address: str) -> str:
    """Without the token: `support+token@…` is `support@…`."""
    local, at, domain = parseaddr(address)[1].lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"
