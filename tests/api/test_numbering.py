"""Numbers of a producer: every one comes, or is declared void until that is stored."""

from __future__ import annotations

import pytest

from api.numbering import MOST_VOIDS, Numbering
from contracts.stamps import Stamp, joined, stamp_in

NAME = "0f" * 16


def test_numbers_follow_one_another() -> None:
    numbering = Numbering(NAME)
    assert [numbering.next() for _ in range(3)] == [
        Stamp(producer=NAME, number=number) for number in (1, 2, 3)
    ]


def test_a_void_number_is_announced_until_it_is_stored() -> None:
    numbering = Numbering(NAME)
    for _ in range(3):
        numbering.refused(numbering.next())
    failed = numbering.next()
    assert failed.voids == ((1, 3),)
    numbering.refused(failed)
    told = numbering.next()
    assert told.voids == ((1, 4),)
    numbering.stored(told)
    assert numbering.next().voids == ()


def test_what_became_void_meanwhile_is_announced_later() -> None:
    numbering = Numbering(NAME)
    numbering.refused(numbering.next())
    told, other = numbering.next(), numbering.next()
    numbering.refused(other)
    numbering.stored(told)
    assert numbering.next().voids == ((3, 3),)


def test_an_announcement_is_bounded() -> None:
    numbering = Numbering(NAME)
    for _ in range(MOST_VOIDS + 5):
        numbering.refused(numbering.next())
    told = numbering.next()
    assert told.voids == ((1, MOST_VOIDS),)
    numbering.stored(told)
    assert numbering.next().voids == ((MOST_VOIDS + 1, MOST_VOIDS + 5),)


@pytest.mark.parametrize("voids", [(), ((3, 3),), ((1, 4), (6, 6), (9, 12))])
def test_headers_there_and_back(voids: tuple[tuple[int, int], ...]) -> None:
    stamp = Stamp(producer=NAME, number=20, voids=voids)
    assert stamp_in({name: value.encode() for name, value in stamp.headers().items()}) == stamp


def test_numbers_are_joined_to_ranges() -> None:
    assert joined([7, 1, 2, 3, 9, 8]) == ((1, 3), (7, 9))
