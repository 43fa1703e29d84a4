"""Ways back: waybill, pick-up, store drop-off; and what the public may see."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin
from aftercare.kit.errors import Refusal
from aftercare.kit.ids import new_id
from aftercare.logistics import (
    CarrierEvent,
    Direction,
    DropOffCodeUnknown,
    NewPickup,
    NewServicePoint,
    NewShipment,
    PickupInThePast,
    PickupMoveNotAllowed,
    ServicePointNotFound,
    ShipmentNotFound,
    ShipmentOver,
    ShipmentStatus,
    TrackingLinkUnknown,
    TrackingUpdate,
    Way,
    WaybillTaken,
    WaybillUnreadable,
    accept_drop_off,
    announce_shipment,
    choose_drop_off,
    collect_pickup,
    correct_waybill,
    fail_pickup,
    get_shipment,
    give_waybill,
    late_parcels,
    open_pickups,
    public_tracking,
    push_tracking,
    read_waybill,
    request_pickup,
    save_service_point,
    schedule_pickup,
    service_points,
    shipment_page,
    shipments_of,
)
from tests.conftest import NOON
from tests.logistics.given import a_parcel, a_shop, event, facts

S = ShipmentStatus


@pytest.mark.parametrize(
    ("carrier", "number", "read"),
    [
        ("顺丰", " sf 1234 5678 90123 ", ("shunfeng", "SF1234567890123", ())),
        ("順豐速運", "ＳＦ１２３４５６７８９０１２３", ("shunfeng", "SF1234567890123", ())),
        ("SF Express", "12345", ("shunfeng", "12345", ("number_looks_unusual",))),
        ("圆通速递", "YT6186594166532", ("yuantong", "YT6186594166532", ())),
        ("京东快递", "JDVA12345678901-1-1-", None),
        ("京东快递", "JDVA12345678901-1-1", ("jd", "JDVA12345678901-1-1", ())),
        ("Uncle Wang's Van", "WANG-0001", ("uncle_wang's_van", "WANG-0001", ("carrier_is_not_known",))),
        ("中通", "1234", None),
        ("中通", "已寄出", None),
        ("中通", "1" * 41, None),
        ("  ", "123456789012", None),
    ],
)
def test_waybills_are_read_leniently(
    carrier: str, number: str, read: tuple[str, str, tuple[str, ...]] | None
) -> None:
    if read is None:
        with pytest.raises(WaybillUnreadable):
            read_waybill(carrier, number)
    else:
        waybill = read_waybill(carrier, number)
        assert (waybill.carrier, waybill.number, waybill.warnings) == read


async def test_a_number_belongs_to_one_claim_of_a_shop(house: House) -> None:
    lamps, shoes = await a_shop(house), await a_shop(house, "shoes")
    claim, other = new_id(), new_id()

    async def give(claim_id: UUID, shop_id: UUID, carrier: str = "圆通") -> tuple[UUID, tuple[str, ...]]:
        async with begin(house) as work:
            given = await give_waybill(
                work, shop_id=shop_id, claim_id=claim_id, carrier=carrier, number="yt6186594166532"
            )
            return given.shipment_id, given.warnings

    first, warnings = await give(claim, lamps)
    assert warnings == ()
    assert await give(claim, lamps) == (first, ())
    with pytest.raises(WaybillTaken) as taken:
        await give(other, lamps)
    assert taken.value.data == {"carrier": "yuantong", "number": "YT6186594166532"}
    elsewhere, _ = await give(other, shoes)
    assert elsewhere != first
    _, warnings = await give(other, lamps, "韵达")
    assert warnings == ("number_looks_unusual", "number_is_used_with_another_carrier")
    assert [data["carrier"] for _, data in await facts(house, "shipment.announced")] == [
        "yuantong",
        "yuantong",
        "yunda",
    ]


async def test_the_parcel_that_brought_the_order_is_not_its_return(house: House) -> None:
    shop = await a_shop(house)
    await a_parcel(house, shop, direction=Direction.outbound)
    async with begin(house) as work:
        with pytest.raises(WaybillTaken):
            await give_waybill(
                work, shop_id=shop, claim_id=new_id(), carrier="yuantong", number="YT6186594166532"
            )


async def test_of_eight_claims_with_one_number_at_once_one_gets_it(own_house: House) -> None:
    shop = await a_shop(own_house)

    async def give() -> str:
        try:
            async with begin(own_house) as work:
                await give_waybill(
                    work, shop_id=shop, claim_id=new_id(), carrier="yuantong", number="YT6186594166532"
                )
            return "given"
        except WaybillTaken:
            return "taken"

    assert sorted(await asyncio.gather(*(give() for _ in range(8)))) == ["given"] + ["taken"] * 7
    assert len(await facts(own_house, "shipment.announced")) == 1


async def test_a_typing_error_is_corrected_until_it_has_arrived(house: House) -> None:
    shop, claim = await a_shop(house), new_id()
    parcel = await a_parcel(house, shop, claim_id=claim)
    await a_parcel(house, shop, number="YT0000000000001", claim_id=new_id())
    async with begin(house) as work:
        await push_tracking(work, [TrackingUpdate("yuantong", "YT6186594166532", [event(1, S.in_transit)])])
        with pytest.raises(WaybillTaken):
            await correct_waybill(work, parcel, carrier="yuantong", number="YT0000000000001")
        await correct_waybill(work, parcel, carrier="中通", number="731234567890")
        view = await get_shipment(work, parcel)
        assert (view.carrier, view.tracking_number, view.status) == ("zhongtong", "731234567890", S.pending)
        await push_tracking(work, [TrackingUpdate("zhongtong", "731234567890", [event(2, S.delivered)])])
    async with begin(house) as work:
        with pytest.raises(ShipmentOver):
            await correct_waybill(work, parcel, carrier="中通", number="731234567891")
    assert [name for name, _ in await facts(house, "shipment.corrected")] == ["shipment.corrected"]


async def test_a_courier_fetches_the_parcel_at_the_second_attempt(house: House) -> None:
    shop, claim = await a_shop(house), new_id()
    wanted = NewPickup(
        shop_id=shop, claim_id=claim, wanted_on=date(2026, 3, 10), wanted_window="14:00-18:00",
        address={"city": "上海市", "line": "南京西路 1 号"},
    )  # fmt: skip
    async with begin(house) as work:
        with pytest.raises(PickupInThePast):
            await request_pickup(work, wanted.model_copy(update={"wanted_on": date(2026, 3, 9)}))
    async with begin(house) as work:
        asked = await request_pickup(work, wanted)
        assert [(p.id, p.wanted_window) for p in (await open_pickups(work)).items] == [
            (asked.pickup_id, "14:00-18:00")
        ]
    async with begin(house) as work:
        await fail_pickup(work, asked.pickup_id, "nobody_home")
        await fail_pickup(work, asked.pickup_id, "nobody_home")
        with pytest.raises(PickupMoveNotAllowed) as refused:
            await collect_pickup(work, asked.pickup_id)
        assert refused.value.data["allowed"] == ["scheduled"]
    async with begin(house) as work:
        await schedule_pickup(
            work,
            asked.pickup_id,
            from_at=NOON + timedelta(days=2),
            until_at=NOON + timedelta(days=2, hours=3),
        )
        for _ in range(2):
            await collect_pickup(work, asked.pickup_id, carrier="顺丰", number="SF1234567890123")
        view = await get_shipment(work, asked.shipment_id)
        assert (await open_pickups(work)).items == []
    assert (view.status, view.way, view.carrier, view.tracking_number) == (
        S.picked_up,
        "pickup",
        "shunfeng",
        "SF1234567890123",
    )
    assert view.pickup is not None
    assert view.pickup.status == "collected"
    assert [name for name, _ in await facts(house, "pickup.", "parcel.")] == [
        "pickup.requested",
        "pickup.failed",
        "pickup.scheduled",
        "pickup.collected",
        "parcel.moved",
    ]


async def test_a_return_is_handed_in_at_a_store(house: House) -> None:
    shop, claim = await a_shop(house), new_id()
    async with begin(house) as work:
        point = NewServicePoint(shop_id=shop, code="JING-AN", name="静安店", hours="10:00-22:00")
        first = await save_service_point(work, point)
        assert await save_service_point(work, point.model_copy(update={"hours": "09:00-22:00"})) == first
        await save_service_point(
            work, NewServicePoint(shop_id=shop, code="PICK", name="自提点", takes_drop_off=False)
        )
        assert [p.code for p in await service_points(work, shop, only_drop_off=True)] == ["JING-AN"]
        for closed in ("PICK", "NOWHERE"):
            with pytest.raises(ServicePointNotFound):
                await choose_drop_off(work, shop_id=shop, claim_id=claim, store=closed)
        chosen = await choose_drop_off(work, shop_id=shop, claim_id=claim, store="JING-AN")
    assert len(chosen.code) == 8
    async with begin(house) as work:
        with pytest.raises(DropOffCodeUnknown):
            await accept_drop_off(work, shop, "x")
        for _ in range(2):
            spaced = f"{chosen.code[:4]} {chosen.code[4:]}"
            assert await accept_drop_off(work, shop, spaced) == chosen.shipment_id
        [view] = await shipments_of(work, claim_id=claim)
    assert (view.status, view.drop_off_code, view.service_point and view.service_point.hours) == (
        S.picked_up,
        chosen.code,
        "09:00-22:00",
    )
    assert len(await facts(house, "parcel.moved")) == 1


async def test_the_public_page_shows_nobody(house: House) -> None:
    shop = await a_shop(house)
    parcel = await a_parcel(house, shop, carrier="顺丰", number="SF1234567890123", claim_id=new_id())
    words = "正在派送,派件人:王小明,电话:13800138000"
    async with begin(house) as work:
        told = CarrierEvent(NOON - timedelta(hours=2), S.out_for_delivery, "501", words, "上海市", {"a": 1})
        await push_tracking(work, [TrackingUpdate("shunfeng", "SF1234567890123", [told])])
        view = await get_shipment(work, parcel)
    assert view.events[0].text == words
    secret = view.tracking_path.removeprefix("/track/")
    seen = (await public_tracking(house, secret)).model_dump(mode="json")
    assert seen == {
        "carrier": "shunfeng",
        "carrier_names": {"zh-CN": "顺丰速运", "zh-TW": "順豐速運", "en": "SF Express"},
        "number_ends_in": "0123",
        "direction": "return",
        "status": "out_for_delivery",
        "status_at": "2026-03-10T02:00:00Z",
        "announced_at": "2026-03-10T04:00:00Z",
        "promised_at": None,
        "delivered_at": None,
        "late": False,
        "events": [{"at": "2026-03-10T02:00:00Z", "status": "out_for_delivery", "place": "上海市"}],
    }
    for wrong in (secret[:-1], secret + "x", "", "\x00" * 20, "x" * 24):
        with pytest.raises(TrackingLinkUnknown):
            await public_tracking(house, wrong)


async def test_late_parcels_are_listed_from_the_longest_overdue(house: House) -> None:
    shop = await a_shop(house)
    hours = [1, 30, 5, -2]
    parcels = {
        late: await a_parcel(
            house, shop, number=f"YT61865941665{number:02d}", promised_at=NOON - timedelta(hours=late)
        )
        for number, late in enumerate(hours)
    }
    async with begin(house) as work:
        first = await late_parcels(work, limit=2)
        rest = await late_parcels(work, limit=2, after=first.next)
        assert [line.id for line in (*first.items, *rest.items)] == [parcels[30], parcels[5], parcels[1]]
        assert all(line.late for line in first.items)
        assert rest.next is None
        await push_tracking(work, [TrackingUpdate("yuantong", "YT6186594166501", [event(24, S.delivered)])])
        assert [line.id for line in (await late_parcels(work)).items] == [parcels[5], parcels[1]]
        view = await get_shipment(work, parcels[30])
        assert (view.late, view.delivered_at, view.promised_at) == (
            True,
            NOON - timedelta(hours=4),
            NOON - timedelta(hours=30),
        )


async def test_the_desk_sees_its_own_shops_and_pages_through_them(house: House) -> None:
    lamps, shoes = await a_shop(house), await a_shop(house, "shoes")
    ours = [await a_parcel(house, lamps, number=f"YT618659416650{number}") for number in range(3)]
    theirs = await a_parcel(house, shoes)
    agent = Actor(
        kind=ActorKind.staff, id=new_id(), shops=frozenset({lamps}), permissions=frozenset({"claims.read"})
    )
    async with begin(house, agent) as work:
        first = await shipment_page(work, limit=2)
        rest = await shipment_page(work, limit=2, after=first.next)
        assert {line.id for line in (*first.items, *rest.items)} == set(ours)
        assert [line.id for line in (await shipment_page(work, number=" yt6186594166502")).items] == [ours[2]]
        assert (await shipment_page(work, status=S.delivered)).items == []
        with pytest.raises(ShipmentNotFound):
            await get_shipment(work, theirs)
        with pytest.raises(PermissionMissing):
            await correct_waybill(work, ours[0], carrier="yuantong", number="YT6186594166599")
    customer = Actor(kind=ActorKind.customer, shops=frozenset({lamps}), customers=frozenset({new_id()}))
    async with begin(house, customer) as work:
        for question in (get_shipment(work, ours[0]), shipment_page(work), late_parcels(work)):
            with pytest.raises(Refusal):
                await question


async def test_a_refused_parcel_leaves_no_trace(house: House) -> None:
    shop = await a_shop(house)
    with pytest.raises(WaybillUnreadable):
        async with begin(house) as work:
            await announce_shipment(
                work,
                NewShipment(
                    shop_id=shop,
                    direction=Direction.reship,
                    way=Way.waybill,
                    carrier="sf",
                    tracking_number="?",
                ),
            )
    assert await facts(house, "shipment.") == []
    async with begin(house) as work:
        assert (await shipment_page(work)).items == []


async def test_a_number_corrected_by_two_at_once_belongs_to_one(own_house: House) -> None:
    shop = await a_shop(own_house)
    parcels = [
        await a_parcel(own_house, shop, number=f"YT600000000000{n}", claim_id=new_id()) for n in range(4)
    ]

    async def correct(parcel: UUID) -> str:
        try:
            async with begin(own_house) as work:
                await correct_waybill(work, parcel, carrier="yuantong", number="YT6186594166532")
            return "given"
        except WaybillTaken:
            return "taken"

    ended = await asyncio.gather(*(correct(parcel) for parcel in parcels))
    assert sorted(ended) == ["given", "taken", "taken", "taken"]
    assert len(await facts(own_house, "shipment.corrected")) == 1


def test_an_address_is_text_that_can_be_kept() -> None:
    for address in ({"line": "a\x00b"}, {"line": "x" * 4_001}):
        with pytest.raises(ValidationError):
            NewPickup(shop_id=new_id(), claim_id=new_id(), wanted_on=date(2026, 3, 10), address=address)
