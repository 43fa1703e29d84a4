"""What projects changed: found where it was planted, not claimed where it was not."""

from datetime import date, timedelta
from random import Random

from aftercare.insights.costs.effects import Groups, change_of
from aftercare.insights.costs.projects import SpendingView, returned, windows


def cases(rng: Random, many: int, mean: int) -> list[int]:
    return [max(0, round(rng.gauss(mean, 200))) for _ in range(many)]


def test_what_was_planted_is_found_and_what_hit_all_alike_is_not() -> None:
    rng = Random(5)
    saved = Groups(cases(rng, 400, 2000), cases(rng, 400, 1700), cases(rng, 400, 2000), cases(rng, 400, 2000))
    change = change_of(saved)
    assert change.low_cents is not None
    assert change.high_cents is not None
    assert change.change_cents is not None
    assert change.low_cents < -300 < change.high_cents < 0
    assert -340 < change.change_cents < -260
    season = Groups(
        cases(rng, 400, 2000), cases(rng, 400, 1700), cases(rng, 400, 2100), cases(rng, 400, 1800)
    )
    change = change_of(season)
    assert change.low_cents is not None
    assert change.high_cents is not None
    assert change.low_cents < 0 < change.high_cents


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng, held = Random(8), 0
    for seed in range(100):
        groups = Groups(*[cases(rng, 60, mean) for mean in (2000, 1900, 2000, 2000)])
        change = change_of(groups, seed=seed)
        assert change.low_cents is not None
        assert change.high_cents is not None
        held += change.low_cents <= -100 <= change.high_cents
    assert 88 <= held <= 99


def test_few_cases_tell_nothing() -> None:
    change = change_of(Groups([1] * 30, [2] * 29, [3] * 30, [4] * 30))
    assert (change.enough, change.touched_after, change.change_cents, change.low_cents) == (
        False,
        29,
        None,
        None,
    )
    assert change.means == [1, 2, 3, 4]
    assert change_of(Groups([1] * 30, [2] * 30, [3] * 30, [4] * 30)).change_cents == 0


def test_twice_asked_is_the_same_answer() -> None:
    rng = Random(1)
    groups = Groups(*[cases(rng, 50, 1000) for _ in range(4)])
    assert change_of(groups, seed=9) == change_of(groups, seed=9)


START = date(2026, 1, 1)


def test_payback_and_return_by_the_projects_own_dates() -> None:
    groups = Groups([1000] * 40, [900] * 40, [1000] * 40, [1000] * 40)
    change = change_of(groups)
    assert (change.change_cents, change.low_cents, change.high_cents) == (-100, -100, -100)
    opened = {START + timedelta(days=number): 10 for number in range(30)}
    spending = [
        SpendingView(spent_on=START - timedelta(days=5), amount_cents=8_000, words=""),
        SpendingView(spent_on=START + timedelta(days=9), amount_cents=4_000, words=""),
    ]
    back = returned(change, opened, spending, START, START + timedelta(days=29))
    # 1,000 cents a day: on the 8th day 8,000 would be back, but on the 10th another 4,000 were spent; on the 12th all is.
    assert (back.cases, back.spent_cents, back.saved_cents, back.roi) == (300, 12_000, 30_000, 1.5)
    assert (back.paid_back_on, back.paid_back_expected) == (START + timedelta(days=11), False)
    assert (len(back.days), back.days[0].day, back.days[-1].saved_cents) == (
        35,
        START - timedelta(days=5),
        30_000,
    )


def test_payback_ahead_is_expected_at_the_pace_so_far_or_never() -> None:
    spending = [SpendingView(spent_on=START, amount_cents=10_000, words="")]
    opened = {START + timedelta(days=number): 1 for number in range(10)}
    last = START + timedelta(days=9)
    cheaper = change_of(Groups([1000] * 40, [900] * 40, [1000] * 40, [1000] * 40))
    back = returned(cheaper, opened, spending, START, last)
    assert (back.saved_cents, back.roi) == (1_000, -0.9)
    assert (back.paid_back_on, back.paid_back_expected) == (last + timedelta(days=90), True)
    dearer = change_of(Groups([900] * 40, [1000] * 40, [1000] * 40, [1000] * 40))
    back = returned(dearer, opened, spending, START, last)
    assert (back.saved_cents, back.paid_back_on, back.paid_back_expected) == (-1_000, None, False)


def test_before_and_after_are_as_long_and_leave_three_weeks_between() -> None:
    before, after = windows(date(2026, 3, 1), None, date(2026, 7, 1))
    assert after == (date(2026, 3, 1), date(2026, 6, 10))
    assert before == (date(2025, 10, 30), date(2026, 2, 8))
    assert before[1] - before[0] == after[1] - after[0]
    # Ended: no case after its end counts. Long ago: half a year is compared at most.
    assert windows(date(2026, 3, 1), date(2026, 4, 1), date(2026, 7, 1))[1] == (
        date(2026, 3, 1),
        date(2026, 3, 31),
    )
    before, after = windows(date(2025, 1, 1), None, date(2026, 7, 1))
    assert (after[1] - after[0]).days == (before[1] - before[0]).days == 181
