"""Kuaidi100 (快递100): telling it what to watch, its callbacks, and asking it where a parcel is.

A callback is a form with `param` (JSON) and `sign`, the MD5 of param and our salt in capitals, which is told with each number; a
question is signed with the MD5 of param, key and customer (https://api.kuaidi100.com/document). Its times are Beijing's, whatever
the carrier.
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from aftercare.connectors.carrier_answers import codes_of, read_time
from aftercare.kit.errors import Unavailable
from aftercare.logistics import (
    AccountRefused,
    CarrierEvent,
    NumberRefused,
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
THEIR_CODES = {"dhl_express": "dhl", "dhl_universal": "dhl"}
"""Our codes of Chinese carriers are theirs; these are not."""
THEIR_CODE = re.compile(r"[a-z0-9_]{2,30}")
NOTHING_KNOWN = {"400", "408", "500"}
"""Return codes of a question about one number that has no answer (yet), or needs the receiver's telephone."""
TAKEN = {"200", "501"}
"""501: watched already."""
NOT_WATCHED = {"700", "701", "702"}
"""A number or carrier that cannot be watched; 700 is also said of a callback address that they cannot reach."""
NOT_TO_US = {"600", "601"}
"""A key that is not theirs, or that is used up."""
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
        given_up = told.get("status") == "abort"
        if given_up and not (told.get("lastResult") or {}).get("nu"):
            # They stop watching a number, and do not say which; refused, they would only say so again.
            return []
        result = told["lastResult"]
        if not isinstance(result, dict):
            raise TypeError("lastResult")
        if str(told.get("autoCheck")) == "1" and told.get("comOld"):
            # They watch it at the carrier that it is really with; our parcel is known by the one that was told to us.
            result = {**result, "com": told["comOld"]}
        further = told.get("destResult")
        updates = read_result(result, further if isinstance(further, dict) else None)
        if given_up:
            updates = [replace(each, given_up=str(told.get("message") or "abort")) for each in updates]
        return updates
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as broken:
        raise PushUnreadable(reason=repr(broken)[:200]) from broken
    except WaybillUnreadable as broken:
        raise PushUnreadable(reason="number") from broken


def read_result(result: Mapping[str, Any], further: Mapping[str, Any] | None = None) -> list[TrackingUpdate]:
    """One parcel, under each of our carriers that theirs may be. `further` is what the carrier in the country of destination says
    about it."""
    theirs = str(result["com"])
    waybill = read_waybill(theirs, str(result["nu"]))
    events = [*_events(result), *(_events(further) if further else ())]
    ours = [code for code, known in THEIR_CODES.items() if known == theirs] or [waybill.carrier]
    return [TrackingUpdate(carrier, waybill.number, events) for carrier in ours]


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


async def _answer(client: "httpx.AsyncClient", path: str, form: Mapping[str, str]) -> dict[str, Any]:
    import httpx  # loaded where somebody is asked

    try:
        answer = await client.post(path, data=form, timeout=10)
        answer.raise_for_status()
        result = answer.json()
    except (httpx.HTTPError, ValueError) as failure:
        raise Kuaidi100Unavailable(error=type(failure).__name__) from failure
    if not isinstance(result, dict):
        raise Kuaidi100Unavailable(error="answer")
    return result


class Kuaidi100Subscriptions:
    """Implements `logistics.TrackingSubscriptions`: each number with the address of the shop's callback and our salt."""

    def __init__(self, client: "httpx.AsyncClient", *, key: str, salt: str, callbacks: str) -> None:
        """`callbacks` is the address that the code of the shop is put behind."""
        self.client, self.key, self.salt, self.callbacks = client, key, salt, callbacks

    async def subscribe(self, carrier: str, number: str, *, shop_code: str, phone: str | None) -> None:
        if not THEIR_CODE.fullmatch(carrier):
            raise NumberRefused(f"carrier {carrier} is not known")
        parameters = {"callbackurl": self.callbacks + shop_code, "salt": self.salt, "resultv2": "4"}
        if ending := last_four(carrier, phone):
            parameters["phone"] = ending
        param = {
            "company": THEIR_CODES.get(carrier, carrier),
            "number": number,
            "key": self.key,
            "parameters": parameters,
        }
        form = {"schema": "json", "param": json.dumps(param, separators=(",", ":"))}
        answer = await _answer(self.client, "/poll", form)
        code = str(answer.get("returnCode"))
        said = f"{code} {answer.get('message') or ''}".strip()
        if code in TAKEN:
            return
        if code in NOT_WATCHED:
            raise NumberRefused(said)
        if code in NOT_TO_US:
            raise AccountRefused(said)
        raise Kuaidi100Unavailable(said=said)


class Kuaidi100Query:
    """Asks number by number, a few at once."""

    def __init__(self, client: "httpx.AsyncClient", *, key: str, customer: str) -> None:
        """`client` has the address of Kuaidi100 as its base."""
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
        asked = {"com": THEIR_CODES.get(carrier, carrier), "num": number, "resultv2": "4", "order": "desc"}
        if phone:
            asked["phone"] = phone
        param = json.dumps(asked, separators=(",", ":"))
        form = {"customer": self.customer, "param": param, "sign": sign(param, self.key, self.customer)}
        result = await _answer(self.client, "/poll/query.do", form)
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
