"""Which fault comes when. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CALM_SECONDS = 15.0
"""At the beginning, so that there is something to compare with."""

LAST_SECONDS = 20.0
"""At the end, so that the last fault's recovery is seen under load."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault, by its name; in seconds from the beginning of the traffic."""

    name: str
    from_seconds: float
    to_seconds: float


def plan_faults(names: Sequence[str], seconds: float, seed: int) -> list[Planned]:
    """One fault after the other, each kind once before any comes again."""
    seeded = random.Random(seed)
    bag = _in_turn(names, seeded)
    planned: list[Planned] = []
    moment = CALM_SECONDS
    while True:
        lasts = seeded.uniform(4, 10)
        if moment + lasts > seconds - LAST_SECONDS:
            return planned
        planned.append(Planned(next(bag), round(moment, 1), round(moment + lasts, 1)))
        moment += lasts + seeded.uniform(6, 10)


def _in_turn(names: Sequence[str], seeded: random.Random) -> Iterator[str]:
    while True:
        yield from seeded.sample(names, len(names))
