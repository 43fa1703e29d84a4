"""What a text names: numbers of orders, parcels, claims and cases, contacts, money, days, counts, products.

Each found thing has its normal form: money in minor units with its currency, days as ISO days, numbers in capitals. A stretch of text is
one thing only: what is surer takes it first.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from aftercare.assistant import wordage
from aftercare.kit import text as kit_text
from aftercare.kit.languages import is_han, simplified

T = TypeVar("T")


class Kind(StrEnum):
    order = "order"
    tracking = "tracking"
    claim = "claim"
    case = "case"
    phone = "phone"
    email = "email"
    amount = "amount"
    day = "day"
    quantity = "quantity"


@dataclass(frozen=True)
class Entity:
    """`value` is the normal form: of an amount `CURRENCY minor-units`, of a span of days `first/last`. `carrier` belongs to a
    tracking number whose form tells it."""

    kind: Kind
    value: str
    text: str
    start: int
    end: int
    carrier: str | None = None

    @property
    def cents(self) -> int:
        return int(self.value.split()[1])

    @property
    def currency(self) -> str:
        return self.value.split()[0]

    @property
    def first_day(self) -> date:
        return date.fromisoformat(self.value.split("/")[0])

    @property
    def last_day(self) -> date:
        return date.fromisoformat(self.value.split("/")[-1])


@dataclass(frozen=True)
class Setting:
    """Where and when something is said: what a bare ¥, a bare number or 'Friday' means depends on it."""

    today: date
    currency: str = "CNY"
    market: str = "CN"


# Chinese numerals

_DIGIT = {**dict(zip("零一二三四五六七八九", range(10), strict=True)), "〇": 0, "两": 2, "俩": 2}
_POWER = {"十": 10, "百": 100, "千": 1_000}
_NUMERAL = "零〇一二三四五六七八九十百千万亿两俩廿"


def number_of(written: str) -> float | None:
    """A number in digits or in Chinese numerals: `1,299.5`, `1.2万`, `一千二`, `两百零三`, `三百五`. None when it is none."""
    written = simplified(written.strip()).replace(",", "").replace("廿", "二十")
    plain = re.fullmatch(r"(\d+(?:\.\d+)?)(万|千|k|w)?", written, re.IGNORECASE)
    if plain:
        return float(plain.group(1)) * {"万": 10_000, "w": 10_000, "千": 1_000, "k": 1_000}.get(
            (plain.group(2) or "").lower(), 1
        )
    if not written or not all(character in _NUMERAL for character in written):
        return None
    if all(character in _DIGIT for character in written):
        return float("".join(str(_DIGIT[character]) for character in written))
    whole = section = digit = 0
    power = 1
    for character in written:
        if character in _DIGIT:
            digit = _DIGIT[character]
        elif character in _POWER:
            section += (digit or (1 if character == "十" else 0)) * _POWER[character]
            digit, power = 0, _POWER[character]
        else:
            size = 10_000 if character == "万" else 100_000_000
            whole += (section + digit) * size
            section = digit = 0
            power = size
    # 一千二 is 1,200 and 一千零二 is 1,002.
    ends_short = written[-1] in _DIGIT and len(written) > 1 and written[-2] in "百千万亿"
    return float(whole + section + (digit * power // 10 if ends_short else digit))


_NUMBER = rf"(?:\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[万千]|[kKwW](?![A-Za-z]))?|[{_NUMERAL}]+)"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?"

# Money

_SIGNS = {
    "HK$": "HKD", "NT$": "TWD", "NT": "TWD", "US$": "USD", "R$": "BRL", "S$": "SGD", "A$": "AUD", "C$": "CAD",
    "RMB": "CNY", "CNY": "CNY", "USD": "USD", "EUR": "EUR", "GBP": "GBP", "TWD": "TWD", "HKD": "HKD", "BRL": "BRL",
    "$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "￥": "CNY",
}  # fmt: skip
_NAMES = {
    "dollars": "USD", "dollar": "USD", "bucks": "USD", "euros": "EUR", "euro": "EUR", "pounds": "GBP", "pound": "GBP",
    "yuan": "CNY", "rmb": "CNY", "cny": "CNY", "usd": "USD", "eur": "EUR", "gbp": "GBP", "twd": "TWD", "hkd": "HKD",
    "reais": "BRL", "人民币": "CNY", "美元": "USD", "美金": "USD", "欧元": "EUR", "英镑": "GBP", "港币": "HKD", "台币": "TWD",
    "新台币": "TWD",
}  # fmt: skip
_BEFORE = re.compile(
    rf"(?<![A-Za-z])({'|'.join(map(re.escape, _SIGNS))})\s?({_DIGITS})(?![\d-])", re.IGNORECASE
)
_AFTER = re.compile(rf"({_DIGITS})\s?({'|'.join(_NAMES)}|[€£¥])(?![A-Za-z])", re.IGNORECASE)
_YUAN = re.compile(
    rf"({_NUMBER})\s?(?:块钱|块|元|圆)(?:([{_NUMERAL}\d])(?:毛|角)?(?!\d|[块元万百千个件])(?:([{_NUMERAL}\d])分)?)?"
)


def _amounts(text: str, setting: Setting) -> Iterator[Entity]:
    for found in _BEFORE.finditer(text):
        currency = _SIGNS[found.group(1).upper()]
        # A dollar is the shop's own where the shop has dollars; a yen sign means the shop's yuan or yen.
        if found.group(1) == "$" and setting.currency in ("TWD", "HKD", "SGD", "AUD", "CAD"):
            currency = setting.currency
        if found.group(1) in "¥￥" and setting.currency == "JPY":
            currency = "JPY"
        yield _entity(Kind.amount, _money(currency, found.group(2)), text, found)
    for found in _AFTER.finditer(text):
        name = found.group(2).lower()
        yield _entity(Kind.amount, _money(_NAMES.get(name) or _SIGNS[name], found.group(1)), text, found)
    for found in _YUAN.finditer(text):
        value = number_of(found.group(1))
        if value is None:
            continue
        tenth, hundredth = (number_of(part) if part else 0 for part in found.groups()[1:])
        currency = setting.currency if setting.currency in ("CNY", "TWD", "HKD", "JPY") else "CNY"
        cents = round(value * 100) + round((tenth or 0) * 10) + round(hundredth or 0)
        yield _entity(Kind.amount, f"{currency} {cents}", text, found)


def _money(currency: str, digits: str) -> str:
    return f"{currency} {round(float(digits.replace(',', '')) * 100)}"


# Numbers of things

_WHOLE = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"


def _alone(pattern: str) -> re.Pattern[str]:
    return re.compile(f"{_WHOLE[0]}(?:{pattern}){_WHOLE[1]}", re.IGNORECASE)


_CLAIM = _alone(r"AS\d{10,12}")
_CASE = _alone(r"AC-?\d{4}-?\d{6,9}")
_TRACKING: tuple[tuple[re.Pattern[str], str], ...] = (
    (_alone(r"SF\d{12,13}"), "shunfeng"),
    (_alone(r"YT\d{13,16}"), "yuantong"),
    (_alone(r"ZTO?\d{12,14}"), "zhongtong"),
    (_alone(r"JDV?[A-Z]{0,2}\d{10,16}(?:-\d+){0,3}"), "jd"),
    (_alone(r"JT\d{12,15}"), "jtexpress"),
    (_alone(r"STO?\d{12,13}"), "shentong"),
    (_alone(r"YD\d{13}"), "yunda"),
    (_alone(r"DPK\d{12}"), "debangkuaidi"),
    (_alone(r"1Z[0-9A-Z]{16}"), "ups"),
    (_alone(r"[A-Z]{2}\d{9}CN"), "ems"),
    (_alone(r"[A-Z]{2}\d{9}BR"), "correios"),
    (_alone(r"[A-Z]{2}\d{9}[A-Z]{2}"), ""),
    (_alone(r"7[3-9]\d{12}"), "zhongtong"),
    (_alone(r"77\d{13}"), "shentong"),
    (_alone(r"JJD\d{16,18}|JD01\d{16}"), "dhl"),
)
_SAYS_PARCEL = re.compile(
    r"(?:快递|运单|物流|单号是?快递|包裹|tracking|waybill|parcel|awb|fedex|ups|dhl|usps|hermes|dpd|顺丰|圆通|中通|申通|韵达|邮政|ems)"
    r"[^\d\n]{0,24}$",
    re.IGNORECASE,
)
_SAYS_ORDER = re.compile(r"(?:订单|单号|order|pedido|编号)[^\d\n]{0,16}$", re.IGNORECASE)
_BARE_PARCEL = _alone(r"\d{12}|\d{10}|\d{13}|\d{14}|\d{15}|\d{20}|\d{22}")
_CARRIER_SAID = (
    ("fedex", "fedex"), ("ups", "ups"), ("dhl", "dhl"), ("usps", "usps"), ("顺丰", "shunfeng"), ("圆通", "yuantong"),
    ("中通", "zhongtong"), ("申通", "shentong"), ("韵达", "yunda"), ("京东", "jd"), ("ems", "ems"),
)  # fmt: skip
_ORDERS: tuple[re.Pattern[str], ...] = (
    _alone(r"[0-9a-f]{32}"),
    _alone(r"[A-Z]{2,5}-?\d{8,16}(?:-\d{1,3})?"),
    _alone(r"\d{18,19}"),
    re.compile(r"(?<![\w#&])#\d{3,8}(?!\w)"),
)
_ORDER_SAID = _alone(r"[A-Z]{0,5}-?\d{4,17}(?:-\d{1,17}){0,3}")


def _tracking(text: str, _: Setting) -> Iterator[Entity]:
    for pattern, carrier in _TRACKING:
        for found in pattern.finditer(text):
            if _SAYS_ORDER.search(text[: found.start()]) and not _SAYS_PARCEL.search(text[: found.start()]):
                continue
            yield _entity(Kind.tracking, found.group().upper(), text, found, carrier or None)
    for found in _BARE_PARCEL.finditer(text):
        before = _SAYS_PARCEL.search(text[: found.start()])
        if before:
            said = before.group().lower()
            carrier = next((code for word, code in _CARRIER_SAID if word in said), "")
            yield _entity(Kind.tracking, found.group(), text, found, carrier or None)


def _orders(text: str, _: Setting) -> Iterator[Entity]:
    for pattern in _ORDERS:
        for found in pattern.finditer(text):
            yield _entity(Kind.order, _order_number(found.group()), text, found)
    for found in _ORDER_SAID.finditer(text):
        if _SAYS_ORDER.search(text[: found.start()]):
            yield _entity(Kind.order, _order_number(found.group()), text, found)


def _order_number(said: str) -> str:
    return said.lower() if re.fullmatch(r"[0-9a-fA-F]{32}", said) else said.lstrip("#").upper()


def _references(text: str, _: Setting) -> Iterator[Entity]:
    for found in _CLAIM.finditer(text):
        yield _entity(Kind.claim, found.group().upper(), text, found)
    for found in _CASE.finditer(text):
        digits = re.sub(r"\D", "", found.group())
        yield _entity(Kind.case, f"AC-{digits[:4]}-{digits[4:]}", text, found)


# Contacts

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}")
_PHONES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w+])\+\d{1,3}[ -]?\(?\d{1,4}\)?(?:[ -]?\d{2,4}){1,4}(?!\d)"), ""),
    (re.compile(r"(?<![\w+])(?:86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\w)", re.ASCII), "CN"),
    (re.compile(r"(?<![\w+])09\d{2}[ -]?\d{3}[ -]?\d{3}(?!\w)", re.ASCII), "TW"),
    (re.compile(r"(?<![\w+])\(?0[2-8]\)?[ -]\d{3,4}[ -]\d{4}(?!\w)", re.ASCII), "TW"),
    (re.compile(r"(?<![\w+])0\d{2,3}[ -]\d{7,8}(?!\w)", re.ASCII), "CN"),
    (re.compile(r"(?<![\w+])\(?\d{3}\)?[ -]\d{3}[ -]\d{4}(?!\w)", re.ASCII), "US"),
)


def _contacts(text: str, setting: Setting) -> Iterator[Entity]:
    for found in _EMAIL.finditer(text):
        address = kit_text.email(found.group())
        if address:
            yield _entity(Kind.email, address, text, found)
    for pattern, market in _PHONES:
        for found in pattern.finditer(text):
            number = kit_text.phone(found.group(), market or setting.market)
            if number:
                yield _entity(Kind.phone, number, text, found)


# Days

_WEEKDAYS = {
    **{name: place for place, name in enumerate("一二三四五六日")},
    "天": 6,
    **{
        name: place
        for place, names in enumerate(
            (
                "monday mon",
                "tuesday tue tues",
                "wednesday wed",
                "thursday thu thur thurs",
                "friday fri",
                "saturday sat",
                "sunday sun",
            )
        )
        for name in names.split()
    },
}
_MONTHS = {
    name: place
    for place, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sep sept", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_NEAR = {
    "大前天": -3, "前天": -2, "昨天": -1, "昨日": -1, "昨晚": -1, "今天": 0, "今日": 0, "今早": 0, "今晚": 0, "明天": 1,
    "明日": 1, "大后天": 3, "后天": 2, "day before yesterday": -2, "yesterday": -1, "last night": -1, "today": 0,
    "tonight": 0, "day after tomorrow": 2, "tomorrow": 1,
}  # fmt: skip
_COUNTED = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "couple of": 2}  # fmt: skip
_WORD_NUMBERS = "|".join(_COUNTED)
_N = rf"(?:\d{{1,3}}|[{_NUMERAL}]{{1,3}})"
_MONTH_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_NAMES = "|".join(sorted((name for name in _WEEKDAYS if name.isascii()), key=len, reverse=True))

_ISO = re.compile(r"(?<!\d)(20\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?(?!\d)")
_NEAR_DAY = re.compile("|".join(sorted(map(re.escape, _NEAR), key=len, reverse=True)), re.IGNORECASE)
_DAYS_AGO = re.compile(rf"({_N})\s?(天|日|个?星期|周|个?礼拜|个?月)(之?前|以前|后|之后|以后)")
_EN_AGO = re.compile(
    rf"\b(\d{{1,3}}|{_WORD_NUMBERS})\s+(day|week|month)s?\s+(ago|later|from now)\b", re.IGNORECASE
)
_WEEKDAY = re.compile(r"(上上|上个?|这个?|本|下个?)?(?:周|星期|礼拜)([一二三四五六日天])")
_EN_WEEKDAY = re.compile(rf"\b(?:(last|this|next|on|past)\s+)?({_DAY_NAMES})\b", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"({_N})月({_N})[号日]?")
_SALES = {"双十一": (11, 11), "双十二": (12, 12), "618": (6, 18), "六一八": (6, 18)}
_SALE = re.compile(r"双(?:十一|十二|1[12])(?!\d)|(?<![A-Za-z0-9.])618(?!\d)|六一八")
_DAY_ONLY = re.compile(rf"(?<![月\d.])(上个?月|这个?月|本月)?({_N})号(?![店楼线])")
_EN_DAY = re.compile(
    rf"\b(?:({_MONTH_NAMES})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?|(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH_NAMES}))(?:,?\s+(20\d{{2}}))?\b",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(上上|上个?|这个?|本|下个?)(周|星期|礼拜|月)(?![一二三四五六日天])")
_EN_SPAN = re.compile(r"\b(last|this|next)\s+(week|month)\b", re.IGNORECASE)


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _nearest_year(month: int, day: int, today: date) -> date | None:
    """The one of the three years that lies nearest; looking back wins where both are as near."""
    years = (_made(year, month, day) for year in (today.year, today.year - 1, today.year + 1))
    return min(
        (one for one in years if one), key=lambda one: (abs((one - today).days), one > today), default=None
    )


def _shift_months(day: date, months: int) -> date:
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    for last in range(day.day, 27, -1):
        made = _made(year, month + 1, last)
        if made:
            return made
    return date(year, month + 1, day.day)


def _integer(written: str) -> int | None:
    value = number_of(written)
    return int(value) if value is not None else None


def _week_of(mark: str | None) -> int | None:
    return {"上上": -2, "上": -1, "上个": -1, "这": 0, "这个": 0, "本": 0, "下": 1, "下个": 1}.get(
        mark or "?"
    )


def _days(text: str, setting: Setting) -> Iterator[Entity]:
    today = setting.today
    monday = today - timedelta(days=today.weekday())
    for found in _ISO.finditer(text):
        yield from _day(_made(*(int(part) for part in found.groups())), text, found)
    for found in _NEAR_DAY.finditer(text):
        yield from _day(today + timedelta(days=_NEAR[found.group().lower()]), text, found)
    for found in _DAYS_AGO.finditer(text):
        many = _integer(found.group(1))
        if many is not None:
            unit = "month" if "月" in found.group(2) else "day" if found.group(2) in "天日" else "week"
            yield from _day(_away(today, many, unit, -1 if "前" in found.group(3) else 1), text, found)
    for found in _EN_AGO.finditer(text):
        said = found.group(1).lower()
        many = int(said) if said.isdigit() else _COUNTED[said]
        way = -1 if found.group(3).lower() == "ago" else 1
        yield from _day(_away(today, many, found.group(2).lower(), way), text, found)
    for found in _SALE.finditer(text):
        sale = _SALES[found.group().replace("11", "十一").replace("12", "十二")]
        yield from _day(_nearest_year(*sale, today), text, found)
    for found in _MONTH_DAY.finditer(text):
        month, day = _integer(found.group(1)), _integer(found.group(2))
        if month and day:
            yield from _day(_nearest_year(month, day, today), text, found)
    for found in _EN_DAY.finditer(text):
        name, number = (
            (found.group(1), found.group(2)) if found.group(1) else (found.group(4), found.group(3))
        )
        month, day = _MONTHS[name.lower()], int(number)
        year = found.group(5)
        yield from _day(
            _made(int(year), month, day) if year else _nearest_year(month, day, today), text, found
        )
    for found in _WEEKDAY.finditer(text):
        week, place = _week_of(found.group(1)), _WEEKDAYS[found.group(2)]
        yield from _day(
            _weekday(today, place) if week is None else monday + timedelta(weeks=week, days=place),
            text,
            found,
        )
    for found in _EN_WEEKDAY.finditer(text):
        mark, place = (found.group(1) or "").lower(), _WEEKDAYS[found.group(2).lower()]
        if len(found.group(2)) == 3 and found.group(2).lower() in ("sat", "sun", "mon", "wed") and not mark:
            continue
        if mark == "next":
            ahead = (place - today.weekday() - 1) % 7 + 1
            yield from _day(today + timedelta(days=ahead), text, found)
        elif mark == "this":
            yield from _day(monday + timedelta(days=place), text, found)
        else:
            yield from _day(_weekday(today, place, before=mark in ("last", "past")), text, found)
    for found in _DAY_ONLY.finditer(text):
        day = _integer(found.group(2))
        if day:
            first = _shift_months(today.replace(day=1), -1 if (found.group(1) or "").startswith("上") else 0)
            yield from _day(_made(first.year, first.month, day), text, found)
    for found in _SPAN.finditer(text):
        yield _span(
            today, _week_of(found.group(1)) or 0, "month" if found.group(2) == "月" else "week", text, found
        )
    for found in _EN_SPAN.finditer(text):
        step = {"last": -1, "this": 0, "next": 1}[found.group(1).lower()]
        yield _span(today, step, found.group(2).lower(), text, found)


def _weekday(today: date, place: int, *, before: bool = False) -> date:
    """The latest such day; today counts unless it must lie before."""
    back = (today.weekday() - place) % 7
    return today - timedelta(days=7 if before and back == 0 else back)


def _away(today: date, many: int, unit: str, way: int) -> date:
    if unit == "month":
        return _shift_months(today, many * way)
    return today + timedelta(days=many * way * (7 if unit == "week" else 1))


def _span(today: date, step: int, unit: str, text: str, found: re.Match[str]) -> Entity:
    if unit == "week":
        first = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        last = first + timedelta(days=6)
    else:
        first = _shift_months(today.replace(day=1), step)
        last = _shift_months(first, 1) - timedelta(days=1)
    return _entity(Kind.day, f"{first}/{last}", text, found)


def _day(day: date | None, text: str, found: re.Match[str]) -> Iterator[Entity]:
    if day is not None:
        yield _entity(Kind.day, day.isoformat(), text, found)


# Counts

_UNITS = "件个只双条台套盒瓶包袋支张把本部块"
_COUNT = re.compile(
    rf"(?<![\d{_NUMERAL}第])(\d{{1,4}}|[{_NUMERAL}]{{1,3}})\s?[{_UNITS}](?!月|星期|礼拜|小时|工作日|钱|套)"
)
_EN_COUNT = re.compile(
    rf"\b(?:(\d{{1,4}})|({_WORD_NUMBERS}))\s+(?:of\s+(?:them|these|those)|items?|pieces?|pcs|pairs?|units?|boxes|bottles?|sets?)\b|\b(both)\b|(?<!\w)x\s?(\d{{1,3}})(?!\w)",
    re.IGNORECASE,
)


def _counts(text: str, _: Setting) -> Iterator[Entity]:
    for found in _COUNT.finditer(text):
        many = _integer(found.group(1))
        if many:
            yield _entity(Kind.quantity, str(many), text, found)
    for found in _EN_COUNT.finditer(text):
        digits, word, both, times = found.groups()
        many = 2 if both else int(digits or times or _COUNTED[word.lower()])
        if many:
            yield _entity(Kind.quantity, str(many), text, found)


# All together

FINDERS: tuple[Callable[[str, Setting], Iterable[Entity]], ...] = (
    _references,
    _contacts,
    _amounts,
    _days,
    _tracking,
    _orders,
    _counts,
)


def entities(text: str, setting: Setting) -> list[Entity]:
    """In order of appearance; none overlaps another."""
    flat = _flat(text)
    taken: list[Entity] = []
    for finder in FINDERS:
        found = sorted(finder(flat, setting), key=lambda one: (one.start, -(one.end - one.start)))
        for one in found:
            if all(one.end <= other.start or one.start >= other.end for other in taken):
                taken.append(one)
    return sorted(taken, key=lambda one: one.start)


def _flat(text: str) -> str:
    """Half-width and simplified, letter for letter, so that places stay what they are."""
    flat = "".join(
        narrow if len(narrow := unicodedata.normalize("NFKC", character)) == 1 else character
        for character in kit_text.clean(text)[: wordage.LONGEST]
    )
    return simplified(flat)


def _entity(kind: Kind, value: str, text: str, found: re.Match[str], carrier: str | None = None) -> Entity:
    return Entity(kind, value, found.group(), found.start(), found.end(), carrier)


_LITTLE = frozenset(
    re.findall(
        r"\w+",
        "an and are at can do does for how in is it me my not of on one or something that the this to what where which with you",
    )
)
"""English words that every sentence has."""


def named(text: str, titles: Mapping[T, str]) -> list[T]:
    """Which of these products a text may mean, the likeliest first: those that share its rarer words."""
    said = {word for word in kit_text.tokens(_flat(text)) if len(word) > 1 or is_han(word)} - _LITTLE
    known = {key: set(kit_text.tokens(_flat(title))) for key, title in titles.items()}
    if not any(words & said for words in known.values()):
        # '直筒裤' for '直筒休闲裤': no word in common, but two characters in a row.
        said = _pairs(text)
        known = {key: _pairs(title) for key, title in titles.items()}
    seen = [word for words in known.values() for word in words]
    scores = {key: sum(1 / seen.count(word) for word in words & said) for key, words in known.items()}
    best = max(scores.values(), default=0.0)
    found = [key for key, value in scores.items() if value > 0 and value >= best * 0.6]
    return sorted(found, key=lambda key: -scores[key])


def _pairs(text: str) -> set[str]:
    flat = _flat(text)
    return {flat[at : at + 2] for at in range(len(flat) - 1) if is_han(flat[at]) and is_han(flat[at + 1])}
