"""Alert rules for Prometheus, made from the objectives that contracts declare. Pure.

The names of the figures are those of :mod:`etl.metrics`, and of the API's ``/metrics`` as
``docs/operations.md`` has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.model.loader import Catalog
from contracts.model.types import Contract

_WINDOW = "30m"
_UNPAIRED_WINDOW = "6h"

_FEW = 10
"""This many refused events of five minutes say nothing about a release."""

_API_SECONDS = 0.1
"""Requirement N5."""

_API_FAILURES = 0.001
"""Requirement N4: 99.9 % of the requests are answered."""


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
    """Those about the API, about the loader, then those of each event, by name."""
    yield from _api_rules()
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


def _api_rules() -> Iterator[Rule]:
    told = (
        (
            "UgcApiStoresNothing",
            'sum(increase(ugc_api_records_total{outcome="refused"}[5m])) > 0',
            "0m",
            "page",
            "The API answers events with 503: neither Kafka nor the spool takes them",
            "See /health/ready: Kafka does not answer and the spool is full, or the disk fails.",
        ),
        (
            "UgcSpoolFills",
            "sum(ugc_api_spool_bytes) / clamp_min(sum(ugc_api_spool_limit_bytes), 1) > 0.5",
            "0m",
            "page",
            "The API's spools are more than half full",
            "Kafka has not answered for a while. Events are safe until the spools are full.",
        ),
        (
            "UgcSpoolOld",
            "max(ugc_api_spool_oldest_seconds) > 600",
            "1m",
            "page",
            "Accepted events wait in a spool for more than ten minutes",
            "They are safe and not yet in Kafka: see /health/ready and the API's log.",
        ),
        (
            "UgcApiFails",
            'sum(rate(ugc_api_request_seconds_count{status=~"5.."}[30m]))'
            f" / sum(rate(ugc_api_request_seconds_count[30m])) > {_API_FAILURES}",
            "5m",
            "page",
            "Too many requests are answered with a 5xx",
            "The error budget of 99.9 % is being spent; the log names the causes.",
        ),
        (
            "UgcApiSlow",
            "histogram_quantile(0.99, sum by (le) (rate("
            'ugc_api_request_seconds_bucket{route="/api/v1/events"}[10m])))'
            f" > {_API_SECONDS}",
            "10m",
            "ticket",
            "One in a hundred events takes longer than 100 ms",
            "ugc_api_stage_seconds tells which stage.",
        ),
        (
            "UgcPartNotAsked",
            "sum by (part) (ugc_api_breaker_open) > 0",
            "10m",
            "ticket",
            "The API does not ask {{ $labels.part }}, which did not answer lately",
            "Events are accepted all the same; tokens are checked locally meanwhile.",
        ),
    )
    for name, expr, hold, severity, summary, description in told:
        yield Rule(
            name=name,
            expr=expr,
            hold=hold,
            severity=severity,
            event=None,
            owner="ugc",
            summary=summary,
            description=description,
        )


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
        # Some messages always come between a run's last read and its end.
        expr="min_over_time(ugc_etl_lag_messages[15m])"
        " > 60 * scalar(sum(rate(ugc_etl_consumed_total[15m])) or vector(0))"
        " and delta(ugc_etl_lag_messages[15m]) >= 0",
        hold="5m",
        severity="page",
        event=None,
        owner=owner,
        summary="Partition {{ $labels.partition }} has a backlog that does not shrink",
        description="More than a minute's messages wait. `ugc quality` names the oldest one; see"
        " docs/operations.md.",
    )
    yield Rule(
        name="UgcLoaderWaits",
        expr="max by (part) (ugc_etl_part_away) > 0",
        hold="5m",
        severity="page",
        event=None,
        owner=owner,
        summary="The loader loads nothing until {{ $labels.part }} answers",
        description="Nothing is lost while Kafka keeps the messages. It goes on by itself.",
    )
    yield Rule(
        name="UgcLoaderNeedsContracts",
        expr='max(ugc_etl_last_run_outcome{outcome="held"}) > 0',
        hold="15m",
        severity="page",
        event=None,
        owner=owner,
        summary="The loader's contracts are older than messages that wait in Kafka",
        description="Nothing is lost: restart the loader with the contracts that the API has.",
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
            summary="Accepted events have not come through Kafka",
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
    if quality.max_invalid_ratio is not None:
        refused = f'sum(increase(ugc_api_events_total{{event="{event}",outcome="refused"}}[5m]))'
        sent = f'sum(increase(ugc_api_events_total{{event="{event}"}}[5m]))'
        yield Rule(
            name="UgcReleaseSendsInvalid",
            expr=f"{refused} / clamp_min({sent}, 1) > {quality.max_invalid_ratio}"
            f" and {refused} > {_FEW}",
            hold="0m",
            severity="ticket",
            event=event,
            owner=owner,
            summary=f"{event}: the API refuses too many",
            description="`ugc rejected` names the reasons and the clients that send them.",
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
