"""Tracking pushes that this installation takes: Kuaidi100's callback, and a signed JSON form for everybody else.

The JSON form is one update or `{"updates": [...]}`. An update names its `carrier` and `number`, and either tells `events`
(`at`, `status` in our words or the carrier's `code`, `text`, `place`) or hands on the carrier's own `answer`. It is signed with
HMAC-SHA256 over the timestamp, a dot, the shop's code, a dot and the body.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from aftercare.connectors import kuaidi100
from aftercare.connectors.carrier_answers import codes_of, read_answer, read_time
from aftercare.journal import PortMissing
from aftercare.logistics import (
    CarrierEvent,
    PushUnreadable,
    ShipmentStatus,
    SignatureWrong,
    TrackingPushes,
    TrackingUpdate,
    WaybillUnreadable,
    carrier_code,
    carrier_zone,
    read_waybill,
)

if TYPE_CHECKING:
    pass

SECONDS_OF_GRACE = 300
"""How far a push's timestamp may be from our clock."""


class PushedEvent(BaseModel):
    at: Annotated[str, Field(max_length=64)]
    status: ShipmentStatus | None = None
    code: Annotated[str, Field(max_length=200)] = ""
    text: Annotated[str, Field(max_length=2000)] = ""
    place: Annotated[str, Field(max_length=500)] = ""


class PushedUpdate(BaseModel):
    carrier: Annotated[str, Field(min_length=1, max_length=60)]
    number: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    promised_at: datetime | None = None
    events: Annotated[list[PushedEvent], Field(max_length=1000)] = []
    answer: dict[str, Any] | list[Any] | str | None = None


class PushedUpdates(BaseModel):
    updates: Annotated[list[PushedUpdate], Field(max_length=1000)]


def push_signature(secret: str, timestamp: str, shop_code: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{timestamp}.{shop_code}.".encode() + body, hashlib.sha256).hexdigest()


def read_push(
    body: bytes, headers: Mapping[str, str], shop_code: str, secret: str, now: datetime
) -> list[TrackingUpdate]:
    """Checks and reads the signed JSON form. Refuses with SignatureWrong (also when it is older than five minutes) or
    PushUnreadable."""
    timestamp = headers.get("x-aftercare-timestamp", "")
    expected = push_signature(secret, timestamp, shop_code, body)
    given = headers.get("x-aftercare-signature", "").lower()
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise SignatureWrong()
    if not timestamp.isdecimal() or abs(int(timestamp[:15]) - now.timestamp()) > SECONDS_OF_GRACE:
        raise SignatureWrong(reason="timestamp")
    try:
        told = json.loads(body)
        wrapped = told if isinstance(told, dict) and "updates" in told else {"updates": [told]}
        pushed = PushedUpdates.model_validate(wrapped)
        return [update for each in pushed.updates for update in _updates(each)]
    except (ValueError, RecursionError) as broken:
        fields = (
            [".".join(map(str, error["loc"])) for error in broken.errors()]
            if isinstance(broken, ValidationError)
            else []
        )
        raise PushUnreadable(fields=fields[:20]) from broken
    except WaybillUnreadable as broken:
        raise PushUnreadable(fields=["number"]) from broken


def _updates(pushed: PushedUpdate) -> list[TrackingUpdate]:
    carrier = carrier_code(pushed.carrier)
    if pushed.answer is not None:
        return read_answer(carrier, pushed.answer, pushed.number)
    if pushed.number is None:
        raise PushUnreadable(fields=["number"])
    waybill, zone, known = read_waybill(carrier, pushed.number), carrier_zone(carrier), codes_of(carrier)
    promised = pushed.promised_at
    events = [
        CarrierEvent(
            at=read_time(event.at, zone),
            status=event.status or (known.status(event.code, event.text) if known else None),
            code=event.code or (event.status.value if event.status else ""),
            text=event.text,
            place=event.place,
            raw=event.model_dump(mode="json", exclude_defaults=True),
        )
        for event in pushed.events
    ]
    return [
        TrackingUpdate(
            carrier,
            waybill.number,
            events,
            promised_at=promised if promised is None or promised.tzinfo else promised.replace(tzinfo=zone),
        )
    ]


class Pushes:
    """The sources that this installation has a secret for."""

    def __init__(self, *, kuaidi100_salt: str | None = None, secret: str | None = None) -> None:
        self.kuaidi100_salt, self.secret = kuaidi100_salt, secret

    def read(
        self, source: str, shop_code: str, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> list[TrackingUpdate]:
        if source == "kuaidi100" and self.kuaidi100_salt:
            return kuaidi100.read_callback(body, self.kuaidi100_salt)
        if source == "tracking" and self.secret:
            return read_push(body, headers, shop_code, self.secret, now)
        raise PortMissing(port=f"{TrackingPushes.__name__}:{source}")
