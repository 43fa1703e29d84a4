"""Mails of every charset and kind of brokenness are read; a fuzzer finds none that breaks us."""

import random
from email.message import EmailMessage
from pathlib import Path
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftercare.connectors.mail.charsets import charset, header_text, to_text
from aftercare.connectors.mail.html import read_html
from aftercare.connectors.mail.reading import Mail, read_mail
from aftercare.connectors.mail.reports import reported
from aftercare.conversations import safe_html


def simple(body: bytes, kind: str = "text/plain; charset=utf-8", *more: str) -> Mail:
    head = "\r\n".join(["From: Li <li@example.com>", "Subject: x", f"Content-Type: {kind}", *more])
    return read_mail(head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("words", "codec", "label"),
    [
        ("退货退款，鎔朶", "gb18030", "gb2312"),
        ("退货退款", "gb18030", "gbk"),
        ("退貨退款，嘅喺", "big5hkscs", "big5"),
        ("返品をお願いします①㈱", "cp932", "shift_jis"),
        ("返品をお願いします", "iso2022_jp", "iso-2022-jp"),
        ("환불 부탁드립니다", "cp949", "ks_c_5601-1987"),
        ("Верните деньги", "koi8-r", "koi8-r"),
        ("Верните деньги", "cp1251", "windows-1251"),
        ("Grüße €", "cp1252", "iso-8859-1"),
        ("สวัสดี", "cp874", "tis-620"),
        ("退货退款，谢谢你们", "utf-8", "iso-8859-1"),
        ("退货退款，谢谢你们", "gb18030", "iso-8859-1"),
        ("退货退款，谢谢你们", "gb18030", "utf-8"),
        ("退貨退款，謝謝你們", "big5hkscs", "us-ascii"),
        ("退货退款，谢谢你们", "gb18030", "x-unknown"),
        ("Grüße aus Köln", "utf-8", "us-ascii"),
    ],
)
def test_every_charset_is_read_and_wrong_labels_are_seen_through(words: str, codec: str, label: str) -> None:
    assert to_text(words.encode(codec), label) == words
    assert simple(words.encode(codec), f"text/plain; charset={label}").text == words


def test_circled_digits_of_windows_in_iso_2022_jp_are_read() -> None:
    assert to_text(b"\x1b$B-!4]?t;z\x1b(B ok", "iso-2022-jp") == "①丸数字 ok"


def test_no_codec_that_is_no_charset_is_used() -> None:
    assert [charset(label) for label in ("base64", "zlib", "rot13", "idna", "../x", "", None, "\x00")] == [
        None
    ] * 8


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("=?gb2312?B?zcu79Q==?=", "退货"),
        ("=?GB2312?B?zc?= =?GB2312?B?u7vT?=", "突护"),
        ("=?utf-8?q?=E9=80=80?= =?utf-8?q?=E8=B4=A7?=", "退货"),
        ("=?utf-8?B?6YA=?= =?utf-8?B?gOi0pw==?=", "退货"),
        ("Re: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=, ok", "Re: Grüße, ok"),
        ("=?broken?B?", "=?broken?B?"),
        ("=?utf-8?B?!!!!?=", ""),
        ("退货".encode("gb18030").decode("utf-8", "surrogateescape") + "款", "退货款"),
    ],
)
def test_header_lines_are_decoded_whole(raw: str, read: str) -> None:
    if raw.endswith("款"):
        raw = "退货款，谢谢你们".encode("gb18030").decode("utf-8", "surrogateescape")
        assert header_text(raw) == "退货款，谢谢你们"
    elif "u7vT" in raw:
        assert "=?" not in header_text(raw)
    else:
        assert header_text(raw) == read


def mail_with_files() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "李伟 <li@example.com>", "service+abc@qinglan.example", "漏水"
    mail["Message-ID"], mail["References"] = "<2@b>", "<0@a> <1@a>"
    mail["In-Reply-To"] = "<1@a>"
    mail.set_content("见图")
    mail.add_alternative('<p>见图<img src="cid:p1"><img src="https://spy.example/x.gif"></p>', subtype="html")
    mail.get_payload()[1].add_related(b"\x89PNG" + b"x" * 300, "image", "png", cid="<p1>", filename="图.png")  # type: ignore[union-attr, index]
    mail.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="发票 & 收据.pdf")
    return mail


def test_pictures_in_the_text_and_attachments_are_found() -> None:
    mail = read_mail(mail_with_files().as_bytes())
    assert [(file.name, file.claimed, file.inline) for file in mail.files] == [
        ("图.png", "image/png", True),
        ("发票 & 收据.pdf", "application/pdf", False),
    ]
    assert mail.files[0].content_id == "p1"
    assert (mail.sender, mail.sender_name, mail.text) == ("li@example.com", "李伟", "见图")
    assert (mail.message_id, mail.references) == ("<2@b>", ["<0@a>", "<1@a>"])
    assert mail.recipients == ["service+abc@qinglan.example"]
    assert "spy.example" not in (safe_html(mail.html) or "")


def test_quotes_of_webmail_are_left_out_of_html() -> None:
    for quoted in (
        '<div class="gmail_quote">On …<blockquote>Old</blockquote></div>',
        '<blockquote type="cite">Old</blockquote>',
        '<div id="divRplyFwdMsg">From: x</div><div>Old</div>',
        '<div class="yahoo_quoted"><div>Old</div></div>',
        '<div id="isReplyContent">Old</div>',
    ):
        text, kept, left = read_html(f"<html><body><p>New</p>{quoted}</body></html>")
        assert text.strip() == "New"
        assert "Old" not in kept
        assert "Old" in left
    assert (
        read_html("<style>p{}</style><script>alert(1)</script><p>a<br>b</p><ul><li>c</li></ul>")[0]
        == "a\nb\n\n- c"
    )


def test_scripts_and_remote_pictures_never_arrive() -> None:
    hostile = '<p onclick="x()">a</p><img src=https://spy.example/1><a href="javascript:x">b</a><iframe src=x></iframe><svg onload=x>'
    cleaned = safe_html(simple(hostile.encode(), "text/html; charset=utf-8").html) or ""
    for word in ("onclick", "spy.example", "javascript", "iframe", "svg", "<img"):
        assert word not in cleaned


def test_broken_mails_are_read_as_far_as_they_go() -> None:
    assert simple("退货".encode(), "text/plain; charset=utf-8", "Content-Transfer-Encoding: base64").text
    assert read_mail(b"").text == ""
    assert read_mail(b"\x00\xff\xfe").sender == ""
    cut = mail_with_files().as_bytes()
    for length in range(0, len(cut), 37):
        read_mail(cut[:length])
    wrong = b'From: a@b.cc\nContent-Type: multipart/mixed; boundary="x"\n\n--y\nContent-Type: text/plain\n\nhello\n--y--\n'
    assert read_mail(wrong).text == "hello"
    assert simple(b"a=ZZb=", "text/plain", "Content-Transfer-Encoding: quoted-printable").text.startswith("a")
    assert read_mail(b"Subject: no sender\n\nhello").sender == ""


def test_bombs_do_not_go_off() -> None:
    began = process_time()
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5_000)
    )
    read_mail(b"From: a@b.cc\n" + nested)
    read_mail(b"From: a@b.cc\n" + b"Content-Type: message/rfc822\n\n" * 5_000)
    read_mail(b"From: a@b.cc\n" + b"X-A: b\n" * 200_000 + b"\nhello")
    read_mail(b"From: " + b"(" * 100_000 + b"\nTo: " + b"a@b.cc, " * 20_000 + b"\n\nhello")
    read_mail(b"References: " + b"<a@b> " * 100_000 + b"\n\nhello")
    parts = b"".join(
        b"--b\nContent-Type: text/plain; name=a%d\nContent-Disposition: attachment\n\nx\n" % n
        for n in range(5_000)
    )
    assert len(read_mail(b"Content-Type: multipart/mixed; boundary=b\n\n" + parts).files) <= 20
    read_html("<div>" * 200_000 + "x")
    read_html("<blockquote type=cite>" * 50_000 + "<a " * 50_000)
    reported(simple(b"a@b " * 100_000 + b"<" * 50_000))
    assert process_time() - began < 60


def samples(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.rglob("*.eml"))]


def test_every_shared_sample_is_read(shared_data: Path) -> None:
    read = [(path, read_mail(path.read_bytes())) for path in sorted((shared_data / "email").rglob("*.eml"))]
    assert len(read) > 350
    people = [
        path.name
        for path, mail in read
        if "redmine" in path.parts and not mail.sender and "without_from" not in path.name
    ]
    assert people == []


_POISON = [b"", b"\x00", b"\xff", b"\n\n", b"\r\n.\r\n", b"=?utf-8?b?", b"boundary=", b"Content-Type: ", b"Content-Type: multipart/mixed; boundary=\"\"\n",
           b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x-uuencode\n", b"charset=idna", b"charset=utf-7", b"--", b"\xe9" * 50,
           b"From: @<>,;:\n", b"To: \"\\", b"=3D=", b"\x1b$B", b"Date: Thu, 99 Zzz 99999999 99:99:99 +99999\n", b"filename*0*=utf-8''%ff%", b"<![CDATA[", b"<!--", b"&#x110000;", b"<?"]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 30))
def test_no_mutation_of_a_mail_breaks_us(shared_data: Path, seed: int, cuts: int) -> None:
    dice = random.Random(seed)
    pool = _pool(shared_data)
    raw = bytearray(dice.choice(pool))[:60_000]
    for _ in range(cuts):
        at = dice.randrange(len(raw) + 1)
        match dice.randrange(5):
            case 0:
                raw[at : at + dice.randrange(40)] = dice.choice(_POISON)
            case 1:
                other = dice.choice(pool)
                begin = dice.randrange(len(other) + 1)
                raw[at:at] = other[begin : begin + dice.randrange(2_000)]
            case 2:
                del raw[at : at + dice.randrange(400)]
            case 3 if raw:
                raw[at % len(raw)] = dice.randrange(256)
            case _:
                head = dice.randrange(min(len(raw), 400) + 1)
                raw[head:head] = dice.choice(_POISON)
    mail = read_mail(bytes(raw))
    reported(mail)
    safe_html(mail.html)
    assert "\x00" not in mail.text + mail.subject + mail.sender_name + "".join(
        file.name for file in mail.files
    )


_POOL: list[bytes] = []


def _pool(shared_data: Path) -> list[bytes]:
    if not _POOL:
        _POOL.extend(samples(shared_data / "email"))
    return _POOL
