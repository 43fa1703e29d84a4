"""The words of notices: templates, how they are filled in, and what a letter looks like."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined, Template, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from aftercare.notices.model import TemplateBroken

LONGEST = 4_000
PARTS = ("subject", "body", "button")


@dataclass(frozen=True)
class Words:
    """A template: three texts with fields in `{{ }}`. The body is plain text; an empty line begins a paragraph."""

    subject: str
    body: str
    button: str


@cache
def texts(locale: str) -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(
        (files("aftercare.notices") / "texts" / f"{locale}.toml").read_text(encoding="utf-8")
    )


@cache
def built_in(template: str, locale: str) -> Words:
    """KeyError if there is no such template."""
    written = texts(locale)[template]
    return Words(written["subject"], written["body"].strip("\n"), written["button"])


# Fields of every template, each a text, empty where there is nothing to tell.
FIELDS = (
    "shop", "customer", "number", "order", "title", "quantity", "kind", "amount", "offered", "until", "left", "reason",
    "words", "question", "address", "todo", "otherwise", "method", "code", "consumer", "contact", "goods", "moment",
)  # fmt: skip

SAMPLE: Mapping[str, Mapping[str, str]] = {
    "zh-CN": {
        "shop": "清和家居", "customer": "王晓燕", "number": "AS260310-0042", "order": "SO20260301187", "title": "手工陶瓷茶壶",
        "quantity": "1", "kind": "退货退款", "amount": "¥128.00", "offered": "¥40.00", "until": "3 月 17 日 12:00", "left": "2 天",
        "reason": "请补充外包装照片", "words": "可以先退您 40 元，商品留用。", "question": "破损是在签收前还是签收后发现的？",
        "address": "清和家居售后部 0571-88880000\n浙江省杭州市余杭区良渚街道 12 号", "todo": "寄出商品并填写运单号",
        "otherwise": "逾期未寄出，申请将自动关闭。", "method": "stripe", "code": "302715", "consumer": "王晓燕",
        "contact": "xiaoyan@example.com", "goods": "手工陶瓷茶壶 × 1", "moment": "2026 年 3 月 10 日 12:00:00（GMT+08:00）",
    },
    "zh-TW": {
        "shop": "清和家居", "customer": "林怡君", "number": "AS260310-0042", "order": "SO20260301187", "title": "手工陶瓷茶壺",
        "quantity": "1", "kind": "退貨退款", "amount": "$560", "offered": "$180", "until": "3 月 17 日 12:00", "left": "2 天",
        "reason": "請補充外包裝照片", "words": "可以先退您 180 元，商品留用。", "question": "破損是在簽收前還是簽收後發現的？",
        "address": "清和家居售後部 02-2345-6789\n台北市信義區松仁路 12 號", "todo": "寄出商品並填寫託運單號",
        "otherwise": "逾期未寄出，申請將自動關閉。", "method": "stripe", "code": "302715", "consumer": "林怡君",
        "contact": "yichun@example.com", "goods": "手工陶瓷茶壺 × 1", "moment": "2026 年 3 月 10 日 12:00:00（GMT+08:00）",
    },
    "en": {
        "shop": "Clearwater Home", "customer": "Anna Weber", "number": "AS260310-0042", "order": "SO20260301187",
        "title": "Handmade teapot", "quantity": "1", "kind": "return and refund", "amount": "€32.00", "offered": "€10.00",
        "until": "17 March, 12:00", "left": "2 days", "reason": "please add a photo of the box",
        "words": "We can refund you €10 and you keep it.", "question": "Was it broken when it arrived?",
        "address": "Clearwater Home Returns\nHauptstraße 12, 10115 Berlin", "todo": "send the goods and enter the tracking number",
        "otherwise": "After that the request closes.", "method": "stripe", "code": "302715", "consumer": "Anna Weber",
        "contact": "anna@example.com", "goods": "Handmade teapot × 1", "moment": "10 March 2026, 12:00:00 (GMT+01:00)",
    },
}  # fmt: skip


NOT_POSSIBLE: tuple[type[nodes.Node], ...] = (
    nodes.For,
    nodes.Macro,
    nodes.CallBlock,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
    nodes.Extends,
)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Shops write these: no attributes that lead out, no unknown fields, nothing that grows or runs for long."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise SecurityError(f"{operator} is not possible here")


@cache
def _sandbox() -> Environment:
    sandbox = _Sandbox(undefined=StrictUndefined, autoescape=False)
    sandbox.globals.clear()
    sandbox.filters = {name: sandbox.filters[name] for name in ("default", "lower", "trim", "upper")}
    return sandbox


@lru_cache(maxsize=1024)
def _compiled(written: str) -> Template:
    """Shops have few templates and many letters. Raises TemplateError."""
    tree = _sandbox().parse(written)
    if any(tree.find(kind) is not None for kind in NOT_POSSIBLE):
        raise SecurityError("loops and macros are not possible here")
    return _sandbox().from_string(written)


def fill(words: Words, fields: Mapping[str, str]) -> Words:
    """The texts with their fields filled in. Refuses with TemplateBroken, which says in which part and why."""
    filled: dict[str, str] = {}
    known = {name: fields.get(name, "") for name in FIELDS}
    for part in PARTS:
        written: str = getattr(words, part)
        try:
            text = _compiled(written).render(known)
        except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as wrong:
            raise TemplateBroken(part=part, reason=str(wrong), line=getattr(wrong, "lineno", None)) from wrong
        if len(text) > LONGEST * 4:
            raise TemplateBroken(part=part, reason="far too long")
        filled[part] = text
    return Words(
        # A header is one line, whatever a title contains.
        " ".join(filled["subject"].split()),
        "\n\n".join(paragraphs(filled["body"])),
        " ".join(filled["button"].split()),
    )


def paragraphs(body: str) -> list[str]:
    return [paragraph.strip() for paragraph in body.split("\n\n") if paragraph.strip()]


def exact_moment(at: datetime, zone: ZoneInfo, locale: str) -> str:
    """To the second and with its zone, as a receipt needs it."""
    there = at.astimezone(zone)
    offset = f"{there:%z}"
    named = f"GMT{offset[:3]}:{offset[3:]}"
    if locale == "en":
        return f"{there.day} {there:%B %Y}, {there:%H:%M:%S} ({named})"
    return f"{there.year} 年 {there.month} 月 {there.day} 日 {there:%H:%M:%S}（{named}）"


LETTER = """\
<!doctype html>
<html lang="{{ locale }}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light"><title>{{ subject }}</title></head>
<body style="margin:0;padding:0;background:#f6f1e7;color:#221d17;font:16px/1.7 'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',Inter,Arial,sans-serif">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:32px 16px">
<table role="presentation" width="560" cellpadding="0" cellspacing="0" style="max-width:560px;width:100%">
<tr><td style="padding:0 4px 16px;font-weight:600;color:#1a6e54">{{ shop }}</td></tr>
<tr><td style="background:#fdfaf3;border:1px solid #ddd4c3;border-radius:8px;padding:28px">
<h1 style="margin:0 0 16px;font-size:20px;line-height:1.4">{{ subject }}</h1>
<p style="margin:0 0 16px">{{ greeting }}</p>
{% for paragraph in paragraphs %}<p style="margin:0 0 16px">{% for line in paragraph.splitlines() %}{{ line }}{% if not loop.last %}<br>{% endif %}{% endfor %}</p>
{% endfor %}<p style="margin:24px 0 0"><a href="{{ link }}" style="display:inline-block;background:#1a6e54;color:#fffdf8;text-decoration:none;padding:12px 24px;border-radius:8px;font-weight:600">{{ button }}</a></p>
</td></tr>
<tr><td style="padding:16px 4px;font-size:13px;color:#6f6658">{{ foot }}</td></tr>
</table></td></tr></table></body></html>
"""


@cache
def _letter() -> Environment:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@dataclass(frozen=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(words: Words, *, locale: str, shop: str, customer: str, link: str, answerable: bool) -> Rendered:
    """Filled words as a letter in plain text and in HTML. `answerable`: a reply reaches the shop."""
    common = texts(locale)["common"]
    known = {"shop": shop, "customer": customer}
    greeting = _compiled(common["greeting" if customer else "greeting_unknown"]).render(known)
    foot = _compiled(common["foot" if answerable else "plain_foot"]).render(known)
    text = f"{greeting}\n\n{words.body}\n\n{words.button}\n{link}\n\n-- \n{shop}\n{foot}\n"
    html = (
        _letter()
        .from_string(LETTER)
        .render(
            locale=locale,
            subject=words.subject,
            shop=shop,
            greeting=greeting,
            paragraphs=paragraphs(words.body),
            button=words.button,
            link=link,
            foot=foot,
        )
    )
    return Rendered(words.subject, text, html)
