"""Every indicator with exact values on a small world told row by row; DuckDB, PostgreSQL and Spark say the same."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.insights.indicators.answering import Live, behind
from aftercare.insights.indicators.definitions import definition, definitions
from aftercare.insights.indicators.populations import POPULATIONS
from aftercare.insights.indicators.questions import Asked, Question
from aftercare.insights.indicators.statements import FORMS, MARK
from aftercare.insights.indicators.times import Grain
from aftercare.journal import FACTS, Actor, ActorKind, House, begin
from tests.insights.indicators.world import (
    BO,
    KETTLE,
    MARCH,
    MEI,
    NOW,
    A,
    B,
    Duck,
    at,
    spark,
    tables,
    told,
    uid,
)

DAY, HOUR = 86_400, 3_600

# numerator, denominator, value; who still waits has waited until now
EXACT: dict[str, tuple[float, float, float]] = {
    "csat": (3, 4, 0.75),
    "nps": (0, 2, 0),
    "effort": (9, 2, 4.5),
    "bot_rating": (5, 1, 5),
    "review_score": (4, 1, 4),
    "voice_answers": (9, 9, 9),
    "voice_positive": (6, 9, 6 / 9),
    "first_answer": (1, 3, 5 * HOUR),
    "next_answer": (1, 1, HOUR),
    "resolution": (2, 4, 60 * HOUR),
    "fault_resolution": (1, 2, (48 * HOUR + 300) / 2),
    "claim_decision": (3, 4, HOUR),
    "refund_time": (1, 2, (300 + 36 * DAY - 240) / 2),
    "self_service_refund": (1, 1, 240),
    "handling_time": (3, 3, 600),
    "contacts": (5, 5, 5),
    "backlog": (1, 1, 1),
    "backlog_age": (0, 1, 22 * DAY),
    "first_contact_resolution": (1, 4, 0.25),
    "resolved_once": (2, 4, 0.5),
    "recontacts": (1, 4, 0.25),
    "reopenings": (1, 4, 0.25),
    "escalations": (1, 5, 0.2),
    "disputes": (1, 5, 0.2),
    "automation": (2, 3, 2 / 3),
    "bot_alone": (1, 2, 0.5),
    "clocks_kept": (2, 3, 2 / 3),
    "notices_right": (2, 4, 0.5),
    "deliveries": (1, 3, 1 / 3),
    "delay_warnings": (2, 2, 2),
    "complaint_rate": (4, 10, 0.4),
    "return_rate": (1, 10, 0.1),
    "exchange_rate": (1, 10, 0.1),
    "repair_rate": (1, 10, 0.1),
    "inspection_coverage": (1, 2, 0.5),
    "recovery_value": (4_960, 6_200, 0.8),
    "cost_per_case": (7_210, 4, 1_802.5),
    "service_cost_per_case": (2_170, 4, 542.5),
    "cost_per_order": (7_210, 3, 7_210 / 3),
}


@pytest.fixture(scope="module")
def duck() -> Duck:
    return Duck()


def test_every_indicator_is_here_and_has_one_expression() -> None:
    known = {name for name, one in definitions().items() if not one.planned}
    # Like claims take many that are alike: they have a world of their own.
    assert set(EXACT) | {"consistency"} == known == set(POPULATIONS)
    for one in definitions().values():
        assert one.planned == bool(set(one.facts) - set(FACTS)), one.name


@pytest.mark.parametrize("name", EXACT)
async def test_exactly(duck: Duck, name: str) -> None:
    found = await told(duck, name)
    assert (found.figure.numerator, found.figure.denominator) == EXACT[name][:2]
    assert found.figure.value == pytest.approx(EXACT[name][2])
    assert found.missing is None
    # The points of a trend hold what the total holds.
    if not definition(name).snapshot:
        assert sum(point.figure.denominator for point in found.trend) == EXACT[name][1]
        assert sum(point.figure.numerator for point in found.trend) == EXACT[name][0]


async def test_where_days_hold_too_little_weeks_are_told(duck: Duck) -> None:
    assert (await told(duck, "csat", replace(MARCH, grain=None))).grain is Grain.week
    assert (await told(duck, "contacts", replace(MARCH, grain=None))).grain is Grain.day
    assert (await told(duck, "csat", replace(MARCH, grain=Grain.day))).grain is Grain.day


async def test_what_nothing_records_says_so(duck: Duck) -> None:
    for one in definitions().values():
        if one.planned:
            found = await told(duck, one.name)
            assert (found.missing, found.figure.value, found.figure.enough, found.kept) == (
                "no_source",
                None,
                False,
                None,
            )
    nothing = await told(duck, "csat", Question(at(1, month=1), at(31, month=1)))
    assert (nothing.missing, nothing.figure.value) == ("nothing_recorded", None)


async def test_too_few_are_no_number(duck: Duck) -> None:
    few = await told(duck, "csat", enough=5)
    assert (few.figure.n, few.figure.value, few.figure.low, few.missing) == (4, None, None, "too_few")
    assert few.figure.numerator == 3


async def test_intervals(duck: Duck) -> None:
    csat = (await told(duck, "csat")).figure
    # binomtest(3, 4).proportion_ci(method="wilson")
    assert (csat.low, csat.high) == pytest.approx((0.3006418, 0.9544127), abs=1e-6)
    effort = (await told(duck, "effort")).figure
    # t.interval(0.95, 1, loc=4.5, scale=1.5)
    assert (effort.low, effort.high) == pytest.approx((4.5 - 19.0593071, 4.5 + 19.0593071), abs=1e-6)
    first = (await told(duck, "first_answer")).figure
    # Three values are too few for an interval of the median; the third has waited since the 12th of March.
    waited = (NOW - at(12)).total_seconds()
    assert (first.low, first.high, first.p90, first.within) == (
        None,
        None,
        pytest.approx(5 * HOUR + 0.8 * (waited - 5 * HOUR)),
        1 / 3,
    )


async def test_the_backlog_at_the_end_of_each_week(duck: Duck) -> None:
    found = await told(duck, "backlog")
    assert [point.figure.value for point in found.trend] == [1, 0, 1, 1, 1, 1]
    assert found.trend[0].since == at(22, 16, month=2)


async def test_days_are_those_of_the_readers_zone(duck: Duck) -> None:
    """A case of 02:00 in UTC is of the day before in São Paulo."""
    for zone, first in (("Asia/Shanghai", at(1, 16)), ("America/Sao_Paulo", at(1, 3))):
        question = replace(MARCH, grain=Grain.day, time_zone=zone)
        trend = (await told(duck, "contacts", question)).trend
        assert next(point.since for point in trend if point.figure.value) == first
    months = (await told(duck, "contacts", replace(MARCH, since=at(1, month=2), grain=Grain.month))).trend
    assert [point.figure.value for point in months] == [1, 5, 0]
    # The clocks of New York went forward on 8 March: the days after it begin an hour earlier in UTC.
    days = (await told(duck, "contacts", replace(MARCH, grain=Grain.day, time_zone="America/New_York"))).trend
    assert {point.until - point.since for point in days} == {timedelta(hours=23), timedelta(hours=24)}
    assert sum(point.figure.value or 0 for point in days) == 5


def parts(found: Any) -> dict[str | None, tuple[float, float]]:
    return {part.key: (part.figure.numerator, part.figure.denominator) for part in found.parts}


async def test_cuts(duck: Duck) -> None:
    async def by(name: str, cut: str, **filters: str) -> dict[str | None, tuple[float, float]]:
        return parts(await told(duck, name, replace(MARCH, cut=cut, filters=filters)))

    assert await by("csat", "channel") == {"chat": (3, 3), "portal": (0, 1)}
    assert await by("csat", "shop") == {A: (2, 3), B: (1, 1)}
    assert await by("csat", "market") == {"CN": (2, 3), "BR": (1, 1)}
    assert await by("nps", "reason") == {"defective": (100, 1), "wrong_size": (-100, 1)}
    assert await by("nps", "product") == {KETTLE: (100, 1), uid(5, 2): (-100, 1)}
    assert await by("claim_decision", "supplier") == {"S1": (2, 2), "S2": (1, 1), None: (0, 1)}
    assert await by("claim_decision", "category") == {"appliances": (2, 2), "clothing": (1, 1), None: (0, 1)}
    assert await by("claim_decision", "batch") == {"B1": (2, 2), None: (1, 2)}
    assert await by("claim_decision", "agent") == {MEI: (1, 1), BO: (1, 2), None: (1, 1)}
    assert await by("contacts", "weekday") == {"0": (1, 1), "1": (1, 1), "3": (1, 1), "4": (2, 2)}
    assert await by("contacts", "hour") == {"8": (4, 4), "10": (1, 1)}
    assert await by("deliveries", "carrier") == {"sf": (1, 2), "yunda": (0, 1)}
    assert await by("clocks_kept", "clock") == {"case.first_answer": (1, 2), "case.next_answer": (1, 1)}
    assert await by("voice_answers", "question", shop=B) == {"bot": (1, 1)}
    # A reason belongs to what is counted, not to all that was sold.
    assert await by("complaint_rate", "reason") == {"damaged": (2, 10), "defective": (2, 10)}
    assert await by("complaint_rate", "product", reason="damaged") == {KETTLE: (2, 7), uid(5, 2): (0, 3)}
    assert await by("cost_per_case", "part") == {
        "refund": (10_000, 4), "goods_back": (-6_200, 4), "people": (2_170, 4), "goods_written_off": (1_240, 4),
    }  # fmt: skip
    labels = (await told(duck, "csat", replace(MARCH, cut="shop"))).parts
    assert {part.label for part in labels} == {"青岚", "Verde"}


async def test_in_and_out_of_hours(duck: Duck) -> None:
    from aftercare.insights.indicators.counting import find
    from aftercare.insights.indicators.targets import Target
    from aftercare.kit.calendars import Hours, spans, week_of

    china = Hours(week_of(["09:00-12:00", "13:00-18:00"]), "Asia/Shanghai", "CN")
    night = Hours((spans("20:00-03:00"),) * 7, "America/Sao_Paulo")
    question = replace(MARCH, cut="hours")
    asked = Asked(definition("contacts"), question, NOW, {china: [A], night: [B]})
    found = await find(asked, duck, Target(None, None), "en")
    # In Shanghai: Monday 10:00 in; Friday 08:00, Friday 08:00 and Thursday 08:00 out. In São Paulo: Monday 21:00 in.
    assert parts(found) == {"out": (3, 3), "in": (2, 2)}
    holiday = Hours(china.week, "Asia/Shanghai", "CN", closed_on=frozenset({at(2).date()}))
    asked = Asked(definition("contacts"), question, NOW, {holiday: [A], night: [B]})
    assert parts(await find(asked, duck, Target(None, None), "en")) == {"out": (4, 4), "in": (1, 1)}


async def test_the_cases_behind(duck: Duck) -> None:
    async def cases(name: str, which: Any) -> list[tuple[Any, Any]]:
        rows = behind(Asked(definition(name), replace(MARCH, trend=False), NOW), duck.tables, which, 10)
        assert rows is not None
        return [
            (row["case_number"] or row["order_number"], row["value"])
            for row in (await duck.run(rows)).to_pylist()
        ]

    assert await cases("first_answer", "all") == [("C6", None), ("C3", 5 * HOUR), ("C1", 600)]
    assert await cases("first_answer", "missed") == [("C6", None), ("C3", 5 * HOUR)]
    assert await cases("complaint_rate", "missed") == [("C6", 1), ("C3", 2), ("C1", 1)]
    assert await cases("deliveries", "missed") == [("SO3", 0), ("SO2", 0)]
    assert await cases("effort", "all") == [("C2", 3), ("C1", 6)]
    assert (await cases("cost_per_case", "all"))[0] == ("C1", 5_740)
    assert await cases("backlog_age", "missed") == [("C3", 22 * DAY)]


async def test_the_targets_of_counts_are_for_their_time(duck: Duck) -> None:
    """500 a quarter are 167 in 30 days."""
    found = await told(duck, "voice_answers")
    assert (found.target, found.per_days, found.kept) == (500, 91, False)


async def test_what_was_compiled_once_is_asked_of_any_period_and_shop(duck: Duck) -> None:
    async def contacts(question: Question) -> float:
        return float((await told(duck, "contacts", question)).figure.numerator)

    assert await contacts(MARCH) == 5
    known = len(FORMS)
    february = replace(MARCH, since=at(1, month=2), until=at(1))
    assert [await contacts(february), await contacts(replace(MARCH, until=at(8)))] == [1, 2]
    assert await contacts(replace(MARCH, trend=False)) == 5
    assert len(FORMS) == known
    assert [await contacts(replace(MARCH, shop_id=UUID(shop))) for shop in (A, B)] == [4, 1]
    assert len(FORMS) == known + 1


async def test_a_value_that_looks_like_a_blank_is_a_value(duck: Duck) -> None:
    """Nobody knows the mark; and even who did could not write an instant."""
    for value in (f"{MARK}_at('now 0')", "told_shop()", "told_0123456789abcdef_moments()", "x' OR 'a' = 'a"):
        found = await told(duck, "contacts", replace(MARCH, filters={"channel": value}))
        assert found.figure.numerator == 0


@asynccontextmanager
async def postgres(house: House) -> AsyncIterator[Live]:
    """The world as tables that come before the views of the same names."""
    reader = Actor(kind=ActorKind.staff, shops=None, permissions=frozenset({"insights.read"}), role="test")
    kinds = {
        "string": "text",
        "int64": "bigint",
        "float64": "double precision",
        "boolean": "boolean",
        "uuid": "uuid",
        "date": "date",
    }
    async with begin(house, reader, now=NOW) as work:
        for name, types, rows in tables():
            columns = ", ".join(
                f'"{column}" {kinds.get(kind, "timestamptz")}' for column, kind in types.items()
            )
            await work.session.execute(text(f"CREATE TEMP TABLE {name} ({columns})"))
            if rows:
                marks = ", ".join(f":{column}" for column in types)
                values = [{column: row.get(column) for column in types} for row in rows]
                await work.session.execute(text(f"INSERT INTO {name} VALUES ({marks})"), values)
        yield Live(work)


def plain(found: Any) -> Any:
    """Everything that is told, without who told it; numbers of floats rounded."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, 6)
        if isinstance(value, dict):
            return {key: rounded(one) for key, one in value.items()}
        return [rounded(one) for one in value] if isinstance(value, list) else value

    return rounded(found.model_dump(exclude={"source", "as_of"}))


HARDEST = ("product", "kind", "topic", "channel", "carrier", "weekday", "agent", "shop")


async def test_postgresql_says_the_same(house: House, duck: Duck) -> None:
    """Every indicator, day by day and by the cut that joins most."""
    async with postgres(house) as live:
        for name in EXACT:
            cut = next(cut for cut in HARDEST if cut in definition(name).cuts)
            question = replace(MARCH, cut=cut, grain=Grain.day)
            assert plain(await told(duck, name, question)) == plain(await told(live, name, question)), (
                name,
                cut,
            )


@pytest.mark.slow
async def test_every_cut_adds_up(duck: Duck) -> None:
    for name in EXACT:
        one = definition(name)
        for cut in one.cuts:
            found = await told(duck, name, replace(MARCH, cut=cut, trend=one.snapshot))
            if cut in one.numerator_cuts:
                assert {part.figure.denominator for part in found.parts} <= {found.figure.denominator}
            else:
                assert sum(part.figure.denominator for part in found.parts) == found.figure.denominator, (
                    name,
                    cut,
                )
            assert sum(part.figure.numerator for part in found.parts) == pytest.approx(
                found.figure.numerator
            ), (name, cut)


# Of each way of counting at least one.
ON_SPARK = (
    "csat", "nps", "first_answer", "resolution", "self_service_refund", "contacts", "backlog", "backlog_age",
    "first_contact_resolution", "bot_alone", "notices_right", "deliveries", "complaint_rate", "inspection_coverage",
    "cost_per_case",
)  # fmt: skip


@pytest.mark.slow
# The bridge to Java leaves sockets to the collector.
@pytest.mark.filterwarnings("ignore")
async def test_spark_says_the_same(duck: Duck) -> None:
    pytest.importorskip("pyspark")
    cuts = {"csat": "product", "contacts": "hour", "complaint_rate": "reason", "deliveries": "weekday"}
    with spark() as engine:
        for name in ON_SPARK:
            question = replace(MARCH, cut=cuts.get(name), grain=Grain.month)
            assert plain(await told(duck, name, question)) == plain(await told(engine, name, question)), name
