"""Deviations from a model: skipped, added, repeated, back, late, unfinished, by whom."""

from pathlib import Path

import pytest

from aftercare.insights import process
from aftercare.insights.process import Deviation, LogUnreadable, Model
from aftercare.insights.process.conformance import OUTSIDE
from tests.insights.process.test_maps import a_log

MODEL = Model(
    "ours",
    {(OUTSIDE, "a"): None, ("a", "b"): None, ("b", "c"): 1800.0, ("c", "d"): None, ("d", OUTSIDE): None},
)


def deviations(*traces: tuple[str, str], model: Model = MODEL) -> tuple[int, int, list[Deviation]]:
    with a_log(*traces) as log:
        found = process.conform(log.keep().steps, log.ask, model)
    return found.cases, found.conforming, found.deviations


def test_what_goes_as_it_should_has_no_deviation() -> None:
    assert deviations(("1", "a0 b10 c40 d41"), ("2", "a0 b1 c2 d3")) == (2, 2, [])


def test_a_skipped_step_names_what_was_skipped_and_who_did() -> None:
    assert deviations(("1", "a0@mei d5@lin"), ("2", "a0 b1 c2 d3")) == (
        2,
        1,
        [Deviation("skipped", "a", "d", ["b", "c"], 1, 1, [("lin", 1)], ["1"])],
    )


def test_an_added_step_is_one_deviation_and_the_rest_closes_up() -> None:
    assert deviations(("1", "a0 x1@mei b2 c3 d4")) == (
        1,
        0,
        [Deviation("added", "", "x", [], 1, 1, [("mei", 1)], ["1"])],
    )


def test_repeated_back_and_unfinished() -> None:
    cases, conforming, found = deviations(
        ("1", "a0 b1 b2 c3 d4"), ("2", "a0 b1 c2 b3@lin c4 d5"), ("3", "a0 b1@mei")
    )
    assert (cases, conforming) == (3, 0)
    assert found == [
        Deviation("back", "c", "b", [], 1, 1, [("lin", 1)], ["2"]),
        Deviation("repeated", "b", "b", [], 1, 1, [], ["1"]),
        Deviation("unfinished", "b", "", ["c", "d"], 1, 1, [("mei", 1)], ["3"]),
    ]


def test_a_case_that_begins_in_the_middle_skipped_its_beginning() -> None:
    assert deviations(("1", "b0 c1 d2"))[2] == [Deviation("skipped", "", "b", ["a"], 1, 1, [], ["1"])]


def test_late_is_longer_than_the_model_allows() -> None:
    assert deviations(("1", "a0 b1 c61@mei d62"), ("2", "a0 b1 c31 d32")) == (
        2,
        1,
        [Deviation("late", "b", "c", [], 1, 1, [("mei", 1)], ["1"], 1800.0)],
    )


def test_an_activity_that_a_partial_model_does_not_know_is_not_looked_at() -> None:
    model = Model("stages", MODEL.pairs, whole=False)
    assert deviations(("1", "a0 x1 b2 y3 c4 d5"), model=model) == (1, 1, [])


def test_the_wrong_hand() -> None:
    model = Model("ours", MODEL.pairs, hands={"b": frozenset({"lin"})})
    with a_log(("1", "a0@mei b1@mei c2 d3"), ("2", "a0 b1@lin c2 d3")) as log:
        found = process.conform(log.steps, log.ask, model, hand="resource")
    assert (found.conforming, [(one.kind, one.from_, one.to, one.people) for one in found.deviations]) == (
        1,
        [("wrong_hand", "a", "b", [("mei", 1)])],
    )


def test_open_cases_are_not_unfinished() -> None:
    with a_log(("1", "a0 b1")) as log:
        found = process.conform(log.steps, log.ask, MODEL, open_cases=True)
    assert (found.conforming, found.deviations) == (1, [])


def test_the_way_that_most_take_is_a_model() -> None:
    with a_log(*((str(n), "a0 b1 c2") for n in range(8)), ("8", "a0 c2"), ("9", "a0 b1 c2 c3")) as log:
        model = process.happy_path(process.variants_of(log.ways, log.ask), 0.8)
        found = process.conform(log.steps, log.ask, model)
    assert dict(model.pairs) == {("", "a"): None, ("a", "b"): None, ("b", "c"): None, ("c", ""): None}
    assert (found.share, [(one.kind, one.skipped) for one in found.deviations]) == (
        0.8,
        [("repeated", []), ("skipped", ["b"])],
    )


def test_a_model_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "model.csv"
    file.write_text("\ufefffrom;to;within\n;a;\na;b;36h\nb;;\n", encoding="utf-8")
    assert dict(process.read_model(file).pairs) == {("", "a"): None, ("a", "b"): 129_600.0, ("b", ""): None}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("von,nach\na,b\n", "from, to"),
        ("from,to\n", "allows nothing"),
        ("from,to,within\na,b,soon\n", "no length of time"),
    ],
)
def test_a_bad_model_is_refused_in_words(tmp_path: Path, content: str, why: str) -> None:
    file = tmp_path / "model.csv"
    file.write_text(content)
    with pytest.raises(LogUnreadable) as refused:
        process.read_model(file)
    assert why in str(refused.value.data["why"])
