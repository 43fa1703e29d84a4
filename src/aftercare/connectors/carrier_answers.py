"""Carriers' own answers, JSON or XML, brought to one form by tables: `tracking_codes/<carrier>.toml` says where an answer keeps
what, and what its codes mean.

A path is names with dots; lists on the way are walked through; of several paths with commas all are taken. An XML element is
read as its attributes and children, without namespaces.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from aftercare.logistics import (
    CarrierEvent,
    PushUnreadable,
    ShipmentStatus,
    TrackingUpdate,
    carrier_zone,
    read_waybill,
)


class Form(BaseModel):
    """Where an answer keeps what. Without `parcels` the whole answer is one; without `events` a parcel is one event."""

    parcels: str = ""
    number: str
    events: str
    code: list[str]
    at: list[str]
    formats: list[str] = []
    zone: str = ""
    text: list[str]
    text_first: bool = False
    """Take the first text that is there, not all of them."""
    place: list[str]
    promised: str = ""
    newest_of: str = ""
    """A carrier that uses numbers again tells several parcels here: the one with the newest event counts."""


class Codes(BaseModel):
    """What a carrier's codes, names of codes, and beginnings of its words mean."""

    form: Form | None = None
    codes: dict[str, ShipmentStatus] = {}
    names: dict[str, ShipmentStatus] = {}
    words: dict[str, ShipmentStatus] = {}

    def status(self, code: str, text: str) -> ShipmentStatus | None:
        known = self.codes.get(code)
        if known is None:
            known = next((status for start, status in self.words.items() if text.startswith(start)), None)
        return known


@cache
def codes_of(carrier: str) -> Codes | None:
    """The tables of a carrier, None when there are none."""
    if not carrier.replace("_", "").isalnum():
        return None
    file = files("aftercare.connectors").joinpath("tracking_codes", f"{carrier}.toml")
    return Codes.model_validate(tomllib.loads(file.read_text("utf-8"))) if file.is_file() else None


AMERICAN_ZONES = {
    "NST": -3.5, "NDT": -2.5, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7,
}  # fmt: skip


def _zone(name: str, otherwise: tzinfo) -> tzinfo:
    if name in AMERICAN_ZONES:
        return timezone(timedelta(hours=AMERICAN_ZONES[name]))
    try:
        return ZoneInfo(name) if name else otherwise
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise


def read_time(written: str, zone: tzinfo, formats: list[str] | None = None) -> datetime | None:
    """In UTC; a time without an offset stands in `zone`. None when it cannot be read."""
    written = written.strip()
    moment = None
    for form in formats or []:
        try:
            moment = datetime.strptime(written, form)  # noqa: DTZ007 - the zone is put in below
            break
        except ValueError:
            continue
    try:
        moment = moment or datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_answer(
    carrier: str, answer: str | bytes | dict[str, Any] | list[Any], number: str | None = None
) -> list[TrackingUpdate]:
    """All parcels in a carrier's answer; `number` is what was asked for, where the answer does not repeat it. Refuses with
    PushUnreadable what is not in the carrier's form, also an answer for a carrier without tables."""
    known = codes_of(carrier)
    if known is None or known.form is None:
        raise PushUnreadable(carrier=carrier)
    form, zone = known.form, carrier_zone(carrier)
    updates: list[TrackingUpdate] = []
    for parcel in walk(_tree(answer), form.parcels):
        told = (_one(parcel, form.number) if form.number else "") or number
        if not told:
            continue
        groups = [
            [_event(event, known, form, zone) for event in walk(group, form.events)]
            for group in walk(parcel, form.newest_of)
        ]
        updates.append(
            TrackingUpdate(
                carrier,
                read_waybill(carrier, told).number,
                max(groups, key=_newest, default=[]),
                promised_at=read_time(_one(parcel, form.promised), zone) if form.promised else None,
            )
        )
    return updates


def _newest(events: Sequence[CarrierEvent]) -> datetime:
    moments = [event.at for event in events if event.at]
    return max(moments, default=datetime.min.replace(tzinfo=UTC))


def _event(event: Any, known: Codes, form: Form, zone: tzinfo) -> CarrierEvent:
    code = next((found for path in form.code if (found := _one(event, path))), "")
    texts = [" ".join(found.split()) for path in form.text if (found := _one(event, path))]
    text = (texts[0] if texts else "") if form.text_first else " ".join(texts)
    place = ", ".join(" ".join(found.split()) for path in form.place if (found := _one(event, path)))
    written = " ".join(found for path in form.at if (found := _one(event, path)))
    return CarrierEvent(
        at=read_time(written, _zone(_one(event, form.zone) if form.zone else "", zone), form.formats),
        status=known.status(code, text),
        code=code,
        text=text,
        place=place,
        raw=event if isinstance(event, Mapping) else {"event": event},
    )


def walk(tree: Any, path: str) -> Iterator[Any]:
    """Everything at the path (or the paths, parted by commas), lists opened."""
    if "," in path:
        for each in path.split(","):
            yield from walk(tree, each)
    elif isinstance(tree, list):
        for item in tree:
            yield from walk(item, path)
    elif not path:
        yield tree
    elif isinstance(tree, Mapping):
        first, _, rest = path.partition(".")
        if tree.get(first) is not None:
            yield from walk(tree[first], rest)


def _one(tree: Any, path: str) -> str:
    found = next(walk(tree, path), "")
    return "" if found is None or isinstance(found, Mapping) else str(found).strip()


def _tree(answer: str | bytes | dict[str, Any] | list[Any]) -> Any:
    if isinstance(answer, dict | list):
        return answer
    written = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    written = written.lstrip("\ufeff \t\r\n")
    try:
        if not written.startswith("<"):
            return json.loads(written)
        # Entities are what makes XML dangerous, and no carrier needs them.
        if "<!DOCTYPE" in written or "<!ENTITY" in written:
            raise PushUnreadable(reason="document type")
        root = ElementTree.fromstring(written.encode())  # noqa: S314 - see above
    except (ValueError, RecursionError, ElementTree.ParseError) as broken:
        raise PushUnreadable(reason=str(broken)[:200]) from broken
    return {_local(root.tag): _element(root)}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _element(element: ElementTree.Element) -> Any:
    read: dict[str, Any] = {_local(name): value for name, value in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _element(child)
        if name in read:
            before = read[name]
            read[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            read[name] = value
    return read or (element.text or "").strip()
