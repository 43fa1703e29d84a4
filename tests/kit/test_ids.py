"""Ids sort as they were made."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from aftercare.kit.ids import new_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_of_one_moment_they_sort_in_their_order() -> None:
    ids = [new_id(at) for _ in range(5_000) for at in (NOON, None)][::2]
    assert all(one < other for one, other in pairwise(ids))
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}
    assert {one.int >> 80 for one in ids} == {round(NOON.timestamp() * 1_000)}


def test_a_moment_before_sorts_before_whenever_it_is_asked_for() -> None:
    late, early = new_id(NOON), new_id(NOON - timedelta(milliseconds=1))
    assert early < late < new_id(NOON + timedelta(milliseconds=1))
    assert new_id() < new_id()
