"""The listener takes what is for us and only says yes when it is kept; answers go out to a real SMTP server."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from sqlalchemy import text

from aftercare.cases import say
from aftercare.connectors.mail.boxes import check_account
from aftercare.connectors.mail.listener import listening
from aftercare.connectors.mail.outbound import MailChannel
from aftercare.conversations import AccountChange, change_account, messages, open_file
from aftercare.journal import House, begin, drain
from aftercare.kit.files import Files, serving_headers
from aftercare.settings import Mail
from tests.cases.given import scalar
from tests.connectors.mail.given import OURS, Post, _Senders, a_post, mail


async def handed(port: int, raw: bytes, to: str = OURS, sender: str = "li@example.com") -> str:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=60, start_tls=False)
    async with client:
        _, words = await client.sendmail(sender, [to], raw)
    return words


async def test_what_is_for_us_is_kept_and_nothing_else(own_house: House, tmp_path: Path) -> None:
    post = await a_post(own_house, tmp_path)
    async with listening(own_house, "127.0.0.1", 0, largest=100_000) as port:
        assert await handed(port, mail("一", Message_ID="<1@a.example>").as_bytes()) == "2.0.0 Kept"
        await handed(
            port, mail("二", Message_ID="<2@a.example>").as_bytes(), to="service+abc@qinglan.example"
        )
        for to in ("nobody@qinglan.example", "service@elsewhere.example"):
            with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
                await handed(port, b"Subject: x\r\n\r\nx", to=to)
            assert refused.value.recipients[0].code == 550
        with pytest.raises(aiosmtplib.SMTPResponseException) as large:
            await handed(port, b"Subject: x\r\n\r\n" + b"x" * 200_000)
        assert large.value.code == 552
    await drain(own_house)
    assert await scalar(own_house, "SELECT array_agg(body ORDER BY position) FROM message") == ["一", "二"]
    assert post.account_id == await scalar(own_house, "SELECT DISTINCT account_id FROM channel_push")


async def test_nothing_is_said_to_be_kept_that_is_not(
    own_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_post(own_house, tmp_path)

    async def fails(*_: Any, **__: Any) -> None:
        raise OSError("the database has gone")

    async with listening(own_house, "127.0.0.1", 0) as port:
        with monkeypatch.context() as broken:
            broken.setattr("aftercare.connectors.mail.listener.keep_mail", fails)
            with pytest.raises(aiosmtplib.SMTPResponseException) as later:
                await handed(port, mail("一").as_bytes())
            assert later.value.code == 451
        assert await handed(port, mail("一").as_bytes()) == "2.0.0 Kept"


class Server:
    """Somebody else's mail server, with its moods."""

    def __init__(self) -> None:
        self.took: list[Envelope] = []
        self.signed_in: list[bytes] = []
        self.mood = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.mood.startswith("250"):
            return self.mood
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.took.append(envelope)
        return "250 OK"

    def sign_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.signed_in.append(data.password)
        return AuthResult(success=data.password == b"p4ss", handled=False)


@asynccontextmanager
async def served(server: Server) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(server, authenticator=server.sign_in, auth_require_tls=False, loop=loop)

    listener = await loop.create_server(protocol, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await listener.wait_closed()


async def an_answer(post: Post) -> None:
    await post.arrives(mail("一", Message_ID="<1@example.com>"))
    case_id = await scalar(post.house, "SELECT id FROM service_case")
    async with begin(post.house, post.world.mei) as work:
        await say(work, case_id, "二")


async def sending(post: Post) -> tuple[str, str]:
    async with begin(post.house) as work:
        row = (await work.session.execute(text("SELECT state, error FROM message_sending"))).one()
    return row.state, row.error


@pytest.mark.parametrize(
    ("mood", "state"),
    [("250 OK", "sent"), ("550 5.1.1 no such user", "bounced"), ("451 4.2.0 busy", "planned")],
)
async def test_the_accounts_own_server_is_used(
    own_house: House, tmp_path: Path, mood: str, state: str
) -> None:
    server = Server()
    server.mood = mood
    async with served(server) as port:
        settings = {"smtp": {"host": "127.0.0.1", "port": port, "security": "none", "username": "u"}}
        post = await a_post(own_house, tmp_path, settings, smtp_password="p4ss")
        await an_answer(post)
        await drain(own_house)
    assert (await sending(post))[0] == state
    assert server.signed_in == [b"p4ss"]
    if state == "sent":
        assert server.took[0].rcpt_tos == ["li@example.com"]
        assert server.took[0].mail_from is not None
        assert server.took[0].mail_from.startswith("service+")


async def test_a_wrong_password_is_tried_later_and_not_told(own_house: House, tmp_path: Path) -> None:
    async with served(Server()) as port:
        settings = {"smtp": {"host": "127.0.0.1", "port": port, "security": "none", "username": "u"}}
        post = await a_post(own_house, tmp_path, settings, smtp_password="wr0ng")
        await an_answer(post)
        await drain(own_house)
    state, error = await sending(post)
    assert (state, error) == ("planned", "mail server: 535 sign-in refused")


async def test_without_an_own_server_the_installations_is_used(own_house: House, tmp_path: Path) -> None:
    server = Server()
    async with served(server) as port:
        post = await a_post(own_house, tmp_path)
        house_mail = Mail(host="127.0.0.1", port=port)
        own_house.ports = {**own_house.ports, type_of_senders(): _Senders(MailChannel(house_mail, tmp_path))}
        await an_answer(post)
        await drain(own_house)
    assert len(server.took) == 1


def type_of_senders() -> type:
    from aftercare.conversations import ChannelSenders

    return ChannelSenders


async def test_settings_that_cannot_be_understood_are_told(own_house: House, tmp_path: Path) -> None:
    post = await a_post(own_house, tmp_path)
    async with begin(own_house) as work:
        await change_account(work, post.account_id, AccountChange(settings={"smtp": {"hots": "x"}}))
    await an_answer(post)
    await drain(own_house)
    state, error = await sending(post)
    assert state == "planned"
    assert "smtp.host" in error


async def test_an_account_is_tried_before_it_is_used(own_house: House, tmp_path: Path) -> None:
    async with served(Server()) as port:
        settings = {"smtp": {"host": "127.0.0.1", "port": port, "security": "none", "username": "u"}}
        post = await a_post(own_house, tmp_path, settings, password="p4ss")
        assert await check_account(own_house, post.account_id) == [
            "imap: not set",
            f"smtp: signed in to 127.0.0.1:{port}",
        ]
        async with begin(own_house) as work:
            await change_account(work, post.account_id, AccountChange(secrets={"password": "wr0ng"}))
        with pytest.raises(OSError, match=r"127.0.0.1 refuses the sign-in of u \(535\)"):
            await check_account(own_house, post.account_id)


DOCX = (
    b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00"
    b"[Content_Types].xml word/document.xml " + bytes(range(256)) * 40
)
XLSX = b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00xl/workbook.xml " + bytes(reversed(range(256))) * 40
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"1 0 obj<<>>endobj\n" * 50 + b"%%EOF\n"
_OFFICE = "application/vnd.openxmlformats-officedocument"
ATTACHED = (
    # As Outlook sends them: continued and encoded by RFC 2231, with the old encoding in Content-Type beside it.
    (
        "售后维修报价单（2026年3月）-青岚家电.docx",
        f"{_OFFICE}.wordprocessingml.document",
        DOCX,
        (
            "filename*0*=utf-8''%E5%94%AE%E5%90%8E%E7%BB%B4%E4%BF%AE%E6%8A%A5%E4%BB%B7%E5%8D%95%EF%BC%88;\r\n"
            " filename*1*=2026%E5%B9%B43%E6%9C%88%EF%BC%89-%E9%9D%92%E5%B2%9A%E5%AE%B6%E7%94%B5.docx"
        ),
    ),
    (
        "对账 明细.xlsx",
        f"{_OFFICE}.spreadsheetml.sheet",
        XLSX,
        "filename*=gb18030'zh-CN'%B6%D4%D5%CB%20%C3%F7%CF%B8.xlsx",
    ),
    ("发票.pdf", "application/pdf", PDF, 'filename="=?gb2312?B?t6LGsS5wZGY=?="'),
)


def from_outlook() -> bytes:
    parts = [
        "From: =?gb2312?B?wO7OsA==?= <li@example.com>\r\nTo: "
        + OURS
        + "\r\nSubject: =?gb2312?B?sajquNei?=\r\n"
        "Message-ID: <AM0PR01MB1234@eurprd01.prod.exchangelabs.com>\r\nX-Mailer: Microsoft Outlook 16.0\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="----=_NextPart_000_0001"\r\n\r\n'
        '------=_NextPart_000_0001\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
        "资料见附件\r\n"
    ]
    for _, kind, content, named in ATTACHED:
        body = base64.encodebytes(content).decode().replace("\n", "\r\n")
        parts.append(
            f"------=_NextPart_000_0001\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
            f"Content-Disposition: attachment;\r\n {named}\r\n\r\n{body}"
        )
    return ("".join(parts) + "------=_NextPart_000_0001--\r\n").encode()


async def test_office_files_from_outlook_reach_the_case_whole_and_are_served_safely(
    own_house: House, tmp_path: Path
) -> None:
    post = await a_post(own_house, tmp_path)
    async with listening(own_house, "127.0.0.1", 0) as port:
        assert await handed(port, from_outlook()) == "2.0.0 Kept"
    await drain(own_house)
    async with begin(own_house, post.world.mei) as work:
        thread_id = await work.session.scalar(text("SELECT thread_id FROM service_case"))
        (message,) = [one for one in (await messages(work, thread_id)).items if one.body]
        files = [await open_file(work, one.id) for one in message.files]
    assert message.body == "资料见附件"
    assert [(one.name, one.media_type) for one in files] == [(name, kind) for name, kind, _, _ in ATTACHED]
    for view, (name, kind, content, _) in zip(files, ATTACHED, strict=True):
        kept = [piece async for piece in await own_house.port(Files).read(view.key)]
        assert b"".join(kept) == content
        headers = serving_headers(name, kind)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Disposition"].endswith(f"filename*=UTF-8''{quote(name, safe='')}")
        assert headers["Content-Disposition"].startswith(
            "inline" if kind == "application/pdf" else "attachment"
        )
