"""The numbers of one producer: which were seen, which are missing, which were void. Pure.

A producer (one incarnation of an API worker) numbers its messages 1, 2, 3 …  What is kept is the
highest number, and the *holes* below it: ranges that were not seen, each with the Kafka time of
the message that revealed it.  A number that comes late closes its hole.  A *void* range was given
out and answered with a refusal: its numbers need not come, and are no duplicates when they do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MOST_HOLES = 200_000
"""Of one producer. Beyond it the lowest is closed for good, and counted as lost.

Numbers go over all partitions, so a partition that is read far ahead of another leaves a hole for
each message of the other: there must be room for a backlog (some 20 MB at most).
"""


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers from ``first`` to ``last`` that were not seen, known since a Kafka time."""

    first: int
    last: int
    since_ms: int
    void: bool = False

    @property
    def size(self) -> int:
        """How many numbers."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """What is known of a producer, for reading.

    ``seen`` distinct numbers came, up to ``highest``; ``repeated`` came again from elsewhere;
    ``lost`` were missing when their hole was given up.
    """

    name: str
    highest: int
    seen: int
    repeated: int
    lost: int
    first_ms: int
    last_ms: int
    holes: tuple[Hole, ...]

    def gaps(self, *, revealed_before_ms: int, known_since_ms: int = 0) -> tuple[Hole, ...]:
        """Holes that were revealed before a time and have not been filled.

        Of a producer that was met before ``known_since_ms``, what came before its first known
        message is not known to be missing.
        """
        return tuple(
            hole
            for hole in self.holes
            if not hole.void
            and hole.since_ms < revealed_before_ms
            and not (hole.first == 1 and self.first_ms <= known_since_ms)
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
    holes: list[Hole] = field(default_factory=list)
    most_holes: int = MOST_HOLES

    def add(self, number: int, voids: Sequence[tuple[int, int]], at_ms: int) -> None:
        """Takes in a message with its number, and the ranges it declares void."""
        self.first_ms = min(self.first_ms or at_ms, at_ms)
        self.last_ms = max(self.last_ms, at_ms)
        self._see(number, at_ms)
        for first, last in voids:
            self._void(first, last, at_ms)
        while len(self.holes) > self.most_holes:
            hole = self.holes.pop(0)
            self.lost += 0 if hole.void else hole.size

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
            holes=tuple(self.holes),
        )

    def _see(self, number: int, at_ms: int) -> None:
        if number > self.highest:
            if number > self.highest + 1:
                self.holes.append(Hole(self.highest + 1, number - 1, at_ms))
            self.highest = number
            self.seen += 1
            return
        for index, hole in enumerate(self.holes):
            if hole.first <= number <= hole.last:
                self.holes[index : index + 1] = _parts(hole, number, number)
                self.seen += 1
                return
        self.repeated += 1

    def _void(self, first: int, last: int, at_ms: int) -> None:
        if last > self.highest:
            self.holes.append(Hole(self.highest + 1, last, at_ms))
            self.highest = last
        found: list[Hole] = []
        for hole in self.holes:
            low, high = max(first, hole.first), min(last, hole.last)
            if low > high or hole.void:
                found.append(hole)
                continue
            parts = _parts(hole, low, high)
            middle = Hole(low, high, hole.since_ms, void=True)
            found += sorted([*parts, middle], key=lambda each: each.first)
        self.holes = found


def _parts(hole: Hole, first: int, last: int) -> list[Hole]:
    """What is left of a hole without the numbers from ``first`` to ``last``."""
    ranges: Iterable[tuple[int, int]] = ((hole.first, first - 1), (last + 1, hole.last))
    return [Hole(low, high, hole.since_ms, hole.void) for low, high in ranges if low <= high]
