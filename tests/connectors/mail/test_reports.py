"""Bounces, absence notes, lists: told apart from what people write."""

from collections import Counter
from pathlib import Path

import pytest

from aftercare.connectors.mail.reading import read_mail
from aftercare.connectors.mail.reports import Report, reported


def kind_of(raw: str) -> Report | None:
    told = reported(read_mail(raw.encode()))
    return None if told is None else told.what


def test_the_shared_bounces_are_recognised_with_whom_they_did_not_reach(shared_data: Path) -> None:
    folder = shared_data / "email" / "sisimai" / "maildir"
    found: Counter[str] = Counter()
    for path in sorted((folder / "bsd").glob("*.eml")) + sorted((folder / "err").glob("*.eml")):
        told = reported(read_mail(path.read_bytes()))
        assert told is not None, path.name
        found[told.what.value] += 1
        found["named"] += bool(told.recipients)
        if told.what not in (Report.complaint, Report.automatic):
            assert told.what in (Report.bounced, Report.delayed), path.name
    assert found["automatic"] == 1
    # One bounce of the DragonFly agent names only a local mailbox, three complaints hide theirs.
    assert found.total() - found["named"] - found["named"] <= 5


def test_what_people_wrote_in_the_shared_samples_is_no_report(shared_data: Path) -> None:
    wrong = [
        path.name
        for folder in ("redmine", "django-helpdesk", "freescout")
        for path in sorted((shared_data / "email" / folder).rglob("*.eml"))
        if reported(read_mail(path.read_bytes())) is not None
    ]
    assert wrong == []
    for name in ("is-not-bounce-01.eml", "is-not-bounce-02.eml"):
        path = shared_data / "email" / "sisimai" / "maildir" / "not" / name
        if path.exists():
            assert reported(read_mail(path.read_bytes())) is None


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied", "Precedence: auto_reply", "X-Autoreply: yes", "X-Autorespond: x",
        "Subject: 自动回复: 您好", "Subject: 自動回覆：我在休假", "Subject: Automatic reply: Return", "Subject: Automatische Antwort: x",
        "Subject: Réponse automatique : x", "Subject: Respuesta automática: x", "Subject: Out of Office", "X-QQ-mime: autoreply",
        "Auto-Submitted: auto-generated",
    ],
)  # fmt: skip
def test_robots_are_known(line: str) -> None:
    assert kind_of(f"From: li@example.com\n{line}\n\nI am away") is Report.automatic


@pytest.mark.parametrize(
    "line", ["List-Id: <x.example>", "Precedence: bulk", "List-Unsubscribe: <mailto:x@y.z>"]
)
def test_lists_are_known(line: str) -> None:
    assert kind_of(f"From: news@example.com\n{line}\n\nBuy") is Report.mass


@pytest.mark.parametrize(
    "raw",
    [
        "From: li@example.com\nSubject: 我的包裹退回了\n\n快递说无法投递，包裹被退回，怎么办？",
        "From: li@example.com\nSubject: delivery failed\n\nThe courier says delivery failed. Where is my parcel?",
        "From: li@example.com\nAuto-Submitted: no\nSubject: Return\n\nhello",
        "From: li@example.com\nSubject: 自动猫砂盆坏了\n\n请问怎么修",
        "From: li@example.com\nSubject: Autonomous vacuum broken\n\nPlease help",
    ],
)
def test_customers_are_no_robots(raw: str) -> None:
    assert kind_of(raw) is None


CHINESE_BOUNCE = """Return-Path: <>
From: "PostMaster@qq.com" <PostMaster@qq.com>
To: service@qinglan.example
Subject: 系统退信

抱歉，您的邮件被退回来了……
原邮件信息：
时间 2024-03-01 10:00:00
主题 退货
收件人 nobody@qq.com
退信原因：
收件人邮件地址（nobody@qq.com）不存在，邮件无法送达。
550 Mailbox not found
Message-ID: <message.0198c0de5e1f7a0080000af7e5ca5e00@qinglan.example>
"""


def test_a_bounce_in_chinese_is_one() -> None:
    told = reported(read_mail(CHINESE_BOUNCE.encode()), frozenset({"service@qinglan.example"}))
    assert told is not None
    assert (told.what, told.recipients) == (Report.bounced, ("nobody@qq.com",))
    assert told.message_ids == ("<message.0198c0de5e1f7a0080000af7e5ca5e00@qinglan.example>",)
