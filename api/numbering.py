"""Numbers for what one worker gives to Kafka (``contracts.stamps``)."""

from __future__ import annotations

import threading

from contracts.stamps import Stamp, joined

MOST_VOIDS = 1_000
"""So many numbers at most are declared void on one message; the rest wait for the next ones."""


class Numbering:
    """Gives each message a number, and announces those that were given in vain.

    Shared by the worker's threads.  A void number is announced on every message until one that
    bore it is acknowledged.
    """

    def __init__(self, producer: str) -> None:
        """``producer``: 32 hexadecimal digits that no other incarnation has."""
        self._producer = producer
        self._lock = threading.Lock()
        self._last = 0
        self._void: set[int] = set()

    def next(self) -> Stamp:
        """The stamp of the next message."""
        with self._lock:
            self._last += 1
            voids = joined(sorted(self._void)[:MOST_VOIDS]) if self._void else ()
            return Stamp(producer=self._producer, number=self._last, voids=voids)

    def stored(self, stamp: Stamp) -> None:
        """The message is acknowledged, and with it what it announced."""
        if stamp.voids:
            with self._lock:
                for first, last in stamp.voids:
                    self._void.difference_update(range(first, last + 1))

    def refused(self, stamp: Stamp) -> None:
        """The message was not acknowledged, and its sender was told so."""
        with self._lock:
            self._void.add(stamp.number)
