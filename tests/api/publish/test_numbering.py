"""Numbers of a producer: every one comes, or is declared void until that is stored."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.publish.numbering import MOST_RANGES, Numbering, merged, without
from contracts.sequence import SequenceHeader, joined, sequence_header_in

NAME = "0f" * 16


def test_numbers_follow_one_another() -> None:
    numbering = Numbering(NAME)
    assert [numbering.next() for _ in range(3)] == [
        SequenceHeader(producer=NAME, number=number) for number in (1, 2, 3)
    ]


def test_a_void_number_is_announced_until_it_is_stored() -> None:
    numbering = Numbering(NAME)
    for _ in range(3):
        numbering.refused(numbering.next())
    failed = numbering.next()
    assert failed.skipped == ((1, 3),)
    numbering.refused(failed)
    told = numbering.next()
    assert told.skipped == ((1, 4),)
    numbering.stored(told)
    assert numbering.next().skipped == ()


def test_what_became_void_meanwhile_is_announced_later() -> None:
    numbering = Numbering(NAME)
    numbering.refused(numbering.next())
    told, other = numbering.next(), numbering.next()
    numbering.refused(other)
    numbering.stored(told)
    assert numbering.next().skipped == ((3, 3),)


def test_an_announcement_is_bounded() -> None:
    numbering = Numbering(NAME)
    stamps = [numbering.next() for _ in range(2 * MOST_RANGES + 10)]
    for stamp in stamps[::2]:
        numbering.refused(stamp)
    told = numbering.next()
    assert told.skipped == tuple((2 * at + 1, 2 * at + 1) for at in range(MOST_RANGES))
    numbering.stored(told)
    assert len(numbering.next().skipped) == 5


def test_a_long_outage_costs_one_range() -> None:
    numbering = Numbering(NAME)
    for _ in range(10_000):
        numbering.refused(numbering.next())
    assert numbering.next().skipped == ((1, 10_000),)


def test_threads_never_get_the_same_number() -> None:
    numbering = Numbering(NAME)
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda _: numbering.next().number, range(2000)))
    assert sorted(numbers) == list(range(1, 2001))


RANGES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)).map(lambda p: (p[0], sum(p))))


def numbers_in(ranges: Iterable[tuple[int, int]]) -> set[int]:
    return {number for first, last in ranges for number in range(first, last + 1)}


@given(RANGES, RANGES)
def test_ranges_are_joined_and_taken_away_by_their_numbers(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    found = merged(some)
    assert numbers_in(found) == numbers_in(some)
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(found))
    assert numbers_in(without(found, merged(others))) == numbers_in(some) - numbers_in(others)


@pytest.mark.parametrize("voids", [(), ((3, 3),), ((1, 4), (6, 6), (9, 12))])
def test_headers_there_and_back(voids: tuple[tuple[int, int], ...]) -> None:
    stamp = SequenceHeader(producer=NAME, number=20, skipped=voids)
    assert (
        sequence_header_in({name: value.encode() for name, value in stamp.headers().items()})
        == stamp
    )


def test_numbers_are_joined_to_ranges() -> None:
    assert joined([7, 1, 2, 3, 9, 8]) == ((1, 3), (7, 9))
