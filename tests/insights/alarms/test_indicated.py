"""Any indicator as a daily series: all in one query, exactly what the indicator itself counts."""

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from aftercare.insights.alarms import indicated, noticing, topics
from aftercare.insights.alarms.detecting import Days, series
from aftercare.insights.alarms.indicated import Line, _asked, _Counted, _days, _lines
from aftercare.insights.alarms.watched import ShopDays, Watch, watched
from aftercare.insights.alarms.ways import way_of
from aftercare.insights.indicators import definition, definitions
from aftercare.insights.indicators.questions import Asked
from tests.insights.indicators.test_world import EXACT
from tests.insights.indicators.world import MARCH, NOW, A, B, Duck

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
SHOPS = {UUID(A): ("CN", "Asia/Shanghai"), UUID(B): ("BR", "Asia/Shanghai")}


def asked(line: Line) -> tuple[Line, Asked]:
    question = indicated._question(line, MARCH.since, MARCH.until, "Asia/Shanghai")
    return line, Asked(line.defined, question, NOW)


async def test_the_days_of_every_indicator_hold_what_the_indicator_counts() -> None:
    lines = [Line(name) for name in EXACT]
    told = await _asked(Duck(), [asked(line) for line in lines], SHANGHAI)
    for line in lines:
        if line.defined.snapshot:
            continue
        # The figures of money are in the currency of the first shop.
        money = line.defined.kind == "money" or line.defined.weighted
        days = [
            one
            for (shop_id, _), counted in told[line].items()
            if not money or shop_id == UUID(A)
            for one in counted.days.values()
        ]
        assert (sum(one[0] for one in days), sum(one[1] for one in days)) == EXACT[line.indicator][:2], line


async def test_a_cut_is_watched_part_by_part_in_each_shop() -> None:
    line = Line("deliveries", "carrier")
    told = (await _asked(Duck(), [asked(line)], SHANGHAI))[line]
    found = dict(_lines(line, told, set(SHOPS), SHOPS, FIRST, LAST))
    whole = (await _asked(Duck(), [asked(Line("deliveries"))], SHANGHAI))[Line("deliveries")]
    everything = dict(_lines(Line("deliveries"), whole, set(SHOPS), SHOPS, FIRST, LAST))
    assert {cut for _, cut in everything} == {""}
    # One of three came in time; what is counted is the two that did not.
    late = sum(days.values.sum() for days in everything.values())
    assert late == 2
    assert all(days.parts and days.of is not None for days in found.values())
    assert all(cut for _, cut in found)
    of_parts = sum(days.values.sum() for days in found.values())
    unknown = sum(y - x for (_, cut), one in told.items() if not cut for x, y, _, _ in one.days.values())
    assert of_parts + unknown == late


async def test_what_is_counted_of_what_was_sold_has_the_whole_for_each_part() -> None:
    line = Line("complaint_rate", "reason")
    told = (await _asked(Duck(), [asked(line)], SHANGHAI))[line]
    found = dict(_lines(line, told, set(SHOPS), SHOPS, FIRST, LAST))
    assert sum(days.values.sum() for days in found.values()) == EXACT["complaint_rate"][0]
    for (shop_id, _), days in found.items():
        assert days.of is not None
        sold = [(on, y) for on, (_, y, _, _) in told[shop_id, ""].days.items() if y]
        # Every unit sold counts for a fortnight, a fourteenth on each day.
        expected = sum(
            y / indicated.LASTING * min(indicated.LASTING, max(0, (LAST - max(on, FIRST)).days + 1))
            for on, y in sold
        )
        assert days.of.sum() == pytest.approx(expected)
    assert sum(days.of.sum() for days in found.values() if days.of is not None) > 0


def test_every_indicator_has_a_way() -> None:
    ways = {name: way_of(one) for name, one in definitions().items()}
    assert ways["deliveries"] == ways["csat"] == ways["first_answer"] == "parts"
    assert ways["contacts"] == "count"
    assert ways["complaint_rate"] == "rate"
    assert ways["nps"] == ways["backlog"] == ways["cost_per_case"] == ways["handling_time"] == "value"


def test_days_become_what_went_wrong() -> None:
    counted = _Counted({FIRST: (7.0, 10.0, 10, None), FIRST + timedelta(days=2): (0.0, 4.0, 4, None)})
    last = FIRST + timedelta(days=3)

    def of(name: str) -> Days:
        return _days(definition(name), counted, counted, FIRST, last, "CN")

    late = of("deliveries")
    assert late.values.tolist() == [3, 0, 4, 0]
    assert late.of is not None
    assert late.of.tolist() == [10, 0, 4, 0]
    assert of("reopenings").values.tolist() == [7, 0, 0, 0]
    assert of("contacts").values.tolist() == [7, 0, 0, 0]
    # A mean of less than five is none, and no zero.
    score = of("effort")
    assert score.values[0] == pytest.approx(0.7)
    assert np.isnan(score.values[1:]).all()
    assert not score.counts


def test_a_chosen_indicator_is_told_like_any_other_series() -> None:
    first = date(2026, 3, 1)
    last = first + timedelta(days=89)
    rows = [(first + timedelta(days=number), 1.0) for number in range(90)]
    whole = [(day, 10.0) for day, _ in rows]
    rows[-1] = (last, 9.0)
    watch = Watch(ShopDays(UUID(int=1), "CN", last), first, {}, topics.Topics(), {})
    watch.lines["indicator", "csat:channel:chat"] = series(rows, first, last, of=whole, parts=True)
    (found,) = noticing.noticed(watch, last, 1e-4)
    assert (found.series, found.cut, found.finding.value) == ("indicator", "csat:channel:chat", 9)
    assert (found.playbook, found.group) == ("reviews", "indicator:csat:channel")
    assert watched("indicator", "nps::").direction == "down"
    assert watched("indicator", "backlog::").direction == "up"
    assert watched("indicator", "csat::").direction == "up"
