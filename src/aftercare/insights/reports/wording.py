"""The first draft of a report's words, from its figures; people make them better."""

from datetime import date
from typing import Any

from aftercare.insights.reports.promises import LOCALES
from aftercare.insights.reports.telling import figure, money, number, period, target, value, within

TITLE = {
    "public": {
        "zh-CN": "{of}服务承诺报告（{period}）",
        "zh-TW": "{of}服務承諾報告（{period}）",
        "en": "Promises of {of}: {period}",
    },
    "house": {
        "zh-CN": "{of}服务内部报告（{period}）",
        "zh-TW": "{of}服務內部報告（{period}）",
        "en": "Service of {of}: {period}",
    },
}
EVERY_SHOP = {"zh-CN": "全部店铺", "zh-TW": "全部商店", "en": "all shops"}
SENTENCES: dict[str, dict[str, str]] = {
    "counts": {
        "zh-CN": "这段时间共有 {orders} 笔订单、{cases} 个服务个案、{claims} 个售后申请{refunds}。",
        "zh-TW": "這段期間共有 {orders} 筆訂單、{cases} 個服務案件、{claims} 個售後申請{refunds}。",
        "en": "There were {orders} orders, {cases} service cases and {claims} claims{refunds}.",
    },
    "refunds": {"zh-CN": "，退款 {money}", "zh-TW": "，退款 {money}", "en": ", and {money} were refunded"},
    "kept": {
        "zh-CN": "在能够衡量的 {measured} 项承诺中，兑现了 {kept} 项。",
        "zh-TW": "在能夠衡量的 {measured} 項承諾中，兌現了 {kept} 項。",
        "en": "Of the {measured} promises that can be measured, {kept} were kept.",
    },
    "none": {
        "zh-CN": "数量还不足以评价任何一项承诺。",
        "zh-TW": "數量還不足以評價任何一項承諾。",
        "en": "There was not enough of anything to judge a promise.",
    },
    "broken": {
        "zh-CN": "没有做到的：{what}。",
        "zh-TW": "沒有做到的：{what}。",
        "en": "Not kept: {what}.",
    },
    "better": {
        "zh-CN": "比上期变好：{what}。",
        "zh-TW": "比上期變好：{what}。",
        "en": "Better than the period before: {what}.",
    },
    "worse": {
        "zh-CN": "比上期变差：{what}。",
        "zh-TW": "比上期變差：{what}。",
        "en": "Worse than the period before: {what}.",
    },
    "score": {
        "zh-CN": "透明度 {score} 分（满分 100 分，目标 {target} 分）。",
        "zh-TW": "透明度 {score} 分（滿分 100 分，目標 {target} 分）。",
        "en": "Transparency: {score} of 100 (target {target}).",
    },
}
BROKEN_ONE = {
    "zh-CN": "{title} {value}（目标 {target}，样本 {n}）",
    "zh-TW": "{title} {value}（目標 {target}，樣本 {n}）",
    "en": "{title} {value} (target {target}, n = {n})",
}
CHANGED_ONE = {
    "zh-CN": "{title}由 {before} 到 {value}",
    "zh-TW": "{title}由 {before} 到 {value}",
    "en": "{title} from {before} to {value}",
}
MOST_NAMED = 3


def drafted(
    content: dict[str, Any], *, audience: str, shop: str | None, since_on: date, until_on: date, span: str
) -> dict[str, dict[str, str]]:
    """By language: a title and a summary."""
    told = {}
    for locale in LOCALES:
        title = TITLE[audience][locale].format(
            of=shop or EVERY_SHOP[locale], period=period(since_on, until_on, span, locale)
        )
        told[locale] = {"title": title, "summary": summary(content, locale)}
    return told


def summary(content: dict[str, Any], locale: str) -> str:
    def say(key: str, **given: object) -> str:
        return SENTENCES[key][locale].format(**given)

    refunded = [money(cents, currency, locale) for currency, _, cents in content["refunded"]]
    refunds = say("refunds", money=(", " if locale == "en" else "、").join(refunded)) if refunded else ""
    counts = {name: number(count, locale) for name, count in content["counts"].items()}
    sentences = [say("counts", refunds=refunds, **counts)]
    judged = [one for one in content["promises"] if one["kept"] is not None]
    if judged:
        sentences.append(say("kept", measured=len(judged), kept=sum(one["kept"] for one in judged)))
    else:
        sentences.append(say("none"))
    broken = [m for one in judged for m in one["measures"] if m["kept"] is False]
    better, worse = changes(content)
    for key, measures, line in (
        ("broken", broken, BROKEN_ONE),
        ("better", better, CHANGED_ONE),
        ("worse", worse, CHANGED_ONE),
    ):
        if measures:
            what = [
                line[locale].format(
                    title=m["title"][locale],
                    value=(", " if locale == "en" else "，").join(
                        part for part in (figure(m, locale), key == "broken" and within(m, locale)) if part
                    ),
                    target=target(m, locale),
                    n=number(m["n"], locale),
                    before=value(m, m["before"]["value"], locale) if m["before"] else "–",
                )
                for m in measures[:MOST_NAMED]
            ]
            sentences.append(say(key, what=("; " if locale == "en" else "；").join(what)))
    scored = content["transparency"]
    if scored["score"] is not None:
        sentences.append(say("score", score=scored["score"], target=scored["target"]))
    return (" " if locale == "en" else "").join(sentences)


def changes(content: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Measures that changed by more than their interval is wide: those that became better, and worse."""
    better: list[dict[str, Any]] = []
    worse: list[dict[str, Any]] = []
    for one in content["promises"]:
        for m in one["measures"]:
            before = (m["before"] or {}).get("value")
            if m["value"] is None or before is None or m["low"] is None or m["high"] is None:
                continue
            if m["low"] <= before <= m["high"]:
                continue
            (better if (m["value"] > before) == (m["good"] == "up") else worse).append(m)
    return better, worse
