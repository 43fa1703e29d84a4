"""The withdrawal function of Directive 2011/83/EU art. 11a over HTTP: guests and customers, twice, in parts, limited."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from aftercare import claims
from aftercare.app import create_app
from aftercare.claims import AskedLine, ClaimKind, NewClaim, NewWithdrawal, Reason
from aftercare.claims.model import NothingLeft
from aftercare.claims.routes import STATEMENTS_AN_HOUR
from aftercare.journal import House, begin
from tests import given
from tests.conftest import NOON, Clock
from tests.given import Bought, Line


@pytest.fixture
async def bought(house: House) -> Bought:
    of = await given.a_shop(house, market="DE", currency="EUR")
    return await given.an_order(
        house, of, Line(price_cents=5_900, quantity=2), Line(title="Kabel", price_cents=900), customer="jo"
    )


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(house)), base_url="http://shop.test"
    ) as client:
        yield client


def statement(bought: Bought) -> dict[str, str]:
    return {"order_number": bought.number, "contact": "jo@example.test", "consumer_name": "Jo Meyer"}


async def test_a_guest_withdraws_in_one_call_and_gets_a_time_stamped_receipt(
    client: httpx.AsyncClient, bought: Bought
) -> None:
    answer = await client.post("/api/withdrawals", json=statement(bought))
    assert answer.status_code == 201, answer.text
    (receipt,) = answer.json()
    assert receipt["stated_at"] == NOON.isoformat()
    again = await client.post("/api/withdrawals", json=statement(bought))
    assert again.json() == [receipt]


async def test_a_wrong_contact_and_too_many_statements_are_refused(
    client: httpx.AsyncClient, bought: Bought
) -> None:
    wrong = statement(bought) | {"contact": "else@example.test"}
    codes = [
        (await client.post("/api/withdrawals", json=wrong)).json()["code"] for _ in range(STATEMENTS_AN_HOUR)
    ]
    assert set(codes) == {"contract_not_recognised"}
    last = await client.post("/api/withdrawals", json=statement(bought))
    assert (last.status_code, last.json()["code"], last.json()["retry_after"]) == (429, "too_many", 3600)


async def test_a_stranger_cannot_withdraw_from_what_is_not_theirs(
    client: httpx.AsyncClient, bought: Bought
) -> None:
    asked = {"order_id": str(bought.order_id), "consumer_name": "Jo", "contact": "jo@example.test"}
    assert (await client.post("/api/my/withdrawals", json=asked)).status_code in (401, 404)


async def test_in_parts_and_after_a_return(house: House, bought: Bought, clock: Clock) -> None:
    async with begin(house, bought.buyer) as work:
        await claims.apply(
            work,
            NewClaim(
                kind=ClaimKind.return_refund,
                lines=[AskedLine(order_line_id=bought.line_ids[0], quantity=1)],
                reason=Reason.no_reason,
            ),
        )

    async def withdrawn(*lines: int) -> tuple[claims.ClaimPage, object]:
        async with begin(house, bought.buyer) as work:
            stated = await claims.withdraw(
                work,
                NewWithdrawal(
                    order_id=bought.order_id,
                    consumer_name="Jo Meyer",
                    contact="jo@example.test",
                    order_line_ids=[bought.line_ids[line] for line in lines],
                ),
            )
            return await claims.claim_page(work, stated.claim_id), stated.id

    cable, first = await withdrawn(1)
    assert [(line.title, line.quantity) for line in cable.lines] == [("Kabel", 1)]
    clock.now += timedelta(minutes=1)
    rest, second = await withdrawn(0, 1)
    assert [(line.title, line.quantity) for line in rest.lines] == [("破壁料理机 L18", 1)]
    assert rest.requested_cents == 5_900
    assert first != second
    assert (await withdrawn(0, 1))[1] == second


async def test_nothing_is_left_to_withdraw_from(house: House, bought: Bought) -> None:
    async with begin(house, bought.buyer) as work:
        await claims.apply(
            work,
            NewClaim(
                kind=ClaimKind.return_refund,
                lines=[
                    AskedLine(order_line_id=line, quantity=quantity)
                    for line, quantity in zip(bought.line_ids, (2, 1), strict=True)
                ],
                reason=Reason.no_reason,
            ),
        )
        with pytest.raises(NothingLeft):
            await claims.withdraw(
                work,
                NewWithdrawal(order_id=bought.order_id, consumer_name="Jo", contact="jo@example.test"),
            )
