"""Numbers of a producer: every one comes, or is declared skipped until that is stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.publish.sequencer import MOST_RANGES, Sequencer
from contracts.sequence import SequenceHeader, sequence_header_in

NAME = "0f" * 16


def test_numbers_follow_one_another() -> None:
    sequencer = Sequencer(NAME)
    for number in (1, 2, 3):
        sequence = sequencer.next()
        assert sequence == SequenceHeader(producer=NAME, number=number)
        sequencer.stored(sequence)


def test_a_stamp_tells_up_to_which_number_all_are_settled() -> None:
    sequencer = Sequencer(NAME)
    first, second, third = (sequencer.next() for _ in range(3))
    assert [each.settled_to for each in (first, second, third)] == [0, 0, 0]
    sequencer.stored(second)
    assert sequencer.next().settled_to == 0
    sequencer.refused(first)
    told = sequencer.next()
    assert (told.settled_to, told.skipped) == (2, ((1, 1),))


def test_a_void_number_is_settled_only_when_it_is_announced() -> None:
    sequencer = Sequencer(NAME)
    sequences = [sequencer.next() for _ in range(2 * MOST_RANGES + 2)]
    for sequence in sequences:
        (sequencer.stored if sequence.number % 2 else sequencer.refused)(sequence)
    told = sequencer.next()
    assert told.skipped[-1] == (2 * MOST_RANGES, 2 * MOST_RANGES)
    assert told.settled_to == 2 * MOST_RANGES + 1


def test_a_void_number_is_announced_until_it_is_stored() -> None:
    sequencer = Sequencer(NAME)
    for _ in range(3):
        sequencer.refused(sequencer.next())
    failed = sequencer.next()
    assert failed.skipped == ((1, 3),)
    sequencer.refused(failed)
    told = sequencer.next()
    assert told.skipped == ((1, 4),)
    sequencer.stored(told)
    assert sequencer.next().skipped == ()


def test_what_became_void_meanwhile_is_announced_later() -> None:
    sequencer = Sequencer(NAME)
    sequencer.refused(sequencer.next())
    told, other = sequencer.next(), sequencer.next()
    sequencer.refused(other)
    sequencer.stored(told)
    assert sequencer.next().skipped == ((3, 3),)


def test_an_announcement_is_bounded() -> None:
    sequencer = Sequencer(NAME)
    sequences = [sequencer.next() for _ in range(2 * MOST_RANGES + 10)]
    for sequence in sequences[::2]:
        sequencer.refused(sequence)
    told = sequencer.next()
    assert told.skipped == tuple((2 * at + 1, 2 * at + 1) for at in range(MOST_RANGES))
    sequencer.stored(told)
    assert len(sequencer.next().skipped) == 5


def test_a_long_outage_costs_one_range() -> None:
    sequencer = Sequencer(NAME)
    for _ in range(10_000):
        sequencer.refused(sequencer.next())
    assert sequencer.next().skipped == ((1, 10_000),)


STEPS = st.lists(
    st.tuples(st.integers(1, 5), st.lists(st.booleans(), min_size=5, max_size=5)), max_size=30
)


@given(STEPS, st.integers(1, 6))
def test_numbers_taken_together_are_those_taken_one_by_one(
    steps: list[tuple[int, list[bool]]], count: int
) -> None:
    together, one_by_one = Sequencer(NAME), Sequencer(NAME)
    for size, takes in steps:
        numbers = together.take(size)
        single = [one_by_one.next() for _ in range(size)]
        assert list(numbers.headers()) == [each.headers() for each in single]
        together.ended(numbers, [at for at in range(size) if not takes[at]])
        for each, is_taken in sorted(
            zip(single, takes, strict=False), key=lambda pair: not pair[1]
        ):
            (one_by_one.stored if is_taken else one_by_one.refused)(each)
    assert list(together.take(count).headers()) == [
        one_by_one.next().headers() for _ in range(count)
    ]


def test_numbers_taken_together_are_open_until_all_have_ended() -> None:
    sequencer = Sequencer(NAME)
    first, second = sequencer.take(3), sequencer.take(2)
    assert (first.first, second.first) == (1, 4)
    sequencer.ended(second, refused=[1])
    told = sequencer.next()
    assert (told.number, told.settled_to, told.skipped) == (6, 0, ((5, 5),))
    sequencer.ended(first)
    sequencer.stored(told)
    assert sequencer.next().settled_to == 6


def test_threads_never_get_the_same_number() -> None:
    sequencer = Sequencer(NAME)
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda _: sequencer.next().number, range(2000)))
    assert sorted(numbers) == list(range(1, 2001))


@pytest.mark.parametrize("skipped", [(), ((3, 3),), ((1, 4), (6, 6), (9, 12))])
def test_headers_there_and_back(skipped: tuple[tuple[int, int], ...]) -> None:
    sequence = SequenceHeader(producer=NAME, number=20, skipped=skipped)
    assert (
        sequence_header_in({name: value.encode() for name, value in sequence.headers().items()})
        == sequence
    )
