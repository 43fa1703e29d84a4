"""Letters against a real SMTP server in this process."""

import asyncio
import email
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd import smtp as server_side
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session
from pydantic import SecretStr

from aftercare.connectors.mail_smtp import FileOutbox, SmtpSender, mail_sender, message
from aftercare.notices import Letter, MailRefused
from aftercare.settings import Mail, Settings
from tests.given.ports import free_port

LETTER = Letter(
    message_id="<notice.019cd5e6d2007@care.example>",
    sender_name="清和家居",
    to="xiaoyan@example.com",
    to_name="王晓燕",
    reply_to="kefu@qinghe.example",
    subject="退款成功：¥640.00（AS260310-0042）",
    text="王晓燕，您好：\n\n退款 ¥640.00 已退出。\n",
    html="<!doctype html><p>退款 ¥640.00 已退出。</p>",
    locale="zh-CN",
    date=datetime(2026, 3, 10, 4, 0, tzinfo=UTC),
)


@dataclass
class Postman:
    """Answers as told to; keeps what it took."""

    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    to_recipient: str = "250 OK"
    to_data: str = "250 OK"

    async def handle_RCPT(  # the name that the server looks for
        self, server: server_side.SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: server_side.SMTP, session: Session, envelope: Envelope) -> str:
        if self.to_data.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append((envelope.mail_from or "", envelope.rcpt_tos, envelope.content))
        return self.to_data


@pytest.fixture
def postman() -> Postman:
    return Postman()


@pytest.fixture
def server(postman: Postman) -> Iterator[Controller]:
    # The controller connects to its own port before it knows it, so it must be told a free one.
    controller = Controller(postman, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


def sender(server: Controller, **more: Any) -> SmtpSender:
    return SmtpSender(
        Mail(
            host="127.0.0.1",
            port=server.port,
            sender="Aftercare <service@care.example>",
            timeout_seconds=30,
            **more,
        ),
        "https://care.example/",
    )


async def test_a_letter_arrives_whole(server: Controller, postman: Postman) -> None:
    smtp = sender(server)
    assert (smtp.address, smtp.portal_url) == ("service@care.example", "https://care.example")
    await smtp.send(LETTER)
    ((mail_from, recipients, content),) = postman.taken
    assert (mail_from, recipients) == ("service@care.example", ["xiaoyan@example.com"])
    mail = email.message_from_bytes(content, policy=SMTP)
    assert isinstance(mail, EmailMessage)
    assert [(name, str(value)) for name, value in mail.items() if not name.startswith("X-Peer")] == [
        ("From", "清和家居 <service@care.example>"),
        ("To", "王晓燕 <xiaoyan@example.com>"),
        ("Reply-To", "清和家居 <kefu@qinghe.example>"),
        ("Subject", "退款成功：¥640.00（AS260310-0042）"),
        ("Date", "Tue, 10 Mar 2026 04:00:00 +0000"),
        ("Message-ID", "<notice.019cd5e6d2007@care.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("MIME-Version", "1.0"),
        ("Content-Type", mail["Content-Type"]),
        ("Content-Language", "zh-CN"),
    ]
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), text.get_content_charset()) == ("text/plain", "utf-8")
    assert (html.get_content_type(), html.get_content_charset()) == ("text/html", "utf-8")
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().strip() == LETTER.html


async def test_sent_again_it_is_the_same_letter(server: Controller, postman: Postman) -> None:
    smtp = sender(server)
    await smtp.send(LETTER)
    await smtp.send(LETTER)
    first, second = postman.taken
    assert first == second


async def test_a_title_cannot_add_a_header() -> None:
    import dataclasses

    wild = dataclasses.replace(LETTER, subject="Hi\r\nBcc: all@example.com", to_name="A\nB")
    mail = message(wild, "service@care.example")
    assert mail["Subject"] == "Hi Bcc: all@example.com"
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("to_recipient", "to_data", "bounced", "reason"),
    [
        ("550 5.1.1 no such user", "250 OK", True, "550 5.1.1 no such user"),
        ("250 OK", "554 5.7.1 looks like spam", False, "554 5.7.1 looks like spam"),
    ],
)
async def test_refused_for_ever(
    server: Controller, postman: Postman, to_recipient: str, to_data: str, bounced: bool, reason: str
) -> None:
    postman.to_recipient, postman.to_data = to_recipient, to_data
    with pytest.raises(MailRefused) as refused:
        await sender(server).send(LETTER)
    assert (refused.value.bounced, refused.value.reason) == (bounced, reason)


@pytest.mark.parametrize(
    ("to_recipient", "to_data"), [("450 4.2.1 try later", "250 OK"), ("250 OK", "451 4.3.0 try later")]
)
async def test_refused_for_now(server: Controller, postman: Postman, to_recipient: str, to_data: str) -> None:
    postman.to_recipient, postman.to_data = to_recipient, to_data
    with pytest.raises(OSError, match="try later"):
        await sender(server).send(LETTER)


async def test_nobody_at_home() -> None:
    gone = SmtpSender(Mail(host="127.0.0.1", port=1, timeout_seconds=1), "https://care.example")
    with pytest.raises(OSError, match="mail server"):
        await gone.send(LETTER)


async def test_somebody_who_says_nothing() -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        mute = SmtpSender(Mail(host="127.0.0.1", port=port, timeout_seconds=0.2), "https://care.example")
        with pytest.raises(OSError, match="mail server"):
            await mute.send(LETTER)
    finally:
        server.close()
        await asyncio.sleep(1)


async def test_wrong_credentials_of_ours_are_not_the_letters_fault(server: Controller) -> None:
    with pytest.raises(OSError, match="mail server"):
        await sender(server, username="us", password=SecretStr("wrong")).send(LETTER)


async def test_an_address_that_is_none(server: Controller) -> None:
    import dataclasses

    with pytest.raises(MailRefused) as refused:
        await sender(server).send(dataclasses.replace(LETTER, to="not an address"))
    assert refused.value.bounced


async def test_without_a_host_letters_lie_in_the_outbox(tmp_path: Path) -> None:
    outbox = mail_sender(Settings(home=tmp_path, base_url="http://127.0.0.1:8000"))
    assert isinstance(outbox, FileOutbox)
    await outbox.send(LETTER)
    await outbox.send(LETTER)
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.name == "notice.019cd5e6d2007_care.example.eml"
    mail = email.message_from_bytes(file.read_bytes(), policy=SMTP)
    assert (mail["Message-ID"], mail["From"]) == (LETTER.message_id, "清和家居 <service@localhost>")
    assert isinstance(
        mail_sender(Settings.model_validate({"home": tmp_path, "mail": {"host": "mail.example"}})), SmtpSender
    )
