"""Which patterns of a plan a contract can have."""

from __future__ import annotations

from contracts.lint import backtracking
from contracts.model import patterns
from contracts.model.validation import problem_with_pattern

_MOST_TOGETHER = 1000
"""Characters of one event's different patterns: to judge one of them can take a second."""

_MOST_DEMANDED = 200
"""Characters of the texts that a pattern matches: examples are drawn, and mostly in vain."""


class PatternJudge:
    """Judges each pattern of one event once, and so many at most."""

    def __init__(self) -> None:
        self._problems: dict[str, str | None] = {}
        self._characters = 0

    def problem(self, pattern: str) -> str | None:
        """Why the contract cannot have it; ``None`` when it can."""
        if pattern not in self._problems:
            if self._characters + len(pattern) > _MOST_TOGETHER:
                return f"the event has more than {_MOST_TOGETHER} characters of patterns"
            self._characters += len(pattern)
            self._problems[pattern] = _problem(pattern)
        return self._problems[pattern]


def _problem(pattern: str) -> str | None:
    try:
        tree = patterns.parse(pattern)
        if _demanded(tree) > _MOST_DEMANDED:
            return f"it demands more than {_MOST_DEMANDED} characters"
        return problem_with_pattern(pattern) or backtracking.backtracks(tree)
    except patterns.PatternError as error:
        return str(error)
    except RecursionError:
        return "it is nested too deeply"


def _demanded(node: patterns.Node) -> int:
    """Characters of the shortest text of its longest branches."""
    match node:
        case patterns.Chars():
            return 1
        case patterns.Anchor():
            return 0
        case patterns.Sequence(parts=parts):
            return sum(map(_demanded, parts))
        case patterns.Choice(branches=branches):
            return max(map(_demanded, branches))
        case patterns.Repeat(node=inner, least=least):
            return least * _demanded(inner)
