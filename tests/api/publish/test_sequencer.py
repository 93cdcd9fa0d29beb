"""Numbers of a producer: every one comes, or is declared skipped until that is stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

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
