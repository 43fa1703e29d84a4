"""What a text tells beside its intent: its language, the mood of who wrote it, how urgent it is."""

import re
import unicodedata

from aftercare.assistant import wordage
from aftercare.assistant.model import Mood
from aftercare.kit.languages import is_han, is_simplified, is_traditional
from aftercare.kit.text import tokens

LOCALES = ("zh-CN", "zh-TW", "en")

_ANGRY = re.compile(
    r"垃圾|骗子|骗人|气死|太差|恶心|投诉|举报|12315|消协|消保|客诉|差评|负评|无语|忽悠|坑人|耍我|黑店|烂透|什么(态度|服务|玩意)|傻逼|傻b|煞笔|脑残|废物|狗屎|他妈|妈的|滚(?!筒|轮|刷|珠|动|烫|石|筷)|受够|没人管|再也不|法院|律师|起诉|曝光"
    r"|(到底|究竟).{0,12}(什么时候|要等|管不管|退不退)|都?(第)?(三|四|五|几)次了|一直(没人|不理|不回)"
    r"|\b(scam|fraud|terrible|awful|horrible|worst|disgust\w*|ridiculous|unacceptable|outrageous|furious|angry|useless|pathetic|rip[- ]?off"
    r"|lawyer|sue|never again|fed up|sick of|joke of a|complain\w*|bullshit|damn|wtf|stupid|idiots?|fuck\w*|shit\w*|crap)\b"
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
    r"过敏|受伤|着火|冒烟|漏电|爆炸|触电|起火|烫伤|中毒|[吃喝用擦].{0,8}(?:头晕|呕吐|吐了|拉肚子|腹泻|肚子疼|起疹子|红肿)|\b(poison\w*|fire|smok(?:e|es|ing)|burn(?:s|ed|t|ing)?|electric shock|injur\w*|explo\w*|dangerous)\b"
    # Of a person: a telephone has scratches as well.
    r"|(?:把我|手(?!机|表|柄|环|提)|脚|腿|脸|眼睛|皮肤|孩子|宝宝|老人).{0,6}(?:割|划|扎|刺|夹|砸|压|弄|烧|咬)(?:伤|破)|割伤|烧伤|灼伤|流血|出血|送医|急诊|去.{0,3}医院|被电|电到"
    r"|\b(?:bleed\w*|bled|hospital|(?:cut|hurt) (?:my|me|him|her|our|myself)\b)"
)


_COMPLAINT = re.compile(
    r"(?<!不)(?<!不会)(?<!不想)(?:投诉|客诉)(?!电话|渠道)|12315|消费者协会|消协|消保官|曝光你|起诉|(?:找|请)律师|法院见"
    r"|\b(?:file|make) a complaint|\breport you\b|\bmy lawyer\b|\bsue you\b"
)
_ANOTHER = re.compile(
    r"(?:另|别的?|其他|其它)(?:外)?(?:那|的)?(?:一)?(?:个|件|单|笔|份|双|台|张)(?!人|问题|事|地址|颜色|尺|码|号|款)|另外的?订单|换(?:一)?个订单"
    r"|不是这(?:个|件|单|笔|台|双|张)|(?:选|点|搞|弄|看)错(?:了|订单|单)|\bnot (?:this|that) (?:one|order|item)\b"
    r"|\b(?:the other|another|a different) (?:one|order|claim)\b|\bwrong (?:one|order)\b(?! (?:item|size))"
)
_BUYING = re.compile(r"买|购|下单|拍的|下的单|定的|订的|\b(?:bought|ordered|purchased)\b")
_SIZE = re.compile(
    r"码|尺|号|大了|小了|太大|太小|偏大|偏小|长了|短了|太长|太短|紧|松|不合身|穿不|规格|\b(?:size|small\w*|big\w*|large\w*|tight|loose|fits?|long|short)\b"
)
_PEOPLE = re.compile(
    r"人|客服|小二|\b(?:human|agent|person|people|someone|somebody|representative|staff|operator|manager|rep|customer service|bot|robot)\b"
)
_GOODS = re.compile(r"[件双条台瓶]|商品|\b(?:item|product|article)\b")
_MONEY_ONLY = re.compile(
    r"(?:只|仅)退(?:款|钱)|不(?:想|用|要)?退货.{0,4}(?:退款|退钱)|\b(?:without|not) (?:returning|sending) it\b|\brefund only\b|\b(?:just|only) (?:the|my) (?:money|refund)\b"
)
_HOW = re.compile(r"怎么|如何|怎样|咋|在哪里?(?:申请|办|退|换)|\bhow\b")
_HOW_LONG = re.compile(r"多久|多长时间|几天|几个工作日|多少天|\bhow (?:long|many days|soon)\b")
_ASSENT = re.compile(
    r"是|对|好|行|可以|嗯|没错|没问题|确认|确定|同意|(?<!我)要|提交|办理|[办退换修]吧|(?:取消|撤销)吧|\b(?:yes|yeah|yep|sure|ok|okay|correct|right|confirm|agreed?|exactly|fine|go ahead|do it|please do|submit)\b|[👌👍✅]"
)
_NOTHING_ELSE = re.compile(
    r"是|对|好|行|可以|嗯|没错|没问题|确认|确定|同意|需要|要|提交|办理?|申请|退货|退款|换货|维修|取消|撤销|退|换|修|订单|的|吧|了|啊|呀|呢|哦|噢|哈|啦|那|就|这样|这么|送出|请|给我|帮我|我|您|你|谢谢|感谢|多谢|麻烦|亲"
    r"|\b(?:yes|yeah|yep|sure|ok|okay|correct|right|confirm|i|we|agreed?|exactly|fine|go|ahead|do|it|that|this|is|please|pls|thanks?|thank|you|thx|submit|send|start|the|my|return|refund|exchange|repair|cancel|order|claim|so|much)\b|[^\w\s]|\s|_"
)
_REFUSAL = re.compile(
    r"(?:算了|先?不|先?别|等等|等一下|等下|慢着|停|\b(?:no|nope|not|don t|do not|wait|stop|never mind|hold on)\b)"
)
_MACHINE = re.compile(
    r"(?:机器人|自动回复|人工智能|真人|活人|\bai\b|\bbot\b|\brobot\b|\bmachine\b|\bhuman\b|\breal person\b)"
)
_IS_IT = re.compile(
    r"(?:你|您|这|对面|那边).{0,4}(?:是|不是).*(?:吗|还是|吧|\?|不是|嘛|么)|是不是|\b(?:are you|is this|am i (?:talking|speaking|chatting))\b"
)
_CALLS = re.compile(r"[转找换叫要给]|\b(?:want|need|get|talk to a|speak to a|connect|transfer)\b")
_GLAD_SIGNS = re.compile(r"[👍👌🙏😊😄😃😀🥰😍❤🌹🎉💪😁🤝✅]")
_ANGRY_SIGNS = re.compile(r"[😡😠🤬👎💢😤😭😢🖕]")
_CORRECTS = re.compile(
    r"(?:不是|不要|不选).{1,16}?[,，。;\s]+(?:而是|是|要|选)|不对|[哦噢]不|(?:说|打|搞)错了|改成|改为|还是|\bno[,. ]+wait\b|\bwait[,. ]+no\b|\bi mean(?:t)?\b|\bactually\b|\brather\b"
)
_DENIED = re.compile(r"^(?:不是|不要|不选|除了|not |isn't )")
_STOP = re.compile(r"[。.!！?？;；,，\n]+")
_NONE = re.compile(
    r"都不是|不是(?:这|那)|没有(?:我|一个)|\bnone of\b|\bneither\b|\bnot (?:this|that|these|any)\b"
)
_WHEN = re.compile(
    r"什么时候|几时|多久|几天|到账|入账|进度|查|哪|没|状态|了吗|到了|\b(?:when|where|status|how long|yet|progress|not)\b"
)
_ABLE = re.compile(r"会|能|做|干|谁|\b(?:what|who|which)\b")
_WITHDRAWAL = re.compile(r"撤回权|\bwithdraw(?:al)?\b(?! (?:my|the) (?:claim|return|request))|\brevoke\b")
_WARRANTY = re.compile(r"保修|质保|三包|保固|\bwarrant\w*|\bguarantee\w*")
_NUMBER = re.compile(
    r"(?:(?:订单|单)?(?:编|单)?号(?:码)?(?:是|为)?|订单|尾号(?:是)?|order(?: number)?|no\.?|是|[:：#\s])*[a-z]{0,5}[-\d\s]{4,40}(?:的|那个|这个)?[。.!！?？]?"
)
_ENGLISH = re.compile(
    r"the|an?|is|are|was|were|my|me|i|your?|we|it|this|that|these|they|to|of|in|on|for|with|and|or|not|no|do|does|did|can|could|would|will"
    r"|want|need|have|has|had|please|who|still|yet|ok",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w")
_AGAIN = re.compile(
    r"^(?:算了|那|唉|哎|嗯)[,，\s]*(?=还是|改成|改为|不如)|^(?:actually|well|hmm)[,\s]+", re.IGNORECASE
)
_GIVEN_UP = re.compile(
    r"^(?:算了|不了|没事了|never mind|forget it)?[,，\s]*(?:那|我)?(?:先)?(?:不(?:退|换|修|要|用|取消|办)(?:货|款)?了)?[,，。.!！\s]+(?=.{4})",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"^(?:(?:你好|您好|哈喽|哈囉|嗨|在吗|在嗎|亲|hi|hello|hey)(?:[啊呀]|there)?[,，。.!！~、\s]+)+"
    r"|[,，。.!！~、\s]+(?:谢谢|謝謝|多谢|多謝|感谢|感謝|感恩|麻烦了|麻煩了|thanks|thank you|thx|cheers)(?:你|您|了|啦|囉| a lot| so much| very much)?[,，。.!！~\s]*$",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"(?:[，,。.;；!！?？\s]|^)(?:另外|还有(?:就是|一个|一件事|，|,)?|還有|顺便|順便|顺带|对了|對了|再问|再問|同时|同時|以及)(?:问一下|再问|我想|想|請問|请问|问|問)?[，,]?"
    r"|(?:[,.;!?]\s*|\s)(?:and )?(?:also|by the way|another thing|and one more thing|besides)\b,?",
    re.IGNORECASE,
)
_ENGLISH_ALONE = re.compile(
    r"hi|hello|hey|help|thanks?|you|yes|no|ok|okay|please|bye|refund|returns?|exchange|repair|invoice|orders?|cancel|human|agent"
    r"|person|track|tracking|delivery|shipping|broken|damaged|complaint|address|warranty|where|when|why|how|what",
    re.IGNORECASE,
)


def locale_of(text: str, before: str, home: str | None = None) -> str:
    """One of LOCALES; what it was before, where the text does not tell. `home`: the page's or the account's, which settles what
    Chinese it is after words in another language."""
    flat = unicodedata.normalize("NFKC", text)
    if is_han(flat):
        if is_traditional(flat):
            return "zh-TW"
        likely = before if before in ("zh-CN", "zh-TW") else home
        return "zh-TW" if likely == "zh-TW" and not is_simplified(flat) else "zh-CN"
    words = re.findall(r"[A-Za-z]{2,}", flat)
    # A number or a code alone says nothing of who wrote it.
    tells = [word for word in words if not (word.isupper() and len(word) < 6)]
    # Words that nobody knows are slips of the keyboard or pinyin, and no change of language.
    if before in ("zh-CN", "zh-TW") and not any(
        _ENGLISH.fullmatch(word) or _ENGLISH_ALONE.fullmatch(word) for word in tells
    ):
        return before
    return "en" if tells else before if before in LOCALES else "zh-CN"


def mood_of(text: str) -> Mood:
    flat = wordage.plain(text)
    angry = len(_ANGRY.findall(flat)) + (flat.count("!") >= 3) + (flat.count("?") >= 4)
    angry += len(_ANGRY_SIGNS.findall(text)) + _shouts(text)
    glad = len(_GLAD.findall(_NOT_GLAD.sub(" ", flat))) + len(_GLAD_SIGNS.findall(text))
    if angry and angry >= glad:
        return Mood.angry
    return Mood.glad if glad else Mood.neutral


def _shouts(text: str) -> bool:
    letters = [one for one in text if one.isascii() and one.isalpha()]
    return len(letters) > 12 and sum(one.isupper() for one in letters) > 0.8 * len(letters)


def _says(what: re.Pattern[str], text: str) -> bool:
    return bool(what.search(wordage.plain(text)))


def is_urgent(text: str) -> bool:
    return _says(_URGENT, text)


def is_complaint(text: str) -> bool:
    """Somebody says outright that this goes to a higher place; no more questions by a machine."""
    return _says(_COMPLAINT, text)


def means_another(text: str) -> bool:
    """'Not this one, the other': what was taken to be meant is not."""
    return _says(_ANOTHER, text)


def speaks_of_buying(text: str) -> bool:
    return _says(_BUYING, text)


def speaks_of_people(text: str) -> bool:
    return _says(_PEOPLE, text)


def speaks_of_goods(text: str) -> bool:
    """Of one thing among others rather than of an order."""
    return _says(_GOODS, text)


def speaks_of_size(text: str) -> bool:
    return _says(_SIZE, text)


def wants_money_only(text: str) -> bool:
    """The money, and the goods not sent back."""
    return _says(_MONEY_ONLY, text)


def asks_how(text: str) -> bool:
    return _says(_HOW, text)


def asks_how_long(text: str) -> bool:
    return _says(_HOW_LONG, text)


def without_courtesy(text: str) -> str:
    """What is wanted, without 'hello' before and 'thank you' after it; the text itself where that is all."""
    bare = _AGAIN.sub("", _COURTESY.sub("", text.strip()).strip(" ,，。.!！~、"))
    return bare if len(bare) > 1 else text


def agrees(text: str) -> bool:
    """A yes and nothing besides: what moves goods or money happens on no other words ('yes, but only one' is none)."""
    flat = wordage.plain(text)
    return bool(_ASSENT.search(flat)) and not _NOTHING_ELSE.sub("", flat) and not _says(_REFUSAL, text)


def refuses(text: str) -> bool:
    """Begins with a no."""
    return bool(_REFUSAL.match(wordage.plain(text).replace("'", " ").strip()))


def corrects(text: str) -> bool:
    """'No wait, the other': no refusal, though a no stands in it."""
    return _says(_CORRECTS, text)


def chosen_words(text: str) -> str:
    """Of 'the first, no, rather the second' what was said last; nothing of what was only denied."""
    flat = wordage.plain(text)
    last = max((found.end() for found in _CORRECTS.finditer(flat)), default=0)
    left = flat[last:].strip(" ,，。.!！~、…吧")
    if not left:
        left = flat
    return "" if _DENIED.match(left) else left


def after_giving_up(text: str) -> str:
    """'Never mind, I keep it. Where is my parcel?': what is wanted now; the text itself where nothing was given up before it."""
    return _GIVEN_UP.sub("", text, count=1)


def speaks_of(text: str, title: str) -> bool:
    """Two characters or a word of what goods are called."""
    flat = wordage.plain(text)
    return without_words(flat, wordage.plain(title)) != " ".join(flat.split())


def is_wordless(text: str) -> bool:
    """Signs and pictures only."""
    return not _WORD.search(text)


def asks_if_machine(text: str) -> bool:
    """Who wants to know whether a person answers, and does not ask for one."""
    return _says(_MACHINE, text) and _says(_IS_IT, text) and not _says(_CALLS, text)


def names_none(text: str) -> bool:
    """'None of these'."""
    return _says(_NONE, text)


def asks_when(text: str) -> bool:
    return _says(_WHEN, text)


def asks_what_it_can(text: str) -> bool:
    return _says(_ABLE, text)


def speaks_of_withdrawal(text: str) -> bool:
    """Of leaving the contract, as the law of many countries allows without a reason."""
    return _says(_WITHDRAWAL, text)


def speaks_of_warranty(text: str) -> bool:
    return _says(_WARRANTY, text)


def is_number(text: str) -> bool:
    """Nothing but a number, whatever it is called."""
    return bool(_NUMBER.fullmatch(wordage.plain(text).strip()))


def without_words(text: str, others: str) -> str:
    """Without the words that stand in the other text as well."""
    flat, known = text.casefold(), others.casefold()
    words = set(tokens(others))
    gone = [False] * len(text)
    for at in range(len(text) - 1):
        if is_han(flat[at]) and is_han(flat[at + 1]) and flat[at : at + 2] in known:
            gone[at] = gone[at + 1] = True
    for found in re.finditer(r"[A-Za-z0-9]+", text):
        if found.group().casefold() in words:
            gone[found.start() : found.end()] = [True] * (found.end() - found.start())
    return " ".join("".join(" " if out else one for one, out in zip(text, gone, strict=True)).split())


def wishes(text: str) -> list[str]:
    """The parts of a message that is joined by 'and another thing'; one part where nothing joins."""
    return [part.strip(" ,，。.;；、") for part in _JOINT.split(text) if len(part.strip(" ,，。.;；、")) > 1]


def parts(text: str, size: int) -> list[str]:
    """Its sentences; where one runs on without a stop, stretches of this size that overlap by half."""
    found: list[str] = []
    for sentence in _STOP.split(text):
        words = sentence.split() if not is_han(sentence) else list(sentence.strip())
        joint = "" if is_han(sentence) else " "
        if len(words) <= size:
            found.append(joint.join(words))
            continue
        found += [joint.join(words[at : at + size]) for at in range(0, len(words) - size // 2, size // 2)]
    return [one for one in dict.fromkeys(found) if len(one) > 1]


def is_dangerous(text: str) -> bool:
    """Somebody may come to harm: a person must see it at once."""
    return _says(_DANGER, text)
