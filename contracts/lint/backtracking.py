"""Whether a pattern can keep a backtracking engine busy without end. Pure.

The validator's engine takes linear time, but a front end that checks the same pattern before it
sends backtracks.  Such an engine tries every way in which the pattern can read a text, so what
matters is in how many ways it can: its ambiguity (Weber and Seidl, "On the degree of ambiguity of
finite automata", 1991).  It is decided on the position automaton (Glushkov) of the pattern, whose
states are the single characters and classes in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import combinations, product
from operator import eq
from typing import NamedTuple

from contracts.model.patterns import Anchor, Chars, Choice, Node, Ranges, Repeat, Sequence

MAX_POSITIONS = 80
"""Patterns with more characters and classes than these are not judged, and refused."""

MAX_STEPS = 500_000
"""This many steps are tried, well below a second; a pattern that needs more is refused."""

MAX_CHOICES = 12
"""At so many characters a text may go on in two ways, which makes 2^12 ways in all."""

_COPIES = 4
"""An exact count is written out at most so often: more copies add nothing to the ambiguity."""

_ENDLESS = "a repetition can take one text in several ways, as in (a+)+ or (a|a)*"
_SIDE_BY_SIDE = "two repetitions in a row can take the same text, as in a*a*"
_EMPTY = "what may be empty is itself optional or repeated, or a choice of two such, as in (a?)?"
_MANY_CHOICES = f"at more than {MAX_CHOICES} places a text can go on in two ways, as in a?a?a?a?a"
_TOO_LARGE = f"it has more than {MAX_POSITIONS} characters and classes, or too many that look alike"

State = tuple[int, ...]


@lru_cache(maxsize=1024)
def backtracks(node: Node) -> str | None:
    """Why a backtracking engine may need exponential or polynomial time; ``None`` if it cannot.

    Refused is a pattern

    * that can match nothing in several ways at one place;
    * with a character from which one text leads back to it in two ways (exponential); counts such
      as ``{1,9}`` are taken for endless here, since ``(a{1,9}){1,9}`` is as bad;
    * with two characters that both repeat on one text which also leads from the first to the
      second (polynomial);
    * with too many characters after which one text can go on in two ways (exponential in the
      length of the pattern, as in ``a?a?a?aaa``).
    """
    if any(map(_is_empty_twice, _nodes(node))):
        return _EMPTY
    try:
        return _ambiguity(node)
    except _TooLargeError:
        return _TOO_LARGE


class _TooLargeError(Exception):
    """The pattern is too large to be judged."""


def _ambiguity(node: Node) -> str | None:
    looser = _Automaton(_written_out(node, counts_are_endless=True))
    if looser.has_double_edge or looser.returns_in_two_ways():
        return _ENDLESS
    exact = _Automaton(_written_out(node, counts_are_endless=False))
    if exact.choices() > MAX_CHOICES:
        return _MANY_CHOICES
    return _SIDE_BY_SIDE if exact.hands_over_on_one_text() else None


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Repeat(node=inner):
            yield from _nodes(inner)
        case Sequence(parts=nodes) | Choice(branches=nodes):
            for inner in nodes:
                yield from _nodes(inner)
        case Chars() | Anchor():
            return


def _is_empty_twice(node: Node) -> bool:
    match node:
        case Repeat(node=inner, least=least, most=most):
            return _can_be_empty(inner) and (least, most) != (1, 1)
        case Choice(branches=branches):
            return sum(map(_can_be_empty, branches)) > 1
        case _:
            return False


def _can_be_empty(node: Node) -> bool:
    match node:
        case Chars():
            return False
        case Anchor():
            return True
        case Repeat(node=inner, least=least):
            return least == 0 or _can_be_empty(inner)
        case Sequence(parts=parts):
            return all(map(_can_be_empty, parts))
        case Choice(branches=branches):
            return any(map(_can_be_empty, branches))


def _written_out(node: Node, *, counts_are_endless: bool) -> Node:
    """The same with only ``?``, ``*`` and ``+`` as repetitions."""

    def rewritten(inner: Node) -> Node:
        return _written_out(inner, counts_are_endless=counts_are_endless)

    match node:
        case Repeat(node=inner, least=least, most=most):
            if most is None or (counts_are_endless and least != most and most > 1):
                return Repeat(rewritten(inner), min(least, 1), None)
            certain = min(least, _COPIES)
            optional = min(most - least, _COPIES)
            copies = [rewritten(inner) for _ in range(certain)]
            return Sequence((*copies, *(Repeat(rewritten(inner), 0, 1) for _ in range(optional))))
        case Sequence(parts=parts):
            return Sequence(tuple(map(rewritten, parts)))
        case Choice(branches=branches):
            return Choice(tuple(map(rewritten, branches)))
        case Chars() | Anchor():
            return node


class _Part(NamedTuple):
    """Where a part of the pattern begins and ends, and whether it may be empty."""

    first: frozenset[int]
    last: frozenset[int]
    empty: bool


class _Automaton:
    """Positions with their characters, and which can follow which."""

    def __init__(self, node: Node) -> None:
        self.ranges: list[Ranges] = []
        self.follow: list[set[int]] = []
        self.has_double_edge = False
        self._add(node)
        self._steps_left = MAX_STEPS
        self._alike = {
            (one, other)
            for one, other in product(range(len(self.ranges)), repeat=2)
            if _overlap(self.ranges[one], self.ranges[other])
        }

    def _add(self, node: Node) -> _Part:
        match node:
            case Anchor():
                return _Part(frozenset(), frozenset(), True)
            case Chars(ranges=ranges):
                if len(self.ranges) == MAX_POSITIONS:
                    raise _TooLargeError
                self.ranges.append(ranges)
                self.follow.append(set())
                here = frozenset({len(self.ranges) - 1})
                return _Part(here, here, False)
            case Choice(branches=branches):
                parts = [self._add(branch) for branch in branches]
                return _Part(
                    frozenset().union(*(part.first for part in parts)),
                    frozenset().union(*(part.last for part in parts)),
                    any(part.empty for part in parts),
                )
            case Sequence(parts=nodes):
                return self._in_a_row([self._add(inner) for inner in nodes])
            case Repeat(node=inner, least=least, most=most):
                part = self._add(inner)
                if most is None:
                    self._connect(part.last, part.first)
                return part._replace(empty=part.empty or least == 0)

    def _in_a_row(self, parts: list[_Part]) -> _Part:
        so_far = _Part(frozenset(), frozenset(), True)
        for part in parts:
            self._connect(so_far.last, part.first)
            so_far = _Part(
                so_far.first | part.first if so_far.empty else so_far.first,
                so_far.last | part.last if part.empty else part.last,
                so_far.empty and part.empty,
            )
        return so_far

    def _connect(self, ends: Iterable[int], beginnings: frozenset[int]) -> None:
        """A second way over one edge is a second way to read the same text."""
        for end in ends:
            self.has_double_edge |= not self.follow[end].isdisjoint(beginnings)
            self.follow[end] |= beginnings

    def _steps(self, state: State) -> Iterator[State]:
        """Where several readers at once can go on one more character."""
        for following in product(*(self.follow[position] for position in state)):
            self._steps_left -= 1
            if self._steps_left < 0:
                raise _TooLargeError
            if all((following[0], other) in self._alike for other in following[1:]) and (
                len(following) < 3 or (following[1], following[2]) in self._alike
            ):
                yield following

    def _reached(self, start: State, stop: Callable[[State], bool]) -> bool:
        """Whether one or more steps from ``start`` come to a state that ``stop`` is looking for."""
        waiting, seen = [start], {start}
        while waiting:
            for state in self._steps(waiting.pop()):
                if stop(state):
                    return True
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)
        return False

    def choices(self) -> int:
        """How many positions are followed by two that take the same character."""
        return sum(
            any(pair in self._alike for pair in combinations(sorted(following), 2))
            for following in self.follow
        )

    def returns_in_two_ways(self) -> bool:
        """Exponential ambiguity: two readers part at a position and meet there again."""
        for position in self._looping():
            home = (position, position)
            apart = self._all_reached(home)
            if any(
                one != other and self._reached((one, other), partial(eq, home))
                for one, other in apart
            ):
                return True
        return False

    def _all_reached(self, start: State) -> set[State]:
        found: set[State] = set()

        def note(state: State) -> bool:
            found.add(state)
            return False

        self._reached(start, note)
        return found

    def hands_over_on_one_text(self) -> bool:
        """Polynomial ambiguity: a text goes round at one position, at another, and between them."""
        looping = list(self._looping())
        return any(
            self._reached((one, one, other), partial(eq, (one, other, other)))
            for one, other in product(looping, repeat=2)
            if one != other
        )

    def _looping(self) -> Iterator[int]:
        for position in range(len(self.ranges)):
            if self._reached((position,), partial(eq, (position,))):
                yield position


def _overlap(one: Ranges, other: Ranges) -> bool:
    return any(low <= last and first <= high for low, high in one for first, last in other)
