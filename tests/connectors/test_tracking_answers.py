"""Carriers' own answers against the normal form that karrio's tests expect of them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aftercare.connectors.carrier_answers import codes_of, read_answer, read_time
from aftercare.logistics import CarrierEvent, PushUnreadable, ShipmentStatus, carrier_zone

CARRIERS = {
    "asendia": (3, 3),
    "australiapost": (19, 2),
    "bpost": (3, 2),
    "canadapost": (6, 1),
    "dhl_express": (20, 17),
    "dhl_parcel_de": (7, 7),
    "dhl_poland": (2, 0),
    "dhl_universal": (1, 0),
    "dpd": (15, 11),
    "fedex": (26, 24),
    "gls": (2, 0),
    "hermes": (4, 4),
    "laposte": (9, 2),
    "smartkargo": (5, 4),
    "teleship": (5, 5),
}
"""Events that karrio expects, and how many of them have a status there that is ours too."""

OTHERWISE = {
    # It gives every event the status of the whole parcel.
    "australiapost": {("", "out_for_delivery"): 3, ("", "in_transit"): 11, ("", "picked_up"): 1, ("", "pending"): 2},
    # 'BoundToRound - out_for_distribution' is not 'on hold'.
    "bpost": {("L00", "out_for_delivery"): 1},
    # 'pre-transit' is not 'delivered', though the fixture says both.
    "dhl_universal": {("pre-transit", "pending"): 1},
    # 'en cours d'acheminement' is not 'out for delivery'.
    "laposte": {("ET1", "in_transit"): 3},
}  # fmt: skip
"""Where we say something else than karrio, on purpose."""


def pairs(folder: Path, carrier: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """(raw answer, parcel that karrio makes of it)"""
    fixtures = json.loads((folder / f"{carrier}.json").read_text("utf-8"))["fixtures"]
    raws = {
        name.lower().removesuffix("xml").removesuffix("json"): fixture["value"]
        for name, fixture in fixtures.items()
    }
    for name, fixture in fixtures.items():
        if name.startswith("Parsed"):
            for parcel in _parcels(fixture["value"]):
                raw = name.removeprefix("Parsed").lower()
                yield raws.get(raw) or raws[raw.replace("trackingresponse", "response")], parcel


def _parcels(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict) and {"events", "tracking_number", "carrier_id"} <= tree.keys():
        yield tree
    elif isinstance(tree, list):
        for branch in tree:
            yield from _parcels(branch)


def told(carrier: str, raw: Any, number: str) -> list[CarrierEvent]:
    updates = read_answer(carrier, raw, number)
    numbers = {update.number for update in updates}
    # One fixture asks for another number than it answers.
    wanted = number.upper() if number.upper() in numbers else next(iter(numbers))
    return [event for update in updates if update.number == wanted for event in update.events]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_answers_come_to_karrios_words(shared_data: Path, carrier: str) -> None:
    events = same = 0
    otherwise: dict[tuple[str, str], int] = {}
    for raw, parcel in pairs(shared_data / "tracking" / "karrio_pairs", carrier):
        ours = told(carrier, raw, parcel["tracking_number"])
        assert len(ours) == len(parcel["events"])
        left = list(ours)
        for expected in parcel["events"]:
            events += 1
            match = next(
                event for event in left
                if event.code == expected.get("code", "") and _fits(event, expected)
            )  # fmt: skip
            left.remove(match)
            if expected.get("status") is None:
                continue
            if match.status == expected["status"]:
                same += 1
            else:
                key = (match.code, str(match.status))
                otherwise[key] = otherwise.get(key, 0) + 1
    assert (events, same) == CARRIERS[carrier]
    assert otherwise == OTHERWISE.get(carrier, {})


def _fits(event: CarrierEvent, expected: dict[str, Any]) -> bool:
    """Where there is no code, the words begin alike."""
    return bool(event.code) or event.text.split()[:3] == expected["description"].split()[:3]


def test_of_104_statuses_82_are_the_same_and_22_are_ours_on_purpose() -> None:
    """127 events in all; karrio gives no status to the others."""
    assert sum(events for events, _ in CARRIERS.values()) == 127
    assert sum(same for _, same in CARRIERS.values()) == 82
    assert sum(count for each in OTHERWISE.values() for count in each.values()) == 22


def test_times_are_utc_whatever_the_carrier_writes(shared_data: Path) -> None:
    newest = {
        carrier: max(event.at for event in told(carrier, raw, parcel["tracking_number"]) if event.at)
        for carrier in ("canadapost", "dhl_parcel_de", "dpd", "gls", "hermes")
        for raw, parcel in pairs(shared_data / "tracking" / "karrio_pairs", carrier)
    }
    assert newest == {
        "canadapost": datetime(2011, 2, 3, 16, 59, 59, tzinfo=UTC),  # 11:59:59 EST
        "dhl_parcel_de": datetime(2016, 3, 18, 9, 2, tzinfo=UTC),  # 10:02 in Berlin, winter
        "dpd": datetime(2021, 8, 19, 15, 11, 26, tzinfo=UTC),  # 5:11:26 PM in Brussels, summer
        "gls": datetime(2024, 10, 7, 8, 46, 14, tzinfo=UTC),  # +0200
        "hermes": datetime(2024, 1, 20, 13, 30, tzinfo=UTC),  # +01:00
    }


def test_fedex_numbers_that_were_used_before_mean_the_newest_parcel(shared_data: Path) -> None:
    fixtures = json.loads((shared_data / "tracking" / "karrio_pairs" / "fedex.json").read_text())["fixtures"]
    [update] = read_answer("fedex", fixtures["DuplicateTrackingResponse"]["value"])
    assert update.number == "776094337676"
    assert max(event.at for event in update.events if event.at) == datetime(2024, 4, 26, 16, 26, tzinfo=UTC)
    assert len(update.events) == 8


@pytest.mark.parametrize(
    ("answer", "carrier"),
    [
        ("{", "gls"),
        ("<a>", "bpost"),
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "bpost"),
        ("[" * 100_000, "gls"),
        ("{}", "kuaidi100"),
        ("{}", "nobody"),
        ("{}", "../settings"),
    ],
)
def test_what_is_not_an_answer_is_refused(answer: str, carrier: str) -> None:
    with pytest.raises(PushUnreadable):
        read_answer(carrier, answer)


@pytest.mark.parametrize(
    "answer", ["{}", "[]", "null", '{"parcels": 3}', '{"parcels": [{"unitno": null}]}', "[[[]]]"]
)
def test_an_answer_without_parcels_has_none(answer: str) -> None:
    assert read_answer("gls", answer) == []


def test_a_time_that_cannot_be_read_is_none() -> None:
    zone = carrier_zone("gls")
    assert [read_time(t, zone) for t in ("", "soon", "2024-13-01", "0001-01-01T00:00:00+14:00")] == [None] * 4


def test_every_table_can_be_read() -> None:
    assert {carrier for carrier in (*CARRIERS, "kuaidi100") if codes_of(carrier) is None} == set()
    kuaidi100 = codes_of("kuaidi100")
    assert kuaidi100 is not None
    assert kuaidi100.codes["6"] is ShipmentStatus.return_to_sender
