"""What the figures should be, and whether they are. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bench.harness.figures import figure_of, ratio
from bench.harness.results import Results


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound for one metric of one case, or for its ratio to another case."""

    case: str
    metric: str
    bound: float
    side: Literal["least", "most"]
    unit: str
    against: str | None = None
    factor: float = 1.0
    """The metric is shown times this."""

    @property
    def text(self) -> str:
        sign = "≥" if self.side == "least" else "≤"
        other = "" if self.against is None else f" × `{self.against}`"
        return f"{sign} {self.bound:,g} {self.unit}".rstrip() + other

    def value(self, results: Results) -> float | None:
        """``None`` where the run did not measure it."""
        case = results.case(self.case)
        if case is None:
            return None
        if self.against is None:
            found = figure_of(case, self.metric)
            return None if found is None else found.value * self.factor
        other = results.case(self.against)
        compared = None if other is None else ratio(case, other, self.metric)
        return None if compared is None else compared.figure.value

    def is_reached(self, value: float) -> bool:
        return value >= self.bound if self.side == "least" else value <= self.bound


def _least(case: str, metric: str, bound: float, unit: str = "", **more: object) -> Goal:
    return Goal(case=case, metric=metric, bound=bound, side="least", unit=unit, **more)  # type: ignore[arg-type]


def _most(case: str, metric: str, bound: float, unit: str = "", **more: object) -> Goal:
    return Goal(case=case, metric=metric, bound=bound, side="most", unit=unit, **more)  # type: ignore[arg-type]


GOALS: tuple[Goal, ...] = (
    _least("api/single-64", "events_per_s", 10_000, "events/s"),
    _most("api/single-64", "cpu_us", 80, "µs of CPU per event"),
    _most("api/single-64", "p99_ms", 20, "ms, p99"),
    _least("api/single-64", "events_per_s", 3, against="api/stock-granian"),
    _least("api/single-64", "events_per_s", 4, against="api/stock-gunicorn"),
    _most("api/single-known-64", "cpu_us", 100, "µs of CPU per event"),
    *(
        goal
        for batches in ("batch-1", "batch-4", "batch-16", "batch-known-4")
        for goal in (
            _least(f"api/{batches}", "events_per_s", 50_000, "events/s"),
            _most(f"api/{batches}", "spool_share", 1, "% through the spool", factor=100),
        )
    ),
    _most("api/single-64", "spool_share", 1, "% through the spool", factor=100),
    _most("api/rate-660", "p99_ms", 20, "ms, p99"),
    _most("api/rate-660", "p999_ms", 100, "ms, p99.9"),
    _most("api/rate-660", "cpu_share", 15, "% of a core", factor=100),
    _most("api/single-64", "memory_mb", 120, "MB"),
    _most("api/batch-16", "memory_mb", 120, "MB"),
    _least("loader/mixed", "events_per_s", 100_000, "messages/s"),
    _least("loader/mixed", "events_per_s", 1.2, against="loader/fastavro"),
    _least("loader/clicks", "events_per_s", 130_000, "messages/s"),
    _least("loader/pairs", "events_per_s", 25_000, "views/s", factor=0.5),
    _most("loader/mixed", "memory_mb", 200, "MB"),
    _most("contracts/start-200", "seconds", 1.5, "s"),
    _most("contracts/start-200", "memory_mb", 120, "MB"),
    _most("contracts/check-500", "seconds", 10, "s"),
    # The ratio is of how cheap it is: at most 1.1 times the cost.
    _least("contracts/event-1000", "cpu_us", 0.91, against="contracts/event-10"),
    _least("contracts/event-10-of-1000", "cpu_us", 0.91, against="contracts/event-10"),
    _most("loader/sweep", "seconds_per_million", 15, "s for 10⁶ views"),
    _most("loader/follow-2s", "p95_ms", 3, "s, p95", factor=0.001),
    _most("loader/follow-500ms", "p95_ms", 1, "s, p95", factor=0.001),
    _most("loader/backlog", "memory_mb", 200, "MB over ten times the backlog"),
    _most("loader/backlog", "memory_ratio", 1.2, "× the memory of a tenth of it"),
)

Row = tuple[Goal, float | None]


def judged(results: Results, goals: tuple[Goal, ...] = GOALS) -> list[Row]:
    """Each goal and what was measured of it."""
    return [(goal, goal.value(results)) for goal in goals]
