"""Exact sums: shares, units in any order, freight once, agreed amounts that only go down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.claims.money import (
    PaidLine,
    agreed_for_accepted,
    exchange_difference,
    refundable,
    refundable_without_return,
    restocking_fee,
)
from aftercare.kit.money import MoneyNotPossible, discounted, share

cents = st.integers(0, 10**12)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (100, [1, 2, 1], [25, 50, 25]),
        (1000, [999, 1, 3000], [249, 0, 751]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (7, [0, 0], [4, 3]),
        (7, [0, 5], [0, 7]),
        (0, [], []),
    ],
)
def test_shares(total: int, weights: list[int], parts: list[int]) -> None:
    assert share(total, weights) == parts


@given(st.integers(-(10**12), 10**12), weights)
def test_shares_sum_exactly_and_mirror(total: int, weights: list[int]) -> None:
    parts = share(total, weights)
    assert sum(parts) == total
    assert share(-total, weights) == [-part for part in parts]
    if any(weights):
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)
        largest = max(range(len(weights)), key=lambda index: weights[index])
        exact = [abs(total) * weight // sum(weights) for weight in weights]
        assert all(abs(part) == exact[at] for at, part in enumerate(parts) if at != largest)


def test_nothing_to_share_among_nobody() -> None:
    with pytest.raises(MoneyNotPossible):
        share(1, [])
    with pytest.raises(MoneyNotPossible):
        share(1, [1, -1])


@pytest.mark.parametrize(
    ("prices", "discount", "paid"),
    [
        ([10000, 5000, 5000], 2000, [9000, 4500, 4500]),
        ([9990, 2990], 1000, [9220, 2760]),
        ([1, 1, 1], 2, [0, 0, 1]),
        ([300], 300, [0]),
        ([0, 500], 0, [0, 500]),
    ],
)
def test_a_coupon_over_lines(prices: list[int], discount: int, paid: list[int]) -> None:
    assert discounted(prices, discount) == paid


@given(weights, st.data())
def test_a_coupon_makes_no_line_negative_or_dearer(prices: list[int], data: st.DataObject) -> None:
    discount = data.draw(st.integers(0, sum(prices)))
    paid = discounted(prices, discount)
    assert sum(paid) == sum(prices) - discount
    assert all(0 <= after <= before for after, before in zip(paid, prices, strict=True))


def test_a_coupon_larger_than_the_goods_is_refused() -> None:
    with pytest.raises(MoneyNotPossible) as refused:
        discounted([100], 101)
    assert (refused.value.why, refused.value.data) == ("more_than_left", {"asked": 101, "left": 100})


def test_the_last_unit_takes_the_remainder() -> None:
    assert refundable(PaidLine(1001, 3), 1) == 333
    assert refundable(PaidLine(1001, 3), 2) == 666
    assert refundable(PaidLine(1001, 3), 3) == 1001
    assert refundable(PaidLine(1001, 3, taken_cents=666, taken_quantity=2), 1) == 335


def test_what_a_bad_grade_cost_does_not_come_back_with_the_last_unit() -> None:
    # The first of two units came back worn: 200 of its 500 were paid. The second is still worth its own 500.
    assert refundable(PaidLine(1000, 2, taken_cents=200, taken_quantity=1), 1) == 500


def test_a_part_refunded_without_return_lowers_what_units_are_worth() -> None:
    line = PaidLine(1000, 2, taken_cents=300)
    assert refundable_without_return(line) == 700
    assert refundable(line, 1) == 500
    assert refundable(line, 2) == 700


@given(cents, st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_units_in_any_grouping_sum_to_what_was_paid(paid: int, groups: list[int]) -> None:
    quantity, taken, taken_quantity = sum(groups), 0, 0
    for group in groups:
        taken += refundable(PaidLine(paid, quantity, taken, taken_quantity), group)
        taken_quantity += group
        assert taken <= paid
    assert taken == paid


@given(cents, st.integers(1, 12), st.data())
def test_reserving_releasing_and_claiming_again_never_exceeds_and_ends_exact(
    paid: int, quantity: int, data: st.DataObject
) -> None:
    claims: list[tuple[int, int]] = []
    for _ in range(data.draw(st.integers(0, 15))):
        taken, units = sum(amount for amount, _ in claims), sum(count for _, count in claims)
        if claims and data.draw(st.sampled_from(["release", "claim"])) == "release":
            claims.pop(data.draw(st.integers(0, len(claims) - 1)))
        elif quantity > units:
            asked = data.draw(st.integers(1, quantity - units))
            claims.append((refundable(PaidLine(paid, quantity, taken, units), asked), asked))
        assert sum(amount for amount, _ in claims) <= paid
    taken, units = sum(amount for amount, _ in claims), sum(count for _, count in claims)
    if units < quantity:
        taken += refundable(PaidLine(paid, quantity, taken, units), quantity - units)
    assert taken == paid


@given(cents, st.integers(1, 50), st.integers(0, 60), st.integers(0, 60), cents)
def test_never_more_than_is_left(paid: int, quantity: int, units: int, asked: int, taken: int) -> None:
    line = PaidLine(paid, quantity, taken, units)
    if units + asked > quantity:
        with pytest.raises(MoneyNotPossible):
            refundable(line, asked)
    else:
        assert 0 <= refundable(line, asked) <= max(paid - taken, 0)


def test_fees_and_differences() -> None:
    assert restocking_fee(9999, fee_percent=15) == 1499
    assert restocking_fee(9999, fee_cents=500, fee_percent=10) == 1499
    assert restocking_fee(300, fee_cents=500) == 300
    assert exchange_difference(12900, 9900) == 3000
    assert exchange_difference(7900, 9900) == -2000


@given(cents, st.integers(1, 50), st.data())
def test_accepted_units_carry_their_part_of_what_was_agreed(
    agreed: int, claimed: int, data: st.DataObject
) -> None:
    accepted = data.draw(st.integers(0, claimed))
    part = agreed_for_accepted(agreed, claimed, accepted)
    assert part + agreed_for_accepted(agreed, claimed, claimed - accepted) <= agreed
    assert (part == agreed) >= (accepted == claimed)
    with pytest.raises(MoneyNotPossible):
        agreed_for_accepted(agreed, claimed, claimed + 1)
