"""The numbers of one producer: which were seen, which are missing, which were skipped. Pure.

A producer (one incarnation of an API worker) numbers its messages 1, 2, 3 …  What is kept is the
highest number, and the *gaps* below it: ranges that were not seen, each with the Kafka time of
the message that revealed it.  A number that comes late closes its gap.  A *skipped* range was given
out and answered with a refusal: its numbers need not come, and are no duplicates when they do.  Up
to the highest *settled* number that a message told, each was stored or skipped; what is missing
above it was given to a request that may have had no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from contracts.ranges import without

MAX_GAPS = 200_000
"""Of one producer. Beyond it the lowest is closed for good, and counted as lost.

Numbers go over all partitions, so a partition that is read far ahead of another leaves a gap for
each message of the other: there must be room for a backlog (some 20 MB at most).
"""


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers from ``first`` to ``last`` that were not seen, known since a Kafka time."""

    first: int
    last: int
    since_ms: int
    skipped: bool = False

    @property
    def size(self) -> int:
        """How many numbers."""
        return self.last - self.first + 1

    def size_up_to(self, settled: int) -> int:
        """How many of them are not above ``settled``."""
        return max(0, min(self.last, settled) - self.first + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """What is known of a producer, for reading.

    ``seen`` distinct numbers came, up to ``highest``; ``repeated`` came again from elsewhere;
    ``lost`` were missing when their gap was given up.  Up to ``settled`` all were stored or
    skipped.
    """

    name: str
    highest: int
    seen: int
    repeated: int
    lost: int
    first_ms: int
    last_ms: int
    gaps: tuple[Gap, ...]
    settled: int

    def open_gaps(self, *, revealed_before_ms: int, known_since_ms: int = 0) -> tuple[Gap, ...]:
        """Gaps that were revealed before a time and have not been filled.

        Of a producer that was met before ``known_since_ms``, what came before its first known
        message is not known to be missing.
        """
        return tuple(
            gap
            for gap in self.gaps
            if not gap.skipped
            and gap.since_ms < revealed_before_ms
            and not (gap.first == 1 and self.first_ms <= known_since_ms)
        )


@dataclass(slots=True)
class Numbers:
    """The same while it grows."""

    name: str
    highest: int = 0
    seen: int = 0
    repeated: int = 0
    lost: int = 0
    first_ms: int = 0
    last_ms: int = 0
    settled: int = 0
    gaps: list[Gap] = field(default_factory=list)
    max_gaps: int = MAX_GAPS

    def add(
        self, number: int, skipped: Sequence[tuple[int, int]], at_ms: int, *, settled: int
    ) -> None:
        """Takes in a message with its number, the ranges it declares skipped, what is settled."""
        self.settled = max(self.settled, settled)
        self.first_ms = min(self.first_ms or at_ms, at_ms)
        self.last_ms = max(self.last_ms, at_ms)
        self._see(number, at_ms)
        for first, last in skipped:
            self._skip(first, last, at_ms)
        while len(self.gaps) > self.max_gaps:
            gap = self.gaps.pop(0)
            self.lost += 0 if gap.skipped else gap.size

    def frozen(self) -> Producer:
        """For reading."""
        return Producer(
            name=self.name,
            highest=self.highest,
            seen=self.seen,
            repeated=self.repeated,
            lost=self.lost,
            first_ms=self.first_ms,
            last_ms=self.last_ms,
            gaps=tuple(self.gaps),
            settled=self.settled,
        )

    def _see(self, number: int, at_ms: int) -> None:
        if number > self.highest:
            if number > self.highest + 1:
                self.gaps.append(Gap(self.highest + 1, number - 1, at_ms))
            self.highest = number
            self.seen += 1
            return
        for index, gap in enumerate(self.gaps):
            if gap.first <= number <= gap.last:
                self.gaps[index : index + 1] = _parts(gap, number, number)
                self.seen += 1
                return
        self.repeated += 1

    def _skip(self, first: int, last: int, at_ms: int) -> None:
        if last > self.highest:
            self.gaps.append(Gap(self.highest + 1, last, at_ms))
            self.highest = last
        found: list[Gap] = []
        for gap in self.gaps:
            low, high = max(first, gap.first), min(last, gap.last)
            if low > high or gap.skipped:
                found.append(gap)
                continue
            parts = _parts(gap, low, high)
            middle = Gap(low, high, gap.since_ms, skipped=True)
            found += sorted([*parts, middle], key=lambda each: each.first)
        self.gaps = found


def _parts(gap: Gap, first: int, last: int) -> list[Gap]:
    """What is left of a gap without the numbers from ``first`` to ``last``."""
    left = without([(gap.first, gap.last)], [(first, last)])
    return [Gap(low, high, gap.since_ms, gap.skipped) for low, high in left]
