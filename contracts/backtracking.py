"""Whether a pattern can keep a backtracking engine busy without end. Pure.

The validator's engine takes linear time, but a front end that checks the same pattern before it
sends backtracks.  So the pattern itself is looked at, as a tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contracts.patterns import Anchor, Chars, Choice, Node, Ranges, Repeat, Sequence, complement


def backtracks(node: Node) -> str | None:
    """Why a backtracking engine may need exponential or polynomial time; ``None`` if it cannot.

    Three shapes give an engine several ways to read one text, and are refused:

    * an open repetition (``*``, ``+``, ``{n,}``) around something that itself can repeat or be
      empty: ``(a+)+``, ``(a?)*``;
    * an open repetition around branches of which two can begin with the same character:
      ``(a|ab)*``;
    * two open repetitions of which the second may begin where the first could go on:
      ``a*a*``, ``\\w+[a-z]*``; between them only what may be empty or looks like the first.

    This refuses some patterns that are harmless; each has an equivalent without the shape.
    """
    return next(_hazards(node), None)


def _hazards(node: Node) -> Iterator[str]:
    match node:
        case Repeat(node=inner, most=most):
            if most is None or most > 1:
                yield from _inside_repetition(inner, open_ended=most is None)
            yield from _hazards(inner)
        case Choice(branches=branches):
            for branch in branches:
                yield from _hazards(branch)
        case Sequence(parts=parts):
            yield from _between(parts)
            for part in parts:
                yield from _hazards(part)
        case Chars() | Anchor():
            return


def _inside_repetition(inner: Node, *, open_ended: bool) -> Iterator[str]:
    if open_ended and _can_be_empty(inner):
        yield "a repetition contains something that may be empty, as in (a?)*"
    if _overlap(_tails(inner, _is_variable), _first(inner)):
        yield "a repetition contains another one that can take the same text, as in (a+)+"
    if open_ended and any(_ambiguous(choice) for choice in _choices(inner)):
        yield "two branches inside a repetition begin with the same character, as in (a|ab)*"


def _between(parts: tuple[Node, ...]) -> Iterator[str]:
    """Open repetitions that follow one another without a character that tells them apart."""
    for index, part in enumerate(parts):
        tails = _tails(part, _is_endless)
        for later in parts[index + 1 :] if tails else ():
            if _is_open(later) and _overlap(tails, _first(later)):
                yield "two repetitions side by side can take the same text, as in a*a*"
            if not _can_be_empty(later) and not _within(later, tails):
                break


def _is_endless(repeat: Repeat) -> bool:
    return repeat.most is None


def _is_variable(repeat: Repeat) -> bool:
    return repeat.most != repeat.least


def _tails(node: Node, counts: Callable[[Repeat], bool]) -> Ranges:
    """What the repetitions at the end of ``node`` can go on with, of those that ``counts``."""
    match node:
        case Repeat(node=inner):
            own = _first(inner) if counts(node) else ()
            return own + _tails(inner, counts)
        case Sequence(parts=parts):
            found: Ranges = ()
            for part in reversed(parts):
                found += _tails(part, counts)
                if not _can_be_empty(part):
                    break
            return found
        case Choice(branches=branches):
            return tuple(one for branch in branches for one in _tails(branch, counts))
        case Chars() | Anchor():
            return ()


def _within(node: Node, ranges: Ranges) -> bool:
    """Whether every character of ``node`` is one of ``ranges``, so that it tells nothing apart."""
    return all(
        any(low <= first and last <= high for low, high in _merged(ranges))
        for first, last in _every(node)
    )


def _merged(ranges: Ranges) -> Ranges:
    return complement(complement(ranges))


def _every(node: Node) -> Ranges:
    match node:
        case Chars(ranges=ranges):
            return ranges
        case Repeat(node=inner):
            return _every(inner)
        case Sequence(parts=nodes) | Choice(branches=nodes):
            return tuple(found for inner in nodes for found in _every(inner))
        case Anchor():
            return ()


def _is_open(node: Node) -> bool:
    match node:
        case Repeat(node=inner, most=most):
            return most is None or _is_open(inner)
        case Sequence(parts=nodes) | Choice(branches=nodes):
            return any(map(_is_open, nodes))
        case Chars() | Anchor():
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


def _first(node: Node) -> Ranges:
    """Characters that ``node`` can begin with."""
    match node:
        case Chars(ranges=ranges):
            return ranges
        case Anchor():
            return ()
        case Repeat(node=inner):
            return _first(inner)
        case Choice(branches=branches):
            return tuple(one for branch in branches for one in _first(branch))
        case Sequence(parts=parts):
            found: Ranges = ()
            for part in parts:
                found += _first(part)
                if not _can_be_empty(part):
                    break
            return found


def _choices(node: Node) -> Iterator[Choice]:
    match node:
        case Choice(branches=branches):
            yield node
            for branch in branches:
                yield from _choices(branch)
        case Sequence(parts=parts):
            for part in parts:
                yield from _choices(part)
        case Repeat(node=inner):
            yield from _choices(inner)
        case Chars() | Anchor():
            return


def _ambiguous(choice: Choice) -> bool:
    firsts = [_first(branch) for branch in choice.branches]
    return any(
        _overlap(one, other) for index, one in enumerate(firsts) for other in firsts[index + 1 :]
    )


def _overlap(one: Ranges, other: Ranges) -> bool:
    return any(low <= last and first <= high for low, high in one for first, last in other)
