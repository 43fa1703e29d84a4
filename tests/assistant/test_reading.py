"""Language, mood and urgency of a text."""

import pytest

from aftercare.assistant.reading import is_dangerous, is_urgent, locale_of, mood_of


@pytest.mark.parametrize(
    ("text", "before", "locale"),
    [
        ("我想退货", "en", "zh-CN"),
        ("我想退貨", "zh-CN", "zh-TW"),
        ("我想要", "zh-TW", "zh-TW"),
        ("where is it", "zh-CN", "en"),
        ("SF1234567890123", "zh-TW", "zh-TW"),
        ("OK", "zh-CN", "zh-CN"),
        ("iPhone 坏了", "en", "zh-CN"),
    ],
)
def test_language(text: str, before: str, locale: str) -> None:
    assert locale_of(text, before) == locale


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
