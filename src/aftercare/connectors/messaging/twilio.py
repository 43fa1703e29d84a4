"""Twilio: SMS and telephone, by its own library (extra `twilio`). Sources: twilio.com/docs/usage/webhooks/webhooks-security,
/docs/messaging/guides/webhook-request, /docs/voice/twiml, /docs/voice/api/call-resource.

Address: the number. Settings: `vendor`: twilio, `account_sid`, for SMS optionally `messaging_service_sid`; for the telephone `agents`
(e-mail: telephone of each of our people), `dial` (telephones that ring when somebody calls, else those of all agents), `greeting`,
`voicemail_words`, `record`: true. Secrets: `auth_token`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape, quoteattr

from aftercare.connectors.messaging.outside import Outside
from aftercare.connectors.messaging.shapes import (
    Asked,
    Event,
    GoneForGood,
    Media,
    PushUnreadable,
    Reported,
    Said,
    SignatureWrong,
    Taken,
    Told,
    parts_of,
    secret,
    setting,
)
from aftercare.connectors.messaging.wording import entry_words, with_files_named
from aftercare.conversations import (
    Account,
    CallEvent,
    CallHappening,
    Channel,
    Direction,
    NotDelivered,
    Outgoing,
    SendingState,
    Sent,
    TryLater,
)

if TYPE_CHECKING:
    from twilio.rest import Client

HOST = "https://api.twilio.com"
MEDIA_HOSTS = ("api.twilio.com", ".twiliocdn.com", "s3-external-1.amazonaws.com")
LONGEST = 1_600
RINGS_SECONDS = 25
VOICEMAIL_SECONDS = 180
GREETING = "您好，坐席暂时无法接听。请在提示音后留言，我们会尽快回电。"
_ANSWER = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
_STATES = {
    "delivered": SendingState.delivered,
    "read": SendingState.read,
    "undelivered": SendingState.failed,
    "failed": SendingState.failed,
}
_NOBODY = frozenset({21211, 21214, 21217, 21614, 30003, 30005, 30006})
"""No number, none that takes SMS, or nobody there."""
_PASSES = frozenset({20003, 20429, 21611, 30001, 30002, 30010, 63018})
_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")


class TwilioForm:
    name: ClassVar[str] = "twilio"
    kinds: ClassVar[frozenset[Channel]] = frozenset({Channel.sms, Channel.phone})

    def take(self, account: Account, asked: Asked) -> Taken:
        told = _form(asked.body)
        self._verify(account, asked, told)
        if account.kind is Channel.phone:
            return _take_call(account, asked, told)
        number = told.get("MessageSid") or told.get("SmsSid") or ""
        if not _SID.fullmatch(number):
            raise PushUnreadable(fields=["MessageSid"])
        state = told.get("MessageStatus") or told.get("SmsStatus") or "received"
        events: list[Event] = []
        if state == "received":
            events.append(Event(asked.body, number, told.get("From", "")))
        elif state in _STATES:
            events.append(Event(asked.body, f"{number}:{state}", number))
        return Taken(events, _ANSWER, "application/xml")

    def _verify(self, account: Account, asked: Asked, told: Mapping[str, str]) -> None:
        from twilio.request_validator import RequestValidator

        token = account.secrets.get("auth_token", "")
        given = asked.headers.get("x-twilio-signature", "")
        if not token or not given:
            raise SignatureWrong()
        validator = RequestValidator(token)
        params = dict(told) if asked.method == "POST" else {}
        if not any(validator.validate(url, params, given) for url in asked.urls):
            raise SignatureWrong()

    def read(self, account: Account, body: bytes, about: Mapping[str, Any]) -> Told:
        told = _form(body)
        if account.kind is Channel.phone:
            return _call_event(told, about)
        number = told.get("MessageSid") or told.get("SmsSid") or ""
        state = told.get("MessageStatus") or told.get("SmsStatus") or "received"
        if state in _STATES:
            code = told.get("ErrorCode", "")
            gone = code.isdecimal() and int(code) in _NOBODY
            return Reported(
                number, SendingState.bounced if gone else _STATES[state], f"{state} {code}".strip()
            )
        many = told.get("NumMedia", "0")
        count = min(int(many), 10) if many.isdecimal() else 0
        return Said(
            address=told.get("From", ""),
            external_id=number,
            body=told.get("Body", ""),
            media=[Media(f"picture-{one + 1}", told.get(f"MediaUrl{one}", "")) for one in range(count)],
        )

    async def fetch(self, outside: Outside, account: Account, media: Media) -> bytes:
        if not media.what.startswith(f"{HOST}/"):
            raise GoneForGood("files of Twilio lie at Twilio")
        url = outside.addresses.twilio_api.rstrip("/") + media.what.removeprefix(HOST)
        own = re.sub(r"^https?://([^/:]+).*", r"\1", outside.addresses.twilio_api)
        try:
            signed_in = (setting(account, "account_sid"), secret(account, "auth_token"))
        except TryLater as later:
            raise OSError(later.said) from None
        return await outside.fetch(url, hosts=[own, *MEDIA_HOSTS], auth=signed_in)


def _form(body: bytes) -> dict[str, str]:
    """Refuses with PushUnreadable."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=300))
    except ValueError as broken:
        raise PushUnreadable() from broken


# Calls

_HAPPENINGS = {
    "queued": CallHappening.ringing,
    "initiated": CallHappening.ringing,
    "ringing": CallHappening.ringing,
    "in-progress": CallHappening.answered,
    "answered": CallHappening.answered,
    "completed": CallHappening.ended,
    "busy": CallHappening.missed,
    "no-answer": CallHappening.missed,
    "failed": CallHappening.missed,
    "canceled": CallHappening.missed,
}


def _take_call(account: Account, asked: Asked, told: Mapping[str, str]) -> Taken:
    number = told.get("ParentCallSid") or told.get("CallSid") or ""
    if not _SID.fullmatch(number):
        raise PushUnreadable(fields=["CallSid"])
    step = asked.query.get("step", "")
    happening = _happening(told, step)
    events: list[Event] = []
    if happening is not None:
        at = _when(told, asked.now).isoformat()
        # A telephone of ours that rings for a caller is a call out of the exchange, too.
        out = told.get("Direction", "").startswith("outbound") and step != "leg"
        digest = ":".join(
            (number, told.get("CallSid", ""), step, happening.value, told.get("RecordingSid", ""))
        )
        events.append(Event(asked.body, digest, number, {"happening": happening.value, "at": at, "out": out}))
    return Taken(events, _twiml(account, asked, told, step), "application/xml")


def _happening(told: Mapping[str, str], step: str) -> CallHappening | None:
    """`step`: which of our own addresses was asked; a leg is one telephone of ours that rings."""
    if told.get("RecordingUrl"):
        return CallHappening.voicemail if step == "voicemail" else CallHappening.recording
    if step == "dialed":
        return CallHappening.ended if told.get("DialCallStatus") == "completed" else CallHappening.missed
    state = told.get("CallStatus", "")
    if step == "leg":
        # That one telephone did not answer says nothing while others ring.
        return _HAPPENINGS.get(state) if state in ("ringing", "in-progress", "answered") else None
    if _inbound(told) and state == "in-progress":
        # The exchange itself has picked up to play or dial; nobody of us has.
        return CallHappening.ringing
    if _outbound_agent_leg(told) and state in ("in-progress", "answered"):
        return None
    return _HAPPENINGS.get(state)


def _inbound(told: Mapping[str, str]) -> bool:
    return told.get("Direction", "inbound") == "inbound" and not told.get("ParentCallSid")


def _outbound_agent_leg(told: Mapping[str, str]) -> bool:
    """Of a call out the telephone of ours is called first; that it answers is not yet that the customer does."""
    return told.get("Direction", "").startswith("outbound-api") and not told.get("ParentCallSid")


def _when(told: Mapping[str, str], now: datetime) -> datetime:
    try:
        return parsedate_to_datetime(told["Timestamp"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return now


def _call_event(told: Mapping[str, str], about: Mapping[str, Any]) -> CallEvent | None:
    number = told.get("ParentCallSid") or told.get("CallSid") or ""
    ours, them, out = "", told.get("From", ""), about.get("out") is True
    if out:
        # A call out names the customer in the leg that it dials; ours is called first.
        them = told.get("To", "") if told.get("ParentCallSid") else ""
    elif told.get("ParentCallSid"):
        them, ours = told.get("Caller", "") or told.get("From", ""), told.get("To", "")
    try:
        return CallEvent(
            external_id=number,
            happening=CallHappening(str(about.get("happening"))),
            direction=Direction.outbound if out else Direction.inbound,
            them=them,
            at=datetime.fromisoformat(str(about.get("at"))),
            agent=ours,
            link=told.get("RecordingUrl"),
            words=told.get("TranscriptionText", ""),
        )
    except ValueError:
        return None


def _twiml(account: Account, asked: Asked, told: Mapping[str, str], step: str) -> bytes:
    """What Twilio does next with a call that comes in: ring ours, and where nobody answers, take a message."""
    here = asked.urls[0].partition("?")[0]
    state = told.get("CallStatus", "")
    say: str
    if step == "dialed" and told.get("DialCallStatus") != "completed":
        words = str(account.settings.get("voicemail_words") or GREETING)
        say = (
            f"<Say language={quoteattr(str(account.settings.get('language') or 'zh-CN'))}>{escape(words)}</Say>"
            f'<Record maxLength="{VOICEMAIL_SECONDS}" playBeep="true"'
            f" recordingStatusCallback={quoteattr(here + '?step=voicemail')}"
            f" action={quoteattr(here + '?step=hangup')}/>"
        )
    elif step in ("dialed", "hangup"):
        say = "<Hangup/>"
    elif step == "" and _inbound(told) and state == "ringing":
        agents = account.settings.get("agents")
        usual = list(agents.values()) if isinstance(agents, dict) else []
        phones = [str(one) for one in account.settings.get("dial") or usual][:10]
        legs = "".join(
            f'<Number statusCallback={quoteattr(here + "?step=leg")} statusCallbackEvent="ringing answered">{escape(one)}</Number>'
            for one in phones
        )
        record = (
            f' record="record-from-answer" recordingStatusCallback={quoteattr(here + "?step=recording")}'
            if account.settings.get("record") is True
            else ""
        )
        greeting = account.settings.get("greeting")
        said = f'<Say language="zh-CN">{escape(str(greeting))}</Say>' if greeting else ""
        say = (
            f'{said}<Dial timeout="{RINGS_SECONDS}" action={quoteattr(here + "?step=dialed")}{record}>{legs}</Dial>'
            if legs
            else f"<Redirect>{escape(here)}?step=dialed</Redirect>"
        )
    else:
        return _ANSWER
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{say}</Response>'.encode()


# Sending


def client_of(outside: Outside, account: Account) -> "Client":
    """Twilio's own client over our way to the outside. Raises TryLater where something is not set."""
    import logging

    from twilio.http import AsyncHttpClient
    from twilio.http.response import Response
    from twilio.rest import Client

    class OurWay(AsyncHttpClient):  # type: ignore[misc]  # the library is not typed
        async def request(
            self,
            method: str,
            url: str,
            params: dict[str, object] | None = None,
            data: dict[str, object] | None = None,
            headers: dict[str, str] | None = None,
            auth: tuple[str, str] | None = None,
            timeout: float | None = None,  # noqa: ASYNC109  # the library's own
            allow_redirects: bool = False,
        ) -> Response:
            url = outside.addresses.twilio_api.rstrip("/") + url.removeprefix(HOST)
            given: dict[str, Any] = {"params": params, "headers": headers, "auth": auth}
            if data:
                given["content"] = urlencode(data, doseq=True).encode()
            answer = await outside.ask(method, url, **given)
            if answer.status in (408, 429) or answer.status >= 500:
                raise TryLater(f"Twilio answers {answer.status}", answer.retry_after)
            return Response(answer.status, answer.content.decode(errors="replace"), answer.headers)

    return Client(
        setting(account, "account_sid"),
        secret(account, "auth_token"),
        http_client=OurWay(logging.getLogger("aftercare.twilio"), True),
    )


async def asked(doing: Awaitable[Any]) -> Any:
    """Twilio's refusals in our words."""
    from twilio.base.exceptions import TwilioRestException

    try:
        return await doing
    except TwilioRestException as refused:
        said = f"{refused.code} {refused.msg.removeprefix('Unable to create record: ')}"[:300]
        if refused.status in (401, 403) or refused.code in _PASSES:
            raise TryLater(said) from None
        raise NotDelivered(said, bounced=refused.code in _NOBODY) from None


class TwilioSms:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, outgoing: Outgoing) -> Sent:
        steps: list[Callable[[], Awaitable[str | None]]] = []
        for part in parts_of(with_files_named(outgoing, outgoing.files), LONGEST):
            steps.append(lambda part=part: self._say(outgoing.account, outgoing.to, part))  # type: ignore[misc]
        return Sent(external_id=await self._outside.progress.through(outgoing.message_id, steps))

    async def send_code(self, account: Account, to: str, code: str, *, locale: str, shop: str) -> Sent:
        return Sent(external_id=await self._say(account, to, entry_words(locale, shop, code)))

    async def _say(self, account: Account, to: str, body: str) -> str:
        client = client_of(self._outside, account)
        service = account.settings.get("messaging_service_sid")
        sender = {"messaging_service_sid": str(service)} if service else {"from_": account.address}
        hook = self._outside.hook("twilio", account.id)
        made = await asked(client.messages.create_async(to=to, body=body, status_callback=hook, **sender))
        return str(made.sid)


class TwilioPlacer:
    """Implements `conversations.CallPlacer`: our telephone rings first, and then dials."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def place(self, account: Account, *, agent: str, to: str) -> str:
        hook = self._outside.hook("twilio", account.id)
        record = (
            f' record="record-from-answer" recordingStatusCallback={quoteattr(hook + "?step=recording")}'
            if account.settings.get("record") is True
            else ""
        )
        twiml = (
            f"<Response><Dial callerId={quoteattr(account.address)}{record}><Number statusCallback={quoteattr(hook)}"
            f' statusCallbackEvent="ringing answered">{escape(to)}</Number></Dial></Response>'
        )
        client = client_of(self._outside, account)
        made = await asked(
            client.calls.create_async(
                to=agent,
                from_=account.address,
                twiml=twiml,
                status_callback=hook,
                status_callback_event=["completed"],
            )
        )
        return str(made.sid)
