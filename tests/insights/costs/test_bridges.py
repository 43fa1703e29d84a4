"""The bridge sums to the difference, to the cent, whatever changed; and each effect is what it is called."""

from fractions import Fraction

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as some

from aftercare.insights.costs.bridges import EFFECTS, Period, bridge_of, decompose, rounded, shapley

Cells = dict[tuple[str | None, str], tuple[int, int]]


def effects_of(before: Period, after: Period) -> tuple[int, int, int, int, int]:
    one = bridge_of("CNY", before, after)
    return one.volume_cents, one.mix_cents, one.efficiency_cents, one.rate_cents, one.loose_cents


ONE = Period({("return", "freight_back"): (10_000, 10)}, {"return": 10})


def test_more_of_the_same_is_volume() -> None:
    twice = Period({("return", "freight_back"): (20_000, 20)}, {"return": 20})
    assert effects_of(ONE, twice) == (10_000, 0, 0, 0, 0)
    assert effects_of(twice, ONE) == (-10_000, 0, 0, 0, 0)


def test_a_dearer_parcel_is_rate() -> None:
    dearer = Period({("return", "freight_back"): (12_500, 10)}, {"return": 10})
    assert effects_of(ONE, dearer) == (0, 0, 0, 2_500, 0)


def test_more_parcels_a_case_are_efficiency() -> None:
    more = Period({("return", "freight_back"): (15_000, 15)}, {"return": 10})
    assert effects_of(ONE, more) == (0, 0, 5_000, 0, 0)


def test_a_larger_share_of_dear_cases_is_mix() -> None:
    before = Period(
        {("dear", "refund"): (50_000, 5), ("cheap", "refund"): (5_000, 5)}, {"dear": 5, "cheap": 5}
    )
    after = Period(
        {("dear", "refund"): (80_000, 8), ("cheap", "refund"): (2_000, 2)}, {"dear": 8, "cheap": 2}
    )
    assert effects_of(before, after) == (0, 27_000, 0, 0, 0)


def test_two_changes_share_what_they_make_together() -> None:
    """Twice the cases at twice the price: 30,000 more, half of it each."""
    both = Period({("return", "freight_back"): (40_000, 20)}, {"return": 20})
    assert effects_of(ONE, both) == (15_000, 0, 0, 15_000, 0)


def test_new_segments_are_mix_and_new_kinds_are_efficiency() -> None:
    grown = Period({**ONE.cells, ("exchange", "freight_out"): (9_000, 10)}, {"return": 10, "exchange": 10})
    volume, mix, efficiency, rate, loose = effects_of(ONE, grown)
    assert (efficiency, rate, loose) == (0, 0, 0)
    assert volume + mix == 9_000
    inspected = Period({**ONE.cells, ("return", "inspection"): (3_500, 10)}, {"return": 10})
    assert effects_of(ONE, inspected) == (0, 0, 3_500, 0, 0)


def test_from_nothing_all_is_volume_and_of_no_case_is_loose() -> None:
    nothing = Period({}, {})
    assert effects_of(nothing, ONE) == (10_000, 0, 0, 0, 0)
    assert effects_of(ONE, nothing) == (-10_000, 0, 0, 0, 0)
    assert effects_of(ONE, Period(ONE.cells, ONE.cases, loose=250)) == (0, 0, 0, 0, 250)


def test_drivers_say_where_it_came_from() -> None:
    dearer = Period({("return", "freight_back"): (12_500, 10)}, {"return": 10})
    [driver] = bridge_of("CNY", ONE, dearer).drivers
    assert (driver.effect, driver.segment, driver.kind, driver.cents) == (
        "rate",
        "return",
        "freight_back",
        2_500,
    )


def test_shapley_of_a_product_by_hand() -> None:
    """x·y from 2·3 to 4·5: x adds 2·(3+5)/2 = 8, y adds 2·(2+4)/2 = 6."""
    assert shapley([Fraction(2), Fraction(3)], [Fraction(4), Fraction(5)]) == [8, 6]


periods = some.builds(
    lambda cells, spare, loose: Period(
        cells,
        {
            segment: spare[index] + 1
            for index, segment in enumerate(sorted({segment or "" for segment, _ in cells}))
        }
        | ({None: spare[4] + 1} if any(segment is None for segment, _ in cells) else {}),
        loose,
    ),
    some.dictionaries(
        some.tuples(
            some.sampled_from(["a", "b", "c", "d"]), some.sampled_from(["people", "refund", "goods_back"])
        ),
        some.tuples(some.integers(-100_000, 100_000), some.integers(-50, 50)),
        max_size=10,
    ),
    some.lists(some.integers(0, 40), min_size=5, max_size=5),
    some.integers(-5_000, 5_000),
)


@settings(max_examples=120, deadline=None)
@drawn(before=periods, after=periods)
def test_the_effects_sum_to_the_difference_to_the_cent(before: Period, after: Period) -> None:
    one = bridge_of("CNY", before, after)
    parts = one.volume_cents + one.mix_cents + one.efficiency_cents + one.rate_cents + one.loose_cents
    assert parts == one.after_cents - one.before_cents
    whole, cells = decompose(before, after)
    for effect in EFFECTS:
        assert sum(value for (name, _, _), value in cells.items() if name == effect) == whole[effect]
    back = bridge_of("CNY", after, before)
    assert abs(back.volume_cents + one.volume_cents) <= 1
    assert abs(back.rate_cents + one.rate_cents) <= 1


@settings(max_examples=60, deadline=None)
@drawn(
    values=some.lists(some.fractions(-1000, 1000), min_size=3, max_size=3), whole=some.integers(-3000, 3000)
)
def test_rounding_loses_no_cent(values: list[Fraction], whole: int) -> None:
    parts = dict(zip(EFFECTS, [*values, Fraction(whole) - sum(values, Fraction())], strict=True))
    cents = rounded(parts)
    assert sum(cents.values()) == whole
    assert all(abs(cents[effect] - parts[effect]) < 1 for effect in EFFECTS)
