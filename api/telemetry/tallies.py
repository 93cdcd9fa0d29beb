"""Numbers kept in plain integers until somebody takes them away.

A value of prometheus_client that processes share writes to a file and asks for the process id at
every touch: 2 to 4 µs each, and some ten of them for an event.  Here one costs a third of a
microsecond; every second what has come together is added to the shared values at once (see
:meth:`api.telemetry.metrics.Metrics.flush`).

Each thread counts in a cell of its own, so that none waits for another and no number is lost.
Cells only grow: who takes the numbers remembers how far they had come.  A thread that ends leaves
its cell to the next one that the system gives the same identity.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import get_ident

Labels = tuple[str, ...]
"""The values of a metric's labels, in the metric's order."""


class Tally:
    """What is counted, by labels. Safe to share between threads, of which one at a time takes."""

    def __init__(self) -> None:
        self._cells: defaultdict[int, defaultdict[Labels, int]]
        self._cells = defaultdict(lambda: defaultdict(int))
        self._taken: defaultdict[Labels, int] = defaultdict(int)

    def add(self, labels: Labels, number: int = 1) -> None:
        """Counts so many more."""
        self._cells[get_ident()][labels] += number

    def add_all(self, each: Iterable[Labels]) -> None:
        """Counts one more for each."""
        cell = self._cells[get_ident()]
        for labels in each:
            cell[labels] += 1

    def take(self) -> Mapping[Labels, int]:
        """What was counted since it was taken before."""
        found: defaultdict[Labels, int] = defaultdict(int)
        for cell in list(self._cells.values()):
            for labels, number in list(cell.items()):
                found[labels] += number
        new = {labels: number - self._taken[labels] for labels, number in found.items()}
        self._taken = found
        return {labels: number for labels, number in new.items() if number}


@dataclass(slots=True)
class Spread:
    """How many observations fell into each bucket, and their sum."""

    buckets: list[int]
    total: float = 0.0

    def add(self, other: Spread, sign: int = 1) -> None:
        """Adds those of another, or takes them away."""
        pairs = zip(self.buckets, other.buckets, strict=True)
        self.buckets = [mine + sign * number for mine, number in pairs]
        self.total += sign * other.total


class Spreads:
    """Observations by labels. Safe to share between threads, of which one at a time takes.

    An observation falls into the first bucket whose upper bound is not below it, or into one more
    without a bound.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        """``bounds`` are the upper bounds of the buckets, smallest first."""
        self._bounds = tuple(bounds)
        self._cells: defaultdict[int, defaultdict[Labels, Spread]] = defaultdict(self._none)
        self._taken = self._none()

    def observe(self, labels: Labels, value: float, number: int = 1) -> None:
        """Takes a value in, so many times."""
        spread = self._cells[get_ident()][labels]
        spread.buckets[bisect_left(self._bounds, value)] += number
        spread.total += value * number

    def observe_all(self, values: Iterable[tuple[Labels, float]]) -> None:
        """The same for several at once."""
        cell, bounds = self._cells[get_ident()], self._bounds
        for labels, value in values:
            spread = cell[labels]
            spread.buckets[bisect_left(bounds, value)] += 1
            spread.total += value

    def take(self) -> Mapping[Labels, Spread]:
        """What was observed since it was taken before."""
        found = self._none()
        for cell in list(self._cells.values()):
            for labels, spread in list(cell.items()):
                found[labels].add(spread)
        new = self._none()
        for labels, spread in found.items():
            new[labels].add(spread)
            new[labels].add(self._taken[labels], sign=-1)
        self._taken = found
        # A thread may stand between the two: what is missing of one of them comes with the next.
        return {labels: one for labels, one in new.items() if one.total or any(one.buckets)}

    def _none(self) -> defaultdict[Labels, Spread]:
        return defaultdict(lambda: Spread([0] * (len(self._bounds) + 1)))
