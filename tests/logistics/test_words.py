"""An order and a parcel are in a state that has one name, whoever says it."""

import json
from pathlib import Path

import pytest

from aftercare.kit.spoken import LOCALES, words_of
from aftercare.logistics import ShipmentStatus
from aftercare.shop import OrderStatus

FACES = Path(__file__).parents[2] / "web" / "src" / "locales"


def test_a_state_is_named_in_the_readers_language() -> None:
    named = [OrderStatus.paid.name_in(locale) for locale in (*LOCALES, "zh-HK", "de")]
    assert named == ["待发货", "待出貨", "Not yet shipped", "待出貨", "Not yet shipped"]
    assert ShipmentStatus.ready_for_pickup.name_in("zh-TW") == "待取件"


@pytest.mark.parametrize("locale", LOCALES)
def test_portal_desk_and_server_call_a_state_the_same(locale: str) -> None:
    portal, desk = (
        json.loads((FACES / locale / f"{face}.json").read_text("utf-8")) for face in ("portal", "desk")
    )
    orders = {status.value: status.name_in(locale) for status in OrderStatus}
    assert portal["order"]["status"] == orders
    assert desk["orderStatus"] == {status: name.lower() for status, name in orders.items()}
    parcels = {status.value: status.name_in(locale) for status in ShipmentStatus}
    assert portal["parcel"]["status"] == parcels
    assert {status: desk["parcel"][status] for status in parcels} == {
        status: name.lower() for status, name in parcels.items()
    }


def test_no_word_is_left_over() -> None:
    assert set(words_of("aftercare.shop")["status"]) == set(OrderStatus)
    assert set(words_of("aftercare.logistics")["status"]) == set(ShipmentStatus)
