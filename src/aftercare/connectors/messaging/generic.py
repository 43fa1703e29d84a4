"""The generic signed channel, for whatever has no connector of its own. `docs/channels.md` tells its form.

Both ways a request carries `X-Aftercare-Timestamp` (seconds), `X-Aftercare-Id` (of this event, the same when it is sent again) and
`X-Aftercare-Signature`: HMAC-SHA256, in hex, of the timestamp, a dot, the id, a dot and the body, under the account's secret `key`.
Settings: `url` (where answers go), `media_hosts` (from which files may be fetched).
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from aftercare.connectors.messaging.outside import Outside, refuse_plainly
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
    is_timely,
    secret,
    setting,
)
from aftercare.conversations import Account, Channel, NotDelivered, Outgoing, SendingState, Sent
from aftercare.kit.json import to_json

LARGEST_FILES = 5 * 1024 * 1024
"""Bytes of the files that go within one request."""
_ID = re.compile(r"[\x21-\x7e]{1,200}")


class PushedFile(BaseModel):
    """Either its content in base64 or where it is."""

    name: Annotated[str, Field(max_length=200)] = "file"
    data: str | None = None
    url: Annotated[str, Field(max_length=2_000)] | None = None


class PushedMessage(BaseModel):
    type: Literal["message"]
    id: Annotated[str, Field(min_length=1, max_length=200)]
    sender: Annotated[str, Field(min_length=1, max_length=254, alias="from")]
    name: Annotated[str, Field(max_length=200)] = ""
    body: Annotated[str, Field(max_length=100_000)] = ""
    html: str | None = None
    subject: Annotated[str, Field(max_length=1_000)] = ""
    files: Annotated[list[PushedFile], Field(max_length=20)] = []
    references: Annotated[list[str], Field(max_length=60)] = []
    reply_token: Annotated[str, Field(max_length=100)] | None = None
    order_numbers: Annotated[list[str], Field(max_length=40)] = []
    locale: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] | None = None
    sent_at: AwareDatetime | None = None
    automatic: bool = False


class PushedStatus(BaseModel):
    type: Literal["status"]
    id: Annotated[str, Field(min_length=1, max_length=200)]
    state: Literal["delivered", "read", "failed", "bounced"]
    said: Annotated[str, Field(max_length=500)] = ""


class Pushed(BaseModel):
    event: Annotated[PushedMessage | PushedStatus, Field(discriminator="type")]


def signature(key: str, timestamp: str, event_id: str, body: bytes) -> str:
    return hmac.new(key.encode(), f"{timestamp}.{event_id}.".encode() + body, hashlib.sha256).hexdigest()


def signed(key: str, now: datetime, event_id: str, body: bytes) -> dict[str, str]:
    stamp = str(int(now.timestamp()))
    return {
        "X-Aftercare-Timestamp": stamp,
        "X-Aftercare-Id": event_id,
        "X-Aftercare-Signature": signature(key, stamp, event_id, body),
        "Content-Type": "application/json",
    }


def verified(account: Account, asked: Asked) -> str:
    """The event's id. Refuses with SignatureWrong."""
    key = account.secrets.get("key", "")
    stamp = asked.headers.get("x-aftercare-timestamp", "")
    event_id = asked.headers.get("x-aftercare-id", "")
    given = asked.headers.get("x-aftercare-signature", "").lower()
    expected = signature(key, stamp, event_id, asked.body)
    if not key or not hmac.compare_digest(expected.encode(), given.encode()):
        raise SignatureWrong()
    if not is_timely(stamp, asked.now):
        raise SignatureWrong(reason="timestamp")
    if not _ID.fullmatch(event_id):
        raise PushUnreadable(fields=["X-Aftercare-Id"])
    return event_id


def read_json(body: bytes) -> Any:
    """Refuses with PushUnreadable."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as broken:
        raise PushUnreadable() from broken


def fields_of(broken: ValidationError) -> list[str]:
    return [".".join(map(str, error["loc"])) for error in broken.errors()][:20]


class GenericForm:
    name: ClassVar[str] = "webhook"
    kinds: ClassVar[frozenset[Channel]] = frozenset({Channel.webhook})

    def take(self, account: Account, asked: Asked) -> Taken:
        event_id = verified(account, asked)
        event = self._event(asked.body)
        sender = event.sender if isinstance(event, PushedMessage) else ""
        return Taken([Event(asked.body, event_id, sender)], None)

    def read(self, account: Account, body: bytes, about: Mapping[str, Any]) -> Told:
        event = self._event(body)
        if isinstance(event, PushedStatus):
            return Reported(event.id, SendingState(event.state), event.said)
        return Said(
            address=event.sender,
            external_id=event.id,
            body=event.body,
            name=event.name,
            html=event.html,
            subject=event.subject,
            media=[_media(file) for file in event.files],
            references=event.references,
            thread_token=event.reply_token,
            order_numbers=event.order_numbers,
            locale=event.locale,
            sent_at=event.sent_at,
            automatic=event.automatic,
        )

    async def fetch(self, outside: Outside, account: Account, media: Media) -> bytes:
        hosts = account.settings.get("media_hosts")
        if not media.what or not isinstance(hosts, list):
            raise GoneForGood("no host is allowed to be fetched from")
        return await outside.fetch(media.what, hosts=[str(host) for host in hosts])

    def _event(self, body: bytes) -> PushedMessage | PushedStatus:
        try:
            return Pushed.model_validate({"event": read_json(body)}).event
        except ValidationError as broken:
            raise PushUnreadable(fields=fields_of(broken)) from broken


def _media(file: PushedFile) -> Media:
    if file.data is None:
        return Media(file.name, file.url or "")
    try:
        return Media(file.name, data=base64.b64decode(file.data, validate=True))
    except (binascii.Error, ValueError):
        return Media(file.name)


class GenericSender:
    """Hands messages to the account's `url`. 2xx is taken; `{"id": …}` in the answer names it for reports (else our own id
    does), `"delivered": true` says that it has arrived already."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def send(self, outgoing: Outgoing) -> Sent:
        key, url = secret(outgoing.account, "key"), setting(outgoing.account, "url")
        private = self._outside.addresses.private_hosts
        if not url.startswith("https://") and not (url.startswith("http://") and private):
            raise NotDelivered("the url of this channel account must begin with https://")
        body = to_json(await _wording(outgoing)).encode()
        headers = signed(key, _now(), str(outgoing.message_id), body)
        answer = await self._outside.ask("POST", url, content=body, headers=headers)
        told = answer.json()
        told = told if isinstance(told, dict) else {}
        refuse_plainly(answer, str(told.get("said") or told.get("title") or "")[:200])
        name = told.get("id")
        return Sent(
            external_id=str(name)[:200] if name else str(outgoing.message_id),
            delivered=told.get("delivered") is True,
        )


def _now() -> datetime:
    return datetime.now(UTC)


async def _wording(outgoing: Outgoing) -> dict[str, Any]:
    left = LARGEST_FILES
    files: list[dict[str, Any]] = []
    for file in outgoing.files:
        told: dict[str, Any] = {"name": file.name, "media_type": file.media_type, "size": file.size}
        if file.size <= left:
            content = await file.read()
            left -= len(content)
            told["data"] = base64.b64encode(content).decode()
        files.append(told)
    return {
        "type": "message",
        "id": str(outgoing.message_id),
        "account_id": str(outgoing.account.id),
        "to": outgoing.to,
        "name": outgoing.contact_name,
        "subject": outgoing.subject,
        "body": outgoing.body,
        "html": outgoing.html,
        "files": files,
        "locale": outgoing.locale,
        "case_number": outgoing.case_number,
        "shop": outgoing.shop_name,
        "author": outgoing.author_name,
        "reply_token": outgoing.reply_token,
        "in_reply_to": outgoing.in_reply_to,
        "references": outgoing.references,
        "posted_at": outgoing.posted_at.isoformat(),
    }
