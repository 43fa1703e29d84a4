"""What a text tells beside its intent: its language, the mood of who wrote it, how urgent it is."""

import re
import unicodedata

from aftercare.assistant import wordage
from aftercare.assistant.model import Mood

LOCALES = ("zh-CN", "zh-TW", "en")

_ANGRY = re.compile(
    r"垃圾|骗子|骗人|气死|太差|恶心|投诉|举报|12315|消协|消保|客诉|差评|负评|无语|忽悠|坑人|耍我|黑店|烂透|什么(态度|服务|玩意)|受够|没人管|再也不|法院|律师|起诉|曝光"
    r"|(到底|究竟).{0,12}(什么时候|要等|管不管|退不退)|都?(第)?(三|四|五|几)次了|一直(没人|不理|不回)"
    r"|\b(scam|fraud|terrible|awful|horrible|worst|disgust\w*|ridiculous|unacceptable|outrageous|furious|angry|useless|pathetic|rip[- ]?off"
    r"|lawyer|sue|never again|fed up|sick of|joke of a|complain\w*|bullshit|damn|wtf|stupid)\b"
)
_GLAD = re.compile(
    r"谢谢|感谢|多谢|太好了|太棒|很满意|满意|点赞|好评|真不错|很好用|喜欢|解决了|贴心|感恩|给力|靠谱"
    r"|\b(thank\w*|thx|great|perfect|awesome|excellent|love it|wonderful|amazing|helpful|happy|appreciate\w*|brilliant)\b"
)
_NOT_GLAD = re.compile(
    r"不(?:太|是很|怎么)?(?:满意|喜欢|好用|贴心)|没解决|不给力|不靠谱|\b(not|n't|never|no) (\w+ )?(happy|great|helpful|perfect|good)\b"
)
_URGENT = re.compile(
    r"着急|很急|急用|急!|马上|立刻|赶紧|尽快|今天(必须|之内|就要)|明天(要用|就要)|过敏|受伤|着火|冒烟|漏电|爆炸|触电|起火|烫伤|孩子|婴儿"
    r"|\b(urgent\w*|asap|immediately|right now|emergency|fire|smoke|burn\w*|shock|injur\w*|allerg\w*|dangerous)\b"
)
_DANGER = re.compile(
    r"过敏|受伤|着火|冒烟|漏电|爆炸|触电|起火|烫伤|\b(fire|smok(?:e|es|ing)|burn(?:s|ed|t|ing)?|electric shock|injur\w*|explo\w*|dangerous)\b"
)


def locale_of(text: str, before: str) -> str:
    """One of LOCALES; what it was before, where the text does not tell."""
    flat = unicodedata.normalize("NFKC", text)
    chinese = len(wordage.HAN.findall(flat))
    if chinese:
        if wordage.traditional_characters(flat):
            return "zh-TW"
        if before == "zh-TW" and wordage.simplified_characters(flat) == 0:
            return before
        return "zh-CN"
    words = re.findall(r"[A-Za-z]{2,}", flat)
    # A number or a code alone says nothing of who wrote it.
    tells = [word for word in words if not (word.isupper() and len(word) < 6)]
    return "en" if tells else before if before in LOCALES else "zh-CN"


def mood_of(text: str) -> Mood:
    flat = wordage.plain(text)
    angry = len(_ANGRY.findall(flat)) + (flat.count("!") >= 3) + (flat.count("?") >= 4)
    if _shouts(text):
        angry += 1
    glad = len(_GLAD.findall(_NOT_GLAD.sub(" ", flat)))
    if angry and angry >= glad:
        return Mood.angry
    return Mood.glad if glad else Mood.neutral


def _shouts(text: str) -> bool:
    letters = [one for one in text if one.isascii() and one.isalpha()]
    return len(letters) > 12 and sum(one.isupper() for one in letters) > 0.8 * len(letters)


def is_urgent(text: str) -> bool:
    return bool(_URGENT.search(wordage.plain(text)))


def is_dangerous(text: str) -> bool:
    """Somebody may come to harm: a person must see it at once."""
    return bool(_DANGER.search(wordage.plain(text)))
