"""What an answer says, looked at before it is sent: fields that were not filled in, phrases that the shop does not use,
promises that its policy does not keep, delays without a word about them, and data of other people.

Everything is found in the words themselves; what is true of the matter comes in as `Known`. A finding has a place, a way
out where there is one, and a severity: what `blocks` is sent only with a reason.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from aftercare.kit.money import digits
from aftercare.kit.spoken import moment, money
from aftercare.kit.text import email, phone


class Severity(StrEnum):
    blocks = "blocks"
    warns = "warns"


class Flaw(StrEnum):
    """What is wrong with a place in an answer."""

    field_empty = "field_empty"
    phrase = "phrase"
    certain = "certain"
    """Promises without a condition."""
    at_once = "at_once"
    """Says that money is there at once, and it is not paid."""
    amount = "amount"
    """Promises more money than was agreed or asked."""
    too_soon = "too_soon"
    """Promises it earlier than the running clock or the policy does."""
    delay = "delay"
    """A promise is broken, and nothing is said about it."""
    contact = "contact"
    """A telephone number or an e-mail address of another customer, or of nobody we know."""
    identity = "identity"
    """A number of an identity card."""
    card = "card"
    """A number of a bank card."""
    order = "order"
    """An order or a case of another customer."""


class Finding(BaseModel):
    """`start` and `end` are places in the words; both 0 when it is about the whole. `instead`: what to write there, empty when
    nobody can know; `due_at`: what the policy keeps."""

    flaw: Flaw
    severity: Severity
    start: int
    end: int
    words: str
    instead: str
    due_at: datetime | None


@dataclass(frozen=True)
class Phrase:
    locale: str
    says: str
    instead: str
    blocks: bool


class Topic(StrEnum):
    """What a promise is about: by when money is there, an answer comes, goods leave, something is decided."""

    money = "money"
    answer = "answer"
    goods = "goods"
    decision = "decision"


@dataclass(frozen=True)
class Known:
    """What is true of the matter. `due`: by when the policy keeps which promise. `most_cents`: what was paid, asked or agreed
    at most; None: nothing is known. `own`: identifiers and contacts that may be named, as `named` makes them; `others`: those
    that belong to another customer."""

    now: datetime
    zone: ZoneInfo
    locale: str
    market: str = "CN"
    currency: str = "CNY"
    most_cents: int | None = None
    paid: bool = False
    due: Mapping[Topic, datetime] = field(default_factory=dict)
    broken_since: datetime | None = None
    own: Collection[str] = frozenset()
    others: Collection[str] = frozenset()


LONGEST_PHRASE = 80

_FULL = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_FIELD = re.compile(r"\{\{\s*([^{}|]*?)\s*(?:\|\s*([^{}]*?)\s*)?\}\}")
_SENTENCE = re.compile(r"[^。！？!?；;\n]+")
_CERTAIN = re.compile(
    r"一定(?!程度|要|需)|保证|保證|绝对|絕對|百分之百|百分百|100 ?%|肯定能|肯定会|肯定會|\bguarantee[ds]?\b|\bdefinitely\b|\bwithout fail\b|\bi promise\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"(?:不|不能|无法|無法|未必|不敢|can(?:no|')t|cannot|not)\s?$", re.IGNORECASE)
_SOON = r"马上|馬上|立即|立刻|即刻|秒|immediately|at once|right away|instantly"
_ARRIVES = r"到账|到帐|到帳|入账|入帳|退款|退给您|退給您|退到|打款|refund(?:ed)?|be credited|paid back|your money back"
# To hand it in or to look at once is in our hands; that the money is there at once is not.
_HANDS_IN = r"申请|申請|提交|处理|處理|办理|辦理|安排|核实|核實|查|start|submit|request|process|look|check"
_AT_ONCE = re.compile(
    rf"(?:{_SOON})(?:(?!{_HANDS_IN})[^。！？!?；;\n，,]){{0,12}}(?:{_ARRIVES})(?!申请|申請|流程|进度|進度| request)"
    r"|(?:refund|money|credited)[^.!?;\n,]{0,24}(?:immediately|at once|right away|instantly)",
    re.IGNORECASE,
)
_GIVES = re.compile(
    r"退|赔|賠|补偿|補償|返还|返還|补差|補差|refund|compensat|reimburs|pay (?:you )?back|give you",
    re.IGNORECASE,
)
_CUSTOMER_ACTS = re.compile(
    r"请您|請您|麻烦您|麻煩您|您(?:可以|可|需|要|应|應|在)|可申请|可申請|可以申请|可以申請|無理由|无理由|you (?:can|may|must|have|need)|please",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"(?:[¥￥$€£]|RMB|CNY|NT\$|EUR|USD)\s?(\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,9}(?:\.\d{1,2})?)"
    r"|(?<![\d.])(\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,9}(?:\.\d{1,2})?)\s?(?:元|块钱|塊錢|块|塊|yuan|euros?|dollars?|EUR|USD|CNY)",
    re.IGNORECASE,
)
_NUMBERS = {
    "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "半": 0.5,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "an": 1, "a": 1,
}  # fmt: skip
_SPANS = {
    "minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1),
}  # fmt: skip
_UNITS = {
    "分钟": "minute", "分鐘": "minute", "小时": "hour", "小時": "hour", "钟头": "hour", "鐘頭": "hour", "天": "day", "日": "day",
    "工作日": "day", "自然日": "day", "周": "week", "週": "week", "星期": "week",
}  # fmt: skip
_WITHIN = re.compile(
    r"(?<![\d.:月])(\d{1,3}(?:\.5)?|[一二两兩三四五六七八九十半])\s?(?:个|個)?\s?(分钟|分鐘|小时|小時|钟头|鐘頭|工作日|自然日|天|日|周|週|星期)\s?(?:之内|之內|以内|以內|内|內)"
    r"|\b(?:within|in)\s(?:the next\s)?(\d{1,3}|an?|one|two|three|four|five|six|seven|ten)\s(?:business\s|working\s)?(minute|hour|day|week)s?\b",
    re.IGNORECASE,
)
_TOPICS: tuple[tuple[Topic, re.Pattern[str]], ...] = (
    (Topic.money, re.compile(rf"{_ARRIVES}|返还|返還|money", re.IGNORECASE)),
    (Topic.goods, re.compile(r"发货|發貨|寄出|补发|補發|重发|重發|\bship|\bdispatch|send (?:you )?(?:a|the) (?:new|replacement)", re.IGNORECASE)),
    (Topic.decision, re.compile(r"审核|審核|处理好|處理好|处理完|處理完|解决|解決|\bresolve|\bdecide|\bsettle", re.IGNORECASE)),
    (Topic.answer, re.compile(r"回复|回覆|答复|答覆|联系您|聯絡您|回电|回電|\breply|\banswer|get back to|call you|let you know", re.IGNORECASE)),
)  # fmt: skip
_EXPLAINS = re.compile(
    r"抱歉|对不起|對不起|不好意思|见谅|見諒|歉意|久等|延误|延誤|耽误|耽誤|晚了|迟|遲|由于|由於|因为|因為|原因|sorry|apolog|delay|took longer|waiting|because|due to",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
_PHONE = re.compile(
    r"(?<![\w.])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\w])|(?<![\w.])\+\d[\d -]{8,16}\d(?!\w)"
)
_CARD_OF_IDENTITY = re.compile(
    r"(?<!\w)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\w)"
)
_BANK_CARD = re.compile(r"(?<!\w)(?:62|4\d|5[1-5]|35|3[47])\d{2}(?:[ -]?\d){10,15}(?!\w)")
_NUMBER = re.compile(
    r"#\d{3,20}(?!\w)|(?<![\w-])(?=[A-Za-z_/-]*\d)[A-Za-z0-9]{1,30}(?:[-_/][A-Za-z0-9]{1,30}){0,5}(?!\w)",
    re.ASCII,
)
SHORTEST_NUMBER = 5
"""Of what stands without a `#`; shorter ones are counts and prices."""


@dataclass(frozen=True)
class Filled:
    words: str
    empty: tuple[str, ...]
    """Fields that nothing is known for; they stand in the words as they were."""


def fill(written: str, values: Mapping[str, str]) -> Filled:
    """`{{ field }}` becomes its value; `{{ field | these words }}` the words when there is none."""
    empty: list[str] = []

    def put(found: re.Match[str]) -> str:
        value = values.get(found[1]) or found[2]
        if not value:
            empty.append(found[1])
            return found[0]
        return value

    words = _FIELD.sub(put, written)
    return Filled(words, tuple(dict.fromkeys(empty)))


def fields_of(written: str) -> list[str]:
    return list(dict.fromkeys(found[1] for found in _FIELD.finditer(written)))


@cache
def built_in_phrases() -> tuple[Phrase, ...]:
    data = (files("aftercare.conversations") / "phrases.toml").read_text(encoding="utf-8")
    return tuple(Phrase(**one) for one in tomllib.loads(data)["phrase"])


def named(identifier: str) -> str:
    """An identifier or contact as it is compared."""
    return re.sub(r"[\s#]", "", identifier).upper()


@dataclass(frozen=True)
class Mentioned:
    """What the words name that may belong to somebody: to be looked up."""

    phones: frozenset[str]
    emails: frozenset[str]
    numbers: frozenset[str]


def mentioned(words: str, market: str = "CN") -> Mentioned:
    plain = words.translate(_FULL)
    phones = {normal for found in _PHONE.finditer(plain) if (normal := phone(found[0], market))}
    emails = {normal for found in _EMAIL.finditer(plain) if (normal := email(found[0]))}
    numbers = {named(found[0]) for found in _numbers(plain)}
    return Mentioned(frozenset(phones), frozenset(emails), frozenset(numbers))


def topics_of(words: str) -> set[Topic]:
    """What is promised by when: only for these the policy must be asked."""
    return {topic for topic, *_ in _promised(words.translate(_FULL))}


def speaks_of_money(words: str) -> bool:
    plain = words.translate(_FULL)
    return _AT_ONCE.search(plain) is not None or next(_given(plain, "CNY"), None) is not None


def check(words: str, known: Known, phrases: Sequence[Phrase]) -> list[Finding]:
    """In the order of their places; what is about the whole comes last."""
    plain = words.translate(_FULL)
    found = [
        *_fields(plain),
        *_phrases(plain, known.locale, phrases),
        *_promises(plain, known),
        *_people(plain, known),
    ]
    seen: set[tuple[Flaw, int, int]] = set()
    findings = []
    for one in sorted(found, key=lambda one: (one["start"], one["end"])):
        key = (one["flaw"], one["start"], one["end"])
        if key not in seen:
            seen.add(key)
            findings.append(Finding(words=words[one["start"] : one["end"]], **one))
    if known.broken_since is not None and not _EXPLAINS.search(plain):
        findings.append(
            Finding(
                flaw=Flaw.delay, severity=Severity.warns, start=0, end=0, words="", instead=_SORRY[known.locale],
                due_at=known.broken_since,
            )
        )  # fmt: skip
    return findings


_SORRY = {
    "zh-CN": "抱歉让您久等了，",
    "zh-TW": "抱歉讓您久等了，",
    "en": "I am sorry that this took longer than we promised. ",
}


def _one(
    flaw: Flaw, severity: Severity, start: int, end: int, instead: str = "", due_at: datetime | None = None
) -> dict[str, Any]:
    return {
        "flaw": flaw,
        "severity": severity,
        "start": start,
        "end": end,
        "instead": instead,
        "due_at": due_at,
    }


def _fields(plain: str) -> Iterator[dict[str, Any]]:
    for found in re.finditer(r"\{\{[^{}]*\}\}|\{\{|\}\}", plain):
        yield _one(Flaw.field_empty, Severity.blocks, found.start(), found.end())


def _phrases(plain: str, locale: str, phrases: Sequence[Phrase]) -> Iterator[dict[str, Any]]:
    low = plain.lower()
    if len(low) != len(plain):
        low = plain
    for phrase in phrases:
        if phrase.locale != locale:
            continue
        says, start = phrase.says.lower(), 0
        while says and (at := low.find(says, start)) >= 0:
            start = at + len(says)
            yield _one(
                Flaw.phrase, Severity.blocks if phrase.blocks else Severity.warns, at, start, phrase.instead
            )


def _promises(plain: str, known: Known) -> Iterator[dict[str, Any]]:
    for found in _CERTAIN.finditer(plain):
        if not _NOT.search(plain[max(0, found.start() - 8) : found.start()]):
            yield _one(Flaw.certain, Severity.warns, found.start(), found.end())
    if not known.paid:
        for found in _AT_ONCE.finditer(plain):
            due = known.due.get(Topic.money)
            yield _one(Flaw.at_once, Severity.blocks, found.start(), found.end(), _by(due, known), due)
    if known.most_cents is not None:
        for start, end, cents in _given(plain, known.currency):
            if cents > known.most_cents:
                most = money(known.most_cents, known.currency, known.locale)
                yield _one(Flaw.amount, Severity.blocks, start, end, most)
    for topic, start, end, span in _promised(plain):
        due = known.due.get(topic)
        if due is not None and not (topic is Topic.money and known.paid) and known.now + span < due:
            severity = Severity.blocks if topic is Topic.money else Severity.warns
            yield _one(Flaw.too_soon, severity, start, end, _by(due, known), due)


def _by(due: datetime | None, known: Known) -> str:
    if due is None:
        return ""
    at = moment(due, known.zone, known.locale, known.now)
    return f"by {at}" if known.locale == "en" else f"{at} 前"


def _given(plain: str, currency: str) -> Iterator[tuple[int, int, int]]:
    """Amounts that we say we give."""
    for sentence in _SENTENCE.finditer(plain):
        for found in _AMOUNT.finditer(plain, sentence.start(), sentence.end()):
            before = plain[max(sentence.start(), found.start() - 24) : found.start()]
            after = plain[found.end() : min(sentence.end(), found.end() + 12)]
            if _GIVES.search(before) or re.match(
                r"[^，,]{0,4}(?:退|赔|賠|补偿|補償)|\s?(?:refund|back)", after, re.IGNORECASE
            ):
                written = (found[1] or found[2]).replace(",", "")
                yield found.start(), found.end(), round(float(written) * 10 ** digits(currency))


def _promised(plain: str) -> Iterator[tuple[Topic, int, int, timedelta]]:
    """What we say will have happened within which span. What the customer may do within it is no promise of ours."""
    for sentence in _SENTENCE.finditer(plain):
        said = sentence[0]
        if _CUSTOMER_ACTS.search(said):
            continue
        for found in _WITHIN.finditer(plain, sentence.start(), sentence.end()):
            count, unit = found[1] or found[3].lower(), found[2] or found[4].lower()
            many = float(_NUMBERS[count]) if count in _NUMBERS else float(count)
            for topic, speaks in _TOPICS:
                if speaks.search(said):
                    yield topic, found.start(), found.end(), _SPANS[_UNITS.get(unit, unit)] * many
                    break


def _people(plain: str, known: Known) -> Iterator[dict[str, Any]]:
    taken: list[tuple[int, int]] = []
    for found in _CARD_OF_IDENTITY.finditer(plain):
        if _is_identity(found[0]):
            taken.append(found.span())
            yield _one(Flaw.identity, Severity.blocks, *found.span())
    for found in _BANK_CARD.finditer(plain):
        number = re.sub(r"\D", "", found[0])
        if named(number) not in known.own and not _within(found.span(), taken) and _luhn(number):
            taken.append(found.span())
            yield _one(Flaw.card, Severity.blocks, *found.span())
    for pattern, normal in ((_EMAIL, email), (_PHONE, lambda given: phone(given, known.market))):
        for found in pattern.finditer(plain):
            written = normal(found[0])
            if written is None or _within(found.span(), taken) or named(written) in known.own:
                continue
            if named(found[0]) in known.own:
                continue
            taken.append(found.span())
            severity = Severity.blocks if named(written) in known.others else Severity.warns
            yield _one(Flaw.contact, severity, *found.span())
    for found in _numbers(plain):
        if named(found[0]) in known.others and not _within(found.span(), taken):
            yield _one(Flaw.order, Severity.blocks, *found.span())


def _numbers(plain: str) -> Iterator[re.Match[str]]:
    return (
        found
        for found in _NUMBER.finditer(plain)
        if found[0].startswith("#") or len(found[0]) >= SHORTEST_NUMBER
    )


def _within(span: tuple[int, int], taken: Sequence[tuple[int, int]]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in taken)


def _is_identity(number: str) -> bool:
    """The last sign of a Chinese identity number is a check over the others (GB 11643, ISO 7064 MOD 11-2)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(sign) for weight, sign in zip(weights, number, strict=False))
    return "10X98765432"[total % 11] == number[-1].upper()


def _luhn(number: str) -> bool:
    total = 0
    for place, sign in enumerate(reversed(number)):
        value = int(sign) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
