"""Our own journal as a log: what the lake keeps ready, who may see it, and what the console is told."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from starlette.middleware.base import RequestResponseEndpoint

from aftercare.insights import process
from aftercare.insights.lake import LakeOf, lake_of
from aftercare.insights.process import Selection, journal_of, queries, routes
from aftercare.insights.process.exporting import write_journal
from aftercare.insights.process.journal import CLAIM_FACTS
from aftercare.journal import SYSTEM, Actor, ActorKind, House, PermissionMissing, begin
from aftercare.kit.http import explain_problems
from aftercare.shop import CustomerRecord, OrderRecord, OrderStatus, ReviewRecord, take_in
from tests.conftest import Clock
from tests.insights.lake.given import a_lake, refreshed
from tests.insights.lake.living import Life

LOOKS = frozenset({"insights.read"})
WHOLE = {"since": "2000-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}


async def the_lake(house: House) -> LakeOf:
    async with begin(house, SYSTEM) as work:
        return lake_of(work)


def kept(lake: LakeOf, name: str) -> list[tuple[object, ...]]:
    rows = lake.fetch(lake.tables()[name]).to_pylist()
    return sorted(tuple(row.values()) for row in rows)


async def test_what_is_kept_ready_grows_as_if_it_were_made_anew(
    own_house: House, clock: Clock, tmp_path: Path
) -> None:
    a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    for _ in range(3):
        await life.step()
        await refreshed(own_house)
    lake = await the_lake(own_house)
    grown = {name: kept(lake, name) for name in ("claim_steps", "case_steps")}
    await refreshed(own_house, rebuild=True)
    lake = await the_lake(own_house)
    assert grown == {name: kept(lake, name) for name in ("claim_steps", "case_steps")}
    # The same as counted straight from the journal.
    async with begin(own_house, SYSTEM) as work:
        facts = await work.session.execute(
            text(
                "SELECT data->>'claim_id' AS claim, name FROM fact WHERE name = ANY(:names) AND data ? 'claim_id'"
                " ORDER BY at, position"
            ),
            {"names": list(CLAIM_FACTS)},
        )
        told: dict[str, list[str]] = {}
        for claim, name in facts:
            told.setdefault(claim, []).append(name)
    log = journal_of(lake, Selection())
    pairs = Counter(pair for way in told.values() for pair in pairwise(way))
    found = process.map_of(log.steps, log.ask)
    assert found.pairs() == dict(pairs)
    assert (found.cases, found.events) == (3, sum(map(len, told.values())))
    ways = process.variants_of(log.ways, log.ask)
    assert Counter(tuple(one.activities) for one in ways.shown for _ in range(one.cases)) == Counter(
        map(tuple, told.values())
    )


async def test_the_house_keeps_its_own_handbook(own_house: House, clock: Clock, tmp_path: Path) -> None:
    a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    for _ in range(3):
        await life.step()
    await refreshed(own_house)
    lake = await the_lake(own_house)
    found = journal_of(lake, Selection()).handbook()
    assert (found.cases, found.conforming) == (3, 3)
    assert [one.kind for one in found.deviations if one.kind != "late"] == []
    cases = journal_of(lake, Selection(of="cases")).handbook()
    assert cases.cases == 6


async def test_a_selection_is_of_its_time_shop_and_values(
    own_house: House, clock: Clock, tmp_path: Path
) -> None:
    a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    for _ in range(3):
        await life.step()
    await refreshed(own_house)
    lake = await the_lake(own_house)

    def cases(chosen: Selection) -> int:
        log = journal_of(lake, chosen)
        return process.map_of(log.steps, log.ask).cases

    by_shop = [cases(Selection(shop_id=shop.id)) for shop in life.shops]
    assert sum(by_shop) == cases(Selection()) == 3
    kinds = [cases(Selection(where={"kind": kind})) for kind in ("refund_only", "return_refund", "exchange")]
    assert (sum(kinds), kinds[2]) == (3, 0)
    assert cases(Selection(since=datetime(2090, 1, 1, tzinfo=UTC))) == 0
    assert cases(Selection(until=datetime(2090, 1, 1, tzinfo=UTC))) == 3
    late = [cases(Selection(late=late)) for late in (True, False)]
    assert sum(late) == 3


async def test_only_who_may_look_and_only_at_own_shops(
    own_house: House, clock: Clock, tmp_path: Path
) -> None:
    a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    for _ in range(3):
        await life.step()
    await refreshed(own_house)
    seen = []
    for shop in life.shops:
        looker = Actor(ActorKind.staff, shops=frozenset({shop.id}), permissions=LOOKS)
        async with begin(own_house, looker) as work:
            seen.append((await queries.process_map(work, Selection(of="claims"))).cases)
            other = next(one for one in life.shops if one.id != shop.id)
            assert (await queries.process_map(work, Selection(shop_id=other.id))).cases == 0
    assert sum(seen) == 3
    stranger = Actor(ActorKind.staff, shops=None, permissions=frozenset({"cases.read"}))
    for asked in (queries.process_map, queries.process_conformance, queries.process_outlook):
        with pytest.raises(PermissionMissing):
            async with begin(own_house, stranger) as work:
                await asked(work, Selection())
    with pytest.raises(PermissionMissing):
        async with begin(own_house, stranger) as work:
            await queries.brought_log(work, "log.csv", b"")


async def test_the_console_is_told_over_http(own_house: House, clock: Clock, tmp_path: Path) -> None:
    a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    for _ in range(3):
        await life.step()
    await refreshed(own_house)
    app = FastAPI()
    app.state.house = own_house

    @app.middleware("http")
    async def signed_in(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.actor = Actor(ActorKind.staff, shops=None, permissions=LOOKS)
        return await call_next(request)

    explain_problems(app)
    app.include_router(routes.router, prefix="/api")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        told = {}
        for part in ("map", "variants", "work", "conformance", "replay", "outlook", "activities"):
            answer = await client.get(f"/api/insights/process/{part}", params=WHOLE)
            assert answer.status_code == 200, (part, answer.text)
            told[part] = answer.json()
        assert told["map"]["cases"] == told["variants"]["cases"] == told["conformance"]["cases"] == 3
        # Only what went on has something to show.
        assert told["replay"]["cases"] == len({move[0] for move in told["replay"]["moves"]}) > 0
        open_claims = told["outlook"]["open"]
        # Three claims teach nothing: nothing is made up.
        assert {one["next"] for one in open_claims} <= {None}
        few = await client.get("/api/insights/process/comparison", params=WHOLE)
        assert (few.status_code, few.json()["code"]) == (409, "group_too_small")
        strange = await client.get(
            "/api/insights/process/map", params={**WHOLE, "attribute": "name", "value": "x"}
        )
        assert (strange.status_code, strange.json()["code"]) == (422, "attribute_unknown")
        log = await client.get("/api/insights/process/log", params={**WHOLE, "form": "ocel"})
        path = tmp_path / "log.json"
        path.write_bytes(log.content)
        # Every event of it is about one claim, so nobody need say that claims are the cases.
        with process.read_log(path) as read:
            assert read.told == ["cases are the objects of the type claim"]
            assert process.map_of(read.steps, read.ask).cases == 3
        packed = await client.get("/api/insights/process/log", params={**WHOLE, "form": "xes"})
        brought = await client.post(
            "/api/insights/process/brought", files={"file": ("log.xes.gz", packed.content)}
        )
        assert brought.status_code == 200, brought.text
        assert brought.json()["map"]["cases"] == 3
        assert brought.json()["map"]["edges"] == [
            {**edge, "median": there["median"], "p90": there["p90"], "total": there["total"]}
            for edge, there in zip(told["map"]["edges"], brought.json()["map"]["edges"], strict=True)
        ]
        bad = await client.post("/api/insights/process/brought", files={"file": ("log.csv", b"a,b\n1,2\n")})
        assert (bad.status_code, bad.json()["code"]) == (422, "log_unreadable")


async def test_orders_go_their_way_by_their_own_moments(
    own_house: House, clock: Clock, tmp_path: Path
) -> None:
    a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    for _ in range(3):
        await life.step()
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    day = timedelta(days=1)
    # In time and reviewed; late by two days; on its way; cancelled before it was paid.
    told: list[dict[str, Any]] = [
        {"paid_at": noon + day, "shipped_at": noon + 2 * day, "delivered_at": noon + 4 * day},
        {"paid_at": noon + day, "shipped_at": noon + 3 * day, "delivered_at": noon + 9 * day},
        {"paid_at": noon + day, "shipped_at": noon + 2 * day},
        {"cancelled_at": noon + day},
    ]
    async with begin(own_house, SYSTEM) as work:
        await take_in(
            work,
            customers=[CustomerRecord(shop_id=life.shops[0].id, external_id="c", name="Ana")],
            orders=[
                OrderRecord(
                    shop_id=life.shops[0].id, source="test", external_id=f"W{place}", number=f"W{place}", customer="c",
                    status=OrderStatus.delivered, currency=life.shops[0].currency, placed_at=noon,
                    promised_at=noon + 7 * day, lines=(),
                    reviews=(ReviewRecord("R", 5, "", "", (noon + 5 * day).date()),) if not place else (),
                    **moments,
                )
                for place, moments in enumerate(told)
            ],
        )  # fmt: skip
    await refreshed(own_house)
    lake = await the_lake(own_house)
    chosen = Selection(of="orders", since=noon, until=noon + day / 2)
    log = journal_of(lake, chosen)
    found = process.map_of(log.steps, log.ask)
    assert found.pairs() == {
        ("order.placed", "order.paid"): 3,
        ("order.paid", "order.shipped"): 3,
        ("order.shipped", "order.delivered"): 2,
        ("order.delivered", "order.reviewed"): 1,
        ("order.placed", "order.cancelled"): 1,
    }
    book = log.handbook()
    assert (book.cases, book.conforming) == (4, 4)
    assert [(one.kind, one.cases, one.late) for one in book.deviations] == [("late", 1, 2 * 86_400.0)]
    late = journal_of(lake, replace(chosen, late=True))
    assert process.map_of(late.steps, late.ask).cases == 1
    opened, _ = journal_of(lake, chosen).outlook(noon + 3 * day)
    assert [one.activity for one in opened] == ["order.shipped"]
    written = tmp_path / "orders.json"
    assert write_journal(log, written, "ocel") == 4 + 3 + 3 + 2 + 1 + 1
