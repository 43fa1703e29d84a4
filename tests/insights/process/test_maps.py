"""The map, the variants, loops and hand-overs of a log small enough to count by hand."""

from datetime import UTC, datetime, timedelta

from aftercare.insights import process
from aftercare.insights.process import Bottleneck, Edge, HandOver, Loop, Node

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_log(*traces: tuple[str, str]) -> process.EventLog:
    """Each trace is its name and what was done, as `a0 b10@mei`: activity, minutes after noon, by whom."""
    rows = []
    for name, told in traces:
        for event in told.split():
            what, _, who = event.partition("@")
            rows.append(
                {
                    "case": name,
                    "activity": what[0],
                    "at": NOON + timedelta(minutes=int(what[1:])),
                    "resource": who or None,
                }
            )
    return process.log_of(rows)


def test_what_follows_what_how_often_and_after_how_long() -> None:
    with a_log(("1", "a0 b10 c40"), ("2", "a0 b20 b30 c90"), ("3", "a5 c6")) as log:
        found = process.map_of(log.steps, log.ask)
    assert (found.cases, found.events) == (3, 9)
    assert found.nodes == [Node("a", 3, 3, 0), Node("b", 3, 0, 0), Node("c", 3, 0, 3)]
    assert found.edges == [
        Edge("a", "b", 2, 900.0, 1140.0, 1800.0),
        Edge("b", "c", 2, 2700.0, 3420.0, 5400.0),
        Edge("a", "c", 1, 60.0, 60.0, 60.0),
        Edge("b", "b", 1, 600.0, 600.0, 600.0),
    ]
    assert process.bottlenecks(found, 1) == [Bottleneck("b", "c", 2, 2700.0, 3420.0, 5400.0, 5400 / 7860)]


def test_events_may_come_in_any_order() -> None:
    in_order = a_log(("1", "a0 b10 c40"), ("2", "a0 b20 b30 c90"))
    mixed = process.log_of(
        [
            {"case": case, "activity": activity, "at": NOON + timedelta(minutes=minute)}
            for case, activity, minute in (
                ("2", "c", 90), ("1", "a", 0), ("2", "a", 0), ("1", "c", 40), ("2", "b", 20), ("1", "b", 10), ("2", "b", 30),
            )
        ]
    )  # fmt: skip
    with in_order, mixed:
        assert (in_order.came is not None, mixed.came is not None) == (True, False)
        assert process.map_of(in_order.steps, in_order.ask) == process.map_of(mixed.steps, mixed.ask)
        ways = [process.variants_of(log.ways, log.ask) for log in (in_order, mixed)]
        assert [{tuple(one.activities) for one in found.shown} for found in ways] == [
            {("a", "b", "c"), ("a", "b", "b", "c")}
        ] * 2


def test_what_happened_at_the_same_time_stays_as_it_was_told() -> None:
    with a_log(("1", "a0 c5 b5 d9"), ("2", "a0 b5 c5 d9")) as log:
        found = process.variants_of(log.ways, log.ask)
    assert [(one.activities, one.cases) for one in found.shown] == [
        (["a", "c", "b", "d"], 1),
        (["a", "b", "c", "d"], 1),
    ]


def test_a_case_that_is_told_in_two_places_is_one_case() -> None:
    with a_log(("1", "a0"), ("2", "a0 b5"), ("1", "b7")) as log:
        found = process.map_of(log.steps, log.ask)
    assert found.cases == 2
    assert found.pairs() == {("a", "b"): 2}


def test_variants_the_commonest_first() -> None:
    with a_log(("1", "a0 b10"), ("2", "a0 b30"), ("3", "b0 a10"), ("4", "a0 b20 b20")) as log:
        found = process.variants_of(log.ways, log.ask, 2)
        whole = process.variants_of(log.ways, log.ask, None)
    assert (found.cases, found.all) == (4, 3)
    assert [(one.activities, one.cases, one.share, one.median, one.example) for one in found.shown] == [
        (["a", "b"], 2, 0.5, 1200.0, "1"),
        (["b", "a"], 1, 0.25, 600.0, "3"),
    ]
    assert len(whole.shown) == 3


def test_loops_and_what_they_may_have_cost() -> None:
    with a_log(("1", "a0 b10 b20 c30 b40"), ("2", "a0 b5 c9"), ("3", "a0 b1 c2 b3")) as log:
        assert process.loops(log.steps, log.ask) == [Loop("b", 2, 2 / 3, 3, 1, 960.0)]


def test_hand_overs_and_what_came_straight_back() -> None:
    with a_log(("1", "a0@mei b10@lin c20@mei d40@mei"), ("2", "a0@mei b30@lin c35")) as log:
        assert process.hand_overs(log.steps, log.ask) == [
            HandOver("mei", "lin", 2, 1, 1200.0, 1680.0),
            HandOver("lin", "mei", 1, 0, 600.0, 600.0),
        ]


def test_without_people_nobody_hands_over() -> None:
    with a_log(("1", "a0 b10")) as log:
        assert process.hand_overs(log.steps, log.ask) == []


def test_a_map_for_graphviz() -> None:
    with a_log(("1", "a0 b10"), ("2", "a0 b30")) as log:
        told = process.as_dot(process.map_of(log.steps, log.ask), lambda seconds: f"{seconds:.0f} s")
    assert '"a" -> "b" [label="2, 1200 s", penwidth=5.0];' in told.splitlines()[-2]


def test_a_replay_of_a_time() -> None:
    with a_log(("1", "a0 b10 c40"), ("2", "a0 b70")) as log:
        found = process.replay(log.steps, log.ask, NOON, NOON + timedelta(hours=1))
    assert (found.activities, found.cases, found.shown) == (["a", "b", "c"], 1, 1)
    assert found.moves == [(0, 0, 1, 0, 600), (0, 1, 2, 600, 2400)]


def test_counts_alone_are_those_of_the_map() -> None:
    one = a_log(("1", "a0 b10 c40"), ("2", "a0 b20 b30 c90"), ("3", "a5 c6"), ("4", "c1"))
    other = a_log(("1", "a0"), ("2", "a0 b20 b30 c90"), ("3", "c6 a5"), ("4", "c1"), ("1", "c40 b10"))
    with one, other:
        for log in (one, other):
            told = log.follows()
            assert told.pairs == {("a", "b"): 2, ("b", "c"): 2, ("a", "c"): 1, ("b", "b"): 1}
            assert (told.events, told.cases) == (10, 4)
            assert (told.begins, told.ends) == ({"a": 3, "c": 1}, {"c": 4})
            assert process.map_of(log.steps, log.ask).pairs() == told.pairs
    assert (one.came is not None, other.came is not None) == (True, False)
