"""Numbers for what one worker gives to Kafka (``contracts.sequence``)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from contracts.ranges import Ranges, merged, without
from contracts.sequence import NUMBER, SequenceHeader

MOST_RANGES = 64
"""At most this many ranges are declared skipped on one message; the rest wait for the next ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The numbers of messages that are sent together: ``first``, and those that follow it.

    Each message announces ``skipped``, and that all numbers up to ``settled`` are settled.
    """

    producer: str
    first: int
    count: int
    skipped: Ranges
    settled: int

    def headers(self) -> Iterator[dict[str, str]]:
        """The Kafka headers of each message in turn: those of :class:`SequenceHeader`."""
        yield self._header(0).headers()
        if self.count == 1:
            return
        common = self._header(1).headers()
        for number in range(self.first + 1, self.first + self.count):
            yield {**common, NUMBER: str(number)}

    def header(self) -> SequenceHeader:
        """The sequence of the first message, for one that goes alone."""
        return self._header(0)

    def _header(self, at: int) -> SequenceHeader:
        number = self.first + at
        return SequenceHeader(
            producer=self.producer,
            number=number,
            skipped=self.skipped,
            settled=None if self.settled == number - 1 else self.settled,
        )


class Sequencer:
    """Gives each message a number, and announces those that were given in vain.

    Shared by the worker's threads.  A skipped number is announced on every message until one that
    bore it is stored.  Whoever takes numbers says what became of their messages, whatever happens.
    """

    def __init__(self, producer: str) -> None:
        """``producer``: 32 hexadecimal digits that no other incarnation has."""
        self._producer = producer
        self._lock = threading.Lock()
        self._last = 0
        self._skipped: Ranges = ()
        self._open: OrderedDict[int, None] = OrderedDict()
        """The first of the numbers that were taken together, for each that have not ended."""

    def take(self, count: int) -> Numbers:
        """The numbers of the next messages, one at least."""
        with self._lock:
            first, settled = self._last + 1, self._settled()
            self._last += count
            self._open[first] = None
            return Numbers(
                producer=self._producer,
                first=first,
                count=count,
                skipped=self._skipped[:MOST_RANGES],
                settled=settled,
            )

    def ended(self, numbers: Numbers, refused: Collection[int] = ()) -> None:
        """Messages are stored, and with any of them what it announced.

        ``refused``: those that are not, and whose senders are told so, counted from 0.
        """
        with self._lock:
            self._open.pop(numbers.first, None)
            if numbers.skipped and len(refused) < numbers.count:
                self._skipped = without(self._skipped, numbers.skipped)
            if refused:
                at = (numbers.first + each for each in refused)
                self._skipped = merged((*self._skipped, *((each, each) for each in at)))

    def next(self) -> SequenceHeader:
        """The sequence of the next message, as :meth:`take`."""
        return self.take(1).header()

    def stored(self, sequence: SequenceHeader) -> None:
        """The message is stored, and with it what it announced."""
        self.ended(self._alone(sequence))

    def refused(self, sequence: SequenceHeader) -> None:
        """The message was not stored, and its sender is told so."""
        self.ended(self._alone(sequence), refused=[0])

    def _alone(self, sequence: SequenceHeader) -> Numbers:
        return Numbers(
            producer=sequence.producer,
            first=sequence.number,
            count=1,
            skipped=sequence.skipped,
            settled=sequence.settled_to,
        )

    def _settled(self) -> int:
        """Up to here every number is stored, or announced as skipped on the message at hand."""
        first_open = next(iter(self._open), self._last + 1)
        if len(self._skipped) <= MOST_RANGES:  # nearly always; the rest takes a microsecond
            return first_open - 1
        unannounced = self._skipped[MOST_RANGES : MOST_RANGES + 1]
        return min(first_open, *(first for first, _ in unannounced)) - 1
