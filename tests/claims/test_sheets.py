"""Exports: every row, in the reader's words, of one moment, and only what the reader may see."""

import csv
import io
from collections.abc import Callable
from functools import partial

import httpx
import pytest
from sqlalchemy import text

from aftercare.claims import ClaimKind
from aftercare.journal import Actor, ActorKind, House, begin, drain
from aftercare.journal import http as doors
from aftercare.kit.ids import new_id
from tests import given
from tests.given import AGENT, ARBITER, Line
from tests.given.web import signed_in

Desk = Callable[[Actor], httpx.AsyncClient]


@pytest.fixture
def desk(house: House) -> Desk:
    return partial(signed_in, house)


def rows_of(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith("\ufeff".encode())
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_claims_refunds_orders_and_cases_in_the_readers_words(house: House, desk: Desk) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(
        house, of, Line(title="=破壁料理机", price_cents=29_900), shipped=None, delivered=None
    )
    number = (await given.a_claim(house, bought, ClaimKind.cancel_unshipped)).number
    await drain(house)
    async with desk(given.staff(of, AGENT)) as client:
        answer = await client.get("/claims.csv", params={"kinds": "cancel_unshipped"})
        assert answer.headers["content-disposition"] == 'attachment; filename="claims-2026-03-10.csv"'
        heading, row = rows_of(answer)
        assert heading[:4] == ["售后单号", "店铺", "类型", "状态"]
        assert [row[0], row[1], *row[5:13]] == [
            number, of.name, "王小明", bought.number, "'=破壁料理机", "1", "299.00", "299.00", "0.00", "CNY",
        ]  # fmt: skip
        assert row[13] == "2026-03-10 12:00:00"
        assert len(rows_of(await client.get("/claims.csv", params={"kinds": "exchange"}))) == 1
        assert len(rows_of(await client.get("/claims.csv", params={"search": "nothing"}))) == 1
        (_, refund) = rows_of(await client.get("/refunds.csv"))
        assert [refund[0], refund[2], refund[4], refund[5]] == [number, bought.number, "299.00", "CNY"]
        for search in ("", bought.number):
            (_, order) = rows_of(await client.get("/orders.csv", params={"search": search}))
            assert order[:8] == [
                bought.number, of.name, "待发货", "王小明", "'=破壁料理机", "1", "299.00", "0.00",
            ]  # fmt: skip
        assert len(rows_of(await client.get("/orders.csv", params={"search": "qqqqqq"}))) == 1
        (_, case) = rows_of(await client.get("/cases.csv", params={"view": "all"}))
        assert [case[1], case[10], case[11]] == [of.name, "王小明", bought.number]
        assert len(rows_of(await client.get("/cases.csv", params={"view": "snoozed"}))) == 1


async def test_who_may_not_read_gets_a_plain_answer_and_no_file(
    house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = await given.a_shop(house)
    async with desk(given.staff(of, ARBITER)) as client:
        answer = await client.get("/refunds.csv")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    monkeypatch.setattr(doors, "SHEETS_AT_ONCE", 0)
    async with desk(given.staff(of, AGENT)) as client:
        busy = await client.get("/claims.csv")
        assert (busy.status_code, busy.json()["code"], busy.headers["retry-after"]) == (
            503,
            "sheets_busy",
            "10",
        )


async def test_no_row_is_left_out_however_many_and_none_of_other_shops(house: House, desk: Desk) -> None:
    of, other = await given.a_shop(house), await given.a_shop(house)
    for one in (of, other):
        await given.an_order(house, one)
    async with begin(house) as work:
        await work.session.execute(
            text(
                """
                INSERT INTO sales_order (id, shop_id, number, number_key, external_id, source, customer_id, status, currency,
                  placed_at, goods_cents, discount_cents, freight_cents, paid_cents, content, tsv, tokenizer)
                SELECT gen_random_uuid(), o.shop_id, 'N' || n, 'N' || n, 'N' || n, 'test', o.customer_id, 'paid', 'CNY',
                  o.placed_at - n * interval '1 second', 100, 0, 0, 100, '', '', 1
                FROM sales_order o, generate_series(1, 12000) n WHERE o.shop_id = :shop
                """
            ),
            {"shop": of.id},
        )
    async with desk(given.staff(of, AGENT)) as client:
        rows = rows_of(await client.get("/orders.csv"))
    assert len(rows) == 12_002
    assert [row[0] for row in rows[2:4]] == ["N1", "N2"]
    assert {row[1] for row in rows[1:]} == {of.name}
    nobody = Actor(ActorKind.staff, new_id(), frozenset({other.id}), AGENT, role="test")
    async with desk(nobody) as client:
        assert len(rows_of(await client.get("/orders.csv"))) == 2
