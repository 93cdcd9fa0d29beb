"""Two runs compared by their ratios: what got worse. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bench.harness.figures import Ratio, ratios
from bench.harness.results import Results

LEAST_TOLERANCE = 0.10
"""Of the older ratio; rounds of one run agree better with each other than with those of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A ratio in two runs."""

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


def changes(before: Results, after: Results) -> list[Change]:
    """Of the ratios that both runs have."""
    known = {(each.case, each.baseline, each.metric): each for each in ratios(before)}
    return [
        Change(before=known[key], after=each)
        for each in ratios(after)
        if (key := (each.case, each.baseline, each.metric)) in known
    ]


def worse(before: Results, after: Results) -> list[Change]:
    """What got worse by more than is tolerated, the worst first."""
    found = [change for change in changes(before, after) if change.is_worse]
    return sorted(found, key=lambda change: change.relative)
