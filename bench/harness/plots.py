"""A run as pictures: deterministic, so that they change only when the figures do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

from bench.harness.figures import figure_of
from bench.harness.results import Case, Results

_COLOURS = {"ours": "#d9772b", "baseline": "#8fa6c9"}
_PLOTS = {"api": "events per second", "loader": "messages per second"}
_LATENCIES = {"p50_ms": "#c9d7ee", "p99_ms": "#8fa6c9", "p999_ms": "#d9772b"}


def draw(run: Results, folder: Path) -> list[Path]:
    """SVGs of the newest run; gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    # Without these two, ids in the file and its date would differ each time.
    with mpl.rc_context({"svg.hashsalt": "ugc", "svg.fonttype": "none", "font.size": 8}):
        made = []
        for group, unit in _PLOTS.items():
            cases = [case for case in run.cases if case.group == group]
            cases = [case for case in cases if figure_of(case, "events_per_s") is not None]
            if cases:
                made.append(_bars(cases, unit, folder / f"performance-{group}.svg"))
        timed = [case for case in run.cases if figure_of(case, "p99_ms") is not None]
        if timed:
            made.append(_latencies(timed, folder / "performance-latency.svg"))
    return made


def _bars(cases: Sequence[Case], unit: str, path: Path) -> Path:
    """One above the other: throughput, and what an event costs."""
    figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(9, 0.6 + 0.24 * len(cases)))
    names = [case.name.partition("/")[2] for case in cases]
    colours = [_COLOURS[case.role] for case in cases]
    for axes, metric, label in ((left, "events_per_s", unit), (right, "cpu_us", "CPU µs for each")):
        figures = [figure_of(case, metric) for case in cases]
        values = [0.0 if each is None else each.value for each in figures]
        spreads = [0.0 if each is None else each.spread for each in figures]
        axes.barh(names, values, xerr=spreads, color=colours, ecolor="#444444")
        axes.set_xlabel(label)
        axes.spines[["top", "right"]].set_visible(False)
    left.invert_yaxis()
    return _save(figure, path)


def _latencies(cases: Sequence[Case], path: Path) -> Path:
    figure, axes = plt.subplots(figsize=(9, 0.8 + 0.3 * len(cases)))
    height = 0.27
    for place, (metric, colour) in enumerate(_LATENCIES.items()):
        found = [figure_of(case, metric) for case in cases]
        values = [0.0 if each is None else each.value for each in found]
        offsets = [number + (place - 1) * height for number in range(len(cases))]
        axes.barh(offsets, values, height, color=colour, label=metric.removesuffix("_ms"))
    axes.set_yticks(range(len(cases)), [case.name.partition("/")[2] for case in cases])
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds")
    axes.invert_yaxis()
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> Path:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    # matplotlib leaves blanks at the ends of lines.
    lines = path.read_text("utf-8").splitlines()
    path.write_text("".join(f"{line.rstrip()}\n" for line in lines), "utf-8")
    return path
