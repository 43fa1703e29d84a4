"""Kuaidi100 (快递100): its callbacks, and asking it where a parcel is.

A callback is a form with `param` (JSON) and `sign`, the MD5 of param and our salt in capitals; a question is signed with the
MD5 of param, key and customer (https://api.kuaidi100.com/document). Its times are Beijing's, whatever the carrier.
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from aftercare.connectors.carrier_answers import codes_of, read_time
from aftercare.kit.errors import Unavailable
from aftercare.logistics import (
    CarrierEvent,
    PushUnreadable,
    ShipmentStatus,
    SignatureWrong,
    TrackingUpdate,
    WaybillUnreadable,
    read_waybill,
)

if TYPE_CHECKING:
    import httpx

BEIJING = ZoneInfo("Asia/Shanghai")
QUERY = "https://poll.kuaidi100.com/poll/query.do"
THEIR_CODES = {"dhl_express": "dhl"}
"""Our codes of Chinese carriers are theirs; these are not."""
NOTHING_KNOWN = {"400", "408", "500"}
"""Return codes of a question about one number that has no answer (yet), or needs the receiver's telephone."""
AT_ONCE = 4
NEED_PHONE = frozenset({"shunfeng", "shunfengkuaiyun", "fengwang", "zhongtong"})
"""Carriers that answer only whoever knows the last four digits of the sender's or the receiver's telephone."""


class Kuaidi100Unavailable(Unavailable):
    """Kuaidi100 does not answer, or not to us."""


def sign(*parts: str) -> str:
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest().upper()


def read_callback(body: bytes, salt: str) -> list[TrackingUpdate]:
    """Checks and reads a callback. Refuses with SignatureWrong or PushUnreadable."""
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError as broken:
        raise PushUnreadable(reason="form") from broken
    param, given = form.get("param", ""), form.get("sign", "")
    if not hmac.compare_digest(sign(param, salt).encode(), given.upper().encode()):
        raise SignatureWrong()
    try:
        told = json.loads(param)
        result = told["lastResult"]
        if not isinstance(result, dict):
            raise TypeError("lastResult")
        further = told.get("destResult")
        return [read_result(result, further if isinstance(further, dict) else None)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as broken:
        raise PushUnreadable(reason=repr(broken)[:200]) from broken
    except WaybillUnreadable as broken:
        raise PushUnreadable(reason="number") from broken


def read_result(result: Mapping[str, Any], further: Mapping[str, Any] | None = None) -> TrackingUpdate:
    """One parcel. `further` is what the carrier in the country of destination says about it."""
    waybill = read_waybill(str(result["com"]), str(result["nu"]))
    events = [*_events(result), *(_events(further) if further else ())]
    return TrackingUpdate(waybill.carrier, waybill.number, events)


def _events(result: Mapping[str, Any]) -> list[CarrierEvent]:
    events = [_event(row) for row in result.get("data") or ()]
    if events and not any(event.status for event in events):
        # Older accounts: only the parcel as a whole has a state, and that is what its newest event says.
        newest = max(range(len(events)), key=lambda i: (events[i].at or datetime.min.replace(tzinfo=UTC), -i))
        event, state = events[newest], str(result.get("state") or "")
        events[newest] = CarrierEvent(event.at, _status(state, ""), state, event.text, event.place, event.raw)
    return events


def _event(row: Mapping[str, Any]) -> CarrierEvent:
    name, code = str(row.get("status") or ""), str(row.get("statusCode") or "")
    return CarrierEvent(
        at=read_time(str(row.get("ftime") or row.get("time") or ""), BEIJING),
        status=_status(code, name),
        code=code or name,
        text=str(row.get("context") or ""),
        place=str(row.get("areaName") or row.get("location") or ""),
        raw=dict(row),
    )


def _status(code: str, name: str) -> ShipmentStatus | None:
    known = codes_of("kuaidi100")
    assert known is not None  # noqa: S101 - it lies beside this file
    return known.codes.get(code) or known.names.get(name)


def last_four(carrier: str, phone: str | None) -> str | None:
    digits = re.sub(r"\D", "", phone or "")
    return digits[-4:] if carrier in NEED_PHONE and len(digits) >= 4 else None


class Kuaidi100Query:
    """Asks number by number, a few at once."""

    def __init__(self, client: "httpx.AsyncClient", *, key: str, customer: str) -> None:
        self.client, self.key, self.customer = client, key, customer

    async def track(
        self, carrier: str, numbers: Sequence[str], phones: Mapping[str, str]
    ) -> list[TrackingUpdate]:
        """Numbers without an answer are missing. Refuses with Kuaidi100Unavailable when it does not answer to us at all.
        Of a telephone no more than its last four digits is told, and only where the carrier asks for them."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def ask(number: str) -> TrackingUpdate | None:
            async with turn:
                return await self._ask(carrier, number, last_four(carrier, phones.get(number)))

        answers = await asyncio.gather(*(ask(number) for number in numbers))
        return [answer for answer in answers if answer is not None]

    async def _ask(self, carrier: str, number: str, phone: str | None) -> TrackingUpdate | None:
        import httpx  # loaded where somebody is asked

        asked = {"com": THEIR_CODES.get(carrier, carrier), "num": number, "resultv2": "4", "order": "desc"}
        if phone:
            asked["phone"] = phone
        param = json.dumps(asked, separators=(",", ":"))
        form = {"customer": self.customer, "param": param, "sign": sign(param, self.key, self.customer)}
        try:
            answer = await self.client.post(QUERY, data=form, timeout=10)
            answer.raise_for_status()
            result = answer.json()
        except (httpx.HTTPError, ValueError) as failure:
            raise Kuaidi100Unavailable(error=type(failure).__name__) from failure
        if not isinstance(result, dict):
            raise Kuaidi100Unavailable(error="answer")
        if result.get("result") is False:
            code = str(result.get("returnCode"))
            if code in NOTHING_KNOWN:
                return None
            raise Kuaidi100Unavailable(return_code=code)
        try:
            # Under the spelling that was asked for, whatever the answer calls it.
            return TrackingUpdate(carrier, number, _events(result))
        except (TypeError, AttributeError) as broken:
            raise Kuaidi100Unavailable(error="answer") from broken
