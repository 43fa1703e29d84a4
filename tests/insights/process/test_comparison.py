"""Two groups beside each other, what goes with an outcome, and what comes next."""

from datetime import UTC, datetime, timedelta

import pytest

from aftercare.insights import process
from aftercare.insights.process.comparison import corrected, p_of_table

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def two_kinds(each: int = 40) -> process.EventLog:
    """Cases by mail wait four hours for their answer and are asked again; those by chat five minutes."""
    rows = []
    for number in range(2 * each):
        slow = number % 2 == 0
        begin = NOON + timedelta(hours=number)
        told = [("ask", 0), ("answer", 240 + number % 7 if slow else 5 + number % 3)]
        if slow:
            told.append(("ask again", told[-1][1] + 30))
        told.append(("close", told[-1][1] + 10))
        rows += [
            {
                "case": str(number),
                "activity": activity,
                "at": begin + timedelta(minutes=minutes),
                "case:channel": "mail" if slow else "chat",
                "case:day": "odd" if number % 4 < 2 else "even",
            }
            for activity, minutes in told
        ]
    return process.log_of(rows)


def test_only_what_differs_and_matters_is_told() -> None:
    with two_kinds() as log:
        cases = log.cases()
        found = process.compare(log.steps, cases, log.ask, cases.seconds > 3600, log.attributes)
    assert (found.first, found.second, found.median_first, found.median_second) == (40, 40, 16980.0, 960.0)
    told = {(one.kind, one.what, one.value): (one.first, one.second) for one in found.differences}
    assert told == {
        ("wait", "ask → answer", ""): (14580.0, 360.0),
        ("activity", "ask again", ""): (1.0, 0.0),
        ("edge", "answer → ask again", ""): (1.0, 0.0),
        ("edge", "ask again → close", ""): (1.0, 0.0),
        ("edge", "answer → close", ""): (0.0, 1.0),
        ("attribute", "case:channel", "mail"): (1.0, 0.0),
        ("attribute", "case:channel", "chat"): (0.0, 1.0),
    }
    wait = next(one for one in found.differences if one.kind == "wait")
    assert wait.effect == 1.0
    assert wait.q < 1e-10


def test_what_goes_with_an_outcome_has_its_odds() -> None:
    with two_kinds() as log:
        cases = log.cases()
        found = process.causes(cases, log.ask, cases.seconds > 3600, log.attributes)
    assert (found.cases, found.share) == (80, 0.5)
    assert [
        (one.attribute, one.value, one.cases, one.share_with, one.share_without) for one in found.factors
    ] == [
        ("case:channel", "mail", 40, 1.0, 0.0),
        ("case:channel", "chat", 40, 0.0, 1.0),
    ]
    # (40.5 / 0.5) squared; 1.96 times the root of 2 / 40.5 + 2 / 0.5 on the scale of logarithms.
    assert found.factors[0].odds == pytest.approx(6561.0)
    bounds: tuple[object, object] = (found.factors[0].low, found.factors[0].high)
    assert bounds == (
        pytest.approx(127.084, rel=1e-5),
        pytest.approx(338_726.8, rel=1e-5),
    )
    assert {(rule.cases, rule.share) for rule in found.rules} == {(40, 1.0), (40, 0.0)}


def test_too_few_cases_are_not_compared() -> None:
    with two_kinds(5) as log:
        cases = log.cases()
        with pytest.raises(process.GroupTooSmall) as refused:
            process.compare(log.steps, cases, log.ask, cases.seconds > 3600)
    assert refused.value.data == {"first": 5, "second": 5, "needed": 10}


def test_chance_of_tables() -> None:
    # Fisher's lady tasting tea; and a table whose chi-square is 6.76.
    assert p_of_table(3, 1, 1, 3) == pytest.approx(0.4857142857)
    assert p_of_table(30, 20, 15, 30) == pytest.approx(0.009346, rel=0.001)
    assert p_of_table(0, 0, 5, 5) == 1.0


def test_many_chances_are_corrected() -> None:
    assert corrected([0.01, 0.04, 0.03, 0.005]) == [
        pytest.approx(0.02), pytest.approx(0.04), pytest.approx(0.04), pytest.approx(0.02),
    ]  # fmt: skip
    assert corrected([]) == []


def test_what_comes_next_is_learned_from_what_ended() -> None:
    with two_kinds(100) as log:
        learned, measured = process.learn(log.steps, log.ask)
        fresh = learned.outlook("", "ask")
        waiting = learned.outlook("", "ask", 3600.0)
        too_long = learned.outlook("", "ask", 90_000.0)
        unknown = learned.outlook("ask", "lost")
    assert (fresh.next, fresh.chance, fresh.learned_from) == ("answer", 1.0, 200)
    # Who has waited an hour is one of the slow ones.
    assert (waiting.next, waiting.learned_from) == ("answer", 100)
    assert waiting.median is not None
    assert 13_000 < waiting.median < 13_500
    assert too_long.next is unknown.next is None
    assert too_long.learned_from == 0
    assert measured is not None
    assert (measured.cases, measured.moments) == (40, 140)
    assert measured.next_right > measured.next_plain
    assert measured.error < measured.plain


def test_open_cases_of_a_file_and_what_is_next() -> None:
    rows = []
    for number in range(30):
        begin = NOON + timedelta(hours=number)
        rows += [
            {"case": str(number), "activity": activity, "at": begin + timedelta(minutes=minutes)}
            for activity, minutes in (("ask", 0), ("answer", 10), ("close", 40))
        ]
    rows.append({"case": "open", "activity": "ask", "at": NOON + timedelta(hours=29, minutes=35)})
    with process.log_of(rows) as log:
        (found,), measured = process.outlook_of(log)
    assert (found.case, found.activity, found.waited) == ("open", "ask", 300.0)
    assert (found.outlook.next, found.outlook.chance, found.outlook.median) == ("answer", 1.0, 2100.0)
    assert measured is None
