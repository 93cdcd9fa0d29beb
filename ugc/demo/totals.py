"""Compares what the API accepted with what the loader did and what the tables hold. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.model.loader import Catalog
from ugc.traffic.sender import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Two figures that have to be equal, and how each was counted."""

    event: str
    left: int
    left_counts: str
    right: int
    right_counts: str

    @property
    def balanced(self) -> bool:
        """Whether nothing was lost and nothing doubled."""
        return self.left == self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums of all runs of the loader, by event, and the last run's open views.

    ``counts`` has the fields of :class:`etl.run.report.EventCounts`, ``pairs`` those of
    :class:`etl.run.report.PairCounts` that count up.
    """

    counts: Mapping[str, Counter[str]]
    pairs: Mapping[str, Counter[str]]
    waiting: Mapping[str, int]
    runs_reconciled: bool


def add_up(reports: Sequence[Mapping[str, Any]]) -> Totals:
    """The totals of several runs; each report is that of ``ugc etl run --json``, in order."""
    counts: dict[str, Counter[str]] = {}
    pairs: dict[str, Counter[str]] = {}
    waiting: dict[str, int] = {}
    for report in reports:
        for event, numbers in report["events"].items():
            counts.setdefault(event, Counter()).update(numbers)
        for event, numbers in report["pairs"].items():
            figures = {name: n for name, n in numbers.items() if isinstance(n, int)}
            pairs.setdefault(event, Counter()).update(figures)
            waiting[event] = numbers["after"]["starts_waiting"]
    return Totals(
        counts=counts,
        pairs=pairs,
        waiting=waiting,
        runs_reconciled=all(report["balanced"] for report in reports),
    )


def checks(
    catalog: Catalog, tally: Tally, totals: Totals, rows: Mapping[str, int]
) -> Iterator[Check]:
    """Everything that has to be equal when no event was lost and none doubled.

    Args:
        catalog: the contracts.
        tally: what the API answered.
        totals: what the loader did.
        rows: table → rows, read with FINAL.
    """
    tables = {contract.event for contract in catalog.tables}
    for event, answers in sorted(tally.accepted.items()):
        counts = totals.counts.get(event, Counter())
        yield Check(
            event=event,
            left=answers - tally.recognised[event],
            left_counts="newly stored",
            right=counts["consumed"],
            right_counts="read from Kafka",
        )
        yield Check(
            event=event,
            left=answers - len(tally.ids[event]),
            left_counts="sent twice",
            right=tally.recognised[event] + counts["duplicates"],
            right_counts="found to be duplicates",
        )
        if event in tables:
            yield Check(
                event=event,
                left=len(tally.ids[event]),
                left_counts="distinct events",
                right=rows[event],
                right_counts="rows",
            )
    for event in catalog.pairings:
        yield Check(
            event=event,
            left=len(tally.views[event]),
            left_counts="pairs begun",
            right=rows[event] + totals.waiting.get(event, 0),
            right_counts="rows + still open",
        )
