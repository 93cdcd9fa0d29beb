"""The regular expressions that a contract may use: parsed and sampled. Pure.

A pattern has to mean the same in a browser (ECMA-262, with the flag ``u``, which Ajv sets) and in
the validator (Rust).  So only what the two share is allowed: literals, classes, ``\\d \\w \\s`` and
their opposites, groups without a name, ``|``, quantifiers, and the anchors ``^`` and ``$``.  Not
shared are ``.``, since each has its own line ends that it does not take, and a ``\\`` before a sign
that needs none.

Whether such a pattern can keep an engine busy without end: :mod:`contracts.lint.backtracking`.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_LAST = 0x10FFFF
_MOST_SAMPLED = 8
"""An open repetition is sampled with at most so many times more than it needs."""

MAX_CHARACTERS = 1_000
"""A longer pattern is refused: nobody reads it, and what works on it need not be quick."""

MAX_GROUPS = 20
"""This many groups may lie in each other."""

Ranges = tuple[tuple[int, int], ...]


class PatternError(ValueError):
    """The pattern is outside of the portable subset; the text says which part of it."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of ``ranges`` (inclusive code points)."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Anchor:
    """``^`` or ``$``."""

    sign: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several branches."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """``node`` from ``least`` to ``most`` times; ``None`` is without end."""

    node: Node
    least: int
    most: int | None


Node = Chars | Anchor | Sequence | Choice | Repeat

_DIGIT: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = (
    (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A),
    (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
"""White space and line terminators of ECMA-262, 12.2 and 12.3."""


def complement(ranges: Ranges) -> Ranges:
    """Every other character."""
    found, first = [], 0
    for low, high in sorted(ranges):
        if first < low:
            found.append((first, low - 1))
        first = max(first, high + 1)
    if first <= _LAST:
        found.append((first, _LAST))
    return tuple(found)


_CLASSES: dict[str, Ranges] = {
    "d": _DIGIT,
    "w": _WORD,
    "s": _SPACE,
    "D": complement(_DIGIT),
    "W": complement(_WORD),
    "S": complement(_SPACE),
}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPABLE = frozenset("^$\\.*+?()[]{}|/")
"""ECMA-262, 22.2.1, IdentityEscape with the flag u; inside of [ ] also the hyphen."""
_COUNT = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_QUANTIFIERS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def parse(pattern: str) -> Node:
    """The pattern as a tree.

    Raises:
        PatternError: it uses something that engines treat differently, or is malformed.
    """
    if len(pattern) > MAX_CHARACTERS:
        raise PatternError(f"it has more than {MAX_CHARACTERS:,} characters")
    parser = _Parser(pattern)
    found = parser.choice()
    if parser.rest:
        raise PatternError(f"{parser.rest[0]!r} closes nothing")
    return found


class _Parser:
    """Recursive descent; ``rest`` is what is still unread."""

    def __init__(self, pattern: str) -> None:
        self.rest = pattern
        self._open_groups = 0

    def choice(self) -> Node:
        branches = [self._sequence()]
        while self.rest.startswith("|"):
            self._take()
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _take(self) -> str:
        if not self.rest:
            raise PatternError("it ends too early")
        taken, self.rest = self.rest[0], self.rest[1:]
        return taken

    def _sequence(self) -> Node:
        parts = []
        while self.rest and self.rest[0] not in "|)":
            parts.append(self._quantified(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _quantified(self, atom: Node) -> Node:
        if self.rest[:1] in _QUANTIFIERS and self.rest:
            least, most = _QUANTIFIERS[self._take()]
        elif counted := _COUNT.match(self.rest):
            self.rest = self.rest[counted.end() :]
            least = int(counted[1])
            most = least if counted[2] is None else int(counted[3]) if counted[3] else None
        else:
            return atom
        if isinstance(atom, Anchor):
            raise PatternError(f"{atom.sign} cannot be repeated")
        if most is not None and most < least:
            raise PatternError(f"{{{least},{most}}} counts backwards")
        if self.rest[:1] in ("+", "?"):
            raise PatternError(f"the quantifier is followed by {self.rest[0]}, which has no effect")
        return Repeat(atom, least, most)

    def _atom(self) -> Node:
        match self._take():
            case "(":
                return self._group()
            case "[":
                return Chars(self._class())
            case "\\":
                return Chars(self._escape())
            case ".":
                raise PatternError(". takes other line ends in each engine; write [^\\n]")
            case ("^" | "$") as sign:
                return Anchor(sign)
            case ("*" | "+" | "?" | "{" | "}" | "]") as sign:
                raise PatternError(f"{sign} has nothing to act on; write \\{sign} for the sign")
            case char:
                return Chars(((ord(char), ord(char)),))

    def _group(self) -> Node:
        if self.rest.startswith("?:"):
            self.rest = self.rest[2:]
        elif self.rest.startswith("?"):
            raise PatternError("lookaround, named groups and flags differ between engines")
        self._open_groups += 1
        if self._open_groups > MAX_GROUPS:
            raise PatternError(f"more than {MAX_GROUPS} groups lie in each other")
        found = self.choice()
        self._open_groups -= 1
        if not self.rest.startswith(")"):
            raise PatternError("a ( is never closed")
        self._take()
        return found

    def _escape(self, escapable: frozenset[str] = _ESCAPABLE) -> Ranges:
        char = self._take()
        if char in _CLASSES:
            return _CLASSES[char]
        if char not in escapable and char not in _CONTROLS:
            if char.isalnum():
                raise PatternError(f"\\{char} differs between engines")
            raise PatternError(f"\\{char} is an error in a browser; write {char} alone")
        code = ord(_CONTROLS.get(char, char))
        return ((code, code),)

    def _class(self) -> Ranges:
        negated = self.rest.startswith("^")
        if negated:
            self._take()
        found: list[tuple[int, int]] = []
        while (char := self._take()) != "]":
            if char == "[" or self.rest.startswith(("&&", "--", "~~")):
                raise PatternError("operators inside [ ] differ between engines; write \\[")
            ranges = self._member(char)
            if self.rest.startswith("-") and self.rest[1:2] not in ("]", ""):
                ranges = ((self._end_of_range(ranges), self._range_end()),)
            if any(low > high for low, high in ranges):
                raise PatternError("a range in [ ] runs backwards")
            found.extend(ranges)
        if not found:
            raise PatternError("[ ] is empty")
        return complement(tuple(found)) if negated else tuple(sorted(found))

    def _member(self, char: str) -> Ranges:
        return self._escape(_ESCAPABLE | {"-"}) if char == "\\" else ((ord(char), ord(char)),)

    def _range_end(self) -> int:
        self._take()
        return self._end_of_range(self._member(self._take()))

    def _end_of_range(self, ranges: Ranges) -> int:
        if ranges in _CLASSES.values():
            raise PatternError("a class such as \\d cannot end a range in [ ]")
        return ranges[0][0]


def is_anchored(node: Node) -> bool:
    """Whether the pattern speaks about the whole text: every branch has ``^`` and ``$``."""
    match node:
        case Choice(branches=branches):
            return all(map(is_anchored, branches))
        case Sequence(parts=parts) if len(parts) >= 2:
            return parts[0] == Anchor("^") and parts[-1] == Anchor("$")
        case _:
            return False


def lengths(node: Node) -> tuple[int, int | None]:
    """Characters of the shortest and of the longest part of a text that matches; ``None``: no end.

    A bound that cannot be reached, since an anchor stands where nothing can match, may be too wide.
    """
    match node:
        case Chars():
            return 1, 1
        case Anchor():
            return 0, 0
        case Sequence(parts=parts):
            shortest, longest = zip(*map(lengths, parts), strict=True) if parts else ((), ())
            return sum(shortest), None if None in longest else sum(most or 0 for most in longest)
        case Choice(branches=branches):
            shortest, longest = zip(*map(lengths, branches), strict=True)
            return min(shortest), None if None in longest else max(most or 0 for most in longest)
        case Repeat(node=inner, least=least, most=most):
            one_least, one_most = lengths(inner)
            endless = (most is None and one_most != 0) or (one_most is None and most != 0)
            return least * one_least, None if endless else (most or 0) * (one_most or 0)


def sample(node: Node, rng: random.Random) -> str:
    """A text that the pattern matches as a whole."""
    match node:
        case Chars(ranges=ranges):
            return _char(ranges, rng)
        case Anchor():
            return ""
        case Sequence(parts=parts):
            return "".join(sample(part, rng) for part in parts)
        case Choice(branches=branches):
            return sample(rng.choice(branches), rng)
        case Repeat(node=inner, least=least, most=most):
            highest = least + _MOST_SAMPLED if most is None else min(most, least + _MOST_SAMPLED)
            return "".join(sample(inner, rng) for _ in range(rng.randint(least, highest)))


def _char(ranges: Ranges, rng: random.Random) -> str:
    printable = [
        (max(low, 0x20), min(high, 0x7E)) for low, high in ranges if low <= 0x7E and high >= 0x20
    ]
    low, high = rng.choice(printable or list(ranges))
    return chr(rng.randint(low, high))
