"""Amounts read exactly, sums divided exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftercare.kit.money import MoneyNotPossible, allot, cents, share


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [("99.9", "BRL", 9_990), ("0", "CNY", 0), ("-1.05", "CNY", -105), ("1200", "JPY", 1_200), ("1.2", "KWD", 1_200),
     ("27.650", "BRL", 2_765), (" 5 ", "USD", 500)],
)  # fmt: skip
def test_amounts_are_read_exactly(amount: str, currency: str, expected: int) -> None:
    assert cents(amount, currency) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "why"),
    [("1,234.50", "CNY", "is not an amount"), ("", "CNY", "is not an amount"), ("NaN", "CNY", "is not an amount"),
     ("1e5", "CNY", "is not an amount"), ("٣", "CNY", "is not an amount"), ("1.005", "CNY", "more decimals"),
     ("1.5", "JPY", "more decimals"), ("999999999999", "CNY", "too large")],
)  # fmt: skip
def test_what_is_no_amount(amount: str, currency: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        cents(amount, currency)


def test_payments_are_divided_over_orders() -> None:
    assert allot([100, 50], [30, 120]) == [[30, 70], [0, 50]]
    with pytest.raises(MoneyNotPossible):
        allot([100], [99])


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=6),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=6),
)
def test_rows_and_columns_sum_exactly(parts: list[int], weights: list[int]) -> None:
    wanted = share(sum(parts), weights)
    table = allot(parts, wanted)
    assert [sum(row) for row in table] == parts
    assert [sum(column) for column in zip(*table, strict=True)] == wanted
