"""Numbers told to Kuaidi100: a stand-in over HTTP answers as it does."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from aftercare.app import create_app
from aftercare.connectors.kuaidi100 import read_callback, sign
from aftercare.connectors.tracking import tracking_pushes, tracking_subscriptions
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.logistics import (
    Direction,
    NewShipment,
    ShipmentStatus,
    ShipmentView,
    Subscription,
    TrackingPushes,
    TrackingSubscriptions,
    announce_shipment,
    correct_waybill,
    due_for_poll,
    get_shipment,
    mark_delivered,
    shipments_of,
    subscribe_parcels,
)
from aftercare.settings import Tracking
from tests.conftest import NOON, Clock
from tests.connectors.standin import Reply, StandIn, stand_in
from tests.given import a_shop as given_shop
from tests.given import an_order
from tests.logistics.given import a_parcel, a_shop, facts

YT = "YT6186594166532"
OK = Reply(200, {"result": True, "returnCode": "200", "message": "提交成功"})
AGAIN = Reply(200, {"result": False, "returnCode": "501", "message": "POLL:重复订阅"})
NOT_OURS = Reply(200, {"result": False, "returnCode": "701", "message": "POLL:拒绝订阅的快递公司"})
NO_CARRIER = Reply(
    200, {"result": False, "returnCode": "702", "message": "POLL:识别不到该单号对应的快递公司"}
)
BAD = Reply(200, {"result": False, "returnCode": "700", "message": "POLL:不支持的快递公司"})
KEY_OVER = Reply(200, {"result": False, "returnCode": "601", "message": "POLL:KEY已过期"})
BUSY = Reply(200, {"result": False, "returnCode": "500", "message": "服务器错误"})


def told(service: StandIn) -> list[dict[str, Any]]:
    """What was asked, after looking at its form."""
    params = []
    for asked in service.asked:
        assert (asked.method, asked.path) == ("POST", "/poll")
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        form = {name: values[0] for name, values in parse_qs(asked.body, strict_parsing=True).items()}
        assert (set(form), form["schema"]) == ({"schema", "param"}, "json")
        params.append(json.loads(form["param"]))
    return params


@pytest.fixture
def kuaidi100() -> Iterator[StandIn]:
    with stand_in() as service:
        yield service


@pytest.fixture
async def watching(house: House, kuaidi100: StandIn) -> AsyncIterator[House]:
    settings = Tracking(
        kuaidi100_key=SecretStr("KEY1"), kuaidi100_salt=SecretStr("SALT1"), kuaidi100_api=kuaidi100.address
    )
    async with tracking_subscriptions(settings, "https://care.example.com/") as subscriptions:
        assert subscriptions is not None
        house.ports = {TrackingSubscriptions: subscriptions, TrackingPushes: tracking_pushes(settings)}
        yield house


async def read(house: House, parcel: UUID) -> ShipmentView:
    async with begin(house) as work:
        return await get_shipment(work, parcel)


async def asked_next(house: House, parcel: UUID) -> datetime | None:
    async with begin(house) as work:
        moment: datetime | None = await work.session.scalar(
            text("SELECT next_poll_at FROM shipment WHERE id = :id"), {"id": parcel}
        )
    return moment


async def test_a_number_is_told_once_with_the_callback_of_its_shop(
    watching: House, kuaidi100: StandIn
) -> None:
    parcel = await a_parcel(watching, await a_shop(watching), number=YT)
    assert (await read(watching, parcel)).subscription is None
    kuaidi100.answers(OK)
    assert await subscribe_parcels(watching) == 1
    assert told(kuaidi100) == [
        {
            "company": "yuantong",
            "number": YT,
            "key": "KEY1",
            "parameters": {
                "callbackurl": "https://care.example.com/api/webhooks/kuaidi100/lamps",
                "salt": "SALT1",
                "resultv2": "4",
            },
        }
    ]
    view = await read(watching, parcel)
    assert (view.subscription, view.subscription_said) == (Subscription.subscribed, None)
    assert await subscribe_parcels(watching) == 0
    assert len(kuaidi100.asked) == 1


async def test_what_is_pushed_then_has_the_signature_of_the_salt_that_was_told(
    watching: House, kuaidi100: StandIn, shared_data: Path
) -> None:
    parcel = await a_parcel(watching, await a_shop(watching), carrier="申通", number="221014000145")
    kuaidi100.answers(OK)
    await subscribe_parcels(watching)
    [asked] = told(kuaidi100)
    sample = (
        (shared_data / "tracking" / "kuaidi100" / "push_samples.jsonl").read_text("utf-8").splitlines()[2]
    )
    body = urlencode({"param": sample, "sign": sign(sample, asked["parameters"]["salt"])})
    path = asked["parameters"]["callbackurl"].removeprefix("https://care.example.com")
    transport = httpx.ASGITransport(create_app(watching))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.post(path, content=body)
    assert answer.json() == {"result": True, "returnCode": "200", "message": "成功"}
    assert (await read(watching, parcel)).status is ShipmentStatus.delivered


async def test_both_directions_and_the_end_of_the_telephone_where_the_carrier_asks_for_it(
    watching: House, kuaidi100: StandIn
) -> None:
    bought = await an_order(watching, await given_shop(watching))
    async with begin(watching) as work:
        for direction, carrier, number in (
            (Direction.outbound, "顺丰", "SF1234567890123"),
            (Direction.returning, "圆通", YT),
            (Direction.reship, "dhl_express", "1234567890"),
        ):
            await announce_shipment(
                work,
                NewShipment(
                    shop_id=bought.shop.id,
                    direction=direction,
                    order_id=bought.order_id,
                    carrier=carrier,
                    tracking_number=number,
                ),
            )
    kuaidi100.answers(OK, OK, OK)
    assert await subscribe_parcels(watching) == 3
    assert sorted((p["company"], p["number"], p["parameters"].get("phone")) for p in told(kuaidi100)) == [
        ("dhl", "1234567890", None),
        ("shunfeng", "SF1234567890123", "0000"),
        ("yuantong", YT, None),
    ]


async def test_watched_already_is_watched(watching: House, kuaidi100: StandIn) -> None:
    parcel = await a_parcel(watching, await a_shop(watching))
    kuaidi100.answers(AGAIN)
    assert await subscribe_parcels(watching) == 1
    assert (await read(watching, parcel)).subscription is Subscription.subscribed


@pytest.mark.parametrize(
    ("reply", "said"),
    [(NOT_OURS, "701 POLL:拒绝订阅的快递公司"), (NO_CARRIER, "702 POLL:识别不到该单号对应的快递公司"), (BAD, "700 POLL:不支持的快递公司")],
)  # fmt: skip
async def test_what_they_do_not_watch_is_asked_after_as_before(
    watching: House, kuaidi100: StandIn, clock: Clock, reply: Reply, said: str
) -> None:
    parcel = await a_parcel(watching, await a_shop(watching))
    kuaidi100.answers(reply)
    assert await subscribe_parcels(watching) == 0
    view = await read(watching, parcel)
    assert (view.subscription, view.subscription_said) == (Subscription.refused, said)
    assert await asked_next(watching, parcel) == NOON
    clock.now = NOON + timedelta(days=1)
    assert await subscribe_parcels(watching) == 0
    assert len(kuaidi100.asked) == 1


async def test_a_carrier_that_nobody_knows_is_not_told(watching: House, kuaidi100: StandIn) -> None:
    parcel = await a_parcel(watching, await a_shop(watching), carrier="隔壁老王", number="123456789")
    assert await subscribe_parcels(watching) == 0
    assert (await read(watching, parcel)).subscription is Subscription.refused
    assert kuaidi100.asked == []


@pytest.mark.parametrize("reply", [BUSY, Reply(502, b"<html>"), Reply(200, b"<html>"), Reply(200, [])])
async def test_without_an_answer_it_is_told_again_ever_more_seldom(
    watching: House, kuaidi100: StandIn, clock: Clock, reply: Reply
) -> None:
    parcel = await a_parcel(watching, await a_shop(watching))
    for pause in (1, 4, 16, 64, 256, 360, 360):
        kuaidi100.answers(reply)
        assert await subscribe_parcels(watching) == 0
        assert (await read(watching, parcel)).subscription is Subscription.waiting
        clock.now += timedelta(minutes=pause) - timedelta(seconds=1)
        assert await subscribe_parcels(watching) == 0
        assert kuaidi100.replies == []
        clock.now += timedelta(seconds=1)
    kuaidi100.answers(OK)
    assert await subscribe_parcels(watching) == 1
    view = await read(watching, parcel)
    assert (view.subscription, view.subscription_said, len(kuaidi100.asked)) == (
        Subscription.subscribed,
        None,
        8,
    )


async def test_an_account_that_is_used_up_is_seen_and_not_asked_for_every_number(
    watching: House, kuaidi100: StandIn, clock: Clock
) -> None:
    shop = await a_shop(watching)
    parcels = [await a_parcel(watching, shop, number=f"YT7000000000{n:03d}") for n in range(10)]
    kuaidi100.answers(*[KEY_OVER] * 4)
    assert await subscribe_parcels(watching) == 0
    assert len(kuaidi100.asked) == 4
    for parcel in parcels:
        view = await read(watching, parcel)
        assert (view.subscription, view.subscription_said) == (
            Subscription.waiting,
            "601 POLL:KEY已过期",
        )
    clock.now = NOON + timedelta(minutes=15)
    kuaidi100.answers(*[OK] * 10)
    assert await subscribe_parcels(watching) == 10
    assert sorted(p["number"] for p in told(kuaidi100)[4:]) == [f"YT7000000000{n:03d}" for n in range(10)]


async def test_one_number_of_two_shops_is_told_once_and_a_push_moves_both(
    watching: House, kuaidi100: StandIn
) -> None:
    first = await a_parcel(watching, await a_shop(watching))
    kuaidi100.answers(OK)
    assert await subscribe_parcels(watching) == 1
    second = await a_parcel(watching, await a_shop(watching, "shoes"))
    assert await subscribe_parcels(watching) == 1
    assert len(kuaidi100.asked) == 1
    event = {"ftime": "2026-03-09 12:00:00", "context": "已签收", "statusCode": "301"}
    param = json.dumps({"lastResult": {"com": "yuantong", "nu": YT, "data": [event]}})
    transport = httpx.ASGITransport(create_app(watching))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        form = {"param": param, "sign": sign(param, "SALT1")}
        assert (await http.post("/api/webhooks/kuaidi100/lamps", data=form)).status_code == 200
    for parcel in (first, second):
        assert (await read(watching, parcel)).delivered_at == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert len(await facts(watching, "parcel.delivered")) == 2


async def test_workers_beside_each_other_tell_each_number_once(own_house: House, kuaidi100: StandIn) -> None:
    settings = Tracking(
        kuaidi100_key=SecretStr("KEY1"), kuaidi100_salt=SecretStr("SALT1"), kuaidi100_api=kuaidi100.address
    )
    shop = await a_shop(own_house)
    for number in range(20):
        await a_parcel(own_house, shop, number=f"YT7000000000{number:03d}")
    kuaidi100.answers(*[OK] * 20)
    async with tracking_subscriptions(settings, "https://care.example.com") as subscriptions:
        own_house.ports = {TrackingSubscriptions: subscriptions}
        taken = await asyncio.gather(*(subscribe_parcels(own_house, limit=7) for _ in range(4)))
    assert sum(taken) == 20
    assert sorted(p["number"] for p in told(kuaidi100)) == [f"YT7000000000{n:03d}" for n in range(20)]


async def test_a_corrected_number_is_told_anew(watching: House, kuaidi100: StandIn) -> None:
    parcel = await a_parcel(watching, await a_shop(watching))
    kuaidi100.answers(NOT_OURS, OK)
    assert await subscribe_parcels(watching) == 0
    async with begin(watching) as work:
        await correct_waybill(work, parcel, carrier="中通", number="778899001122334")
    assert await subscribe_parcels(watching) == 1
    assert [(p["company"], p["number"]) for p in told(kuaidi100)] == [
        ("yuantong", YT),
        ("zhongtong", "778899001122334"),
    ]
    assert (await read(watching, parcel)).subscription_said is None


async def test_what_has_arrived_or_was_never_heard_of_again_is_not_told(
    watching: House, kuaidi100: StandIn, clock: Clock
) -> None:
    shop = await a_shop(watching)
    arrived = await a_parcel(watching, shop)
    await a_parcel(watching, shop, number="YT7000000000001")
    async with begin(watching) as work:
        await mark_delivered(work, arrived)
    clock.now = NOON + timedelta(days=60)
    assert await subscribe_parcels(watching) == 0
    assert kuaidi100.asked == []


async def test_what_is_pushed_is_asked_after_twice_a_day_and_what_is_given_up_as_before(
    watching: House, kuaidi100: StandIn, clock: Clock
) -> None:
    parcel = await a_parcel(watching, await a_shop(watching))
    kuaidi100.answers(OK)
    await subscribe_parcels(watching)
    async with begin(watching) as work:
        assert await due_for_poll(work) == []
    assert await asked_next(watching, parcel) == NOON + timedelta(hours=12)
    clock.now = NOON + timedelta(hours=12)
    async with begin(watching) as work:
        assert [poll.numbers for poll in await due_for_poll(work)] == [[YT]]
    assert await asked_next(watching, parcel) == NOON + timedelta(hours=24)

    param = json.dumps(
        {
            "status": "abort",
            "message": "3天查询无记录",
            "lastResult": {"nu": YT, "com": "yuantong", "data": []},
        }
    )
    clock.now = NOON + timedelta(days=3)
    transport = httpx.ASGITransport(create_app(watching))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        form = {"param": param, "sign": sign(param, "SALT1")}
        assert (await http.post("/api/webhooks/kuaidi100/lamps", data=form)).status_code == 200
    view = await read(watching, parcel)
    assert (view.subscription, view.subscription_said) == (Subscription.waiting, "3天查询无记录")
    # The customer may hand it in only now: it is asked after, and told again.
    assert await asked_next(watching, parcel) == NOON + timedelta(hours=24)
    kuaidi100.answers(OK)
    assert await subscribe_parcels(watching) == 1
    assert len(kuaidi100.asked) == 2


async def test_a_push_of_the_carrier_that_it_is_really_with_is_that_parcels(
    watching: House, kuaidi100: StandIn
) -> None:
    event = {"ftime": "2026-03-09 12:00:00", "context": "已签收", "statusCode": "301"}
    param = json.dumps(
        {
            "status": "shutdown", "autoCheck": "1", "comOld": "yuantong", "comNew": "ems",
            "lastResult": {"com": "ems", "nu": YT, "data": [event]},
        }
    )  # fmt: skip
    [update] = read_callback(urlencode({"param": param, "sign": sign(param, "SALT1")}).encode(), "SALT1")
    assert (update.carrier, update.number, update.given_up) == ("yuantong", YT, None)


def test_what_they_call_one_carrier_may_be_either_of_ours() -> None:
    param = json.dumps({"lastResult": {"com": "dhl", "nu": "1234567890", "data": []}})
    updates = read_callback(urlencode({"param": param, "sign": sign(param, "SALT1")}).encode(), "SALT1")
    assert [(each.carrier, each.number) for each in updates] == [
        ("dhl_express", "1234567890"),
        ("dhl_universal", "1234567890"),
    ]


async def test_customers_are_not_told_what_we_have_with_whom(watching: House, kuaidi100: StandIn) -> None:
    bought = await an_order(watching, await given_shop(watching))
    async with begin(watching) as work:
        await announce_shipment(
            work,
            NewShipment(
                shop_id=bought.shop.id,
                direction=Direction.outbound,
                order_id=bought.order_id,
                carrier="圆通",
                tracking_number=YT,
            ),
        )
    kuaidi100.answers(KEY_OVER)
    await subscribe_parcels(watching)
    customer = Actor(ActorKind.customer, shops=frozenset({bought.shop.id}))
    async with begin(watching, customer) as work:
        [view] = await shipments_of(work, order_id=bought.order_id)
    assert (view.subscription, view.subscription_said) == (None, None)


@pytest.mark.parametrize(
    ("key", "salt", "base_url"),
    [
        (None, "SALT1", "https://care.example.com"),
        ("KEY1", None, "https://care.example.com"),
        ("KEY1", "SALT1", "http://127.0.0.1:8000"),
        ("KEY1", "SALT1", "http://localhost"),
    ],
)
async def test_without_a_key_a_salt_or_an_address_that_pushes_reach_nothing_is_told(
    key: str | None, salt: str | None, base_url: str
) -> None:
    settings = Tracking(
        kuaidi100_key=SecretStr(key) if key else None, kuaidi100_salt=SecretStr(salt) if salt else None
    )
    async with tracking_subscriptions(settings, base_url) as nobody:
        assert nobody is None
