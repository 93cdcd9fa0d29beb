"""Ranges say the same as the set of their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contracts.ranges import merged, without

RANGES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)).map(lambda p: (p[0], sum(p))))


def numbers_in(ranges: Iterable[tuple[int, int]]) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(RANGES)
def test_merged_ranges_have_the_same_numbers_in_order_and_never_touch(
    some: list[tuple[int, int]],
) -> None:
    found = merged(some)
    assert numbers_in(found) == numbers_in(some)
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(found))


@given(RANGES, RANGES)
def test_what_is_taken_away_is_taken_by_its_numbers(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    assert numbers_in(without(merged(some), others)) == numbers_in(some) - numbers_in(others)


@given(st.integers(1, 40), RANGES)
def test_a_range_without_numbers_adds_none(first: int, some: list[tuple[int, int]]) -> None:
    assert numbers_in(merged([(first, first - 1), *some])) == numbers_in(some)
