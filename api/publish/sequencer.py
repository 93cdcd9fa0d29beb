"""Numbers for what one worker gives to Kafka (``contracts.sequence``)."""

from __future__ import annotations

import threading
from collections import OrderedDict

from contracts.ranges import Ranges, merged, without
from contracts.sequence import SequenceHeader

MOST_RANGES = 64
"""At most this many ranges are declared skipped on one message; the rest wait for the next ones."""


class Sequencer:
    """Gives each message a number, and announces those that were given in vain.

    Shared by the worker's threads.  A skipped number is announced on every message until one that
    bore it is stored.  Whoever takes a sequence says what became of its message, whatever happens.
    """

    def __init__(self, producer: str) -> None:
        """``producer``: 32 hexadecimal digits that no other incarnation has."""
        self._producer = producer
        self._lock = threading.Lock()
        self._last = 0
        self._skipped: Ranges = ()
        self._open: OrderedDict[int, None] = OrderedDict()

    def next(self) -> SequenceHeader:
        """The sequence of the next message."""
        with self._lock:
            skipped, settled = self._skipped[:MOST_RANGES], self._settled()
            self._last += 1
            self._open[self._last] = None
            return SequenceHeader(
                producer=self._producer,
                number=self._last,
                skipped=skipped,
                settled=None if settled == self._last - 1 else settled,
            )

    def stored(self, sequence: SequenceHeader) -> None:
        """The message is stored, and with it what it announced."""
        with self._lock:
            self._open.pop(sequence.number, None)
            if sequence.skipped:
                self._skipped = without(self._skipped, sequence.skipped)

    def refused(self, sequence: SequenceHeader) -> None:
        """The message was not stored, and its sender is told so."""
        with self._lock:
            self._open.pop(sequence.number, None)
            self._skipped = merged((*self._skipped, (sequence.number, sequence.number)))

    def _settled(self) -> int:
        """Up to here every number is stored, or announced as skipped on the message at hand."""
        first_open = next(iter(self._open), self._last + 1)
        unannounced = self._skipped[MOST_RANGES : MOST_RANGES + 1]
        return min(first_open, *(first for first, _ in unannounced), self._last + 1) - 1
