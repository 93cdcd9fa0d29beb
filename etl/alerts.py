"""Alert rules for Prometheus, made from the objectives that contracts declare. Pure.

The names of the figures are those of :mod:`etl.metrics`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.loader import Catalog
from contracts.model import Contract

_WINDOW = "30m"
_UNPAIRED_WINDOW = "6h"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One alert. ``hold`` is for how long the condition has to last."""

    name: str
    expr: str
    hold: str
    severity: str
    event: str | None
    owner: str
    summary: str
    description: str


def rules(catalog: Catalog) -> Iterator[Rule]:
    """Those about the loader, then those of each event, by name."""
    yield from _loader_rules(catalog)
    for contract in catalog.newest:
        yield from _event_rules(contract)


def render(catalog: Catalog) -> str:
    """A rule file in Prometheus's format."""
    lines = [
        "# Made by `ugc quality alerts` from the contracts' x-quality; change it there.",
        "groups:",
        "  - name: ugc-events",
        "    rules:",
    ]
    for rule in rules(catalog):
        labels = {"severity": rule.severity, "owner": rule.owner}
        if rule.event is not None:
            labels["event"] = rule.event
        lines += [
            f"      - alert: {rule.name}",
            f"        expr: {json.dumps(rule.expr)}",
            f"        for: {rule.hold}",
            "        labels:",
            *(f"          {name}: {json.dumps(value)}" for name, value in labels.items()),
            "        annotations:",
            f"          summary: {json.dumps(rule.summary)}",
            f"          description: {json.dumps(rule.description)}",
        ]
    return "\n".join(lines) + "\n"


def _loader_rules(catalog: Catalog) -> Iterator[Rule]:
    owner = "ugc"
    delays = [d for c in catalog.newest if (d := c.quality.max_freshness_seconds) is not None]
    if delays:
        yield Rule(
            name="UgcLoaderStalled",
            # A loader that is gone has no figures, which no comparison is true of.
            expr=f"time() - max(ugc_etl_last_success_timestamp_seconds) > {min(delays)}"
            " or absent(ugc_etl_last_success_timestamp_seconds)",
            hold="1m",
            severity="page",
            event=None,
            owner=owner,
            summary="No run of the loader has loaded everything for too long",
            description="Look at the loader's log; `ugc quality` tells what waits. Nothing is lost"
            " while Kafka keeps the messages.",
        )
    yield Rule(
        name="UgcBooksDoNotBalance",
        expr='increase(ugc_etl_runs_total{outcome="unbalanced"}[1h]) > 0',
        hold="0m",
        severity="page",
        event=None,
        owner=owner,
        summary="A run of the loader does not account for every message",
        description="Messages were lost or made up. Keep the log; see docs/operations.md.",
    )
    yield Rule(
        name="UgcPartitionStuck",
        expr="min_over_time(ugc_etl_lag_messages[15m]) > 0"
        " and delta(ugc_etl_lag_messages[15m]) >= 0",
        hold="5m",
        severity="page",
        event=None,
        owner=owner,
        summary="Partition {{ $labels.partition }} has a backlog that does not shrink",
        description="`ugc quality` names the oldest message; see docs/operations.md.",
    )
    ratios = [q for c in catalog.newest if (q := c.quality.max_gap_ratio) is not None]
    if ratios:
        yield Rule(
            name="UgcEventsMissing",
            expr="max(ugc_etl_missing_numbers) / clamp_min(max(ugc_etl_given_numbers), 1)"
            f" > {min(ratios)}",
            hold="0m",
            severity="page",
            event=None,
            owner=owner,
            summary="Events that the API accepted have not come through Kafka",
            description="`ugc quality` names the producers and the numbers.",
        )


def _event_rules(contract: Contract) -> Iterator[Rule]:
    quality, event, owner = contract.quality, contract.event, contract.owner
    label = f'{{event="{event}"}}'

    def share(part: str, whole: str, limit: float, window: str) -> str:
        total = f"sum(increase({whole}[{window}]))"
        return f"sum(increase({part}[{window}])) / clamp_min({total}, 1) > {limit}"

    shares = (
        (
            "Invalid",
            quality.max_invalid_ratio,
            "too many messages are unusable",
            share(
                f"ugc_etl_dead_total{label}",
                f"ugc_etl_consumed_total{label}",
                quality.max_invalid_ratio or 0,
                _WINDOW,
            ),
        ),
        (
            "Duplicates",
            quality.max_duplicate_ratio,
            "too many messages repeat an earlier one",
            share(
                f"ugc_etl_duplicates_total{label}",
                f"ugc_etl_consumed_total{label}",
                quality.max_duplicate_ratio or 0,
                _WINDOW,
            ),
        ),
        (
            "Unpaired",
            quality.max_unpaired_ratio,
            "too many starts have no end",
            f"sum(increase(ugc_etl_unpaired_total{label}[{_UNPAIRED_WINDOW}])) / clamp_min("
            f"sum(increase(ugc_etl_unpaired_total{label}[{_UNPAIRED_WINDOW}]))"
            f" + sum(increase(ugc_etl_paired_total{label}[{_UNPAIRED_WINDOW}])), 1)"
            f" > {quality.max_unpaired_ratio}",
        ),
    )
    for name, limit, what, expr in shares:
        if limit is not None:
            yield Rule(
                name=f"Ugc{name}",
                expr=expr,
                hold="5m",
                severity="ticket",
                event=event,
                owner=owner,
                summary=f"{event}: {what}",
                description=f"The contract {contract.id} tolerates a share of {limit}.",
            )
