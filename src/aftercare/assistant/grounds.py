"""Whether a language model said only what it was given: each number, amount, day, address and link of its words must stand in the
grounding or in the question, and promises must not be its own."""

import re
from collections.abc import Sequence
from datetime import date

from aftercare.assistant import reading
from aftercare.assistant.entities import Kind, Setting, entities, number_of
from aftercare.assistant.ports import Grounding
from aftercare.kit.languages import simplified

LONGEST = 1_500
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CHINESE_NUMBER = re.compile(
    r"[零〇一二三四五六七八九十百千万两]+(?=天|日|小时|个?月|年|周|个?星期|元|块|件|折|倍|%|％|工作日|分钟)"
)
_ENGLISH_NUMBER = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|sixty|ninety|hundred)\b(?=[ -](?:business |working )?(?:days?|hours?|weeks?|months?|years?|%|percent|times))",
    re.IGNORECASE,
)
_ENGLISH = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
    "fourteen": 14, "fifteen": 15, "twenty": 20, "thirty": 30, "sixty": 60, "ninety": 90, "hundred": 100,
}  # fmt: skip
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'）)】]+|\b[a-z0-9-]+\.(?:com|cn|net|org|io|top|xyz|shop|info|ru|me|link|site)\b[^\s）)]*",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"<[a-z!/][^>]*>|!\[|\]\(|```|\bsystem prompt\b|\bignore (?:all|previous)\b|系统提示|指令", re.IGNORECASE
)

# Each sort of promise, in the words in which it is made; it must be in the grounding in some words of the same sort.
PROMISES: dict[str, re.Pattern[str]] = {
    "refund": re.compile(r"(?:全额|立即|马上|已经?|会|将|可以|直接|为您|给您|免费)[^。，,.]{0,8}(?:退款|退钱|退还|赔|补偿)|(?:full|immediate|guaranteed?)\s+refund|(?:we|i)(?: will|'ll| have| can) (?:\w+ )?(?:refund|reimburse|compensate)|refund (?:has been|was|will be|is) (?:issued|approved|processed|sent)|money back", re.IGNORECASE),
    "free": re.compile(r"免费|不收(?:取)?(?:任何)?费|包邮|\bfree\b|at no (?:cost|charge)|no charge", re.IGNORECASE),
    "guarantee": re.compile(r"保证|承诺|一定(?:会|能)|绝对|百分之?百|\bguarantee\w*|\bpromise\w*|\bdefinitely\b|\bcertainly will\b", re.IGNORECASE),
    "gift": re.compile(r"赠送|优惠券|礼品|红包|代金券|折扣|\bvoucher|\bcoupon|\bgift|\bdiscount", re.IGNORECASE),
    "exception": re.compile(r"破例|例外|特批|额外延长|\bexception\b|\bwaive", re.IGNORECASE),
    "done": re.compile(r"已(?:经)?(?:为您|帮您|给您)?(?:取消|办理|提交|申请|修改|安排|处理|补发|换货)|(?:i|we)(?: have|'ve) (?:\w+ )?(?:cancelled|canceled|submitted|arranged|changed|processed|started|approved)", re.IGNORECASE),
    "secrets": re.compile(r"密码|验证码|银行卡号|身份证|\bpassword|\bcvv\b|card number|\botp\b|verification code", re.IGNORECASE),
}  # fmt: skip

_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:instructions?|rules?|prompts?|above|previous)\b|\b(?:system|developer) (?:prompt|message|instructions?)\b"
    r"|\byou are (?:now|no longer)\b|\bact as\b|\bpretend (?:to be|you)\b|\bjailbreak|\b(?:reveal|print|repeat|show)\b.{0,30}\b(?:prompt|instructions?|api key|secrets?)\b"
    r"|(?:忽略|无视|忘记|不要管|绕过).{0,12}(?:指令|规则|提示|要求|设定|以上|之前)|系统提示|提示词|你现在是|扮演|(?:输出|告诉我|显示).{0,12}(?:其他客户|别的客户|其他用户|密钥|提示)"
    r"|\b(?:other|another|all) (?:customers?|users?)['’]?s?\b.{0,30}\b(?:orders?|address\w*|data|names?|phones?)\b|<\|?(?:system|assistant|im_start)",
    re.IGNORECASE | re.DOTALL,
)


def gives_orders(text: str) -> bool:
    """Whether a text speaks to the machine instead of about the matter; such a text never reaches a language model."""
    return bool(_INSTRUCTION.search(simplified(text)))


def complaints(said: str, question: str, grounding: Sequence[Grounding], locale: str) -> list[str]:
    """Why these words must not be shown; empty when they may."""
    given = "\n".join([*(f"{one.title}\n{one.text}" for one in grounding)])
    found: list[str] = []
    if not said.strip():
        return ["empty"]
    if len(said) > LONGEST:
        found.append("too long")
    if _MARKUP.search(said):
        found.append("markup")
    known = _numbers(given) | _numbers(question)
    found += [f"number {one}" for one in sorted(_numbers(said) - known)]
    setting = Setting(date(2000, 1, 1))
    values = {(one.kind, one.value) for one in entities(given, setting)}
    asked = {(one.kind, one.value) for one in entities(question, setting)}
    for one in entities(said, setting):
        # What the customer named may be named again, but an amount or a day that only he named is not a fact.
        allowed = values | (asked if one.kind not in (Kind.amount, Kind.day) else set())
        if one.kind is not Kind.quantity and (one.kind, one.value) not in allowed:
            found.append(f"{one.kind.value} {one.value}")
    links = {link.casefold().rstrip("/.,。") for link in _LINK.findall(given)}
    found += [f"link {link}" for link in _LINK.findall(said) if link.casefold().rstrip("/.,。") not in links]
    found += [
        f"promise: {sort}"
        for sort, words in PROMISES.items()
        if words.search(said) and not words.search(given)
    ]
    if _script(reading.locale_of(said, locale)) != _script(locale):
        found.append("language")
    return found


def _script(locale: str) -> str:
    return locale.split("-")[0]


def _numbers(text: str) -> set[float]:
    flat = simplified(text)
    found = {float(written.replace(",", "")) for written in _NUMBER.findall(flat) if written.count(".") < 2}
    for written in _CHINESE_NUMBER.findall(flat):
        value = number_of(written)
        if value is not None:
            found.add(value)
    return found | {float(_ENGLISH[word.lower()]) for word in _ENGLISH_NUMBER.findall(flat)}
