"""What one visitor does, request by request. Pure: chance is passed in."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ugc.traffic.repertoire import Data, Event, Repertoire


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request. One that ``is_bad`` has to be refused.

    ``begins`` is there for the start of a pair: the event that the pair becomes, and the name of
    the view that starts here.
    """

    body: bytes
    is_bad: bool = False
    pause_seconds: float = 0.0
    begins: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How often things happen, as shares from 0 to 1, and how long visitors think."""

    never_ends: float = 0.15
    sends_twice: float = 0.05
    sends_bad: float = 0.05
    think_seconds: float = 0.4


class Visitor:
    """One visitor: a source of chance, a token or none, and habits."""

    def __init__(
        self,
        rng: random.Random,
        token: str | None,
        habits: Habits,
        repertoire: Repertoire,
        bad_bodies: Sequence[bytes],
    ) -> None:
        """``bad_bodies`` are requests that the API has to refuse; the visitor sends some."""
        self._rng = rng
        self._token = token
        self._habits = habits
        self._repertoire = repertoire
        self._bad_bodies = bad_bodies
        contexts = repertoire.contexts
        self._context = contexts.visit(rng) if contexts else {}
        self._sent = 0

    def session(self) -> Iterator[Step]:
        """The requests of one visit, in order."""
        for _ in range(self._rng.randint(1, 4)):
            yield from self._stretch()

    def _stretch(self) -> Iterator[Step]:
        """A part of the visit: a few events, between the halves of a pair where there are pairs.

        What the halves have in common, and what names a thing (``…_id``), is the same in all.
        """
        end: Iterator[Step] = iter(())
        known: Data = {}
        least = 1
        if self._repertoire.pairs:
            pair = self._rng.choice(self._repertoire.pairs)
            found = self._repertoire.new_halves(pair, self._token, self._rng)
            if found is not None:
                view, halves = found
                known = {name: halves.start[name] for name in pair.shared}
                yield from self._event(pair.start, halves.start, begins=(pair.name, view))
                end = self._event(pair.end, halves.end)
                least = 0
        for _ in range(self._rng.randint(least, 3) if self._repertoire.singles else 0):
            event = self._rng.choice(self._repertoire.singles)
            data = event.with_values(event.data(self._rng), known)
            known = {**_names(data), **known}
            yield from self._event(event, data)
        if self._rng.random() < self._habits.sends_bad and self._bad_bodies:
            yield Step(body=self._rng.choice(self._bad_bodies), is_bad=True)
        if self._rng.random() >= self._habits.never_ends:
            yield from end

    def _event(
        self, event: Event, data: Data, *, begins: tuple[str, str] | None = None
    ) -> Iterator[Step]:
        """The request; now and then a second time, as a client does that saw no answer."""
        message = {
            "event": event.name,
            "token": self._token,
            "data": data,
            "event_id": str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
        }
        longest = 5 * self._habits.think_seconds
        pause = min(self._rng.expovariate(1 / self._habits.think_seconds), longest)
        self._sent += 1
        if contexts := self._repertoire.contexts:
            message |= contexts.request(self._context, self._sent, after_seconds=pause)
        body = json.dumps(message, ensure_ascii=False).encode()
        yield Step(body=body, pause_seconds=pause, begins=begins)
        if self._rng.random() < self._habits.sends_twice:
            yield Step(body=body, begins=begins)


def _names(data: Mapping[str, Any]) -> Data:
    return {name: value for name, value in data.items() if name == "id" or name.endswith("_id")}
