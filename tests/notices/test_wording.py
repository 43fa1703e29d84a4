"""The words: every rule has them in three languages, and a shop's own cannot break anything."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from aftercare import claims, notices
from aftercare.journal import FACTS, House, PermissionMissing, begin, drain
from aftercare.kit.spoken import LOCALES, left, moment, money, our_locale
from aftercare.notices import NewWords, TemplateBroken, TemplateNotFound
from aftercare.notices.rules import read_rules, rules
from aftercare.notices.telling import address_text, tells_amount
from aftercare.notices.wording import (
    FIELDS,
    SAMPLE,
    Words,
    built_in,
    exact_moment,
    fill,
    render,
    texts,
)
from tests.notices.given import a_world, mailbox, say

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 17, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_rule_has_words_with_and_without_what_may_be_missing(locale: str) -> None:
    for rule in rules():
        whole = fill(built_in(rule.template, locale), SAMPLE[locale])
        bare = fill(built_in(rule.template, locale), {})
        for words in (whole, bare):
            assert words.subject
            assert words.body
            assert words.button
            assert "{" not in words.subject + words.body
            assert "\n\n\n" not in words.body


@pytest.mark.parametrize("locale", LOCALES)
def test_a_language_has_no_words_that_no_rule_uses(locale: str) -> None:
    assert set(texts(locale)) == {rule.template for rule in rules()} | {"common", "clock", "otherwise"}
    waits = {clock for rule in rules() if rule.fact == "clock.warned" for clock in rule.when["clock"]}
    assert set(texts(locale)["clock"]) == waits
    assert set(texts(locale)["otherwise"]) == waits


def test_every_rule_names_a_fact_and_fields_that_it_has() -> None:
    for rule in rules():
        assert set(rule.when) | set(rule.has) <= set(FACTS[rule.fact].model_fields), rule


def test_samples_have_every_field() -> None:
    assert {locale: set(SAMPLE[locale]) for locale in SAMPLE} == {locale: set(FIELDS) for locale in LOCALES}


def test_a_rule_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="links to moon"):
        read_rules('[[rule]]\nfact = "a.b"\ntemplate = "t"\nlink = "moon"')


@pytest.mark.parametrize(
    ("given", "ours"),
    [
        ("zh-CN", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-Hans-HK", "zh-TW"),
        ("zh-HK", "zh-TW"),
        ("zh_TW", "zh-TW"),
        ("zh-Hant", "zh-TW"),
        ("en-GB", "en"),
        ("pt-BR", "en"),
        (None, "zh-CN"),
        ("", "zh-CN"),
    ],
)
def test_in_which_language(given: str | None, ours: str) -> None:
    assert our_locale(given) == ours


def test_moments_amounts_and_spans() -> None:
    assert moment(AT, SHANGHAI, "zh-CN", AT) == "3 月 17 日 12:00"
    assert moment(AT, SHANGHAI, "zh-TW", AT + timedelta(days=365)) == "2026 年 3 月 17 日 12:00"
    assert moment(AT, SHANGHAI, "en", AT) == "17 March, 12:00"
    assert exact_moment(AT, SHANGHAI, "zh-CN") == "2026 年 3 月 17 日 12:00:00（GMT+08:00）"
    assert exact_moment(AT, ZoneInfo("America/Sao_Paulo"), "en") == "17 March 2026, 01:00:00 (GMT-03:00)"
    assert money(64_000, "CNY", "zh-CN") == "¥640.00"
    assert money(64_000, "CNY", "en") == "CN¥640.00"
    assert money(640, "JPY", "en") == "¥640"
    assert left(timedelta(days=2, hours=5), "zh-CN") == "2 天"
    assert left(timedelta(hours=5, minutes=59), "zh-TW") == "5 小時"
    assert left(timedelta(minutes=5), "en") == "1 hour"
    assert left(timedelta(days=1), "en") == "1 day"


def test_addresses_whatever_their_parts_are_called() -> None:
    assert address_text(
        {"phone": "0571", "name": "售后部", "city": "杭州", "street": "良渚 12 号", "x": None}
    ) == ("售后部 0571\n杭州 良渚 12 号")
    assert address_text(None) == ""


def test_the_worth_of_an_exchange_is_not_told_as_a_refund() -> None:
    assert not tells_amount("claim.approved", claims.ClaimKind.exchange)
    assert tells_amount("claim.approved", claims.ClaimKind.refund_only)
    assert tells_amount("refund.paid", claims.ClaimKind.exchange)


@pytest.mark.parametrize("locale", LOCALES)
def test_words_that_need_an_amount_are_given_one_for_every_kind(locale: str) -> None:
    wants = {
        rule.fact
        for rule in rules()
        for words in [built_in(rule.template, locale)]
        if "{{ amount }}" in re.sub(r"{% if amount %}.*?{% endif %}", "", words.subject + words.body)
    }
    assert wants == {"claim.difference_due", "claim.difference_settled", "refund.paid"}
    assert all(tells_amount(fact, kind) for fact in wants for kind in claims.ClaimKind)


def test_what_others_wrote_stays_text() -> None:
    words = fill(
        built_in("message_posted", "en"), {"shop": "A & B", "words": "<script>alert(1)</script>\n{{ code }}"}
    )
    letter = render(
        words, locale="en", shop="A & B", customer="<b>", link="https://x/?a=1&b=2", answerable=False
    )
    assert "<script>" not in letter.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>{{ code }}" in letter.html
    assert 'href="https://x/?a=1&amp;b=2"' in letter.html
    assert "<script>alert(1)</script>" in letter.text
    assert letter.text.startswith("Hello <b>,\n\n")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ shop", "unexpected end of template"),
        ("{{ shop.__class__.__mro__ }}", ""),
        ("{{ ''.join.__globals__ }}", ""),
        ("{% for x in shop %}{{ x }}{% endfor %}", "loops"),
        ("{{ 'a' * 1000000000 }}", "not possible"),
        ("{{ '%900000000d' % 1 }}", "not possible"),
        ("{{ shop|center(900000000) }}", "No filter named"),
        ("{{ range(10) }}", "'range' is undefined"),
        ("{% include 'x' %}", ""),
    ],
)
def test_words_that_cannot_be_filled_in(body: str, reason: str) -> None:
    with pytest.raises(TemplateBroken) as broken:
        fill(Words("s", body, "b"), SAMPLE["en"])
    assert broken.value.data["part"] == "body"
    assert reason in str(broken.value.data["reason"])


OWN = NewWords(subject="{{ shop }} 回复您了", body="亲，{{ words }}", button="去看看")


async def test_a_shop_has_words_of_its_own(house: House) -> None:
    box, given = mailbox(house), await a_world(house)
    async with begin(house, given.staff) as work:
        await notices.set_template(work, given.shop_id, "message_posted", "zh-CN", OWN)
        await notices.set_template(work, given.shop_id, "message_posted", "zh-CN", OWN)
        (own,) = [one for one in await notices.list_templates(work, given.shop_id) if one.own]
        assert (own.template, own.locale, own.facts, own.error) == (
            "message_posted",
            "zh-CN",
            ["message.posted"],
            None,
        )
    await say(house, given, "在的")
    await drain(house)
    assert box.letters[0].subject == "清和家居 回复您了"
    assert "亲，在的\n\n去看看\n" in box.letters[0].text
    async with begin(house, given.staff) as work:
        await notices.remove_template(work, given.shop_id, "message_posted", "zh-CN")
        with pytest.raises(TemplateNotFound):
            await notices.remove_template(work, given.shop_id, "message_posted", "zh-CN")


async def test_own_words_that_break_give_way_and_are_reported(house: House) -> None:
    box, given = mailbox(house), await a_world(house)
    async with begin(house, given.staff) as work:
        await notices.set_template(work, given.shop_id, "message_posted", "zh-CN", OWN)
        await work.session.execute(text("UPDATE notice_template SET body = '{{ gone }}'"))
    await say(house, given, "在的")
    await drain(house)
    assert box.letters[0].subject == "清和家居给您发来了新消息"
    async with begin(house, given.staff) as work:
        (own,) = [one for one in await notices.list_templates(work, given.shop_id) if one.own]
        assert "'gone' is undefined" in (own.error or "")
        told: Any = (
            await work.session.execute(
                text("SELECT data->>'template' AS template FROM fact WHERE name = 'notice_template.broke'")
            )
        ).one()
    assert told.template == "message_posted"


async def test_words_are_tried_before_they_are_kept(house: House) -> None:
    given = await a_world(house)
    async with begin(house, given.staff) as work:
        shown = await notices.preview(work, "message_posted", "zh-CN", OWN, given.shop_id)
        assert shown.subject == "清和家居 回复您了"
        assert (
            await notices.preview(work, "refund_paid", "en", None)
        ).subject == "Refunded: €32.00 (AS260310-0042)"
        broken = OWN.model_copy(update={"subject": "{{ gone }}"})
        with pytest.raises(TemplateBroken):
            await notices.set_template(work, given.shop_id, "message_posted", "zh-CN", broken)
        with pytest.raises(TemplateNotFound):
            await notices.set_template(work, given.shop_id, "unknown", "zh-CN", OWN)
        with pytest.raises(TemplateNotFound):
            await notices.preview(work, "common", "zh-CN", None)
    async with begin(house, given.customer) as work:
        with pytest.raises(PermissionMissing):
            await notices.set_template(work, given.shop_id, "message_posted", "zh-CN", OWN)
