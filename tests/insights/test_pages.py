"""Facts change, and every page of insight changes with them: what the console asks over HTTP, with exact values."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from aftercare import cases, claims
from aftercare.cases import NewCase, open_case
from aftercare.claims import AskedLine, ClaimKind, NewClaim, Reason
from aftercare.insights import costs
from aftercare.insights.alarms import keeping as alarms_keeping
from aftercare.insights.alarms.model import AlarmWatch
from aftercare.insights.analysis.events import AnalysisAsked
from aftercare.insights.analysis.reactions import answer_analysis
from aftercare.insights.foresight import keeping as foresight_keeping
from aftercare.journal import SYSTEM, Actor, House, begin
from aftercare.promises import fire_due
from tests import given
from tests.conftest import NOON, Clock
from tests.insights.doors import Doors, a_decision
from tests.insights.given import claims_decided_after
from tests.insights.lake.given import a_lake, refreshed
from tests.insights.reports.test_reports import delivered

FROM = (NOON - timedelta(days=60)).isoformat()
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "promises kept": ("/insights/promises/people", {}),
    "queues": ("/insights/queues", {}),
    "claims": ("/insights/claims", {"cut": "kind"}),
    "indicators": ("/insights/indicators", {}),
    "one indicator": ("/insights/indicators/claim_decision", {}),
    "cases behind": ("/insights/indicators/claim_decision/cases", {}),
    "costs": ("/insights/costs", {}),
    "costs by kind": ("/insights/costs/cuts/kind", {}),
    "process": ("/insights/process/map", {"of": "claims"}),
    "ways": ("/insights/process/variants", {"of": "claims"}),
    "handbook": ("/insights/process/conformance", {"of": "claims"}),
    "open ones": ("/insights/process/outlook", {"of": "claims"}),
    "board": ("/insights/board", {}),
    "room": ("/insights/room", {}),
    "journal": ("/journal", {}),
}


async def _counted(house: House) -> None:
    await costs.keep_ledger(house)
    await refreshed(house)


async def _pages(doors: Doors) -> dict[str, Any]:
    """What each page says, without when it was looked at."""
    until = doors.house.clock().isoformat()
    between = {"since": FROM, "until": until}
    found = {}
    for name, (path, more) in PAGES.items():
        told = await doors.told("owner", "GET", path, None, **between, **more)
        found[name] = re.sub(r'"\d{4}-\d\d-\d\dT[^"]*"', '""', json.dumps(told))
    return found


async def test_every_page_changes_with_the_facts_and_with_nothing_else(
    doors: Doors, clock: Clock, tmp_path: Path
) -> None:
    clock.now = NOON + timedelta(days=2)
    a_lake(doors.house, tmp_path / "lake")
    await doors.sign_in()
    rate = {"kind": "people", "amount": "6000", "currency": "CNY", "valid_from": FROM}
    await doors.told("owner", "POST", "/insights/costs/rates", rate)
    await claims_decided_after(doors.house, clock, doors.mine, 3)
    await doors.sign_in()
    await _counted(doors.house)
    before = await _pages(doors)
    assert await _pages(doors) == before
    await claims_decided_after(doors.house, clock, doors.mine, *[5] * 20, None)
    await _counted(doors.house)
    after = await _pages(doors)
    assert [name for name in PAGES if after[name] == before[name]] == []


async def _asks(doors: Doors, many: int = 1, *, at: Any = None) -> list[tuple[UUID, Actor]]:
    """So many customers with a question, each in a case of its own."""
    found = []
    for _ in range(many):
        bought = await given.an_order(doors.house, doors.mine)
        async with begin(doors.house, bought.buyer, now=at) as work:
            new = NewCase(
                shop_id=doors.mine.id, customer_id=bought.customer_id, order_id=bought.order_id, title="在哪？",
                body="我的包裹在哪？", locale="zh-CN",
            )  # fmt: skip
            found.append(((await open_case(work, new)).id, bought.buyer))
    return found


def _measure(promises: list[dict[str, Any]], name: str) -> tuple[float | None, int, bool | None]:
    one = next(one for promise in promises for one in promise["measures"] if one["name"] == name)
    return one["value"], one["n"], one["kept"]


async def test_the_promise_board_tells_what_was_delivered(doors: Doors) -> None:
    between = {"since": FROM, "until": NOON.isoformat()}

    async def told() -> tuple[float | None, int, bool | None]:
        board = await doors.told("owner", "GET", "/insights/board", None, **between)
        return _measure(board["promises"], "deliveries")

    assert await told() == (None, 0, None)
    on = NOON - timedelta(days=20)
    await delivered(doors.house, doors.mine, on, in_time=27, late=3)
    assert await told() == (0.9, 30, False)
    await delivered(doors.house, doors.mine, on + timedelta(days=1), in_time=70, late=0)
    assert await told() == (0.97, 100, True)


async def test_a_draft_follows_the_facts_and_a_report_does_not(doors: Doors) -> None:
    on = NOON.replace(month=2, day=14)
    await delivered(doors.house, doors.mine, on, in_time=27, late=3)
    asked = {"shop_id": str(doors.mine.id), "audience": "public", "span": "month", "since_on": "2026-02-01"}
    at = f"/insights/reports/{(await doors.told('boss', 'POST', '/insights/reports', asked))['id']}"

    async def told() -> tuple[float | None, int, bool | None]:
        report = await doors.told("boss", "GET", at)
        return _measure(report["content"]["promises"], "deliveries")

    assert await told() == (0.9, 30, False)
    await delivered(doors.house, doors.mine, on + timedelta(days=1), in_time=70, late=0)
    await doors.told("boss", "POST", f"{at}/recount")
    assert await told() == (0.97, 100, True)
    await doors.told("boss", "POST", f"{at}/release")
    await delivered(doors.house, doors.mine, on + timedelta(days=2), in_time=0, late=50)
    assert await doors.refused("boss", "POST", f"{at}/recount") == (409, "report_published")
    assert await told() == (0.97, 100, True)


async def test_the_room_tells_who_waits_what_broke_and_who_was_helped(doors: Doors, clock: Clock) -> None:
    async def told() -> dict[str, int]:
        room = await doors.told("owner", "GET", "/insights/room")
        return {
            "waiting": room["waiting"],
            "unowned": room["unowned"],
            "broken": room["broken"],
            "opened": room["today"]["opened"],
        }

    assert await told() == {"waiting": 0, "unowned": 0, "broken": 0, "opened": 0}
    asked = await _asks(doors, 3)
    assert await told() == {"waiting": 3, "unowned": 3, "broken": 0, "opened": 3}
    agent = given.staff(doors.mine, given.AGENT)
    async with begin(doors.house, agent) as work:
        await cases.say(work, asked[0][0], "您好，包裹明天到。")
    seen = await told()
    assert (seen["waiting"], seen["opened"]) == (2, 3)
    clock.now += timedelta(hours=3)
    await doors.sign_in()
    async with begin(doors.house) as work:
        await fire_due(work, 100)
    seen = await told()
    assert (seen["waiting"], seen["broken"]) == (2, 2)


async def _spent(doors: Doors, case_id: UUID, cents: int, at: Any) -> None:
    line = {
        "case_id": str(case_id),
        "kind": "packaging",
        "amount_cents": cents,
        "currency": "CNY",
        "at": at.isoformat(),
    }
    await doors.told("owner", "POST", "/insights/costs/lines", line)


async def test_the_bridge_and_the_levers_tell_what_was_spent(doors: Doors, clock: Clock) -> None:
    begun = NOON - timedelta(days=60)
    clock.now = begun
    await doors.sign_in()
    early = await _asks(doors, 2)
    for case_id, _ in early:
        await _spent(doors, case_id, 1_000, begun)
    clock.now = NOON - timedelta(days=28)
    await doors.sign_in()
    late = await _asks(doors, 4)
    lever = {
        "name": "换包装",
        "kind": "other",
        "currency": "CNY",
        "started_on": (NOON - timedelta(days=29)).date().isoformat(),
        "scope": {"shops": [str(doors.mine.id)]},
    }
    at = f"/insights/levers/{(await doors.told('owner', 'POST', '/insights/levers', lever))['id']}"
    between = {
        "before_since": (begun - timedelta(days=1)).isoformat(),
        "before_until": (begun + timedelta(days=1)).isoformat(),
        "since": (clock.now - timedelta(days=1)).isoformat(),
        "until": (clock.now + timedelta(days=1)).isoformat(),
    }

    async def bridge() -> list[int]:
        (one,) = await doors.told("owner", "GET", "/insights/costs/bridge", None, **between)
        steps = ("before", "volume", "mix", "efficiency", "rate", "loose", "after")
        assert sum(one[f"{step}_cents"] for step in steps[:-1]) == one["after_cents"]
        return [one[f"{step}_cents"] for step in steps]

    assert await bridge() == [2_000, -2_000, 0, 0, 0, 0, 0]
    for case_id, _ in late:
        await _spent(doors, case_id, 1_500, clock.now)
    # Twice the cases at a price half as high again: 4,000 more, of which the cases alone made the mean of 2,000 and 3,000.
    assert await bridge() == [2_000, 2_500, 0, 0, 1_500, 0, 6_000]

    async def told() -> tuple[int, int, list[float | None]]:
        one = await doors.told("owner", "GET", at)
        return one["returned"]["spent_cents"], one["returned"]["cases"], one["change"]["means"][:2]

    clock.now = NOON
    await doors.sign_in()
    assert await told() == (0, 4, [1_000, 1_500])
    await doors.told("owner", "POST", f"{at}/spending", {"spent_on": "2026-02-20", "amount_cents": 80_000})
    await _spent(doors, late[0][0], 400, NOON - timedelta(days=27))
    assert await told() == (80_000, 4, [1_000, 1_600])


async def test_foresight_tells_which_product_fails_more_often(doors: Doors, clock: Clock) -> None:
    async def told() -> list[tuple[int, int, float]]:
        async with begin(doors.house) as work:
            await foresight_keeping._put_products(work)
        rows = await doors.told("owner", "GET", "/insights/foresight/products")
        return [(one["failed"], one["units"], one["rate"]) for one in rows]

    async def fails(bought: given.Bought, units: int) -> None:
        lines = [AskedLine(order_line_id=bought.line_ids[0], quantity=units)]
        async with begin(doors.house, bought.buyer) as work:
            await claims.apply(
                work, NewClaim(kind=ClaimKind.return_refund, reason=Reason.defective, lines=lines)
            )
        clock.now += timedelta(minutes=1)

    bought = await given.an_order(doors.house, doors.mine, given.Line(quantity=20))
    assert await told() == []
    await fails(bought, 3)
    assert await told() == [(3, 20, 0.15)]
    await fails(bought, 2)
    assert await told() == [(5, 20, 0.25)]


async def test_an_alarm_tells_how_many_asked_and_is_taken_and_closed(doors: Doors, clock: Clock) -> None:
    clock.now = now = NOON.replace(minute=30)
    async with begin(doors.house, SYSTEM) as work:
        looked = {"looked_on": (now - timedelta(days=1)).date(), "looked_at": now - timedelta(hours=1)}
        work.session.add(AlarmWatch(shop_id=doors.mine.id, series=1, **looked))

    async def told() -> list[tuple[str, str, float]]:
        found = await doors.told("boss", "GET", "/insights/alarms")
        return [(one["series"], one["state"], one["value"]) for one in found["items"]]

    assert await told() == []
    await _asks(doors, 9, at=now - timedelta(minutes=45))
    await alarms_keeping._keep_hours(doors.house)
    assert await told() == [("rush", "open", 9)]
    clock.now += timedelta(hours=1)
    await _asks(doors, 20, at=clock.now - timedelta(minutes=45))
    await alarms_keeping._keep_hours(doors.house)
    assert await told() == [("rush", "open", 29)]
    (one,) = (await doors.told("boss", "GET", "/insights/alarms"))["items"]
    at = f"/insights/alarms/{one['id']}"
    await doors.told("boss", "POST", f"{at}/acknowledge", {})
    assert await doors.told("boss", "GET", "/insights/alarms/count") == {
        "open": 0, "acknowledged": 1, "crisis": 0,
    }  # fmt: skip
    await doors.told("boss", "POST", f"{at}/close", {"reason": "put_right", "note": "多派了人"})
    assert await told() == []


async def test_an_analysis_asked_again_tells_what_has_come(
    doors: Doors, clock: Clock, tmp_path: Path
) -> None:
    house = doors.house
    a_lake(house, tmp_path / "lake")
    question = {"kind": "describe", "measure": "claims", "column": "decide_hours"}

    async def told() -> tuple[int, float, float]:
        await refreshed(house)
        await doors.sign_in()
        asked = await doors.told("boss", "POST", "/insights/analyses", question, again=True)
        analysis = asked["analysis"]["id"]
        await answer_analysis(
            house, AnalysisAsked(analysis_id=UUID(analysis), kind="describe", measure="claims")
        )
        page = await doors.told("boss", "GET", f"/insights/analyses/{analysis}")
        spread = page["analysis"]["answer"]["spread"]
        return spread["n"], spread["mean"], spread["most"]

    await claims_decided_after(house, clock, doors.mine, 2, 4, 6, 8)
    assert await told() == (4, 5.0, 8.0)
    await claims_decided_after(house, clock, doors.mine, 30)
    assert await told() == (5, 10.0, 30.0)


async def test_a_decision_reads_what_has_been_decided_since(doors: Doors, clock: Clock) -> None:
    made = await doors.told("boss", "POST", "/insights/decisions", a_decision(roll_out="all"))
    at = f"/insights/decisions/{made['id']}"
    await doors.told("boss", "POST", f"{at}/start")

    async def told() -> int:
        await doors.sign_in()
        seen = await doors.told("boss", "POST", f"{at}/read", locale="en")
        found = re.search(r"\((\d+) with the decision", seen["paragraph"])
        assert found, seen["paragraph"]
        return int(found[1])

    assert await told() == 0
    await claims_decided_after(doors.house, clock, doors.mine, 2, 4, 6)
    assert await told() == 3
    await claims_decided_after(doors.house, clock, doors.mine, 2)
    clock.now += timedelta(hours=1)
    assert await told() == 4
