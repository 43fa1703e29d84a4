"""From a mail to a case and back: threads, files, loops, bounces."""

import gzip
from pathlib import Path

from sqlalchemy import text

from aftercare.cases import say
from aftercare.conversations import messages, normalised
from aftercare.conversations.model import Channel
from aftercare.journal import House, begin, drain
from aftercare.kit.ids import new_id
from tests.cases.given import facts, names, scalar
from tests.connectors.mail.given import OURS, Post, a_post, mail
from tests.kit.test_files import PNG


async def answered(post: Post, words: str = "请拍一张照片") -> None:
    case_id = await scalar(post.house, "SELECT id FROM service_case ORDER BY opened_at DESC LIMIT 1")
    async with begin(post.house, post.world.mei) as work:
        await say(work, case_id, words)
    await drain(post.house)


async def said(post: Post) -> list[tuple[str, str]]:
    thread_id = await scalar(post.house, "SELECT thread_id FROM service_case LIMIT 1")
    async with begin(post.house, post.world.mei) as work:
        return [(one.author_kind.value, one.body) for one in (await messages(work, thread_id)).items]


async def test_a_mail_opens_a_case_and_the_answer_leaves_in_its_thread(house: House, tmp_path: Path) -> None:
    post = await a_post(house, tmp_path)
    assert await post.arrives(mail("接头处漏水", Message_ID="<1@example.com>")) == "received"
    await answered(post)
    (left,) = post.left()
    number = await scalar(house, "SELECT number FROM service_case")
    message_id = await scalar(house, "SELECT id FROM message WHERE author_kind = 'staff'")
    assert left["To"] == "li@example.com"
    assert left["Subject"] == f"Re: 净水器 [{number}]"
    assert left["Message-ID"] == f"<message.{message_id.hex}@qinglan.example>"
    assert (left["In-Reply-To"], left["References"]) == ("<1@example.com>", "<1@example.com>")
    assert left["X-Loop"] == OURS
    assert left["Auto-Submitted"] is None
    body = left.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "请拍一张照片\n\n-- \nmei · 青岚家电\n"
    again = mail(
        f"照片见附件\n\n在 2026-03-10 12:00:00，\"青岚家电\" <{OURS}> 写道：\n\n> 请拍一张照片",
        To_="x", Subject="换了标题", In_Reply_To=str(left["Message-ID"]),
    )  # fmt: skip
    assert await post.arrives(again) == "received"
    assert await said(post) == [
        ("customer", "接头处漏水"),
        ("staff", "请拍一张照片"),
        ("customer", "照片见附件"),
    ]
    assert await scalar(house, "SELECT count(*) FROM service_case") == 1


async def test_the_address_token_leads_home_from_any_address(house: House, tmp_path: Path) -> None:
    post = await a_post(house, tmp_path)
    await post.arrives(mail("一", Message_ID="<1@example.com>"))
    await answered(post)
    reply_to = str(post.left()[0]["Reply-To"]).partition("<")[2].rstrip(">")
    assert reply_to.startswith("service+")
    assert await post.arrives(mail("二", sender="work@other.example", to=reply_to.upper())) == "received"
    assert await scalar(house, "SELECT count(*) FROM service_case") == 1


async def test_one_mail_is_one_message_however_often_it_comes(house: House, tmp_path: Path) -> None:
    post = await a_post(house, tmp_path)
    first = mail("一", Message_ID="<1@example.com>")
    await post.arrives(first)
    await post.arrives(first)
    assert await post.arrives(b"Received: by another way\r\n" + first.as_bytes()) == "again"
    assert await scalar(house, "SELECT count(*) FROM message") == 1
    assert await post.arrives(mail("别的", Message_ID="<1@example.com>")) == "received"
    assert await scalar(house, "SELECT count(*) FROM message") == 2


async def test_pictures_are_kept_and_dangerous_files_are_named(house: House, tmp_path: Path) -> None:
    post = await a_post(house, tmp_path)
    made = mail("见附件")
    made.add_attachment(PNG, maintype="image", subtype="png", filename="漏水.png")
    made.add_attachment(PNG, maintype="application", subtype="x-msdownload", filename="picture.exe")
    made.add_attachment(gzip.compress(b"x"), maintype="image", subtype="png", filename="evil.png")
    made.add_attachment(b"MZ...", maintype="image", subtype="png", filename="virus.png")
    assert await post.arrives(made) == "received"
    assert await scalar(house, "SELECT array_agg(name ORDER BY name) FROM file") == [
        "picture.png",
        "漏水.png",
    ]
    assert await scalar(house, "SELECT count(*) FROM message_file") == 2
    body = (await said(post))[0][1]
    assert (
        body
        == "见附件\n\n（附件未保存：evil.png, virus.png。这种文件可能有风险，请客户改发图片、PDF、办公文档或压缩包。）"
    )


async def test_what_comes_back_of_ours_is_left_alone(house: House, tmp_path: Path) -> None:
    post = await a_post(house, tmp_path)
    await post.arrives(mail("一"))
    await answered(post)
    (left,) = post.left()
    assert await post.arrives(left) == "own"
    left.replace_header("From", "li@example.com")
    assert await post.arrives(left) == "own"
    assert await post.arrives(mail("我们自己", sender=OURS)) == "own"
    assert await scalar(house, "SELECT count(*) FROM message") == 2


async def test_two_robots_do_not_talk(house: House, tmp_path: Path) -> None:
    post = await a_post(house, tmp_path)
    assert await post.arrives(mail("I am away", Auto_Submitted="auto-replied")) == "automatic"
    assert await scalar(house, "SELECT count(*) FROM service_case") == 0
    await post.arrives(mail("一"))
    await answered(post)
    away = mail("休假中", Subject="自动回复: 净水器", In_Reply_To=str(post.left()[0]["Message-ID"]))
    assert await post.arrives(away) == "automatic"
    assert len(post.left()) == 1
    assert await scalar(house, "SELECT kind FROM message WHERE body LIKE '%休假中'") == "note"
    assert await scalar(house, "SELECT status FROM service_case") == "waiting_customer"


def bounce(message_id: str, whom: str) -> bytes:
    return (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: {OURS}\r\nSubject: Undelivered Mail\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {whom}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"From: {OURS}\r\nTo: {whom}\r\nMessage-ID: {message_id}\r\n\r\n--b--\r\n"
    ).encode()


async def test_a_bounce_marks_the_message_and_its_address(house: House, tmp_path: Path) -> None:
    post = await a_post(house, tmp_path)
    await post.arrives(mail("一"))
    await answered(post)
    message_id = str(post.left()[0]["Message-ID"])
    assert await post.arrives(bounce(message_id, "somebody@else.example")) == "bounce of something else"
    assert await scalar(house, "SELECT state FROM message_sending") == "sent"
    assert await post.arrives(bounce(message_id, "li@example.com")) == "bounce"
    assert await scalar(house, "SELECT state FROM message_sending") == "bounced"
    assert await scalar(house, "SELECT error FROM message_sending") == "5.1.1 smtp; 550 5.1.1 no such user"
    assert await scalar(house, "SELECT bounced_at IS NOT NULL FROM contact")
    assert await scalar(house, "SELECT status FROM service_case") == "waiting_shop"
    assert names(await facts(house, "message.undeliverable", "contact.bounced")) == [
        "message.undeliverable",
        "contact.bounced",
    ]
    assert await scalar(house, "SELECT count(*) FROM service_case") == 1


async def test_a_bounce_marks_the_notice_and_its_address(house: House, tmp_path: Path) -> None:
    post = await a_post(house, tmp_path)
    notice_id = new_id()
    async with begin(house) as work:
        await work.session.execute(
            text(
                "INSERT INTO notice (id, shop_id, position, fact, data, template, state, address, next_at, planned_at, sent_at)"
                " VALUES (:id, :shop, 1, 'x', '{}', 'x', 'sent', 'Xiaomei@example.com', :now, :now, :now)"
            ),
            {"id": notice_id, "shop": post.world.shop_id, "now": work.now},
        )
    name = f"<notice.{notice_id.hex}@qinglan.example>"
    assert await post.arrives(bounce(name, "xiaomei@example.com")) == "bounce"
    assert await scalar(house, "SELECT state FROM notice") == "bounced"
    assert await scalar(house, "SELECT bounced_at IS NOT NULL FROM contact")
    assert names(await facts(house, "notice.failed")) == ["notice.failed"]


async def test_a_mail_without_a_sender_is_noted_and_hurts_nobody(house: House, tmp_path: Path) -> None:
    post = await a_post(house, tmp_path)
    assert await post.arrives(b"Subject: x\r\n\r\nhello") == "no sender"
    assert await post.arrives(b"\xff\x00") == "no sender"
    assert normalised(Channel.email, OURS) == OURS
