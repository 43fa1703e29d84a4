"""Which mails no person wrote: bounces (RFC 3464, and the free forms of many servers), complaints (RFC 5965), receipts (RFC 8098),
absence notes (RFC 3834), lists and mass mail."""

import re
from dataclasses import dataclass
from enum import StrEnum

from aftercare.connectors.mail.reading import Mail
from aftercare.kit.text import email as address_of

MOST_RECIPIENTS = 50
LOOKED_AT = 60_000
"""Characters of the text of a bounce."""


class Report(StrEnum):
    bounced = "bounced"
    delayed = "delayed"
    """It is still being tried, or was refused for now."""
    delivered = "delivered"
    complaint = "complaint"
    receipt = "receipt"
    automatic = "automatic"
    """An absence note, a confirmation: written by a robot in the name of somebody."""
    mass = "mass"
    """From a list or to very many."""


@dataclass(frozen=True)
class Reported:
    """`recipients`: whom it did not reach; `message_ids`: of which mails."""

    what: Report
    recipients: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    status: str = ""
    said: str = ""


_DAEMON = re.compile(
    r"^(?:mailer[-_.]?daemon|mail[-_.]?daemon|post[-_.]?master|postmast|mmdf|mailadmin|mail-?system|mdaemon|bounces?|double-?bounce|"
    r"mailer|mail|smtp-?gateway|noreply-?bounce|complaints?|scanmail|imss|mailsweeper|system-?administrator|returns?|maildelivery.*|"
    r"amazonses|mailmaster|mailroot|mailmon|exchange.*|microsoftexchange.*)(?:\+.*)?$",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"^(?:no-?reply|do-?not-?reply|noreply|system|notification)", re.IGNORECASE)
_DAEMON_NAME = re.compile(
    r"mail delivery (?:sub)?system|mailer-?daemon|postmaster|mail administrator|system administrator|internet mail delivery|"
    r"mail(?:er)? daemon|delivery subsystem|mail system|退信|系统退信|邮件系统|邮箱管理员",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver(?:ed|able)|non[- ]?delivery|delivery (?:status|failure|failed|notification|problem|has failed|incomplete|delayed)|"
    r"deliver(?:y|ed)? (?:error|report)|failure notice|failed (?:mail|delivery|message)|mail(?:er)? (?:delivery|error|failure|system error|not delivered)|"
    r"mail failed|returning (?:message )?to sender|returned (?:mail|to sender|message)|return(?:ed)? to sender|message (?:delivery failure|not delivered|undeliver|delayed|status|you sent)|"
    r"warning: (?:message|could not|mail)|could not (?:be delivered|send)|unable to deliver|delivery-?fail|bounce|delay(?:ed)? (?:mail|delivery)|"
    r"nicht zustellbar|unzustellbar|zustellung|mail[- ]?fehler|non remis|échec de (?:la )?remise|no se pudo entregar|no entregado|"
    r"mancata consegna|não (?:foi )?entregue|onbestelbaar|недоставл|не доставлен|"
    r"退信|系统退信|邮件投递失败|投递失败|无法投递|未送达|郵件傳遞|無法傳遞|配信(?:不能|できません|エラー)|送信できません|エラー通知|"
    r"undelivered mail|mail status report|nondeliverable|postmaster notify|system error|user unknown|rejected|considered unsolicited|virus",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"invalid (?:user|recipient|address)|no valid recipients|unknown host|requested action not taken|could not be delivered|couldn'?t be delivered|was not delivered|wasn'?t able to deliver|not able to deliver|has been undeliverable|undeliverable|"
    r"delivery (?:to the following|has failed|failed|of (?:your|the) (?:message|mail)|attempt)|failed to deliver|unable to deliver|"
    r"permanent (?:fatal )?error|permanently rejected|transcript of session|user unknown|unknown user|no such (?:user|recipient|address|mailbox|person)|"
    r"mailbox (?:full|unavailable|is full|not found|does not exist|exceeded)|address(?:es)? (?:had|failed|rejected|not found|unknown)|"
    r"did not reach|this (?:message was created automatically|is the (?:mail|postfix)|is an automatically|report relates)|was rejected|returned message|"
    r"the e-?mail (?:account|address) .{0,60}(?:does not exist|unknown)|over quota|quota exceeded|message (?:rejected|expired)|delivery status notification|"
    r"(?:^|\n)\s*(?:550|551|552|553|554|5\.\d{1,3}\.\d{1,3})[ -]|host unknown|unrouteable|unroutable|mail system error|has exceeded|"
    r"konnte nicht (?:zugestellt|übermittelt)|n'a pas pu être remis|no se ha podido entregar|não pôde ser entregue|"
    r"无法(?:送达|投递|发送|将您的)|未能(?:送达|投递)|投递失败|退回|退信|收件人(?:不存在|邮箱)|配信できません|届けることができません|送信できませんでした",
    re.IGNORECASE,
)
_TEMPORARY = re.compile(
    r"will (?:be|continue) (?:re)?(?:try|tried|trying|attempt)|still being (?:retried|tried)|delivery (?:is )?delayed|has been delayed|delayed \d|"
    r"this is a warning message only|not yet been delivered|queued for|will keep trying|temporar(?:y|ily)",
    re.IGNORECASE,
)

_AUTO_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|fwd?|回复|答复|回覆)\s*[:：]\s*)?(?:"
    r"auto(?:matic|matische|matique|mated)?[- ]?(?:re(?:ply|sponse|sponder)|antwort|svar|vastaus)|autoreply|autoresponse|auto:|out of (?:the )?office|ooo\b|away from|on (?:vacation|holiday|leave)|vacation|"
    r"automatische antwort|automatisches antwort|abwesen|abwesenheits|ich bin (?:nicht im büro|abwesend)|nicht im (?:büro|haus)|"
    r"réponse automatique|absence (?:du bureau|:)|message d'absence|absent du bureau|"
    r"respuesta automática|respuesta automatica|fuera de (?:la )?oficina|ausente|ausencia|risposta automatica|fuori (?:ufficio|sede)|assente|"
    r"resposta automática|fora do escritório|automatisch antwoord|afwezig|autosvar|automatisk|fraværende|frånvaro|automaattinen|poissa|"
    r"automatyczna odpowied|odpowiedź automatyczna|nieobecno|automatická odpověď|automatikus válasz|автоответ|автоматический ответ|нет на месте|в отпуске|"
    r"自动(?:回复|答复|应答|回信)|自動(?:回覆|回復|答覆|返信|応答)|不在(?:通知|のお知らせ|です)|休假|外出中|자동\s?(?:응답|회신)|부재중"
    r")",
    re.IGNORECASE,
)
_AUTO_BODY = re.compile(
    r"^\s*[\[【〔(（]?(?:自动回复|自動回覆|自动答复|这是(?:一封)?(?:来自.{0,20}的)?自动回复|這是(?:一封)?自動回覆|此为系统自动回复|本邮件为自动回复|您好[，,！!]?\s*(?:我|您的(?:邮件|来信)).{0,20}自动回复|"
    r"this is an auto(?:matic|mated)?[- ]?(?:reply|response|mail|e-?mail|message)|i am (?:currently )?out of (?:the )?office)",
    re.IGNORECASE,
)

_ID_LINE = re.compile(
    r"(?im)^[\s>]*(?:(?:original-)?message-id|in-reply-to|references|x-original-message-id)\s*:\s*((?:\s*<[^<>\s]{3,300}>){1,20})"
)
_ADDRESS_IN = re.compile(r"[\w.+%=&'/!#$*?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_FIELD = re.compile(
    r"(?im)^(final-recipient|original-recipient|x-actual-recipient|action|status|diagnostic-code)\s*:\s*(.*(?:\n[ \t]+.*)*)$"
)
_FAILED_LINE = re.compile(
    r"(?im)^[\s>*]*(?:<?(?P<a>[\w.+%=&'/-]{1,64}@[\w.-]{3,190})>?\s*(?:[:：]|\.\.\.|$|\(|\s-\s)|"
    r"(?:to|recipient|recipients|address|rcpt to|target mail address|failed recipient|user|original address|delivery to|destination|收件人|收件地址|宛先)\s*[:：=]\s*<?(?P<b>[\w.+%=&'/-]{1,64}@[\w.-]{3,190})>?)"
)
_ORIGINAL_BEGINS = re.compile(
    r"(?im)^[\s>*_|#-]{0,80}(?:(?:original|returned|bounced|unsent|rejected|copy of (?:the|your)|this is a copy of the) (?:message|e-?mail|mail|letter)|the following (?:is|are) .{0,40}(?:header|message)|message header|received\s*:|return-path\s*:|"
    r"included is a copy|below this line is a copy|the body of the message|原始邮件|原邮件|元のメール)",
)


def reported(mail: Mail, own: frozenset[str] = frozenset()) -> Reported | None:
    """None when a person wrote it to us. `own`: our addresses, which no bounce is about."""
    return _by_parts(mail, own) or _by_words(mail, own) or _robot(mail)


def _by_parts(mail: Mail, own: frozenset[str]) -> Reported | None:
    parts = dict(reversed(mail.reports))
    if "message/feedback-report" not in parts and re.match(
        r"(?i)\s*complaint about message from", mail.subject
    ):
        return Reported(Report.complaint, _mentioned("\n".join(parts.values()), own), _ids(mail))
    if "message/feedback-report" in parts:
        return Reported(Report.complaint, _mentioned(parts["message/feedback-report"], own), _ids(mail))
    status = parts.get("message/delivery-status") or parts.get("message/global-delivery-status")
    if status:
        return _status(mail, status, own)
    if "message/disposition-notification" in parts:
        return Reported(Report.receipt, (), _ids(mail))
    return None


def _status(mail: Mail, status: str, own: frozenset[str]) -> Reported | None:
    failed: dict[str, None] = {}
    tried: dict[str, None] = {}
    delivered = False
    code = said = ""
    for group in re.split(r"\n\s*\n", status[:LOOKED_AT]):
        fields: dict[str, str] = {}
        for found in _FIELD.finditer(group):
            fields.setdefault(found[1].lower(), " ".join(found[2].split()))
        action = fields.get("action", "").split(" ")[0].strip(";.").lower()
        number = _enhanced(fields.get("status", "")) or _enhanced(fields.get("diagnostic-code", ""))
        whom = [
            address
            for name in ("final-recipient", "original-recipient", "x-actual-recipient")
            if (address := _recipient(fields.get(name, "")))
        ]
        if not fields or (not action and not number and not whom):
            continue
        if action in ("delivered", "relayed", "expanded"):
            delivered = True
            continue
        final = action in ("failed", "fail", "failure", "") and not number.startswith("4")
        (failed if final else tried).update(dict.fromkeys(whom))
        if final or not code:
            code, said = number, fields.get("diagnostic-code", "")[:400]
    whom_ = failed or tried
    if not whom_ and not delivered:
        whom_ = dict.fromkeys(_found_in_words(mail, own))
    if not whom_ and not delivered and not code:
        return None
    if not failed and delivered and not tried:
        return Reported(Report.delivered, (), _ids(mail))
    what = Report.delayed if not failed and tried else Report.bounced
    return Reported(what, _some(whom_, own), _ids(mail), code, said or mail.text[:400])


def _recipient(value: str) -> str | None:
    found = _ADDRESS_IN.search(value.split(";", 1)[-1]) or _ADDRESS_IN.search(value)
    return address_of(found[0].strip("'/")) if found else None


def _enhanced(value: str) -> str:
    found = re.search(r"\b([245]\.\d{1,3}\.\d{1,3})\b", value) or re.search(r"\b([45])\d\d\b", value)
    return found[1] if found else ""


_NOTIFIED = re.compile(r'\\?"(?:notificationType|eventType)\\?"\s*:\s*\\?"(Bounce|Complaint)\\?"')
_NOTIFIED_TO = re.compile(r'\\?"(?:emailAddress|destination)\\?"\s*:\s*\[?\s*\\?"([^"\\]{3,250})\\?"')


def _by_words(mail: Mail, own: frozenset[str]) -> Reported | None:
    notified = _NOTIFIED.search(mail.whole[:LOOKED_AT]) if mail.whole.lstrip().startswith("{") else None
    if notified:
        # Amazon SES tells of bounces in JSON.
        to = [address_of(one) for one in _NOTIFIED_TO.findall(mail.whole[:LOOKED_AT])]
        what = Report.bounced if notified[1] == "Bounce" else Report.complaint
        return Reported(what, _some(dict.fromkeys(one for one in to if one), own), _ids(mail))
    local = mail.sender.partition("@")[0]
    silent = mail.header("return-path").strip() in ("<>", "") and "return-path" in mail.headers
    daemon = (
        bool(_DAEMON.match(local))
        or bool(_DAEMON_NAME.search(mail.sender_name))
        or bool(_DAEMON_NAME.search(mail.header("from")))
    )
    failed_to = mail.header("x-failed-recipients")
    subject = bool(_SUBJECT.search(mail.subject))
    text = mail.whole[:LOOKED_AT]
    body = bool(_BODY.search(text))
    likely = sum((daemon * 2, silent, subject * 2, body, bool(failed_to) * 3))
    returned = bool(mail.reports) and (subject or silent) and body and bool(_NOBODY.search(local))
    if not returned and (likely < 3 or not (daemon or silent or failed_to or not mail.sender)):
        return None
    if _AUTO_SUBJECT.match(mail.subject) and not (daemon and body):
        return None
    whom = _found_in_words(mail, own)
    ids = _ids(mail)
    if not whom and not ids and not (subject and (body or daemon)):
        return None
    before = _before_original(text)
    delayed = (
        bool(_TEMPORARY.search(before))
        and not re.search(r"\b5\d\d[ -]|\b5\.\d\.\d", before)
        and not re.search(r"(?i)permanent|gave up|giving up|too long|expired|failed for|has failed", before)
    )
    return Reported(
        Report.delayed if delayed else Report.bounced, whom, ids, _enhanced(before), _said(before)
    )


def _said(text: str) -> str:
    found = _BODY.search(text)
    at = max(0, found.start() - 60) if found else 0
    return " ".join(text[at : at + 400].split())


def _before_original(text: str) -> str:
    found = _ORIGINAL_BEGINS.search(text, 40)
    return text if found is None else text[: found.start()]


def _found_in_words(mail: Mail, own: frozenset[str]) -> tuple[str, ...]:
    """Lines that name who failed; else the addresses above the quoted mail; else its own To."""
    explicit = [address_of(one) for one in re.split(r"[,;\s]+", mail.header("x-failed-recipients")) if one]
    text = mail.whole[:LOOKED_AT]
    before = _ID_LINE.sub("", _before_original(text))
    lines = [address_of((one["a"] or one["b"]).rstrip(".")) for one in _FAILED_LINE.finditer(before)]
    told = dict.fromkeys(one for one in (*explicit, *lines) if one)
    if found := _some(told, own, mail):
        return found
    named = [address_of(one[0].rstrip(".'")) for one in _ADDRESS_IN.finditer(before)]
    if found := _some(dict.fromkeys(one for one in named if one), own, mail):
        return found
    heads = "\n".join(part for kind, part in mail.reports if "headers" in kind) or text[len(before) :]
    to = re.findall(r"(?im)^(?:to|x-original-to|delivered-to)\s*:\s*(.{1,400})$", heads)
    whole = [address_of(one[0]) for line in to[:5] for one in _ADDRESS_IN.finditer(line)]
    if found := _some(dict.fromkeys(one for one in whole if one), own, mail):
        return found
    # A mail to ourselves, or a server that notes the addressee where others note us.
    return _some(told or dict.fromkeys(one for one in named if one), own)


def _some(found: dict[str, None], own: frozenset[str], mail: Mail | None = None) -> tuple[str, ...]:
    """Not ourselves, not the daemon."""
    out = set(own)
    if mail is not None:
        out |= {mail.sender, *mail.recipients}
    kept = [
        one
        for one in found
        if one not in out and not re.match(r"(?i)(?:mailer-daemon|postmaster|noreply|no-reply)@", one)
    ]
    return tuple(kept[:MOST_RECIPIENTS])


def _mentioned(text: str, own: frozenset[str]) -> tuple[str, ...]:
    found = re.findall(
        r"(?im)^(?:original-rcpt-to|removal-recipient|x-hmxmroriginalrecipient)\s*:\s*<?(.{1,200}?)>?\s*$",
        text,
    )
    return _some(dict.fromkeys(one for each in found if (one := address_of(each))), own)


def _ids(mail: Mail) -> tuple[str, ...]:
    """Of the mails that it is about: those it quotes first, then what it refers to."""
    texts = [text for kind, text in mail.reports if "headers" in kind or kind == "forwarded"] + [
        mail.whole[:LOOKED_AT]
    ]
    found: dict[str, None] = {}
    for text in texts:
        for line in _ID_LINE.finditer(text[:LOOKED_AT]):
            found |= dict.fromkeys(re.findall(r"<[^<>\s]{3,300}>", line[1]))
    found |= dict.fromkeys(mail.references)
    return tuple(found)[:40]


def _robot(mail: Mail) -> Reported | None:
    submitted = mail.header("auto-submitted").split(";")[0].strip().lower()
    precedence = mail.header("precedence").strip().lower()
    answers = (
        submitted == "auto-replied"
        or precedence in ("auto_reply", "auto-reply", "autoreply")
        or any(
            name in mail.headers
            for name in (
                "x-autoreply",
                "x-autorespond",
                "x-autoresponse",
                "x-autoreply-from",
                "x-mail-autoreply",
                "x-vacation",
            )
        )
        or mail.header("x-autogenerated").lower() in ("reply", "forward")
        or bool(_AUTO_SUBJECT.match(mail.subject))
        or bool(_AUTO_BODY.match(mail.text[:200]))
        or mail.header("x-qq-mime").lower() == "autoreply"
        or (mail.header("return-path").strip() == "<>" and bool(mail.references))
    )
    if answers:
        return Reported(Report.automatic, (), _ids(mail))
    if any(
        name in mail.headers
        for name in (
            "list-id",
            "list-unsubscribe",
            "list-post",
            "mailing-list",
            "x-mailing-list",
            "feedback-id",
        )
    ) or precedence in ("bulk", "list", "junk"):
        return Reported(Report.mass)
    if submitted and submitted != "no":
        return Reported(Report.automatic, (), _ids(mail))
    if "all" in mail.header("x-auto-response-suppress").lower() and not mail.references and submitted:
        return Reported(Report.automatic)
    return None
