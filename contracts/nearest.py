"""Known names that a misspelt one may mean. Pure.

Anybody may send names, and one comparison takes as long as a validation. So an index of pairs of
letters chooses the few that are compared: however many names are known, and whatever is asked for,
the work has a bound.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

LONGEST = 64
"""Longer names are not looked for."""

MOST_LOOKED_AT = 512
"""Entries of the index that one question reads."""

MOST_COMPARED = 6
"""Names that one question compares letter by letter."""

_LIKENESS = 0.6
"""From 0 to 1, as :mod:`difflib` measures it."""

Compare = Callable[[str, Sequence[str], int], Sequence[str]]
"""Which of some texts are like a text, the likest first, and so many at most."""


def _like(text: str, texts: Sequence[str], most: int) -> Sequence[str]:
    return difflib.get_close_matches(text, texts, n=most, cutoff=_LIKENESS)


class Names:
    """Names to choose from. Safe to share between threads."""

    def __init__(self, names: Iterable[str], *, compare: Compare = _like) -> None:
        self._compare = compare
        self._by_letters: dict[str, str] = {}
        self._by_pair: dict[str, list[str]] = {}
        for name in names:
            letters = _letters(name)
            if 0 < len(name) <= LONGEST and letters not in self._by_letters:
                self._by_letters[letters] = name
                for pair in _pairs(letters):
                    self._by_pair.setdefault(pair, []).append(letters)

    def near(self, name: str, *, most: int = 3) -> tuple[str, ...]:
        """Those that ``name`` may mean, the likest first; capitals, ``_`` and ``-`` do not count.

        ``orderPlaced`` and ``order_palced`` both mean ``order_placed``.
        """
        if len(name) > LONGEST:
            return ()
        letters = _letters(name)
        if letters in self._by_letters:
            return (self._by_letters[letters],)
        return tuple(
            self._by_letters[each] for each in self._compare(letters, self._few(letters), most)
        )

    def _few(self, letters: str) -> list[str]:
        """Those with the most pairs of letters in common, as far as rare pairs tell."""
        found: Counter[str] = Counter()
        left = MOST_LOOKED_AT
        entries = (self._by_pair[pair] for pair in _pairs(letters) if pair in self._by_pair)
        for having in sorted(entries, key=len):
            found.update(having[:left])
            left -= len(having)
            if left <= 0:
                break
        return [each for each, _ in found.most_common(MOST_COMPARED)]


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


def _pairs(letters: str) -> set[str]:
    """Every two neighbours, the ends counting as letters: ``ab`` has ``^a``, ``ab``, ``b$``."""
    return {first + second for first, second in pairwise(f"^{letters}$")}


def did_you_mean(names: Sequence[str]) -> str:
    """``; did you mean a, b or c?``, or nothing without a name."""
    if not names:
        return ""
    *others, last = names
    listed = f"{', '.join(others)} or {last}" if others else last
    return f"; did you mean {listed}?"
