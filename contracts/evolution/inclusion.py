"""Whether every text that one pattern matches is matched by another. Pure.

The library behind :mod:`contracts.evolution.covering` says "unknown" of two patterns that are not
the same text.  Those of the dialect (:mod:`contracts.model.patterns`) are regular, so the question
can be answered: both are walked side by side, character class by character class, through the sets
of places at which each may stand.  The walk is by breadth, so what it finds is a shortest text.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from contracts.model.patterns import (
    Anchor,
    Chars,
    Choice,
    Node,
    PatternError,
    Ranges,
    Repeat,
    parse,
)

_ANY: Ranges = ((0, 0x10FFFF),)
_MOST_PLACES = 4_000
"""A pattern with more places is not walked: a counted repetition has a place for each count."""

_MOST_WORK = 400_000
"""So many places are left, summed up; then the answer is that nothing is known: about a second."""


class Included:
    """The type of :data:`INCLUDED`."""


INCLUDED: Final = Included()
"""Every text is matched."""

Texts = str | tuple[str, ...] | None
"""A pattern, or the texts themselves, or ``None`` for every text there is."""


@lru_cache(maxsize=4_096)
def text_outside(
    inner: Texts, outer: Texts, shortest: int = 0, longest: int | None = None
) -> str | Included | None:
    """A text of ``inner`` that is none of ``outer``; ``None`` when nothing is known.

    Args:
        inner: what is matched before.
        outer: what is matched afterwards.
        shortest: only texts of at least so many code points count.
        longest: only texts of at most so many.
    """
    try:
        machines = _Machine.of(inner), _Machine.of(outer)
    except (PatternError, _TooManyPlacesError):
        return None
    found = _Walk(*machines, shortest, None).text_outside()
    if longest is None or not isinstance(found, str) or len(found) <= longest:
        return found
    return _Walk(*machines, shortest, longest).text_outside()


class _TooManyPlacesError(Exception):
    pass


_Places = frozenset[int]


@dataclass(slots=True)
class _Machine:
    """Places, and how a text leads from one to others. Place 0 is the start, 1 accepts.

    ``free`` edges take no character: always, at the start of the text (``^``) or at its end.
    """

    free: list[list[tuple[str, int]]] = field(default_factory=lambda: [[], []])
    taking: list[list[tuple[Ranges, int]]] = field(default_factory=lambda: [[], []])
    _steps: dict[tuple[_Places, int], _Places] = field(default_factory=dict)
    _alive: _Places = frozenset()

    @classmethod
    def of(cls, texts: Texts) -> _Machine:
        """A machine that looks for a pattern anywhere in a text, or that knows some texts."""
        machine = cls()
        if isinstance(texts, tuple):
            for text in texts:
                literals = [Chars(((ord(char), ord(char)),)) for char in text]
                machine._sequence([Anchor("^"), *literals, Anchor("$")], 0, 1)
        else:
            machine._node(parse(texts or ""), 0, 1)
            machine.taking[0].append((_ANY, 0))
            machine.taking[1].append((_ANY, 1))
        machine._alive = machine._that_lead_on()
        return machine

    def _place(self) -> int:
        if len(self.free) >= _MOST_PLACES:
            raise _TooManyPlacesError
        self.free.append([])
        self.taking.append([])
        return len(self.free) - 1

    def _node(self, node: Node, start: int, end: int) -> None:
        match node:
            case Chars(ranges=ranges):
                self.taking[start].append((ranges, end))
            case Anchor(sign=sign):
                self.free[start].append((sign, end))
            case Choice(branches=branches):
                for branch in branches:
                    self._node(branch, start, end)
            case Repeat(node=inner, least=least, most=most):
                self._repeat(inner, least, most, start, end)
            case _:
                self._sequence(node.parts, start, end)

    def _sequence(self, parts: Sequence[Node], start: int, end: int) -> None:
        at = self._after(start)
        for part in parts:
            following = self._place()
            self._node(part, at, following)
            at = following
        self.free[at].append(("", end))

    def _repeat(self, inner: Node, least: int, most: int | None, start: int, end: int) -> None:
        at = self._after(start)
        for _ in range(least):
            following = self._place()
            self._node(inner, at, following)
            at = following
        if most is None:
            again = self._after(at)
            self._node(inner, again, again)
            at = again
        else:
            for _ in range(most - least):
                following = self._place()
                self.free[at].append(("", end))
                self._node(inner, at, following)
                at = following
        self.free[at].append(("", end))

    def _after(self, start: int) -> int:
        """A place of its own behind ``start``, so that no loop leads back into it."""
        place = self._place()
        self.free[start].append(("", place))
        return place

    def _that_lead_on(self) -> _Places:
        """Places from which the end can be reached, once a character was taken."""
        into: list[list[int]] = [[] for _ in self.free]
        for place, edges in enumerate(self.free):
            for sign, target in edges:
                if sign != "^":
                    into[target].append(place)
        for place, takes in enumerate(self.taking):
            for _, target in takes:
                into[target].append(place)
        found, waiting = {1}, [1]
        while waiting:
            for place in into[waiting.pop()]:
                if place not in found:
                    found.add(place)
                    waiting.append(place)
        return frozenset(found)

    def _reached(self, places: _Places, signs: str) -> _Places:
        """With what lies behind free edges."""
        found, waiting = set(places), list(places)
        while waiting:
            for sign, target in self.free[waiting.pop()]:
                if sign in ("", *signs) and target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    def start(self) -> _Places:
        """Where a text begins."""
        return self._reached(frozenset({0}), "^")

    def accepts(self, places: _Places, *, at_start: bool) -> bool:
        """Whether a text may end there."""
        return 1 in self._reached(places, "^$" if at_start else "$")

    def step(self, places: _Places, code: int) -> _Places:
        """Where one character leads; without places from which no end is reached."""
        if (found := self._steps.get((places, code))) is None:
            taken = frozenset(
                target
                for place in places
                for ranges, target in self.taking[place]
                if any(low <= code <= high for low, high in ranges)
            )
            found = self._reached(taken, "") & self._alive
            self._steps[places, code] = found
        return found

    def edges_of_ranges(self) -> Iterator[int]:
        """Code points at which something begins or ends to be taken."""
        for takes in self.taking:
            for ranges, _ in takes:
                for low, high in ranges:
                    yield from (low, high + 1)


@dataclass(slots=True)
class _Walk:
    inner: _Machine
    outer: _Machine
    shortest: int
    longest: int | None

    def text_outside(self) -> str | Included | None:
        codes = self._codes()
        count_to = self.shortest if self.longest is None else self.longest
        first = (self.inner.start(), self.outer.start(), 0)
        seen: dict[tuple[_Places, _Places, int], str] = {first: ""}
        waiting = deque([first])
        work = 0
        while waiting:
            state = waiting.popleft()
            inside, outside, _ = state
            text = seen[state]
            if self._is_outside(inside, outside, text):
                return text
            if len(text) == self.longest or (1 in outside and text):
                continue
            work += len(codes) * (1 + len(inside) + len(outside))
            if work > _MOST_WORK:
                return None
            for code in codes:
                onward = self.inner.step(inside, code)
                if onward:
                    size = min(len(text) + 1, count_to)
                    following = (onward, self.outer.step(outside, code), size)
                    if following not in seen:
                        seen[following] = text + chr(code)
                        waiting.append(following)
        return INCLUDED

    def _is_outside(self, inside: _Places, outside: _Places, text: str) -> bool:
        at_start = not text
        return (
            len(text) >= self.shortest
            and self.inner.accepts(inside, at_start=at_start)
            and not self.outer.accepts(outside, at_start=at_start)
        )

    def _codes(self) -> list[int]:
        """One character for each class that neither machine tells apart, a plain one if it can."""
        edges = {0, *self.inner.edges_of_ranges(), *self.outer.edges_of_ranges()}
        starts = sorted(edge for edge in edges if edge <= 0x10FFFF)
        ends = [*(start - 1 for start in starts[1:]), 0x10FFFF]
        found = [_plain(low, high) for low, high in zip(starts, ends, strict=True)]
        return sorted(found, key=lambda code: (not 0x20 <= code < 0x7F, code))


def _plain(low: int, high: int) -> int:
    """``a``, another letter or sign of ASCII, or the first that is no surrogate."""
    for wanted in (0x61, max(low, 0x21)):
        if low <= wanted <= min(high, 0x7E):
            return wanted
    return 0xE000 if 0xD800 <= low <= 0xDFFF < high else low
