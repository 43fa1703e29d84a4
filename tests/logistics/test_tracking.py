"""Carriers' events: twice, late, in the wrong order, unknown, and all at once."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.journal import House, begin
from aftercare.kit.ids import new_id
from aftercare.logistics import (
    CarrierEvent,
    Direction,
    NewShipment,
    Poll,
    Pushed,
    ShipmentStatus,
    ShipmentView,
    TrackingSource,
    TrackingUpdate,
    announce_shipment,
    due_for_poll,
    get_shipment,
    mark_delivered,
    poll_parcels,
    push_tracking,
)
from tests.conftest import NOON, Clock
from tests.given import a_shop as given_shop
from tests.given import an_order
from tests.logistics.given import DAY, a_parcel, a_shop, event, facts

S = ShipmentStatus
NUMBER = "YT6186594166532"


def update(*events: CarrierEvent, carrier: str = "yuantong", number: str = NUMBER) -> TrackingUpdate:
    return TrackingUpdate(carrier, number, events)


async def push(house: House, *events: CarrierEvent) -> Pushed:
    async with begin(house) as work:
        return await push_tracking(work, [update(*events)])


async def read(house: House, parcel: UUID) -> ShipmentView:
    async with begin(house) as work:
        return await get_shipment(work, parcel)


async def test_the_newest_event_gives_the_status(house: House) -> None:
    claim = new_id()
    parcel = await a_parcel(house, await a_shop(house), claim_id=claim)
    pushed = await push(house, event(9, S.in_transit), event(8, S.picked_up))
    assert pushed == Pushed(parcels=1, new_events=2, moved=1, unmatched=0)
    view = await read(house, parcel)
    assert (view.status, view.status_at) == (S.in_transit, DAY + timedelta(hours=9))
    assert [e.status for e in view.events] == [S.in_transit, S.picked_up]
    assert (await facts(house, "parcel.")) == [
        (
            "parcel.moved",
            {
                "shipment_id": str(parcel),
                "claim_id": str(claim),
                "direction": "return",
                "was": "pending",
                "status": "in_transit",
                "moved_at": "2026-03-09T09:00:00Z",
            },
        )
    ]


async def test_told_twice_is_told_once(house: House) -> None:
    parcel = await a_parcel(house, await a_shop(house))
    events = (event(8, S.picked_up), event(9, S.in_transit), event(20, S.delivered))
    assert await push(house, *events) == Pushed(1, 3, 1, 0)
    assert await push(house, *events) == Pushed(1, 0, 0, 0)
    assert await push(house, *events, *events) == Pushed(1, 0, 0, 0)
    assert len((await read(house, parcel)).events) == 3
    assert [name for name, _ in await facts(house, "parcel.")] == ["parcel.moved", "parcel.delivered"]


async def test_a_late_event_takes_its_place_and_changes_nothing(house: House) -> None:
    parcel = await a_parcel(house, await a_shop(house))
    await push(house, event(10, S.out_for_delivery))
    assert (await push(house, event(9, S.in_transit))).moved == 0
    view = await read(house, parcel)
    assert view.status is S.out_for_delivery
    assert [e.at.hour for e in view.events] == [10, 9]


@pytest.mark.parametrize(
    ("events", "status", "delivered", "returned"),
    [
        ([event(8, S.picked_up), event(9, S.in_transit), event(10, S.delivered)], S.delivered, 10, None),
        ([event(10, S.delivered), event(11, S.in_transit), event(12, None, "20")], S.delivered, 10, None),
        ([event(9, S.in_transit), event(10, S.delivered), event(20, S.return_to_sender)], S.return_to_sender, 10, None),
        ([event(9, S.return_to_sender), event(11, S.in_transit), event(20, S.delivered)], S.return_to_sender, None, 20),
        ([event(9, S.delivery_failed), event(9, S.in_transit, words="x"), event(8, S.out_for_delivery)], S.delivery_failed, None, None),
    ],
    ids=["whole way", "scans after delivery", "goes back after delivery", "delivered to its sender", "same moment"],
)  # fmt: skip
async def test_any_order_of_arrival_ends_the_same(
    house: House,
    events: Sequence[CarrierEvent],
    status: ShipmentStatus,
    delivered: int | None,
    returned: int | None,
) -> None:
    shop = await a_shop(house)

    def hour(at: int | None) -> object:
        return None if at is None else DAY + timedelta(hours=at)

    for number, order in enumerate(permutations(events)):
        told = f"YT90000000{number:06d}"
        parcel = await a_parcel(house, shop, number=told)
        for one in order:
            async with begin(house) as work:
                await push_tracking(work, [update(one, number=told)])
        view = await read(house, parcel)
        assert (view.status, view.returned_at) == (status, hour(returned)), order
        # Delivered first and only then known to go back: whoever was told of the delivery was told once.
        if delivered is not None or returned is None:
            assert view.delivered_at == hour(delivered), order


async def test_delivered_is_told_once_and_undone_by_going_back_only(house: House) -> None:
    parcel = await a_parcel(house, await a_shop(house))
    await push(house, event(10, S.delivered))
    await push(house, event(11, S.in_transit), event(12, S.delivered))
    assert (await read(house, parcel)).status is S.delivered
    await push(house, event(13, S.return_to_sender, "6"))
    await push(house, event(22, S.delivered))
    view = await read(house, parcel)
    assert view.status is S.return_to_sender
    assert (view.delivered_at, view.returned_at) == (
        DAY + timedelta(hours=10),
        DAY + timedelta(hours=22),
    )
    told = await facts(house, "parcel.")
    assert [(name, data.get("status"), data.get("code")) for name, data in told] == [
        ("parcel.moved", "delivered", None),
        ("parcel.delivered", None, None),
        ("parcel.moved", "return_to_sender", None),
        ("parcel.exception", "return_to_sender", "6"),
        ("parcel.returned", None, None),
    ]


async def test_what_we_do_not_know_is_kept_and_learned_later(house: House) -> None:
    parcel = await a_parcel(house, await a_shop(house))
    await push(house, event(8, S.in_transit), event(9, None, "X99", "卫星轨道中转"))
    view = await read(house, parcel)
    assert (view.status, view.events[0].code, view.events[0].status) == (S.in_transit, "X99", None)
    async with begin(house) as work:
        raw = await work.session.scalar(text("SELECT raw FROM tracking_event WHERE code = 'X99'"))
    assert raw == {"code": "X99"}
    # The same event again, now with a code that we know.
    assert await push(house, event(9, S.on_hold, "H1", "卫星轨道中转")) == Pushed(1, 1, 1, 0)
    view = await read(house, parcel)
    assert [(e.status, e.code) for e in view.events] == [(S.on_hold, "H1"), (S.in_transit, "")]
    assert view.status is S.on_hold


async def test_a_carriers_clock_in_the_future_does_not_hold_the_status(house: House) -> None:
    parcel = await a_parcel(house, await a_shop(house))
    await push(house, event(72, S.in_transit))
    assert (await read(house, parcel)).status_at == NOON
    assert (await push(house, event(28.1, S.delivered))).moved == 1


async def test_numbers_that_are_not_ours_are_counted(house: House) -> None:
    await a_parcel(house, await a_shop(house))
    async with begin(house) as work:
        pushed = await push_tracking(
            work, [update(event(1, S.in_transit)), update(event(1, S.delivered), number="YT000000")]
        )
    assert pushed == Pushed(parcels=1, new_events=1, moved=1, unmatched=1)


async def test_a_push_touches_its_own_shop_only(house: House) -> None:
    ours, theirs = await a_shop(house), await a_shop(house, "shoes")
    here, there = await a_parcel(house, ours), await a_parcel(house, theirs)
    async with begin(house) as work:
        await push_tracking(work, [update(event(1, S.delivered))], shop_id=ours)
    assert (await read(house, here)).status is S.delivered
    assert (await read(house, there)).status is S.pending


async def test_staff_has_the_last_word(house: House) -> None:
    parcel = await a_parcel(house, await a_shop(house))
    await push(house, event(9, S.return_to_sender), event(20, S.delivered))
    async with begin(house) as work:
        await mark_delivered(work, parcel, DAY + timedelta(hours=20))
        await mark_delivered(work, parcel)
    await push(house, event(21, S.return_to_sender))
    view = await read(house, parcel)
    assert (view.status, view.delivered_at, view.settled_by_staff) == (
        S.delivered,
        DAY + timedelta(hours=20),
        True,
    )
    assert [name for name, _ in await facts(house, "parcel.delivered")] == ["parcel.delivered"]


async def test_the_first_promise_of_the_carrier_is_kept(house: House) -> None:
    parcel = await a_parcel(house, await a_shop(house))
    for days in (1, 3):
        async with begin(house) as work:
            promised = TrackingUpdate(
                "yuantong", NUMBER, [event(days, S.in_transit)], promised_at=DAY + timedelta(days=days)
            )
            await push_tracking(work, [promised])
    view = await read(house, parcel)
    assert (view.promised_at, view.late) == (DAY + timedelta(days=1), True)


async def test_sixteen_pushes_at_once_deliver_once(own_house: House) -> None:
    house = own_house
    parcel = await a_parcel(house, await a_shop(house))
    way = [event(8, S.picked_up), event(9, S.in_transit), event(10, S.out_for_delivery)]
    end = event(11, S.delivered)
    await asyncio.gather(
        *(push(house, *(way if number % 2 else way[::-1]), end) for number in range(8)),
        *(push(house, way[number % 3]) for number in range(8)),
    )
    view = await read(house, parcel)
    assert (view.status, len(view.events)) == (S.delivered, 4)
    assert view.delivered_at == DAY + timedelta(hours=11)
    names = [name for name, _ in await facts(house, "parcel.")]
    assert names.count("parcel.delivered") == 1
    assert len([d for _, d in await facts(house, "parcel.moved") if d["status"] == "delivered"]) == 1


class Carriers:
    """Answers for what it knows; raises for a carrier that is down."""

    def __init__(self, answers: dict[str, list[CarrierEvent]], down: str = "") -> None:
        self.answers, self.down, self.asked = answers, down, list[tuple[str, list[str]]]()

    async def track(
        self, carrier: str, numbers: Sequence[str], phones: Mapping[str, str]
    ) -> list[TrackingUpdate]:
        self.phones = dict(phones)
        self.asked.append((carrier, list(numbers)))
        if carrier == self.down:
            raise TimeoutError("no answer")
        return [TrackingUpdate(carrier, n, self.answers[n]) for n in numbers if n in self.answers]


async def test_parcels_are_asked_after_ever_more_seldom(house: House, clock: Clock) -> None:
    await a_parcel(house, await a_shop(house))

    async def due() -> list[Poll]:
        async with begin(house) as work:
            return await due_for_poll(work)

    assert await due() == [Poll("yuantong", [NUMBER])]
    assert await due() == []
    clock.now = NOON + timedelta(hours=4)
    assert await due() == [Poll("yuantong", [NUMBER])]
    # After three days of silence every eight hours.
    clock.now = NOON + timedelta(days=3)
    assert len(await due()) == 1
    clock.now += timedelta(hours=7, minutes=59)
    assert await due() == []
    clock.now += timedelta(minutes=1)
    assert len(await due()) == 1
    # After sixty days never again.
    clock.now = NOON + timedelta(days=61)
    assert len(await due()) == 1
    clock.now = NOON + timedelta(days=90)
    assert await due() == []


async def test_polling_moves_parcels_and_one_carrier_down_holds_up_no_other(
    house: House, clock: Clock
) -> None:
    shop = await a_shop(house)
    a = await a_parcel(house, shop)
    b = await a_parcel(house, shop, carrier="shunfeng", number="SF1234567890123")
    source = Carriers({NUMBER: [event(20, S.delivered)]}, down="shunfeng")
    house.ports = {TrackingSource: source}
    assert await poll_parcels(house) == 1
    assert source.asked == [("shunfeng", ["SF1234567890123"]), ("yuantong", [NUMBER])]
    assert (await read(house, a)).status is S.delivered
    assert (await read(house, b)).status is S.pending
    clock.now = NOON + timedelta(days=30)
    source.down = ""
    assert await poll_parcels(house) == 0
    assert source.asked[2:] == [("shunfeng", ["SF1234567890123"])]


async def test_the_telephone_of_the_order_goes_along(house: House) -> None:
    bought = await an_order(house, await given_shop(house))
    async with begin(house) as work:
        await announce_shipment(
            work,
            NewShipment(
                shop_id=bought.shop.id,
                direction=Direction.returning,
                order_id=bought.order_id,
                carrier="shunfeng",
                tracking_number="SF1234567890123",
            ),
        )
    source = Carriers({})
    house.ports = {TrackingSource: source}
    await poll_parcels(house)
    assert source.phones == {"SF1234567890123": "13800000000"}


async def test_two_workers_never_take_the_same_parcel(own_house: House) -> None:
    shop = await a_shop(own_house)
    for number in range(20):
        await a_parcel(own_house, shop, number=f"YT7000000000{number:03d}")

    async def take() -> list[str]:
        async with begin(own_house) as work:
            polls = await due_for_poll(work, 5)
            await asyncio.sleep(0.02)
            return [number for poll in polls for number in poll.numbers]

    taken = [number for some in await asyncio.gather(*(take() for _ in range(4))) for number in some]
    assert sorted(taken) == [f"YT7000000000{number:03d}" for number in range(20)]
