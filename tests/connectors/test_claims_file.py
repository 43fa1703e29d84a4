"""Claims of other platforms from files: mirrored with their codes and deadlines, twice the same, and moved by nobody here."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from aftercare import claims, promises
from aftercare.claims import ClaimPage, ClaimState
from aftercare.claims.model import KeptElsewhere, NothingLeft
from aftercare.connectors.claims_file import import_claims
from aftercare.journal import House, begin, drain
from aftercare.kit.csvfile import ColumnsMissing, FileUnreadable
from aftercare.kit.errors import NotFound
from aftercare.shop import ImportReport
from tests import given
from tests.conftest import NOON, Clock
from tests.given import AGENT, Bought, Line

HEADER = "source,external_id,order_number,kind,code,reason,amount,applied_at,deadline_at,sku,quantity"


def counts(report: ImportReport) -> dict[str, tuple[int, int, int, int, int]]:
    return {
        name: (one.read, one.new, one.changed, one.same, one.refused) for name, one in report.counts.items()
    }


def taobao(
    bought: Bought, code: str, deadline: str = "", amount: str = "", kind: str = "return_refund"
) -> str:
    return f"taobao,T1,{bought.number},{kind},{code},no_reason,{amount},2026-03-09 10:00,{deadline},,"


async def bring(house: House, bought: Bought, *rows: str) -> ImportReport:
    raw = "\n".join([HEADER, *rows]).encode("utf-8-sig")
    return await import_claims(house, raw, file="claims.csv", shop_code=bought.shop.code)


async def the_claim(house: House, bought: Bought) -> ClaimPage:
    async with begin(house) as work:
        claim_id = await work.session.scalar(
            text("SELECT id FROM claim WHERE shop_id = :shop ORDER BY applied_at, id"),
            {"shop": bought.shop.id},
        )
        assert claim_id is not None
        return await claims.claim_page(work, claim_id)


@pytest.fixture
async def bought(house: House) -> Bought:
    of = await given.a_shop(house)
    return await given.an_order(
        house, of, Line(price_cents=29_900), Line(title="滤芯", price_cents=900, quantity=3)
    )


async def test_a_platforms_deadline_goes_before_our_clock_and_the_same_file_changes_nothing(
    house: House, bought: Bought, clock: Clock
) -> None:
    first = await bring(house, bought, taobao(bought, "WAIT_SELLER_AGREE", "2026-03-13 09:30"))
    assert counts(first) == {"claims": (1, 1, 0, 0, 0)}
    claim = await the_claim(house, bought)
    assert (claim.state, claim.requested_cents, claim.actions) == (ClaimState.pending_merchant, 32_600, [])
    (running,) = claim.clocks
    assert (running.name, running.due_at.isoformat(), running.policy) == (
        "claim.decide_goods",
        "2026-03-13T01:30:00+00:00",
        "platform:taobao",
    )
    again = await bring(house, bought, taobao(bought, "WAIT_SELLER_AGREE", "2026-03-13 09:30"))
    assert counts(again) == {"claims": (1, 0, 0, 1, 0)}
    # A holiday moved it.
    moved = await bring(house, bought, taobao(bought, "WAIT_SELLER_AGREE", "2026-03-15 09:30"))
    assert counts(moved) == {"claims": (1, 0, 1, 0, 0)}
    (running,) = [one for one in (await the_claim(house, bought)).clocks if one.state == "running"]
    assert running.due_at.isoformat() == "2026-03-15T01:30:00+00:00"
    # At its end people are told; the platform decides, not we.
    clock.now = NOON + timedelta(days=6)
    await promises.ring(house)
    await drain(house)
    assert (await the_claim(house, bought)).state is ClaimState.pending_merchant
    async with begin(house) as work:
        told = "SELECT count(*) FROM case_escalation e JOIN clock k ON k.id = e.clock_id WHERE k.name LIKE 'claim.%'"
        assert await work.session.scalar(text(told)) == 1


async def test_from_application_to_money_as_the_platform_tells_it(house: House, bought: Bought) -> None:
    row = f"taobao,T1,{bought.number},return_refund,{{}},no_reason,290.00,2026-03-09 10:00,,SKU,1"
    sku = bought.number
    async with begin(house) as work:
        sku = await work.session.scalar(
            text("SELECT sku FROM order_line WHERE id = :id"), {"id": bought.line_ids[0]}
        )
    told = row.replace("SKU", sku or "")
    seen = []
    for code in ("WAIT_SELLER_AGREE", "WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS", "SUCCESS"):
        report = await bring(house, bought, told.format(code))
        await drain(house)
        claim = await the_claim(house, bought)
        seen.append((claim.state.value, [one.name for one in claim.clocks if one.state == "running"]))
        assert report.refused == 0
    assert seen == [
        ("pending_merchant", ["claim.decide_goods"]),
        ("awaiting_return", ["claim.ship"]),
        ("in_transit_back", ["claim.transit_back"]),
        ("refunded", []),
    ]
    async with begin(house) as work:
        # Their money, not ours: nothing was sent, and what they gave back cannot be given back again.
        assert await work.session.scalar(text("SELECT count(*) FROM refund")) == 0
        case = await work.session.scalar(text("SELECT status FROM service_case"))
        names = list(await work.session.scalars(text("SELECT name FROM fact WHERE name = 'claim.mirrored'")))
    assert (case, len(names)) == ("solved", 4)
    with pytest.raises(NothingLeft):
        await given.a_claim(house, bought)


async def test_nobody_here_moves_what_is_kept_elsewhere(house: House, bought: Bought) -> None:
    await bring(house, bought, taobao(bought, "WAIT_SELLER_AGREE"))
    claim = await the_claim(house, bought)
    async with begin(house, given.staff(bought.shop, AGENT)) as work:
        with pytest.raises(KeptElsewhere) as refused:
            await claims.approve(work, claim.id)
    assert refused.value.data == {"platform": "taobao"}
    async with begin(house, bought.buyer) as work:
        with pytest.raises(KeptElsewhere):
            await claims.cancel(work, claim.id)


async def test_an_unknown_code_is_kept_and_reported_and_changes_nothing(house: House, bought: Bought) -> None:
    new = await bring(house, bought, taobao(bought, "SOMETHING_NEW"))
    assert counts(new) == {"claims": (1, 1, 0, 0, 0), "codes": (1, 0, 0, 0, 1)}
    (told,) = new.refusals
    assert (told.line, told.field) == (2, "code")
    assert told.reason.startswith("SOMETHING_NEW is no code of taobao")
    assert counts(await bring(house, bought, taobao(bought, "SOMETHING_NEW")))["claims"] == (1, 0, 0, 1, 0)
    await bring(house, bought, taobao(bought, "WAIT_SELLER_AGREE"))
    await bring(house, bought, taobao(bought, "SOMETHING_NEWER"))
    assert (await the_claim(house, bought)).state is ClaimState.pending_merchant
    async with begin(house) as work:
        kept = (await work.session.execute(text("SELECT code, claim_id FROM foreign_claim"))).one()
    assert (kept.code, kept.claim_id is None) == ("SOMETHING_NEWER", False)


async def test_a_bad_row_stops_nothing(house: House, bought: Bought, tmp_path: Path) -> None:
    report = await bring(
        house,
        bought,
        taobao(bought, "SUCCESS").replace("taobao", "ebay"),
        "taobao,T2,NO-SUCH,refund_only,SUCCESS,no_reason,,2026-03-09,,,",
        f"taobao,T3,{bought.number},gift,SUCCESS,no_reason,,2026-03-09,,,",
        f"taobao,T4,{bought.number},refund_only,SUCCESS,no_reason,12.345,2026-03-09,,,",
        f"taobao,T5,{bought.number},refund_only,SUCCESS,no_reason,,yesterday,,,",
        f"taobao,T6,{bought.number},refund_only,SUCCESS,no_reason,,2026-03-09,,NO-SKU,1",
        "taobao,T7",
        taobao(bought, "WAIT_SELLER_AGREE"),
    )
    assert counts(report)["claims"] == (8, 1, 0, 0, 7)
    assert [(one.line, one.field) for one in sorted(report.refusals, key=lambda one: one.line)] == [
        (2, ""), (3, ""), (4, "kind"), (5, "amount"), (6, "applied_at"), (7, ""), (8, ""),
    ]  # fmt: skip


async def test_json_with_lines_of_an_ended_claim(house: House, bought: Bought) -> None:
    async with begin(house) as work:
        sku = await work.session.scalar(
            text("SELECT sku FROM order_line WHERE id = :id"), {"id": bought.line_ids[1]}
        )
    told = {
        "claims": [
            {
                "source": "pinduoduo",
                "external_id": "P1",
                "order_number": bought.number,
                "kind": "refund_only",
                "code": 10,
                "applied_at": "2026-03-08T10:00:00+08:00",
                "lines": [{"sku": sku, "quantity": 2}],
            }
        ]
    }
    raw = json.dumps(told).encode()
    report = await import_claims(house, raw, file="claims.json", shop_code=bought.shop.code)
    assert counts(report) == {"claims": (1, 1, 0, 0, 0)}
    claim = await the_claim(house, bought)
    assert (claim.state, claim.agreed_cents, [(one.sku, one.quantity) for one in claim.lines]) == (
        ClaimState.refunded,
        1_800,
        [(sku, 2)],
    )


async def test_what_cannot_be_read_at_all_is_refused_whole(house: House, bought: Bought) -> None:
    with pytest.raises(ColumnsMissing):
        await import_claims(house, b"a,b\n1,2", file="x.csv", shop_code=bought.shop.code)
    with pytest.raises(FileUnreadable):
        await import_claims(house, b'{"orders": []}', file="x.json", shop_code=bought.shop.code)
    with pytest.raises(NotFound):
        await import_claims(house, (HEADER + "\n").encode(), file="x.csv", shop_code="nowhere")
