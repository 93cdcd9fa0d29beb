"""Gathers what :mod:`etl.quality.objectives` judges.

From ``etl_runs``, the tables, the ledger and Kafka.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ch_schema.quoting import quote_identifier
from contracts.model.loader import Catalog
from contracts.ranges import merged
from etl.decode.rejections import read_rejections
from etl.quality import client_numbers
from etl.quality.client_numbers import ClientNumbers, Queries
from etl.quality.objectives import EventFacts, Facts, RangeFault, ViewFacts, Waiting, range_faults
from etl.run.journal import INTERRUPTED, drafted_ranges, is_of
from etl.run.runs_table import EVENT_COUNTS, NAME
from etl.sequence.gaps import GapSummary, summarise
from etl.sequence.ledger import Ledger
from etl.sessions.pairing import VERSION_PAIRED, milliseconds
from etl.source import History
from registry.keys import name_in_key

_PEEK_MESSAGES = 100
_TOLERANCE = dt.timedelta(minutes=1)
"""So far clocks may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """Whom to ask. ``history`` is of the events' topic, ``refusals`` of the refused events'."""

    catalog: Catalog
    clickhouse: Queries
    ledger: Ledger
    history: History
    refusals: History
    gap_grace_seconds: int


def gather(witnesses: Witnesses, since: dt.datetime, now: dt.datetime) -> Facts:
    """Everything that is known about the time from ``since`` on.

    Raises:
        ClickHouseError, SourceUnavailableError, StoreUnavailableError: a part does not answer.
    """
    database = quote_identifier(witnesses.catalog.naming.database)
    # In this order: what was committed by then is in a draft or, once its run has ended, in a row.
    committed = witnesses.history.committed()
    topic_id = witnesses.history.topic_id()
    drafts = drafted_ranges(witnesses.ledger, committed, topic_id)
    runs = _runs(witnesses.clickhouse, database, since)
    ended = {str(run["run_id"]) for run in runs}
    under_way = [each for run_id, some in drafts.items() if run_id not in ended for each in some]
    waits = waiting(witnesses.history, now)
    ranges = [each for run in runs for each in _ranges(run)]
    # A topic that was made anew begins at 0: of runs on the one before, nothing joins.
    joining = [r for run in runs if is_of(run["topic_id"], topic_id) for r in _ranges(run)]
    refused = read_rejections(witnesses.refusals, milliseconds(since))
    return Facts(
        runs=len(runs),
        interrupted=sum(run["outcome"] == INTERRUPTED for run in runs),
        unbalanced=sum(not run["balanced"] for run in runs),
        events=_events(witnesses, runs, ranges),
        views=_views(witnesses, runs, since),
        refused=None if refused is None else dict(refused.by_event),
        refusal_reasons={} if refused is None else dict(refused.by_reason),
        numbers=_numbers(witnesses, runs),
        clients=_clients(witnesses, runs, since),
        range_faults=_faults(committed, [*joining, *under_way]),
        waiting=[replace(each, age_seconds=max(0.0, each.age_seconds)) for each in waits],
        from_the_future=sum(run["started_at"] > now + _TOLERANCE for run in runs)
        + sum(each.age_seconds < -_TOLERANCE.total_seconds() for each in waits),
    )


def waiting(history: History, now: dt.datetime) -> list[Waiting]:
    """The partitions with messages behind the group's offset; ages may be below 0."""
    bounds, committed = history.bounds(), history.committed()
    positions = {p: committed.get(p, span.start) for p, span in bounds.items()}
    history.begin(positions, {p: position + 1 for p, position in positions.items()})
    found: list[Waiting] = []
    while (chunk := history.read(_PEEK_MESSAGES)) is not None:
        found += [
            Waiting(
                partition=raw.partition,
                messages=max(1, bounds[raw.partition].stop - raw.offset),
                event=name_in_key(raw.key) or "?",
                age_seconds=(milliseconds(now) - raw.timestamp_ms) / 1000,
            )
            for raw in chunk.messages
        ]
    return sorted(found, key=lambda each: each.partition)


def _runs(clickhouse: Queries, database: str, since: dt.datetime) -> list[dict[str, Any]]:
    return clickhouse.query(
        f"SELECT * FROM {database}.{NAME} FINAL WHERE started_at >= {{since:DateTime64(3, 'UTC')}}"  # noqa: S608 - quoted names
        " ORDER BY started_at",
        parameters={"since": since},
    )


def _ranges(run: Mapping[str, Any]) -> Iterable[tuple[int, int, int]]:
    return zip(run["partitions"], run["from_offsets"], run["to_offsets"], strict=True)


def _faults(
    committed: Mapping[int, int], ranges: Sequence[tuple[int, int, int]]
) -> list[RangeFault]:
    """Those between the ranges, and what was committed behind the last of each partition."""
    ends = [(partition, offset, offset) for partition, offset in committed.items()]
    known = {partition for partition, _, _ in ranges}
    return range_faults([*ranges, *(end for end in ends if end[0] in known)])


def _events(
    witnesses: Witnesses,
    runs: Sequence[Mapping[str, Any]],
    ranges: Sequence[tuple[int, int, int]],
) -> dict[str, EventFacts]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for run in runs:
        for index, event in enumerate(run["events"]):
            counts[event].update({name: run[name][index] for name in EVENT_COUNTS})
    tables = {contract.event for contract in witnesses.catalog.tables}
    derived = set(witnesses.catalog.pairings)
    return {
        event: EventFacts(
            **{name: each[name] for name in EVENT_COUNTS if name in EventFacts.__slots__},
            rows=(_rows(witnesses, event, ranges) if event in tables - derived else None),
        )
        for event, each in sorted(counts.items())
    }


def _table(witnesses: Witnesses, event: str) -> str:
    database = quote_identifier(witnesses.catalog.naming.database)
    return f"{database}.{quote_identifier(event)}"


def _rows(witnesses: Witnesses, event: str, ranges: Sequence[tuple[int, int, int]]) -> int:
    """Rows out of these offsets. Ranges that join are asked for as one."""
    offsets: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for partition, start, stop in ranges:
        offsets[partition].append((start, stop - 1))
    where = " OR ".join(
        f"(kafka_partition = {partition} AND kafka_offset BETWEEN {first} AND {last})"
        for partition, each in sorted(offsets.items())
        for first, last in merged(each)
    )
    table = _table(witnesses, event)
    (row,) = witnesses.clickhouse.query(
        f"SELECT count() AS n FROM {table} FINAL WHERE {where or 'false'}"  # noqa: S608 - numbers, and quoted names
    )
    return int(row["n"])


def _views(
    witnesses: Witnesses, runs: Sequence[Mapping[str, Any]], since: dt.datetime
) -> dict[str, ViewFacts]:
    found: dict[str, ViewFacts] = {}
    for event in witnesses.catalog.pairings:
        table = _table(witnesses, event)
        (row,) = witnesses.clickhouse.query(
            f"SELECT countIf(row_version >= {VERSION_PAIRED}) AS paired,"  # noqa: S608 - a number, and a quoted name
            f" countIf(row_version < {VERSION_PAIRED}) AS unpaired FROM {table} FINAL"
            " WHERE loaded_at >= {since:DateTime64(3, 'UTC')}",
            parameters={"since": since},
        )
        skewed = sum(
            run["skewed"][run["derived"].index(event)] for run in runs if event in run["derived"]
        )
        found[event] = ViewFacts(int(row["paired"]), int(row["unpaired"]), skewed)
    return found


def _clients(
    witnesses: Witnesses, runs: Sequence[Mapping[str, Any]], since: dt.datetime
) -> tuple[ClientNumbers, ...] | None:
    """Settled is what was accepted so long before the last sweep that no start of it waits."""
    waits = [pairing.wait_seconds for pairing in witnesses.catalog.pairings.values()]
    swept = [run["swept_to"] for run in runs if run["swept_to"] is not None]
    seconds = max(waits, default=0) + witnesses.gap_grace_seconds
    settled = max(swept, default=since) - dt.timedelta(seconds=seconds)
    return client_numbers.read(witnesses.catalog, witnesses.clickhouse, since, max(settled, since))


def _numbers(witnesses: Witnesses, runs: Sequence[Mapping[str, Any]]) -> GapSummary | None:
    swept = [run["swept_to"] for run in runs if run["swept_to"] is not None]
    if not swept:
        return None
    return summarise(
        witnesses.ledger.producers(),
        witnesses.ledger.totals(),
        watermark_ms=milliseconds(max(swept)),
        grace_ms=witnesses.gap_grace_seconds * 1000,
    )
