"""WeChat official accounts and WeCom apps. Signatures and encryption are wechatpy's (extra `wechat`); what comes in must be encrypted,
since in the open mode the signature does not cover the words. Sources: developers.weixin.qq.com/doc/offiaccount (message encryption,
customer service messages, stable access token) and developer.work.weixin.qq.com/document (callbacks, application messages).

WeChat: address is the app id; secrets `token`, `encoding_aes_key`, `app_secret`; setting `template` for what is said later than 48 hours
after the customer last wrote: `{"id": "…", "url": "…", "params": {"keyword1": "{case_number}", "keyword2": "{body}"}}`.
WeCom: address is the corp id (or set `corp_id`); setting `agent_id`; secrets `token`, `encoding_aes_key`, `secret`.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from aftercare.connectors.messaging.outside import Answer, Outside
from aftercare.connectors.messaging.shapes import (
    Asked,
    Event,
    Media,
    PushUnreadable,
    Reported,
    Said,
    SignatureWrong,
    Taken,
    Told,
    filled,
    is_timely,
    parts_of,
    secret,
    setting,
)
from aftercare.connectors.messaging.wording import with_files_named
from aftercare.conversations import (
    Account,
    Channel,
    NotDelivered,
    Outgoing,
    OutgoingFile,
    SendingState,
    Sent,
    TryLater,
)
from aftercare.kit.json import to_json

WINDOW = timedelta(hours=48)
WINDOW_CLOSED = "45015 more than 48 hours since the customer last wrote, and this account has no template"
LONGEST_BYTES = 2_000
LARGEST_PICTURE, LARGEST_FILE = 10 * 1024 * 1024, 20 * 1024 * 1024
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif"})

_TOKEN_SPENT = frozenset({40001, 40014, 42001, 42007})
_PASSES = frozenset({-1, 45009, 45011, 45033, 45047, 48004, 50002, 60020, 61024, 90018, 301019})
"""Busy, over a rate or a day's quota, our address or app not allowed (yet)."""
_NOBODY = frozenset({40003, 43004, 46004, 60111, 81013, 82001})
"""No such person, or one who does not follow us any more."""


class _Crypto:
    """What both have in common at the door."""

    name: ClassVar[str]

    def _crypto(self, account: Account) -> Any:
        raise NotImplementedError

    def _opened(self, account: Account, asked: Asked) -> bytes:
        """The message in the clear. Refuses with SignatureWrong."""
        query = asked.query
        stamp = query.get("timestamp", "")
        if not is_timely(stamp, asked.now):
            raise SignatureWrong(reason="timestamp")
        try:
            plain = self._crypto(account).decrypt_message(
                asked.body, query.get("msg_signature", ""), stamp, query.get("nonce", "")
            )
        except Exception:
            # The library raises whatever its parts raise for what is broken; unverified it is nothing to us.
            raise SignatureWrong() from None
        return str(plain).encode()

    def _events(self, plain: bytes) -> list[Event]:
        told = xml_of(plain)
        who = str(told.get("FromUserName", ""))
        number = told.get("MsgId") or told.get("MsgID")
        digest = f"{number}:{told.get('Event', '')}" if number else hashlib.sha256(plain).hexdigest()
        return [Event(plain, digest, who)]


def xml_of(plain: bytes) -> dict[str, Any]:
    """Refuses with PushUnreadable."""
    import xmltodict

    try:
        told = xmltodict.parse(plain)["xml"]
    except Exception as broken:
        raise PushUnreadable() from broken
    if not isinstance(told, dict):
        raise PushUnreadable()
    return {name: value for name, value in told.items() if isinstance(value, str | dict)}


def _said(told: Mapping[str, Any]) -> Said | None:
    kind, number = told.get("MsgType"), told.get("MsgId")
    if not number or kind == "event":
        return None
    words = {
        "text": told.get("Content"),
        "voice": told.get("Recognition"),
        "location": f"{told.get('Label', '')} ({told.get('Location_X')}, {told.get('Location_Y')})",
        "link": "\n".join(str(told[one]) for one in ("Title", "Description", "Url") if told.get(one)),
    }.get(str(kind))
    endings = {"image": "image.jpg", "video": "video.mp4", "shortvideo": "video.mp4", "file": "file"}
    media_id = str(told.get("MediaId", ""))
    named = str(told.get("FileName") or endings.get(str(kind), "voice.amr"))
    takes = kind in endings or (kind == "voice" and not words)
    return Said(
        address=str(told.get("FromUserName", "")),
        external_id=str(number),
        body=str(words or ""),
        media=[Media(named, media_id)] if takes and re.fullmatch(r"[\w-]{1,200}", media_id) else [],
        sent_at=_moment(told.get("CreateTime")),
    )


def _moment(seconds: object) -> datetime | None:
    given = str(seconds)
    return datetime.fromtimestamp(int(given), UTC) if given.isdecimal() and len(given) <= 10 else None


class WechatForm(_Crypto):
    name: ClassVar[str] = "wechat"
    kinds: ClassVar[frozenset[Channel]] = frozenset({Channel.wechat})

    def _crypto(self, account: Account) -> Any:
        from wechatpy.crypto import WeChatCrypto

        return WeChatCrypto(account.secrets["token"], account.secrets["encoding_aes_key"], account.address)

    def take(self, account: Account, asked: Asked) -> Taken:
        if asked.method == "GET":
            return Taken(answer=self._echo(account, asked))
        return Taken(self._events(self._opened(account, asked)), b"success")

    def _echo(self, account: Account, asked: Asked) -> bytes:
        from wechatpy.exceptions import InvalidSignatureException
        from wechatpy.utils import check_signature

        query = asked.query
        stamp = query.get("timestamp", "")
        if not account.secrets.get("token") or not is_timely(stamp, asked.now):
            raise SignatureWrong()
        try:
            check_signature(account.secrets["token"], query.get("signature"), stamp, query.get("nonce", ""))
        except InvalidSignatureException:
            raise SignatureWrong() from None
        return re.sub(r"\W", "", query.get("echostr", ""))[:200].encode()

    def read(self, account: Account, body: bytes, about: Mapping[str, Any]) -> Told:
        told = xml_of(body)
        if told.get("Event") == "TEMPLATESENDJOBFINISH" and told.get("MsgID"):
            status = str(told.get("Status", ""))
            fine = status == "success"
            return Reported(
                str(told["MsgID"]),
                SendingState.delivered if fine else SendingState.failed,
                "" if fine else status,
            )
        return _said(told)

    async def fetch(self, outside: Outside, account: Account, media: Media) -> bytes:
        return await _fetch(outside, wechat_api(outside, account), media)


class WecomForm(_Crypto):
    name: ClassVar[str] = "wecom"
    kinds: ClassVar[frozenset[Channel]] = frozenset({Channel.wecom})

    def _crypto(self, account: Account) -> Any:
        from wechatpy.enterprise.crypto import WeChatCrypto

        return WeChatCrypto(account.secrets["token"], account.secrets["encoding_aes_key"], corp_of(account))

    def take(self, account: Account, asked: Asked) -> Taken:
        if asked.method == "GET":
            query = asked.query
            stamp = query.get("timestamp", "")
            if not is_timely(stamp, asked.now):
                raise SignatureWrong(reason="timestamp")
            try:
                echo = self._crypto(account).check_signature(
                    query.get("msg_signature", ""), stamp, query.get("nonce", ""), query.get("echostr", "")
                )
            except Exception:
                raise SignatureWrong() from None
            return Taken(answer=re.sub(r"\W", "", str(echo))[:200].encode())
        return Taken(self._events(self._opened(account, asked)))

    def read(self, account: Account, body: bytes, about: Mapping[str, Any]) -> Told:
        return _said(xml_of(body))

    async def fetch(self, outside: Outside, account: Account, media: Media) -> bytes:
        return await _fetch(outside, wecom_api(outside, account), media)


def corp_of(account: Account) -> str:
    return str(account.settings.get("corp_id") or account.address)


# Asking them


class Api:
    """One app: fetches its access token, and once more when the other side says that it is spent."""

    def __init__(
        self, outside: Outside, base: str, app: str, key: str, ask: Callable[[], Awaitable[Answer]]
    ) -> None:
        self._outside, self.base, self._app, self._key, self._ask = outside, base.rstrip("/"), app, key, ask

    async def token(self, *, afresh: bool = False) -> str:
        async def fetch() -> tuple[str, float]:
            told = _told(await self._ask())
            if not told.get("access_token"):
                raise TryLater(f"no access token: {told.get('errcode')} {told.get('errmsg', '')}"[:300])
            return str(told["access_token"]), float(told.get("expires_in", 600))

        return await self._outside.tokens.get(f"{self.base} {self._app}", self._key, fetch, afresh=afresh)

    async def call(
        self, path: str, *, params: Mapping[str, str] | None = None, **given: Any
    ) -> dict[str, Any]:
        """Raises TryLater or NotDelivered."""
        for afresh in (False, True):
            query = {"access_token": await self.token(afresh=afresh), **(params or {})}
            told = _told(await self._outside.ask("POST", f"{self.base}{path}", params=query, **given))
            if told.get("errcode", 0) not in _TOKEN_SPENT:
                break
        code = told.get("errcode", 0)
        if not code:
            return told
        said = f"{code} {told.get('errmsg', '')}".strip()[:300]
        if code in _PASSES or code in _TOKEN_SPENT:
            raise TryLater(said)
        raise NotDelivered(said, bounced=code in _NOBODY)


def _told(answer: Answer) -> dict[str, Any]:
    told = answer.json()
    if answer.status >= 300 or not isinstance(told, dict):
        raise TryLater(f"the server answers {answer.status}", answer.retry_after)
    return told


def wechat_api(outside: Outside, account: Account) -> Api:
    key, base = secret(account, "app_secret"), outside.addresses.wechat_api
    # The stable token is the same for all who ask: two processes do not take it away from each other.
    given = {"grant_type": "client_credential", "appid": account.address, "secret": key}

    async def ask() -> Answer:
        return await outside.ask("POST", f"{base.rstrip('/')}/cgi-bin/stable_token", json=given)

    return Api(outside, base, account.address, key, ask)


def wecom_api(outside: Outside, account: Account) -> Api:
    key, base = secret(account, "secret"), outside.addresses.wecom_api
    given = {"corpid": corp_of(account), "corpsecret": key}

    async def ask() -> Answer:
        return await outside.ask("GET", f"{base.rstrip('/')}/cgi-bin/gettoken", params=given)

    return Api(outside, base, corp_of(account), key, ask)


async def _fetch(outside: Outside, api: Api, media: Media) -> bytes:
    try:
        token = await api.token()
    except TryLater as later:
        raise OSError(later.said) from None
    host = urlsplit(api.base).hostname or ""
    content = await outside.fetch(
        f"{api.base}/cgi-bin/media/get?access_token={token}&media_id={media.what}",
        hosts=[host],
        largest=LARGEST_FILE,
    )
    if content[:1] == b"{" and b"errcode" in content[:200]:
        raise OSError(f"no file: {content[:200].decode(errors='replace')}")
    return content


def _json(what: Mapping[str, Any]) -> dict[str, Any]:
    """They show escaped Chinese as it stands, so it is sent unescaped."""
    return {"content": to_json(dict(what)).encode(), "headers": {"Content-Type": "application/json"}}


async def _upload(api: Api, file: OutgoingFile, kind: str) -> str:
    content = (file.name, await file.read(), file.media_type)
    told = await api.call("/cgi-bin/media/upload", params={"type": kind}, files={"media": content})
    return str(told["media_id"])


class WechatSender:
    def __init__(self, outside: Outside, now: Callable[[], datetime] | None = None) -> None:
        self._outside = outside
        self._now = now or (lambda: datetime.now(UTC))

    async def send(self, outgoing: Outgoing) -> Sent:
        api = wechat_api(self._outside, outgoing.account)
        heard = outgoing.last_inbound_at
        if heard is None or self._now() - heard >= WINDOW:
            return await self._by_template(api, outgoing)
        shown = [
            file for file in outgoing.files if file.media_type in PICTURES and file.size <= LARGEST_PICTURE
        ]
        body = with_files_named(outgoing, [file for file in outgoing.files if file not in shown])
        steps: list[Callable[[], Awaitable[str | None]]] = []
        for part in parts_of(body, LONGEST_BYTES, in_bytes=True):
            what = {"touser": outgoing.to, "msgtype": "text", "text": {"content": part}}
            steps.append(lambda what=what: self._say(api, what))  # type: ignore[misc]
        for file in shown:
            steps.append(lambda file=file: self._show(api, outgoing, file))  # type: ignore[misc]
        await self._outside.progress.through(outgoing.message_id, steps)
        return Sent()

    async def _say(self, api: Api, what: Mapping[str, Any]) -> None:
        await api.call("/cgi-bin/message/custom/send", **_json(what))

    async def _show(self, api: Api, outgoing: Outgoing, file: OutgoingFile) -> None:
        media_id = await _upload(api, file, "image")
        await self._say(api, {"touser": outgoing.to, "msgtype": "image", "image": {"media_id": media_id}})

    async def _by_template(self, api: Api, outgoing: Outgoing) -> Sent:
        template = outgoing.account.settings.get("template")
        if not isinstance(template, dict) or not template.get("id"):
            raise NotDelivered(WINDOW_CLOSED)
        data = {
            name: {"value": words} for name, words in filled(template.get("params") or {}, outgoing).items()
        }
        what = {"touser": outgoing.to, "template_id": str(template["id"]), "data": data}
        if template.get("url"):
            what["url"] = str(template["url"])
        told = await api.call("/cgi-bin/message/template/send", **_json(what))
        return Sent(external_id=str(told["msgid"]) if told.get("msgid") else None)


class WecomSender:
    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, outgoing: Outgoing) -> Sent:
        api = wecom_api(self._outside, outgoing.account)
        agent = setting(outgoing.account, "agent_id")
        shown = [file for file in outgoing.files if file.size <= LARGEST_FILE]
        body = with_files_named(outgoing, [file for file in outgoing.files if file not in shown])
        steps: list[Callable[[], Awaitable[str | None]]] = []
        for part in parts_of(body, LONGEST_BYTES, in_bytes=True):
            what = {"msgtype": "text", "text": {"content": part}}
            steps.append(lambda what=what: self._say(api, outgoing, agent, what))  # type: ignore[misc]
        for file in shown:
            steps.append(lambda file=file: self._show(api, outgoing, agent, file))  # type: ignore[misc]
        return Sent(external_id=await self._outside.progress.through(outgoing.message_id, steps))

    async def _say(self, api: Api, outgoing: Outgoing, agent: str, what: Mapping[str, Any]) -> str | None:
        given = {"touser": outgoing.to, "agentid": int(agent) if agent.isdecimal() else agent, **what}
        told = await api.call("/cgi-bin/message/send", **_json(given))
        if outgoing.to.lower() in str(told.get("invaliduser", "")).lower().split("|"):
            raise NotDelivered("81013 no such user, or outside of what this app may see", bounced=True)
        return str(told["msgid"]) if told.get("msgid") else None

    async def _show(self, api: Api, outgoing: Outgoing, agent: str, file: OutgoingFile) -> str | None:
        kind = "image" if file.media_type in PICTURES and file.size <= LARGEST_PICTURE else "file"
        media_id = await _upload(api, file, kind)
        return await self._say(api, outgoing, agent, {"msgtype": kind, kind: {"media_id": media_id}})
