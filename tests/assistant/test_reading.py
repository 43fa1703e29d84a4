"""Language, mood and urgency of a text."""

import pytest

from aftercare.assistant.reading import (
    chosen_words,
    is_complaint,
    is_dangerous,
    is_urgent,
    locale_of,
    means_another,
    mood_of,
    wishes,
    without_courtesy,
)


@pytest.mark.parametrize(
    ("text", "before", "locale"),
    [
        ("我想退货", "en", "zh-CN"),
        ("我想退貨", "zh-CN", "zh-TW"),
        ("我想要", "zh-TW", "zh-TW"),
        ("找真人", "zh-TW", "zh-TW"),
        ("社群帳號", "zh-CN", "zh-TW"),
        ("尖峰", "zh-TW", "zh-TW"),
        ("退货", "zh-TW", "zh-CN"),
        ("where is it", "zh-CN", "en"),
        ("SF1234567890123", "zh-TW", "zh-TW"),
        ("OK", "zh-CN", "zh-CN"),
        ("tuihuo", "zh-TW", "zh-TW"),
        ("hello", "zh-CN", "en"),
        ("iPhone 坏了", "en", "zh-CN"),
    ],
)
def test_language(text: str, before: str, locale: str) -> None:
    assert locale_of(text, before) == locale


@pytest.mark.parametrize(
    ("text", "before", "home", "locale"),
    [
        ("找真人", "en", "zh-TW", "zh-TW"),
        ("找真人", "en", "en", "zh-CN"),
        ("找真人", "zh-CN", "zh-TW", "zh-CN"),
        ("转人工", "en", "zh-TW", "zh-CN"),
    ],
)
def test_the_page_settles_which_chinese_it_is(text: str, before: str, home: str, locale: str) -> None:
    assert locale_of(text, before, home) == locale


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("什么垃圾服务，骗子", "angry"),
        ("到底什么时候给我退款", "angry"),
        ("This is RIDICULOUS, I want my money", "angry"),
        ("WHERE IS MY ORDER NOW", "angry"),
        ("谢谢，解决了", "glad"),
        ("thank you so much", "glad"),
        ("不太满意，也没解决", "neutral"),
        ("我的快递到哪了", "neutral"),
    ],
)
def test_mood(text: str, mood: str) -> None:
    assert mood_of(text).value == mood


def test_urgency_and_danger() -> None:
    assert [is_urgent(text) for text in ("很急，明天要用", "need it ASAP", "不急")] == [True, True, False]
    assert [
        is_dangerous(text) for text in ("充电器冒烟了", "it caught fire", "the burner is black", "颜色太黑")
    ] == [
        True,
        True,
        False,
        False,
    ]


def test_what_cut_or_shocked_somebody_is_dangerous() -> None:
    for said in (
        "料理机把我手割伤了",
        "孩子的手指被夹破了",
        "插上去被電到了",
        "it cut my hand",
        "he is in hospital",
    ):
        assert is_dangerous(said), said
    for said in ("手机划伤了", "手表表带破了", "外壳有划痕", "can you cut the price"):
        assert not is_dangerous(said), said


def test_what_was_said_last_is_meant() -> None:
    assert [
        chosen_words(said) for said in ("换货吧，不对还是退款算了", "不是炸锅，是耳机", "不是炸锅", "第二个")
    ] == [
        "退款算了",
        "耳机",
        "",
        "第二个",
    ]
    assert chosen_words("the thermos... no wait, the jacket") == "the jacket"


def test_another_one() -> None:
    for said in ("不对，是另一个", "不是这件", "我选错了", "换个订单", "no, the other one", "not this order"):
        assert means_another(said), said
    for said in ("还有一个问题", "换个颜色", "我要换另一个颜色的", "其他人签收了", "收到的不是我买的"):
        assert not means_another(said), said


def test_wishes_of_one_message() -> None:
    assert wishes("我要退货，另外发票怎么开，还有退货运费谁出") == ["我要退货", "发票怎么开", "退货运费谁出"]
    assert wishes("track my order, also who pays for returns") == ["track my order", "who pays for returns"]
    assert wishes("衣服小了，想换大一码") == ["衣服小了，想换大一码"]


def test_courtesy_is_not_what_is_wanted() -> None:
    assert without_courtesy("你好，请帮我查订单，谢谢！") == "请帮我查订单"
    assert without_courtesy("Hi, where is it? Thanks a lot") == "where is it?"
    assert without_courtesy("谢谢") == "谢谢"
    assert without_courtesy("你好") == "你好"


def test_what_makes_ill_is_dangerous() -> None:
    assert is_dangerous("野生菌吃了头晕怎么办")
    assert is_dangerous("面霜擦了以后脸上红肿")
    assert not is_dangerous("这个吃了会胖吗")


def test_complaints_that_are_said_outright() -> None:
    assert is_complaint("我要投诉你们")
    assert is_complaint("I will report you")
    assert not is_complaint("投诉电话是多少")
    assert not is_complaint("我不想投诉，只想退货")
