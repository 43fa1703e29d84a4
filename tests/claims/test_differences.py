"""The difference of an exchange, paid by the customer: begun once, settled once and to the cent, given back if nothing comes of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from aftercare import claims
from aftercare.claims import (
    ClaimKind,
    ClaimState,
    NoDifferenceDue,
    PaidAnswer,
    PaymentAway,
    PaymentGateways,
    Reason,
    RefundGateways,
    pay_difference,
)
from aftercare.claims.model import AmountNotPossible, ClaimNotFound, PaymentState
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.connectors.sandbox_gateway import paid_by_sandbox
from aftercare.journal import NOBODY, House, begin, drain
from aftercare.settings import Settings
from aftercare.worker import ask_after_payments
from tests import given
from tests.conftest import Clock
from tests.given import Bought, Line
from tests.given.web import signed_in

BACK = "https://shop.test/my"


@pytest.fixture
async def bought(house: House) -> Bought:
    gateways = ConfiguredGateways(Settings(sandbox_gateway=True), house)
    house.ports = {RefundGateways: gateways, PaymentGateways: gateways}
    of = await given.a_shop(house)
    return await given.an_order(house, of, Line(price_cents=29_900))


async def an_exchange(house: House, bought: Bought, *, approved: bool = True) -> UUID:
    other = await given.an_order(house, bought.shop, Line(title="破壁料理机 L20", price_cents=39_950))
    claim = await given.a_claim(
        house, bought, ClaimKind.exchange, Reason.defective, instead=other.product_ids[0]
    )
    waits = claim.state is ClaimState.pending_merchant
    if approved and waits:
        async with begin(house, given.staff(bought.shop, given.AGENT)) as work:
            await claims.approve(work, claim.id)
    return claim.id


async def told(house: House, key: str, cents: int, currency: str = "CNY") -> bool:
    async with begin(house) as work:
        return await claims.settle_payment(work, key=key, answer=PaidAnswer(True, cents, currency, "tx-1"))


async def rows(house: House, sql: str) -> list[Any]:
    async with begin(house) as work:
        return [tuple(row) for row in await work.session.execute(text(sql))]


async def settled(house: House, claim_id: UUID) -> bool:
    async with begin(house) as work:
        return (await claims.claim_page(work, claim_id)).difference_settled_at is not None


@pytest.fixture
async def portal(house: House, bought: Bought) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(house, bought.buyer, at="") as client:
        yield client


async def test_a_customer_pays_in_the_browser_and_the_goods_may_leave(
    house: House, bought: Bought, portal: httpx.AsyncClient
) -> None:
    claim_id = await an_exchange(house, bought)
    begun = await portal.post(f"/api/my/claims/{claim_id}/pay-difference")
    assert begun.status_code == 200, begun.text
    assert {name: begun.json()[name] for name in ("state", "provider", "amount_cents", "currency")} == {
        "state": "started",
        "provider": "sandbox",
        "amount_cents": 10_050,
        "currency": "CNY",
    }
    assert (await portal.post(f"/api/my/claims/{claim_id}/pay-difference")).json() == begun.json()
    address = begun.json()["address"]
    forged = await portal.get(address.replace("amount=10050", "amount=1"))
    assert (forged.status_code, await settled(house, claim_id)) == (401, False)
    for _ in range(2):
        paid = await portal.get(address)
        assert (paid.status_code, paid.headers["location"].endswith(f"/my/claims/{claim_id}")) == (303, True)
    assert await settled(house, claim_id)
    assert await rows(house, "SELECT name FROM fact WHERE name LIKE '%difference%' ORDER BY position") == [
        ("claim.difference_due",),
        ("difference_payment.paid",),
        ("claim.difference_settled",),
    ]
    again = await portal.post(f"/api/my/claims/{claim_id}/pay-difference")
    assert (again.status_code, again.json()["code"]) == (409, "no_difference_due")
    async with signed_in(house, NOBODY) as stranger:
        nobody = await stranger.post(f"/my/claims/{claim_id}/pay-difference")
    assert nobody.status_code == 404


async def test_only_what_was_asked_for_to_the_cent_settles_it(house: House, bought: Bought) -> None:
    claim_id = await an_exchange(house, bought)
    payment = await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    for cents, currency in ((10_049, "CNY"), (10_051, "CNY"), (10_050, "USD")):
        with pytest.raises(AmountNotPossible):
            await told(house, payment.key, cents, currency)
    assert not await settled(house, claim_id)
    assert await told(house, "unknown", 10_050) is False
    assert await told(house, payment.key, 10_050)
    assert await told(house, payment.key, 10_050)
    assert await settled(house, claim_id)
    assert await rows(house, "SELECT count(*) FROM refund") == [(0,)]


async def test_a_cancelled_exchange_gives_the_difference_back_once(house: House, bought: Bought) -> None:
    claim_id = await an_exchange(house, bought)
    payment = await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    await told(house, payment.key, 10_050)
    async with begin(house, bought.buyer) as work:
        await claims.cancel(work, claim_id)
    await drain(house)
    assert await rows(house, "SELECT amount_cents, provider, provider_ref FROM refund") == [
        (10_050, "sandbox", "tx-1")
    ]
    assert await rows(house, "SELECT state FROM difference_payment") == [("given_back",)]
    await told(house, payment.key, 10_050)
    await drain(house)
    async with begin(house) as work:
        sent = await paid_by_sandbox(work)
    assert len(await rows(house, "SELECT id FROM refund")) == 1
    assert sum(sent.values()) in (0, 10_050)


async def test_what_comes_after_the_end_goes_back_at_once(house: House, bought: Bought) -> None:
    claim_id = await an_exchange(house, bought)
    payment = await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    async with begin(house, bought.buyer) as work:
        await claims.cancel(work, claim_id)
    assert await told(house, payment.key, 10_050)
    assert await rows(house, "SELECT amount_cents, state FROM refund") == [(10_050, "requested")]
    assert not await settled(house, claim_id)


async def test_a_payment_left_behind_is_given_back_if_it_comes_after_all(
    house: House, bought: Bought, clock: Clock
) -> None:
    claim_id = await an_exchange(house, bought)
    first = await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    clock.now += timedelta(hours=2)
    second = await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    assert first.key != second.key
    await told(house, second.key, 10_050)
    await told(house, first.key, 10_050)
    assert await rows(house, "SELECT state FROM difference_payment ORDER BY begun_at") == [
        ("given_back",),
        ("paid",),
    ]
    assert await rows(house, "SELECT amount_cents FROM refund") == [(10_050,)]


async def test_who_may_begin_and_when(house: House, bought: Bought) -> None:
    claim_id = await an_exchange(house, bought)
    stranger = await given.an_order(house, bought.shop)
    with pytest.raises(ClaimNotFound):
        await pay_difference(house, stranger.buyer, claim_id, return_url=BACK)
    await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    async with begin(house, bought.buyer) as work:
        await claims.cancel(work, claim_id)
    with pytest.raises(NoDifferenceDue):
        await pay_difference(house, bought.buyer, claim_id, return_url=BACK)


async def test_a_gateway_that_is_away_is_asked_again_under_the_same_key(house: House, bought: Bought) -> None:
    claim_id = await an_exchange(house, bought)
    asked: list[str] = []

    class Away:
        async def start(self, asking: claims.PaymentAsked) -> claims.PaymentStart:
            asked.append(asking.key)
            if len(asked) == 1:
                raise TimeoutError
            return claims.PaymentStart("https://pay.test/1")

    class Gateways:
        by_provider = {"sandbox": Away()}  # noqa: RUF012

    house.ports = {**house.ports, PaymentGateways: Gateways()}
    with pytest.raises(PaymentAway):
        await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    payment = await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    assert (payment.state, payment.address) == (PaymentState.started, "https://pay.test/1")
    assert asked[0] == asked[1]


class Finding:
    """A gateway that was paid and never calls back."""

    def __init__(self) -> None:
        self.says: claims.PaidAnswer | Exception | None = None
        self.asked: list[tuple[str, str | None]] = []

    async def start(self, asking: claims.PaymentAsked) -> claims.PaymentStart:
        return claims.PaymentStart("https://pay.test/1", "cs_1")

    async def find_payment(self, key: str, reference: str | None) -> claims.PaidAnswer | None:
        self.asked.append((key, reference))
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    @property
    def by_provider(self) -> dict[str, "Finding"]:
        return {"sandbox": self}


@pytest.mark.parametrize("left_behind", [False, True])
async def test_a_payment_whose_call_back_is_lost_is_asked_after(
    house: House, bought: Bought, clock: Clock, left_behind: bool
) -> None:
    claim_id = await an_exchange(house, bought)
    gateway = Finding()
    house.ports = {**house.ports, PaymentGateways: gateway}
    payment = await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    await ask_after_payments(house)
    assert gateway.asked == []
    clock.now += timedelta(minutes=1)
    for says in (None, TimeoutError(), ValueError("odd"), PaidAnswer(True, 1, "CNY", "tx-1")):
        gateway.says = says
        await ask_after_payments(house)
        await ask_after_payments(house)
        clock.now += timedelta(minutes=2)
    assert gateway.asked == [(payment.key, "cs_1")] * 4
    assert not await settled(house, claim_id)
    gateway.says = PaidAnswer(True, 10_050, "CNY", "tx-1")
    if left_behind:
        async with begin(house, bought.buyer) as work:
            await claims.cancel(work, claim_id)
    await ask_after_payments(house)
    assert await settled(house, claim_id) is not left_behind
    state = PaymentState.given_back if left_behind else PaymentState.paid
    assert await rows(house, "SELECT state FROM difference_payment") == [(state,)]
    clock.now += timedelta(hours=1)
    await ask_after_payments(house)
    assert len(gateway.asked) == 5


async def test_a_payment_that_was_never_made_is_asked_after_for_a_day(
    house: House, bought: Bought, clock: Clock
) -> None:
    claim_id = await an_exchange(house, bought)
    gateway = Finding()
    house.ports = {**house.ports, PaymentGateways: gateway}
    await pay_difference(house, bought.buyer, claim_id, return_url=BACK)
    begun = clock.now
    for minutes in (1, 2, 60, 66, 70, 24 * 60, 26 * 60 + 1):
        clock.now = begun + timedelta(minutes=minutes)
        await ask_after_payments(house)
    assert len(gateway.asked) == 5
