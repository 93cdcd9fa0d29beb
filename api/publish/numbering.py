"""Numbers for what one worker gives to Kafka (``contracts.sequence``)."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from contracts.sequence import Ranges, SequenceHeader

MOST_RANGES = 64
"""So many ranges at most are declared void on one message; the rest wait for the next ones."""


class Numbering:
    """Gives each message a number, and announces those that were given in vain.

    Shared by the worker's threads.  A void number is announced on every message until one that
    bore it is stored.
    """

    def __init__(self, producer: str) -> None:
        """``producer``: 32 hexadecimal digits that no other incarnation has."""
        self._producer = producer
        self._lock = threading.Lock()
        self._last = 0
        self._void: Ranges = ()

    def next(self) -> SequenceHeader:
        """The stamp of the next message."""
        with self._lock:
            self._last += 1
            voids = self._void[:MOST_RANGES]
            return SequenceHeader(producer=self._producer, number=self._last, skipped=voids)

    def stored(self, stamp: SequenceHeader) -> None:
        """The message is stored, and with it what it announced."""
        if stamp.skipped:
            with self._lock:
                self._void = without(self._void, stamp.skipped)

    def refused(self, stamp: SequenceHeader) -> None:
        """The message was not stored, and its sender was told so."""
        with self._lock:
            self._void = merged((*self._void, (stamp.number, stamp.number)))


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same numbers in order and in as few ranges as can be."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def without(ranges: Ranges, taken: Ranges) -> Ranges:
    """The numbers of ``ranges`` that are not in ``taken``."""
    left = list(ranges)
    for first, last in taken:
        left = [
            part
            for begin, end in left
            for part in ((begin, min(end, first - 1)), (max(begin, last + 1), end))
            if part[0] <= part[1]
        ]
    return tuple(left)
