"""The withdrawal function of Directive 2011/83/EU art. 11a over HTTP: guests and customers, twice, in parts, limited."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from aftercare import claims
from aftercare.app import create_app
from aftercare.claims import AskedLine, ClaimKind, NewClaim, NewWithdrawal, Reason
from aftercare.claims.model import NothingLeft
from aftercare.claims.routes import STATEMENTS_AN_HOUR
from aftercare.identity import entry_code_text
from aftercare.journal import House, begin, drain
from tests import given
from tests.conftest import NOON, Clock
from tests.given import Bought, Line
from tests.notices.given import mailbox


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


async def entered(client: httpx.AsyncClient, house: House, bought: Bought) -> None:
    """As a guest does: order number and address, then the six digits of the letter."""
    asked = await client.post(
        "/api/entry", json={"order_number": bought.number, "contact": "jo@example.test", "locale": "en"}
    )
    entry_id = asked.json()["entry_id"]
    async with begin(house) as work:
        code = await entry_code_text(work, UUID(entry_id))
    confirmed = await client.post("/api/entry/confirm", json={"entry_id": entry_id, "code": code})
    assert confirmed.status_code == 200, confirmed.text
    client.headers["x-csrf-token"] = confirmed.json()["csrf"]


async def test_a_guest_with_a_code_withdraws_in_two_steps_and_the_receipt_goes_out_by_mail(
    house: House, client: httpx.AsyncClient, bought: Bought
) -> None:
    box = mailbox(house)
    await entered(client, house, bought)
    # The first step only shows what the statement would be about.
    order = (await client.get(f"/api/my/orders/{bought.order_id}")).json()
    assert [(line["title"], line["quantity"]) for line in order["lines"]] == [
        ("破壁料理机 L18", 2),
        ("Kabel", 1),
    ]
    async with begin(house) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM withdrawal")) == 0
    asked = {
        "order_id": str(bought.order_id),
        "consumer_name": " Jo Meyer ",
        "contact": "jo@example.test",
        "order_line_ids": [order["lines"][0]["id"]],
    }
    answer = await client.post("/api/my/withdrawals", json=asked)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert receipt == {
        "id": receipt["id"],
        "claim_id": receipt["claim_id"],
        "stated_at": NOON.isoformat(),
        "consumer_name": "Jo Meyer",
        "contact": "jo@example.test",
    }
    assert (await client.post("/api/my/withdrawals", json=asked)).json() == receipt
    claim = (await client.get(f"/api/claims/{receipt['claim_id']}")).json()
    assert (claim["kind"], claim["withdrawal"], claim["state"], claim["requested_cents"]) == (
        "return_refund",
        True,
        "awaiting_return",
        11_800,
    )
    await drain(house)
    letters = [
        letter
        for letter in box.letters
        if letter.to == "jo@example.test"
        and "Jo Meyer" in letter.text
        and "破壁料理机 L18 × 2" in letter.text
    ]
    assert len(letters) == 1
    assert (bought.number in letters[0].text, claim["number"] in letters[0].text) == (True, True)
    assert "Kabel" not in letters[0].text


async def test_a_statement_without_a_name_is_no_statement(
    house: House, client: httpx.AsyncClient, bought: Bought
) -> None:
    await entered(client, house, bought)
    asked = {"order_id": str(bought.order_id), "consumer_name": "", "contact": "jo@example.test"}
    answer = await client.post("/api/my/withdrawals", json=asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "consumer_name")


async def test_in_parts_and_after_a_return(house: House, bought: Bought, clock: Clock) -> None:
    await given.a_claim(house, bought)

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
