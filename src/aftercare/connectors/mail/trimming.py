"""What was newly said in a mail: without the quoted earlier mails, the signature, and what a telephone adds by itself.

Line by line and in linear time: a mail is written by a stranger. Known are the ways of Gmail, Outlook, Apple Mail, Thunderbird,
Yahoo, Zoho and older ones, in the languages in which they write them, and of QQ, 163 / NetEase, Foxmail and the phones that are
common in China. What is answered in between the quoted lines is kept with them.
"""

import re
from dataclasses import dataclass
from enum import Enum
from html import unescape

LONGEST = 200_000
"""Characters that are looked at."""
MOST_LINES = 20_000
LONGEST_OPENING = 500
"""Characters of 'On Monday, … wrote:', over several lines."""
LINES_OF_OPENING = 5
LINES_OF_SIGNATURE = 12


class Kind(Enum):
    empty = "e"
    text = "t"
    quote = "q"
    opening = "o"
    """Says who wrote what follows: 'On …, … wrote:'."""
    headers = "h"
    """The head of a quoted mail: From, Sent, To, Subject."""
    rule = "r"
    """A line of dashes and the like."""
    original = "f"
    """'-----Original Message-----', 'Begin forwarded message:'."""
    robot = "s"
    """'Sent from my iPhone'."""


# 'wrote', in the words of mail programs.
_WROTE = (
    r"wrote|writes|said|schrieb|geschrieben|a écrit|a ecrit|écrit|escribió|escribio|escribiu|escreveu|ha scritto|scrisse|"
    r"schreef|heeft geschreven|het volgende geschreven|skrev|kirjoitti|napisał\(?a?\)?|napisał|napisała|pisze|napsala?\(a\)|"
    r"napsala?|napísala?|написала?|пишет|писал|пише|написав|yazdı|şunları yazdı|a scris|írta|ezt írta|a következőt írta|"
    r"έγραψε|כתב|كتب|đã viết|menulis|เขียน|pateikė|rašė|kirjutas|написа|wrote the following|va escriure|idatzi du"
)
_WROTE_EAST = r"写道|寫道|写到|寫到|写(?=\s?[-:：])|寫(?=\s?[-:：])|が書きました|さんは書きました|のメール|さんの言葉|님이 작성|님이 씀|작성"
_WROTE_AT = re.compile(rf"(?:(?<=\W)|^)(?:{_WROTE})(?!\w*[A-Za-zÀ-ž])|{_WROTE_EAST}", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+%=&'-]{1,80}@[\w-]{1,80}(?:\.[\w-]{1,60})+|<[^<>@\s]{1,80}@[^<>\s]{1,160}>")
_TIME = re.compile(r"(?<!\d)\d{1,2}(?:[:.h]\s?\d{2}|\s?(?:时|時|點|点|시))")
_DATE = re.compile(
    r"(?<!\d)(?:\d{4}\s?[-./年년]\s?\d{1,2}\s?[-./月월]\s?\d{1,2}|\d{1,2}[-./]\s?\d{1,2}[-./]\s?(?:\d{4}|\d{2})(?!\d)|"
    r"\d{1,2}\s?(?:月|월)\s?\d{1,2}|(?:19|20)\d{2}(?!\d))"
)
# How an opening may begin where it has no address: with 'On', with a day, with a date.
_BEGINS_SURELY = re.compile(
    r"^(?:(?:on|at|le|el|em|il|am|op|den|dnia|dne|dňa|på|w dniu|în|in data|a|vào|pada|ngày|в|du|kuupäeval)\s|在|於|于|\W{0,2}\d|"
    r"\"|“)",
    re.IGNORECASE,
)
# Or with the name of a day, or of a person: then a whole date must follow.
_BEGINS = re.compile(rf"{_BEGINS_SURELY.pattern}|^[^\W\d_]{{2,14}}[.,]?\s", re.IGNORECASE)
_IN_MESSAGE = re.compile(r"^in (?:message|article) <[^<>]{1,200}>", re.IGNORECASE)
_YOU_WROTE = re.compile(r"^.{0,120}\byou wrote\s*:$", re.IGNORECASE)
_OPENING_ENDS = re.compile(r"(?:[:：]|-{2,}|>\s?[:：])\s*$")

# Names of header lines of a quoted mail, and the one with which such a block may begin.
_FIRST_HEADER = (
    r"from|von|de|da|van|od|från|fra|frá|lähettäjä|от|від|kimden|gönderen|de la|feladó|odesílatel|από|מאת|من|từ|dari|จาก|"
    r"发件人|寄件人|寄件者|發件人|差出人|送信者|送信元|보낸\s?사람|보낸이|发信人|sender|expéditeur|remetente|remitente|mittente|afzender|absender|nadawca"
)
_OTHER_HEADER = (
    r"sent|date|to|cc|bcc|subject|reply-to|organization|importance|attachments?|"
    r"gesendet|datum|an|kopie|betreff|antwort an|envoyé|envoye|à|objet|copie|enviado(?: el| em)?|fecha|para|asunto|assunto|data|"
    r"cópia|inviato|a|oggetto|verzonden|aan|onderwerp|skickat|sendt|til|till|emne|ämne|kopia|lähetetty|päivämäärä|"
    r"vastaanottaja|kopio|aihe|wysłano|do|temat|dw|odesláno|komu|předmět|odoslané|predmet|отправлено|дата|кому|копия|тема|надіслано|"
    r"gönderildi|kime|bilgi|konu|tarih|trimis|către|subiect|elküldve|címzett|tárgy|dátum|στάλθηκε|ημερομηνία|προς|θέμα|"
    r"发送时间|发送日期|寄件日期|日期|收件人|收件者|抄送|副本|密送|主题|主旨|主題|傳送時間|發送時間|寄送時間|送信日時|日時|宛先|件名|"
    r"보낸\s?날짜|날짜|받는\s?사람|받는이|참조|제목|时间|時間|回复|回覆|附件|重要性"
)
_HEADER = re.compile(
    rf"^[\s>*_|]{{0,6}}(?P<name>{_FIRST_HEADER}|{_OTHER_HEADER})[\s*_]{{0,3}}[:：](?=\D|$|\s)(?P<value>.*)$",
    re.IGNORECASE,
)
_FIRST = re.compile(rf"^(?:{_FIRST_HEADER})$", re.IGNORECASE)
_UNMISTAKABLE = re.compile(
    r"^(?:发件人|寄件人|寄件者|發件人|发送时间|收件人|主题|主旨|差出人|件名|送信日時|보낸\s?사람|제목|subject|betreff|objet|asunto|assunto|"
    r"oggetto|onderwerp|emne|ämne|aihe|temat|předmět|тема|konu|gesendet|envoyé|sent)$",
    re.IGNORECASE,
)

_ORIGINAL_WORDS = (
    r"original message|original appointment|forwarded message|forwarded by|reply message|begin forwarded message|"
    r"ursprüngliche nachricht|urspr. nachricht|originalnachricht|original-nachricht|weitergeleitete nachricht|"
    r"anfang der weitergeleiteten nachricht|message d'origine|message d’origine|message original|message transféré|"
    r"courriel original|début du message (?:réexpédié|transféré)|mensaje original|mensaje reenviado|inicio del mensaje reenviado|"
    r"mensagem original|mensagem encaminhada|início da mensagem (?:encaminhada|reencaminhada)|messaggio originale|"
    r"messaggio inoltrato|inizio messaggio inoltrato|oorspronkelijk bericht|origineel bericht|doorgestuurd bericht|"
    r"begin doorgestuurd bericht|originalmeddelande|ursprungligt meddelande|vidarebefordrat meddelande|"
    r"oprindelig meddelelse|opprinnelig melding|videresendt (?:meddelelse|melding)|alkuperäinen viesti|"
    r"wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana|původní zpráva|přeposlaná zpráva|pôvodná správa|"
    r"исходное сообщение|пересылаемое сообщение|пересланное сообщение|исходное письмо|orijinal ileti|özgün ileti|iletilen ileti|"
    r"mesaj original|eredeti üzenet|továbbított üzenet|"
    r"原始邮件|原邮件|原始信件|邮件原件|转发的?邮件|轉寄(?:的)?(?:郵件|信件)|原始郵件|原始郵件|轉寄郵件|回复的原邮件|回复的原邮件|"
    r"转发邮件信息|开始转发的邮件|回复邮件信息|元のメッセージ|転送メッセージ|オリジナル メッセージ|원본 메시지|원본 메일|전달된 메시지"
)
_ORIGINAL = re.compile(
    rf"^[\s>*_|]{{0,6}}(?:[-_=*+–—]{{2,80}}\s*(?:{_ORIGINAL_WORDS})[\s:：]*(?:[-_=*+–—]{{2,80}})?|"
    rf"(?:begin forwarded message|anfang der weitergeleiteten nachricht|début du message (?:réexpédié|transféré)|"
    rf"inicio del mensaje reenviado|início da mensagem (?:encaminhada|reencaminhada)|inizio messaggio inoltrato|"
    rf"begin doorgestuurd bericht|开始转发的邮件|开始转发邮件|以下是轉寄的信件|転送されたメッセージ)\s*[:：])\s*$",
    re.IGNORECASE,
)
_REPLY_ABOVE = re.compile(
    r"^[\s>]{0,4}[-_#=*~ ]{2,40}.{0,60}(?:reply above|write above|type your (?:reply|response) above|"
    r"antworten sie (?:bitte )?oberhalb|répondre au-dessus|escriba (?:su respuesta )?encima|"
    r"请?在(?:此|本|这)(?:行|线|分隔线)?(?:之|以)?上(?:方|面)?(?:回复|输入|作答)|請?在(?:此|本|這)(?:行|線|分隔線)?(?:之|以)?上(?:方|面)?(?:回覆|輸入))",
    re.IGNORECASE,
)

_ROBOT = re.compile(
    r"^[\s>*_|\[(<]{0,6}(?:"
    r"(?:sent|written|posted|typed|composed) (?:from|via|with|using|on|by) .{2,90}|get outlook for .{2,60}|"
    r"(?:diese nachricht wurde |von meinem .{2,40} )?(?:gesendet|geschrieben|verschickt)(?: von| mit| über)? .{2,60}|von meinem .{2,40} gesendet|"
    r"von meinem .{2,60}|hol(?:en sie sich|e dir) outlook .{2,40}|outlook für .{2,40} beziehen|"
    r"envoyé (?:de|depuis|à partir de|avec) .{2,60}|télécharg(?:er|ez) outlook .{2,40}|obtenez outlook .{2,40}|provenance\s?: .{2,40}|"
    r"enviado (?:desde|do|de|a partir) .{2,60}|obtener outlook .{2,40}|obter o? ?outlook .{2,40}|"
    r"inviato (?:da|dal|con) .{2,60}|ottieni outlook .{2,40}|scarica outlook .{2,40}|"
    r"verzonden (?:vanaf|vanuit|met|via) .{2,60}|verstuurd vanaf .{2,60}|outlook voor .{2,30} downloaden|"
    r"skickat från .{2,60}|sendt fra .{2,60}|sendt via .{2,60}|hent outlook .{2,40}|hämta outlook .{2,40}|"
    r"lähetetty .{2,60}|wysłan[eyo] z .{2,60}|odesláno z .{2,60}|odoslané z .{2,60}|отправлено (?:с|из|от) .{2,60}|надіслано з .{2,60}|"
    r"\S{2,20}(?:'|’)?(?:dan|den|tan|ten|im'den|umdan) gönderildi|trimis de pe .{2,60}|küldve .{2,60}|"
    r"(?:发自|來自|来自|发送自|發自|寄自|从|從|通过|透過).{1,40}(?:手机|手機|iphone|ipad|mac|邮箱|郵箱|信箱|邮件|郵件|客户端|客戶端|电脑|電腦|平板|"
    r"outlook|mail|android|安卓|foxmail|大师|大師|傳送|发送|發送|寄出|小米|华为|荣耀|oppo|vivo|魅族|三星|盯盘|app)\S{0,20}|"
    r"获取\s?outlook.{2,40}|下载\s?outlook.{0,40}|取得\s?outlook.{2,40}|(?:本|此)邮件(?:来自|发自|由).{1,40}发送|签名由.{1,30}定制|"
    r".{1,30}から送信|.{1,30}より送信|outlook for .{1,20} を(?:入手|取得)|나의 .{1,30}에서 보냄|내 .{1,30}에서 보냄|.{1,20}에서 보냄"
    r")[\s\])>.。!_*|]{0,6}$",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"\s?<(?:https?|mailto):[^<>\s]{0,500}>|\s?\((?:https?|mailto):[^()\s]{0,500}\)|\s?\[(?:https?|mailto):[^\[\]\s]{0,500}\]"
)
_QUOTE = re.compile(r"^\s{0,3}(?:>|&gt;|｜|│)")
_RULE = re.compile(r"^\s{0,8}(?:[-_=—–~#*ᐧ─━═]\s?){2,200}$|^\s{0,8}[—―]{1,200}\s*$|^\s*ᐧ\s*$")
_SIGNATURE = re.compile(r"^(?:--|__|—|––|－－) ?$")


@dataclass(frozen=True)
class Trimmed:
    """`text` is what was newly said, `rest` whatever was taken off."""

    text: str
    rest: str


@dataclass
class _Line:
    kind: Kind
    text: str


def trim(text: str) -> Trimmed:
    """The new words of a mail. A mail that is nothing but a quote or a forwarded mail is kept as that."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\xa0", " ")
    text = text.replace("\ufeff", "").replace("\u200b", "")
    if not text.strip():
        return Trimmed("", "")
    text = text[:LONGEST]
    lines = _classify(text.split("\n")[:MOST_LINES])
    kept = _kept(lines)
    if not any(line.text.strip() for line in kept):
        kept = [line for line in lines if line.kind in (Kind.text, Kind.quote, Kind.empty)] or lines
    new = _stripped(line.text for line in kept)
    chosen = {id(line) for line in kept}
    return Trimmed(new, _stripped(line.text for line in lines if id(line) not in chosen))


def _stripped(lines: "object") -> str:
    given = [line.rstrip() for line in lines]  # type: ignore[attr-defined]
    while given and not given[0]:
        given.pop(0)
    while given and not given[-1]:
        given.pop()
    return "\n".join(given)


# Which line is what


def _classify(lines: list[str]) -> list[_Line]:
    found: list[_Line] = []
    at = 0
    while at < len(lines):
        span, kind = _look(lines, at)
        found += [_Line(kind, line) for line in lines[at : at + span]]
        at += span
    return found


def _look(lines: list[str], at: int) -> tuple[int, Kind]:
    """How many lines from here belong together, and what they are."""
    line = lines[at]
    bare = line.strip()
    if not bare:
        return 1, Kind.empty
    if _REPLY_ABOVE.match(line):
        return 1, Kind.original
    if _QUOTE.match(line):
        return 1, Kind.quote
    if len(line) <= 400:
        if _ORIGINAL.match(bare):
            return 1, Kind.original
        if _RULE.match(line):
            return 1, Kind.rule
        if _ROBOT.match(_LINK.sub("", bare)):
            return 1, Kind.robot
    span = _opening(lines, at)
    if span:
        return span, Kind.opening
    span = _headers(lines, at)
    if span:
        return span, Kind.headers
    return 1, Kind.text


def _opening(lines: list[str], at: int) -> int:
    """The number of lines of an 'On …, … wrote:' that begins here; 0 where none does."""
    first = lines[at].strip()
    if not (first.startswith("-") or _BEGINS.match(first) or _ADDRESS.search(first[:LONGEST_OPENING])):
        return 0
    joined = ""
    for span in range(1, LINES_OF_OPENING + 1):
        if at + span > len(lines):
            return 0
        line = lines[at + span - 1].strip()
        if span > 1:
            # A reply in between breaks '<a@b.c\n> wrote:' behind a mark of quoting.
            line = line.removeprefix(">").strip() if len(line) < 12 else line
        if not line or len(joined) + len(line) > LONGEST_OPENING:
            return 0
        joined = f"{joined} {line}" if joined else line
        if _OPENING_ENDS.search(line) and is_opening(unescape(joined)):
            return span
    return 0


def is_opening(said: str) -> bool:
    """Whether these words say who wrote what follows."""
    said = " ".join(said.split())
    if not _OPENING_ENDS.search(said):
        return False
    if _IN_MESSAGE.match(said) or _YOU_WROTE.match(said):
        return True
    has_address = bool(_ADDRESS.search(said))
    has_date = bool(_DATE.search(said)) or len(_TIME.findall(said)) > 0
    wrote = _WROTE_AT.search(said)
    if wrote:
        # The verb stands near the end, or, in German, before the name.
        near = len(said) - wrote.end() <= 12
        if has_address and has_date:
            return True
        if has_address:
            return near
        begins = (has_date and _BEGINS_SURELY.match(said)) or (_DATE.search(said) and _BEGINS.match(said))
        return bool(begins) and (near or said.lower().startswith("am "))
    # Gmail in Japanese and older Gmail in Chinese: '2016年2月5日 10:43 name <address>:'.
    return has_address and bool(_DATE.search(said[:60])) and bool(re.search(r">\s?[:：]$", said))


def _headers(lines: list[str], at: int) -> int:
    """The number of lines of a head of a quoted mail that begins here; 0 where none does."""
    if len(lines[at]) > 2_000:
        return 0
    first = _HEADER.match(lines[at][:400])
    if first is None:
        return 0
    names, span, strange, last = [first["name"]], 1, 0, 1
    while at + span < len(lines) and span < 24:
        line = lines[at + span]
        more = _HEADER.match(line[:400])
        span += 1
        if more is not None:
            names.append(more["name"])
            strange, last = 0, span
        elif not line.strip():
            # Some programs leave a line empty between each two of them.
            following = lines[at + span] if at + span < len(lines) else ""
            if not _HEADER.match(following[:400]):
                break
        elif len(names) == 1 and not lines[at + span - 2].rstrip().endswith((",", ";", ":", "<")) and strange:
            break
        else:
            strange += 1
            if strange > 2:
                break
    known = {name.lower() for name in names}
    enough = len(known) >= 3 or (
        len(known) == 2 and (_FIRST.match(names[0]) and any(_UNMISTAKABLE.match(name) for name in known))
    )
    if not enough or not (_FIRST.match(names[0]) or any(_FIRST.match(name) for name in names)):
        return 0
    # A subject that goes on in the next line belongs to it.
    while (
        at + last < len(lines)
        and lines[at + last].strip()
        and last < span
        and not _QUOTE.match(lines[at + last])
    ):
        last += 1
    return last


# What is kept


def _kept(lines: list[_Line]) -> list[_Line]:
    lines = _without_signature(lines)
    lines = [line for line in lines if line.kind is not Kind.robot]
    spoken = False
    kept: list[_Line] = []
    for at, line in enumerate(lines):
        match line.kind:
            case Kind.opening:
                ended = at == 0 or lines[at - 1].kind is not Kind.opening
                if ended and spoken and not _answered_between(lines, at):
                    return kept
                continue
            case Kind.headers | Kind.original:
                if spoken:
                    return _without_rule(kept)
                continue
            case Kind.quote:
                kept.append(line)
            case Kind.rule:
                if _ends_here(lines, at) and spoken:
                    return kept
                if spoken:
                    kept.append(line)
            case _:
                spoken = spoken or line.kind is Kind.text
                kept.append(line)
    return _without_last_quote(_without_first_quote(lines, kept))


def _without_last_quote(kept: list[_Line]) -> list[_Line]:
    """What is quoted below the last word answers nothing."""
    end = len(kept)
    while end and kept[end - 1].kind in (Kind.quote, Kind.empty, Kind.rule):
        end -= 1
    return kept[:end] if any(line.kind is Kind.text for line in kept[:end]) else kept


def _answered_between(lines: list[_Line], at: int) -> bool:
    """Whether the quote that is opened here is answered below: quoted lines, and then words again."""
    after = at
    while after < len(lines) and lines[after].kind is Kind.opening:
        after += 1
    while after < len(lines) and lines[after].kind is Kind.empty:
        after += 1
    if after == len(lines) or lines[after].kind is not Kind.quote:
        return False
    return any(line.kind is Kind.text for line in _before_end(lines[after:]))


def _before_end(lines: list[_Line]) -> list[_Line]:
    """Up to where another mail or a rule begins."""
    for at, line in enumerate(lines):
        if line.kind in (Kind.headers, Kind.original) or (line.kind is Kind.rule and _ends_here(lines, at)):
            return lines[:at]
    return lines


def _without_first_quote(lines: list[_Line], kept: list[_Line]) -> list[_Line]:
    """Who answers below a quote that was opened by 'On …, … wrote:' means the answer alone."""
    begun = next((at for at, line in enumerate(lines) if line.kind is not Kind.empty), len(lines))
    if begun == len(lines) or lines[begun].kind is not Kind.opening:
        return kept
    first = next((at for at, line in enumerate(kept) if line.kind is not Kind.empty), len(kept))
    end = first
    while end < len(kept) and kept[end].kind in (Kind.quote, Kind.empty):
        end += 1
    rest = kept[end:]
    return rest if any(line.kind is Kind.text for line in rest) else kept


def _without_signature(lines: list[_Line]) -> list[_Line]:
    """A signature is a short piece below '--', up to the end or to the quoted mail."""
    for at, line in enumerate(lines):
        if not _SIGNATURE.match(line.text.strip(" ")) or not any(one.text.strip() for one in lines[:at]):
            continue
        end = at + 1
        while end < len(lines) and lines[end].kind in (Kind.text, Kind.empty, Kind.robot, Kind.rule):
            end += 1
        said = [one for one in lines[at + 1 : end] if one.kind is not Kind.empty]
        if len(said) > LINES_OF_SIGNATURE:
            continue
        return [*lines[:at], *lines[end:]]
    return lines


def _ends_here(lines: list[_Line], at: int) -> bool:
    """Whether a rule ends what was said: only a head, a quote, an opening or a short piece at the very end comes after it."""
    after = at + 1
    while after < len(lines) and lines[after].kind in (Kind.empty, Kind.rule):
        after += 1
    if after == len(lines):
        return True
    if lines[after].kind in (Kind.headers, Kind.original, Kind.opening, Kind.robot):
        return True
    bare = lines[at].text.strip()
    return len(bare) >= 5 and set(bare) <= {"_", " "} and len(lines) - after <= LINES_OF_SIGNATURE


def _without_rule(kept: list[_Line]) -> list[_Line]:
    """The line of dashes above the head of the quoted mail goes with it."""
    end = len(kept)
    while end and kept[end - 1].kind in (Kind.rule, Kind.empty):
        end -= 1
    return kept[:end]
