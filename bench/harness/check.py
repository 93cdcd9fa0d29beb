"""A run compared with older ones by its ratios: what got worse. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.harness.figures import Ratio, ratios
from bench.harness.results import Results

LEAST_TOLERANCE = 0.10
"""Of the older ratio; rounds of one run agree better with each other than with those of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A ratio in an older run and in the one that is judged."""

    before: Ratio
    after: Ratio

    @property
    def relative(self) -> float:
        """Below 0 it got worse."""
        return self.after.figure.value / self.before.figure.value - 1

    @property
    def tolerance(self) -> float:
        """The spreads of both runs together, and not less than :data:`LEAST_TOLERANCE`."""
        spreads = self.before.figure.relative_spread + self.after.figure.relative_spread
        return max(LEAST_TOLERANCE, spreads)

    @property
    def is_worse(self) -> bool:
        return self.relative < -self.tolerance

    def __str__(self) -> str:
        after, before = self.after, self.before
        what = f"{after.case} against {after.baseline}, {after.metric}"
        values = f"{before.figure.value:.2f} -> {after.figure.value:.2f}"
        return f"{what}: {values} ({self.relative:+.0%}, tolerated {self.tolerance:.0%})"


def changes(before: Sequence[Results], after: Results) -> list[Change]:
    """Of each ratio that an older run has, too; of several the newest. ``before``: oldest first."""
    known = {_key(each): each for run in before for each in ratios(run)}
    return [
        Change(before=known[_key(each)], after=each)
        for each in ratios(after)
        if _key(each) in known
    ]


def worse(compared: Sequence[Change]) -> list[Change]:
    """What got worse by more than is tolerated, the worst first."""
    return sorted((each for each in compared if each.is_worse), key=lambda each: each.relative)


def _key(ratio: Ratio) -> tuple[str, str, str]:
    return ratio.case, ratio.baseline, ratio.metric
