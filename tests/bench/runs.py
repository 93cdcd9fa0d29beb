"""Runs of the benchmark, made up."""

from __future__ import annotations

from collections.abc import Sequence

from bench.harness.results import Case, Results


def case(
    name: str, per_second: Sequence[float], *, against: tuple[str, ...] = (), cpu_us: float = 50.0
) -> Case:
    samples = [{"events_per_s": each, "cpu_us": cpu_us, "p99_ms": 7.0} for each in per_second]
    return Case(
        name=name,
        title=f"the title of {name}",
        role="ours" if against else "baseline",
        against=against,
        samples=tuple(samples),
        answers={"202": 1_000},
    )


def run(*cases: Case, taken: str = "2026-01-31T12:00:00Z") -> Results:
    return Results(
        taken=taken,
        commit="0123456789ab",
        is_quick=False,
        notes=("Measured on a busy machine",),
        machine={"processor": "P", "memory": "1 GiB", "kernel": "K", "python": "3.11"},
        versions={"flask": "3"},
        cases=cases,
    )
