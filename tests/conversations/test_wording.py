"""What an answer must not say, and what it may: places, severities and ways out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from aftercare.conversations.wording import (
    Finding,
    Flaw,
    Known,
    Phrase,
    Severity,
    Topic,
    built_in_phrases,
    check,
    fields_of,
    fill,
    mentioned,
)

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
KNOWN = Known(
    now=NOW,
    zone=ZoneInfo("Asia/Shanghai"),
    locale="zh-CN",
    most_cents=12_800,
    due={
        Topic.money: NOW + timedelta(days=1),
        Topic.answer: NOW + timedelta(hours=4),
        Topic.goods: NOW + timedelta(days=7),
    },
    own={"+8613800138000", "QL-1", "SO20260301187"},
    others={"+8613900139000", "SO20260301999"},
)


def flaws(words: str, known: Known = KNOWN, phrases: Sequence[Phrase] = ()) -> list[tuple[str, str, str]]:
    return [(one.flaw.value, one.severity.value, one.words) for one in check(words, known, phrases)]


def test_fields_are_filled_in_and_what_is_unknown_stays_to_be_seen() -> None:
    written = "{{ customer | 您好 }}，订单 {{order}} 的退款 {{amount}} 将于 {{ deadline }} 前处理。"
    assert fields_of(written) == ["customer", "order", "amount", "deadline"]
    filled = fill(written, {"order": "SO1", "amount": "", "deadline": "3 月 11 日 10:00"})
    assert filled.words == "您好，订单 SO1 的退款 {{amount}} 将于 3 月 11 日 10:00 前处理。"
    assert filled.empty == ("amount",)
    assert flaws(filled.words) == [("field_empty", "blocks", "{{amount}}")]
    # A value is not read as a template again.
    assert fill("{{ customer }}", {"customer": "{{ order }}", "order": "1"}).words == "{{ order }}"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("您的退款马上到账，请放心。", [("at_once", "blocks", "马上到账")]),
        ("退款到账后会立即通知您，马上为您提交退款申请", []),
        ("钱会秒退款给您", [("at_once", "blocks", "秒退款")]),
        ("我们保证处理好", [("certain", "warns", "保证")]),
        ("不能保证今天到", []),
        ("有一定难度", [("certain", "warns", "一定")]),
        ("2 小时内到账", [("too_soon", "blocks", "2 小时内")]),
        ("两小时内给您退款", [("too_soon", "blocks", "两小时内")]),
        ("3 个工作日内到账", []),
        ("半小时内回复您", [("too_soon", "warns", "半小时内")]),
        ("2天内发货", [("too_soon", "warns", "2天内")]),
        ("您可以在签收后 7 天内申请退款", []),
        ("7 天无理由退货，3 天内寄出请您保留面单", []),
        ("给您退 ¥200.00", [("amount", "blocks", "¥200.00")]),
        ("补偿您 200 元", [("amount", "blocks", "200 元")]),
        ("退款１２８元已提交", []),
        ("这台售价 299 元", []),
        ("联系快递员 13700137000", [("contact", "warns", "13700137000")]),
        ("联系王女士 139 0013 9000", [("contact", "blocks", "139 0013 9000")]),
        ("您的号码 138-0013-8000 已登记", []),
        ("写信到 somebody@example.com", [("contact", "warns", "somebody@example.com")]),
        ("身份证 11010519491231002X", [("identity", "blocks", "11010519491231002X")]),
        ("运单 110105194912310021", []),
        ("卡号 6222 0202 0011 2233 446", [("card", "blocks", "6222 0202 0011 2233 446")]),
        ("订单 SO20260301999 已发货", [("order", "blocks", "SO20260301999")]),
        ("订单 SO20260301187 已发货", []),
    ],
)
def test_places_that_are_wrong(words: str, found: list[tuple[str, str, str]]) -> None:
    assert flaws(words) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Your refund will be credited immediately.", ["at_once"]),
        ("You will have your money back within 2 hours.", ["too_soon"]),
        ("You can ask for a refund within 7 days.", []),
        ("We will reply within 30 minutes.", ["too_soon"]),
        ("I guarantee it.", ["certain"]),
        ("I cannot guarantee it.", []),
        ("We refund you €200.00 today.", ["amount"]),
        ("We will get back to you within two days.", []),
    ],
)
def test_the_same_in_english(words: str, found: list[str]) -> None:
    known = replace(KNOWN, locale="en", currency="EUR")
    assert [one.flaw.value for one in check(words, known, ())] == found


def test_the_way_out_is_what_the_policy_keeps() -> None:
    (soon,) = check("2 小时内到账", KNOWN, ())
    assert soon == Finding(
        flaw=Flaw.too_soon,
        severity=Severity.blocks,
        start=0,
        end=5,
        words="2 小时内",
        instead="3 月 11 日 10:00 前",
        due_at=NOW + timedelta(days=1),
    )
    (much,) = check("退您 200 元", KNOWN, ())
    assert (much.instead, much.start, much.end) == ("¥128.00", 3, 8)
    assert check("2 小时内到账，马上到账，退款已到账", replace(KNOWN, paid=True), ()) == []


def test_a_broken_promise_wants_a_word() -> None:
    late = replace(KNOWN, broken_since=NOW - timedelta(hours=3))
    (delay,) = check("您的申请正在审核。", late, ())
    assert (delay.flaw, delay.severity, delay.instead) == (Flaw.delay, Severity.warns, "抱歉让您久等了，")
    assert check("抱歉让您久等了，您的申请正在审核。", late, ()) == []
    assert check("由于大雪，包裹在路上停了两天。", late, ()) == []


def test_phrases_of_the_shop_and_of_the_house_by_language() -> None:
    own = Phrase("zh-CN", "亲亲", "您好", blocks=False)
    assert flaws("亲亲，这不归我管", phrases=[own, *built_in_phrases()]) == [
        ("phrase", "warns", "亲亲"),
        ("phrase", "blocks", "不归我管"),
    ]
    english = replace(KNOWN, locale="en")
    assert [one.instead for one in check("Please CALM DOWN", english, built_in_phrases())] == [
        "I understand that this is annoying"
    ]


def test_what_may_be_somebody_s_is_named_as_it_is_looked_up() -> None:
    named = mentioned("打 １３９００１３９０００ 或写 Li@Example.com，订单 so-20260301999")
    assert named.phones == {"+8613900139000"}
    assert named.emails == {"li@example.com"}
    assert "SO-20260301999" in named.numbers
