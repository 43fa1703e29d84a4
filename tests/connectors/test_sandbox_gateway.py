"""The sandbox is unreliable in known ways, and never pays one key twice."""

from collections import Counter
from datetime import timedelta

import pytest

from aftercare.claims import GatewayAnswer, GatewayState, RefundOrder
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.connectors.payments import Heard, PushNotSigned
from aftercare.connectors.sandbox_gateway import (
    SandboxGateway,
    Whim,
    calls_due,
    paid_by_sandbox,
    read_call,
    signature,
    whim_of,
)
from aftercare.journal import House, begin
from aftercare.settings import Settings
from tests.conftest import Clock

PAID, PENDING, FAILED = GatewayState.paid, GatewayState.pending, GatewayState.failed


def order(whim: Whim, key: str = "refund-1", cents: int = 500, paid: int = 900) -> RefundOrder:
    return RefundOrder(key, f"pay-1#{whim.value}", cents, paid, "CNY", "defective")


async def told(house: House) -> list[GatewayState]:
    async with begin(house) as work:
        return [heard.answer.state for heard in await calls_due(work)]


async def paid(house: House) -> dict[str, int]:
    async with begin(house) as work:
        return await paid_by_sandbox(work)


def test_the_same_seed_has_the_same_whims() -> None:
    whims = Counter(whim_of("a seed", f"refund-{number}", "pay-1") for number in range(5_000))
    assert whims == Counter(whim_of("a seed", f"refund-{number}", "pay-1") for number in range(5_000))
    assert set(whims) == set(Whim)
    assert 3_400 <= whims[Whim.pays] <= 3_700
    assert whim_of("a seed", "refund-1", "pay-1") is whim_of("a seed", "refund-1", "pay-2")


async def test_it_pays_once_however_often_it_is_asked(house: House) -> None:
    gateway = SandboxGateway(house)
    first = await gateway.refund(order(Whim.pays))
    assert first == GatewayAnswer(PAID, first.reference, None, True)
    assert await gateway.refund(order(Whim.pays)) == first
    assert await gateway.find("refund-1", "pay-1") == first
    assert await gateway.find("refund-2", "pay-1") is None
    assert await paid(house) == {"refund-1": 500}


async def test_a_late_answer_comes_by_call_back(house: House, clock: Clock) -> None:
    gateway = SandboxGateway(house)
    assert (await gateway.refund(order(Whim.late))).state is PENDING
    assert (await gateway.refund(order(Whim.late))).state is PENDING
    assert await told(house) == []
    clock.now += timedelta(minutes=10)
    assert await told(house) == [PAID]
    assert await told(house) == []
    assert await paid(house) == {"refund-1": 500}


async def test_a_late_answer_can_be_asked_for_when_its_call_back_is_lost(house: House, clock: Clock) -> None:
    gateway = SandboxGateway(house)
    await gateway.refund(order(Whim.late))
    clock.now += timedelta(minutes=10)
    answer = await gateway.find("refund-1", "pay-1#late")
    assert answer is not None
    assert answer.state is PAID


async def test_it_tells_twice_and_out_of_order(house: House, clock: Clock) -> None:
    gateway = SandboxGateway(house)
    assert (await gateway.refund(order(Whim.twice))).state is PAID
    assert (await gateway.refund(order(Whim.disordered, "refund-2"))).state is PENDING
    clock.now += timedelta(minutes=10)
    assert await told(house) == [PAID, PAID]
    clock.now += timedelta(minutes=1)
    assert await told(house) == [PAID, PENDING]
    assert await told(house) == []
    assert await paid(house) == {"refund-1": 500, "refund-2": 500}


async def test_an_answer_is_lost_after_the_money_went(house: House) -> None:
    gateway = SandboxGateway(house)
    with pytest.raises(TimeoutError):
        await gateway.refund(order(Whim.loses_answer))
    assert await paid(house) == {"refund-1": 500}
    found = await gateway.find("refund-1", "pay-1#loses_answer")
    assert found is not None
    assert found.state is PAID
    assert await gateway.refund(order(Whim.loses_answer)) == found


async def test_what_could_not_be_reached_knows_nothing(house: House) -> None:
    gateway = SandboxGateway(house)
    with pytest.raises(ConnectionError):
        await gateway.refund(order(Whim.unreachable))
    assert await gateway.find("refund-1", "pay-1#unreachable") is None
    assert await paid(house) == {}
    assert (await gateway.refund(order(Whim.unreachable))).state is PAID


async def test_failures_that_pass_and_those_that_stay(house: House) -> None:
    gateway = SandboxGateway(house)
    short = await gateway.refund(order(Whim.short))
    assert (short.state, short.failure, short.final) == (FAILED, "insufficient_balance", False)
    assert (await gateway.refund(order(Whim.short))).state is PAID
    for _ in range(2):
        never = await gateway.refund(order(Whim.never, "refund-2"))
        assert (never.state, never.failure, never.final) == (FAILED, "account_closed", True)


async def test_it_gives_no_more_back_than_was_paid(house: House) -> None:
    gateway = SandboxGateway(house)
    assert (await gateway.refund(order(Whim.pays))).state is PAID
    more = await gateway.refund(order(Whim.pays, "refund-2", 401))
    assert (more.state, more.failure, more.final) == (FAILED, "more_than_was_paid", True)
    assert (await gateway.refund(order(Whim.pays, "refund-3", 400))).state is PAID


def test_a_call_back_is_signed() -> None:
    payload = b'{"key": "refund-1", "state": "paid"}'
    heard = read_call(b"key", payload, signature(b"key", payload))
    assert heard == Heard("refund-1", GatewayAnswer(PAID, heard.answer.reference, None, True))
    for wrong in ("", signature(b"another", payload), "é"):
        with pytest.raises(PushNotSigned):
            read_call(b"key", payload, wrong)


async def test_only_what_is_set_up_is_connected(house: House) -> None:
    nothing = Settings(sandbox_gateway=False)
    assert list(ConfiguredGateways(nothing, house).by_provider) == []
    everything = Settings.model_validate(
        {
            "sandbox_gateway": True,
            "stripe": {"secret_key": "sk_test_1"},
            "wechat_pay": {"merchant_id": "1900000109"},
        }
    )
    gateways = ConfiguredGateways(everything, house)
    assert list(gateways.by_provider) == ["stripe", "wechat_pay", "sandbox"]
    assert gateways.stripe is not None
    await gateways.stripe.close()
