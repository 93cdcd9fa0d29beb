"""Medians, spreads and ratios of samples. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.harness.results import Case, Results

MORE_IS_BETTER = {
    "events_per_s": True,
    "cpu_us": False,
    "cpu_s": False,
    "p50_ms": False,
    "p99_ms": False,
}
"""Metrics that are compared → whether a larger value is the better one."""

RATIOS = ("events_per_s", "cpu_us", "cpu_s")
"""Metrics that the table shows as ratios."""


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of some rounds, and half of the distance between their extremes."""

    value: float
    spread: float

    @property
    def relative_spread(self) -> float:
        return self.spread / abs(self.value) if self.value else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times better a case is than one that it is held against: above 1 it wins."""

    case: str
    baseline: str
    metric: str
    figure: Figure


def figure(values: Sequence[float]) -> Figure:
    """Of at least one value."""
    return Figure(median(values), (max(values) - min(values)) / 2)


def figure_of(case: Case, metric: str) -> Figure | None:
    """``None`` where the case has no such metric."""
    values = [sample[metric] for sample in case.samples if metric in sample]
    return figure(values) if values else None


def ratio(case: Case, baseline: Case, metric: str) -> Ratio | None:
    """Round by round, so that what disturbed both in a round disturbs neither."""
    found = []
    for ours, theirs in zip(case.samples, baseline.samples, strict=False):
        if ours.get(metric) and theirs.get(metric):
            quotient = ours[metric] / theirs[metric]
            found.append(quotient if MORE_IS_BETTER[metric] else 1 / quotient)
    if not found:
        return None
    return Ratio(case=case.name, baseline=baseline.name, metric=metric, figure=figure(found))


def ratios(results: Results) -> list[Ratio]:
    """All of a run, in its order."""
    return [
        found
        for case in results.cases
        for name in case.against
        if (baseline := results.case(name)) is not None
        for metric in RATIOS
        if (found := ratio(case, baseline, metric)) is not None
    ]
