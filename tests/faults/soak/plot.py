"""Draws a run: rate, latency, lag, spool, and the faults behind them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from tests.faults.load import Sent
from tests.faults.soak.schedule import Planned
from tests.faults.soak.verdict import P99_MS, by_second, percentile
from tests.faults.soak.watch import Look

_SHADES = ("#f4c7a1", "#c9d7ee")
_GREY = "#666666"
_ABOVE: dict[str, Any] = {
    "loc": "lower right",
    "bbox_to_anchor": (1, 0.98),
    "ncols": 4,
    "fontsize": 8,
    "frameon": False,
}
"""Of a legend that hides nothing."""


def draw(
    folder: Path,
    title: str,
    began_s: float,
    sent: Sequence[Sent],
    looks: Sequence[Look],
    faults: Sequence[Planned],
) -> list[Path]:
    """Writes ``soak.svg`` and ``soak.png``; gives where."""
    width = max(10.0, min(24.0, max(f.to_seconds for f in faults) / 14)) if faults else 10.0
    figure, (names, rate, latency, lag, spool) = plt.subplots(
        5,
        1,
        sharex=True,
        figsize=(width, 11),
        layout="constrained",
        gridspec_kw={"height_ratios": [1.5, 1, 1.6, 1, 1]},
    )
    figure.suptitle(title)
    _draw_faults(names, (rate, latency, lag, spool), faults)
    _draw_requests(rate, latency, by_second(sent, began_s))
    times = [look.at_s - began_s for look in looks]
    lags = [float("nan") if look.lag is None else look.lag for look in looks]
    lag.plot(times, lags, color="#7a4f9a")
    lag.set_ylabel("not loaded,\nmessages")
    spool.fill_between(times, [look.spooled_bytes / 1024 for look in looks], color="#3c7d5a")
    spool.set_ylabel("spool, KiB")
    spool.set_xlabel("seconds of traffic")
    for axes in (rate, lag, spool):
        axes.set_ylim(bottom=0)
    spool.set_xlim(0, max(times, default=1.0))
    figure.align_ylabels()
    paths = [folder / f"soak.{kind}" for kind in ("svg", "png")]
    for path in paths:
        figure.savefig(path, dpi=110)
    plt.close(figure)
    return paths


def _draw_faults(names: Axes, others: Sequence[Axes], faults: Sequence[Planned]) -> None:
    rows = list(dict.fromkeys(fault.name for fault in faults))
    for fault in faults:
        shade = _SHADES[rows.index(fault.name) % 2]
        lasts = max(0.5, fault.to_seconds - fault.from_seconds)
        names.barh(rows.index(fault.name), lasts, left=fault.from_seconds, color=shade, ec=_GREY)
        for axes in others:
            axes.axvspan(
                fault.from_seconds, fault.from_seconds + lasts, color=shade, alpha=0.45, lw=0
            )
    names.set_yticks(range(len(rows)), rows, fontsize=8)
    names.invert_yaxis()
    names.set_title("faults", loc="left", fontsize=9)


def _draw_requests(rate: Axes, latency: Axes, seconds: dict[int, list[Sent]]) -> None:
    times = sorted(seconds)[:-1] or sorted(seconds)  # the last second is not whole
    rate.plot(times, [len(seconds[t]) for t in times], color=_GREY, label="due")
    accepted = [sum(each.acknowledged for each in seconds[t]) for t in times]
    rate.plot(times, accepted, color="#2c6fb3", label="accepted")
    again = [sum(each.attempts > 1 for each in seconds[t]) for t in times]
    rate.plot(times, again, color="#c0392b", label="sent again")
    rate.set_ylabel("events/s")
    rate.legend(**_ABOVE)
    for share, colour in ((0.5, "#9ec5e8"), (0.95, "#2c6fb3"), (0.99, "#c0392b")):
        values = [percentile([each.latency_ms for each in seconds[t]], share) for t in times]
        latency.plot(times, values, color=colour, label=f"p{share * 100:.0f}")
    latency.axhline(P99_MS, color=_GREY, lw=0.8, ls="--", label=f"{P99_MS:g} ms")
    latency.set_yscale("log")
    latency.set_ylabel("latency from\ndue moment, ms")
    latency.legend(**_ABOVE)
