"""Sums as the pages show them, over HTTP, and from files."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from aftercare.insights import costs
from aftercare.insights.costs import CostCut, Which, routes
from aftercare.journal import House, begin
from aftercare.kit.csvfile import ColumnsMissing, FileUnreadable
from tests import given
from tests.conftest import NOON, Clock
from tests.given import Bought
from tests.given.web import signed_in
from tests.insights.costs.test_ledger import bought_here
from tests.insights.costs.world import controller, keep, returned, set_rates

SPAN = Which(since=NOON - timedelta(days=9), until=NOON + timedelta(days=9))


@pytest_asyncio.fixture(loop_scope="session")
async def spent(house: House, clock: Clock) -> Bought:
    bought = await bought_here(house)
    await set_rates(house)
    await returned(house, clock, bought)
    await keep(house)
    return bought


async def test_every_cut_sums_to_the_whole(house: House, spent: Bought) -> None:
    async with begin(house, controller(spent.shop)) as work:
        [one] = (await costs.summary(work, SPAN)).currencies
        assert (one.amount_cents, one.service_cents, one.cases, one.per_case_cents) == (
            17_788,
            2_240,
            1,
            None,
        )
        assert [(kind.kind.value, kind.amount_cents) for kind in one.kinds] == [
            ("refund", 29_900),
            ("freight_back", 1_700),
            ("goods_written_off", 598),
            ("inspection", 350),
            ("people", 190),
            ("goods_back", -14_950),
        ]
        assert [(month.month, month.amount_cents, month.cases) for month in one.months] == [
            ("2026-03", 17_788, 1)
        ]
        for by in CostCut:
            assert sum(cut.amount_cents for cut in await costs.cut_by(work, SPAN, by)) == 17_788, by
        [cut] = await costs.cut_by(work, SPAN, CostCut.claim_kind)
        assert (cut.value, cut.cases, cut.lines) == ("return_refund", 1, 8)
        [month] = await costs.cut_by(work, SPAN, CostCut.month)
        assert (month.value, month.orders) == ("2026-03", 1)
        carriers = {cut.value: cut.amount_cents for cut in await costs.cut_by(work, SPAN, CostCut.carrier)}
        assert carriers == {"shunfeng": 1_700, None: 16_088}
        service = SPAN.model_copy(update={"only": "service"})
        assert sum(cut.amount_cents for cut in await costs.cut_by(work, service, CostCut.reason)) == 2_240
        other = SPAN.model_copy(update={"claim_kind": "exchange"})
        assert (await costs.summary(work, other)).currencies == []
        [dear] = await costs.dearest(work, SPAN)
        assert (dear.amount_cents, dear.most.value, dear.most_cents) == (17_788, "refund", 29_900)


async def test_no_cost_is_shared_by_orders_that_were_cancelled(house: House, spent: Bought) -> None:
    cancelled = await given.an_order(house, spent.shop)
    async with begin(house) as work:
        await work.session.execute(
            text("UPDATE sales_order SET status = 'cancelled' WHERE id = :id"), {"id": cancelled.order_id}
        )
    async with begin(house, controller(spent.shop)) as work:
        [one] = (await costs.summary(work, SPAN)).currencies
        [shop] = await costs.cut_by(work, SPAN, CostCut.shop)
    assert (one.orders, shop.orders) == (1, 1)


async def test_the_bridge_of_the_ledger_sums_to_the_cent(house: House, spent: Bought) -> None:
    before = SPAN.model_copy(update={"since": NOON - timedelta(days=40), "until": SPAN.since})
    async with begin(house, controller(spent.shop)) as work:
        for by in (CostCut.claim_kind, CostCut.shop, CostCut.channel, CostCut.product):
            [one] = await costs.bridge(work, before, SPAN, by)
            assert (one.before_cents, one.after_cents, one.volume_cents) == (0, 17_788, 17_788)


@pytest_asyncio.fixture(loop_scope="session")
async def client(house: House, spent: Bought) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(house, controller(), routes.router, at="") as client:
        yield client


PERIOD = {"since": SPAN.since.isoformat(), "until": SPAN.until.isoformat()}


async def test_every_address_answers(client: httpx.AsyncClient, spent: Bought) -> None:
    for address, more in (
        ("/api/insights/costs", {}),
        ("/api/insights/costs/cuts/agent", {}),
        ("/api/insights/costs/dearest", {}),
        ("/api/insights/costs/rates", {}),
        ("/api/insights/costs/what-if", {}),
        ("/api/insights/levers", {}),
        (
            "/api/insights/costs/bridge",
            {"before_since": "2026-01-01T00:00:00Z", "before_until": "2026-02-01T00:00:00Z"},
        ),
    ):
        found = await client.get(address, params={**PERIOD, **more})
        assert found.status_code == 200, (address, found.text)
    backwards = {"since": PERIOD["until"], "until": PERIOD["since"]}
    refused = await client.get("/api/insights/costs", params=backwards)
    assert (refused.status_code, refused.json()["code"]) == (422, "period_not_possible")


async def test_a_project_is_entered_and_measured(client: httpx.AsyncClient, spent: Bought) -> None:
    new = {
        "name": "逆向协议价",
        "kind": "carrier",
        "currency": "CNY",
        "started_on": "2026-02-01",
        "scope": {"carriers": ["shunfeng"]},
    }
    empty = await client.post("/api/insights/levers", json={**new, "scope": {}})
    assert (empty.status_code, empty.json()["code"]) == (422, "scope_not_possible")
    made = (await client.post("/api/insights/levers", json=new)).json()["id"]
    spending = {"spent_on": "2026-02-01", "amount_cents": 50_000}
    assert (await client.post(f"/api/insights/levers/{made}/spending", json=spending)).status_code == 201
    [one] = (await client.get("/api/insights/levers")).json()
    assert (one["change"]["enough"], one["returned"]["spent_cents"], one["returned"]["cases"]) == (
        False,
        50_000,
        1,
    )
    assert (one["returned"]["roi"], one["returned"]["saved_cents"]) == (None, None)


async def test_what_is_exported_can_be_read_again_as_a_file(house: House, spent: Bought) -> None:
    from aftercare.insights.costs.sheets import lines_sheet
    from aftercare.kit.sheets import pieces

    async with begin(house, controller(spent.shop)) as work:
        sheet = await lines_sheet(work, SPAN)
        rows = (await work.session.execute(sheet.asks, sheet.values)).all()

    async def cells() -> AsyncIterator[Sequence[Any]]:
        for row in rows:
            yield sheet.row(row)

    raw = b"".join([piece async for piece in pieces(sheet.columns, cells())])
    lines = costs.read_cost_lines(raw, "costs.csv")
    assert sum(line.amount_cents for line in lines) == 17_788
    [one] = costs.sums(lines, "claim_kind")
    assert (one.value, one.amount_cents, one.cases, one.per_case_cents) == (
        "return_refund",
        17_788,
        1,
        17_788,
    )


FILE = """at,kind,amount,currency,case,quantity,claim_kind
2026-08-02,freight,10.00,CNY,A1,1,return
2026-08-03,freight,10.00,CNY,A2,1,return
2026-09-02,freight,12.50,CNY,B1,1,return
2026-09-03,freight,12.50,CNY,B2,1,return
2026-09-05,bot,0.30,CNY,,3,
2026-09-09,refund,15.00,EUR,C,1,return
"""


def test_a_file_that_comes_from_anywhere() -> None:
    lines = costs.read_cost_lines(FILE.encode(), "x.csv")
    assert [(row.currency, row.value, row.amount_cents, row.cases) for row in costs.sums(lines, "kind")] == [
        ("CNY", "freight", 4_500, 4),
        ("CNY", "bot", 30, 0),
        ("EUR", "refund", 1_500, 1),
    ]
    august, september = (date(2026, 8, 1), date(2026, 8, 31)), (date(2026, 9, 1), date(2026, 9, 30))
    one, euros = costs.bridges_of(lines, august, september, "claim_kind")
    assert (one.before_cents, one.after_cents, one.rate_cents, one.loose_cents) == (2_000, 2_530, 500, 30)
    assert (one.volume_cents, one.mix_cents, one.efficiency_cents) == (0, 0, 0)
    assert (euros.currency, euros.volume_cents) == ("EUR", 1_500)


def test_a_file_with_troubles_is_not_taken() -> None:
    with pytest.raises(ColumnsMissing):
        costs.read_cost_lines(b"at,kind,amount\n2026-08-02,freight,1\n", "x.csv")
    with pytest.raises(FileUnreadable) as refused:
        costs.read_cost_lines(FILE.replace("12.50", "12,50 Yuan").encode(), "x.csv")
    assert refused.value.data["lines"] == 2


def test_the_command_line_needs_no_database_for_a_file(tmp_path: Path) -> None:
    import json

    from typer.testing import CliRunner

    from aftercare.cli import app

    path = tmp_path / "x.csv"
    path.write_text(FILE, encoding="utf-8")
    told = CliRunner().invoke(app, ["insight", "cost", "--file", str(path), "--by", "month", "--json"])
    assert told.exit_code == 0, told.output
    assert [(row["month"], row["amount"]) for row in json.loads(told.output)] == [
        ("2026-08", "20.00"),
        ("2026-09", "25.30"),
        ("2026-09", "15.00"),
    ]
    told = CliRunner().invoke(
        app, ["insight", "cost", "bridge", "2026-08", "2026-09", "--file", str(path), "--json"]
    )
    assert [row["rate_cents"] for row in json.loads(told.output)] == [500, 0]
    assert (
        CliRunner()
        .invoke(app, ["insight", "cost", "bridge", "gestern", "2026-09", "--file", str(path)])
        .exit_code
        == 2
    )


async def test_who_may_not_look(house: House) -> None:
    from aftercare.journal import PermissionMissing

    of = await given.a_shop(house)
    with pytest.raises(PermissionMissing):
        async with begin(house, given.staff(of, given.AGENT)) as work:
            await costs.summary(work, SPAN)
