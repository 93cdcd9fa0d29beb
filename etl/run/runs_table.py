"""The table of the loader's reports: one row per run. Pure.

A run that is told twice, as interrupted and then as ended, is one row: of rows with one ``run_id``
the highest ``version`` stays.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ch_schema.ddl.internal import internal_table
from ch_schema.ddl.tables import Column

NAME = "etl_runs"

EVENT_COUNTS = (
    "consumed",
    "loaded",
    "taken",
    "replayed",
    "duplicates",
    "dead",
    "unstamped",
)
PAIR_COUNTS = ("paired", "late", "unpaired", "orphan_ends", "skewed", "rebuilt")

_COUNTED = {
    "consumed": "messages read",
    "loaded": "messages that became rows",
    "taken": "halves of pairs taken in",
    "replayed": "halves that were known already",
    "duplicates": "repetitions of a client",
    "dead": "dead letters",
    "unstamped": "messages without a producer's number",
    "paired": "pairs made",
    "late": "pairs made after they had been given up",
    "unpaired": "starts without an end",
    "orphan_ends": "ends without a start",
    "skewed": "pairs whose end was before their start, or too long after it",
    "rebuilt": "halves read again after a loss of Redis",
}


def _counts(names: tuple[str, ...], of: str) -> tuple[Column, ...]:
    return tuple(
        Column(name, "Array(Int64)", f"For each of {of}: {_COUNTED[name]}") for name in names
    )


_TIME = "DateTime64(3, 'UTC')"

RUNS = internal_table(
    NAME,
    (
        Column("run_id", "UUID", "One per run"),
        Column("version", "UInt32", "Of rows with one run_id the highest stays"),
        Column("outcome", "LowCardinality(String)", "How the run ended"),
        Column("started_at", _TIME, "When it began (UTC)"),
        Column("seconds", "Float64", "How long it took"),
        Column("balanced", "Bool", "Whether its books balance"),
        Column("swept_to", f"Nullable({_TIME})", "Starts due before this time were given up (UTC)"),
        Column("missing", "Nullable(Int64)", "Producers' numbers that did not come"),
        Column("repeated", "Nullable(Int64)", "Producers' numbers that came again"),
        Column(
            "topic_id", "Nullable(UUID)", "Whose offsets these are: the topic as it was made then"
        ),
        Column("partitions", "Array(Int32)", "Of each range of offsets: the partition"),
        Column("from_offsets", "Array(Int64)", "Of each range: the first offset"),
        Column("to_offsets", "Array(Int64)", "Of each range: the offset behind the last"),
        Column("lag_partitions", "Array(Int32)", "Partitions with messages left"),
        Column("lag_messages", "Array(Int64)", "How many in each of them"),
        Column("events", "Array(String)", "Events that were read"),
        *_counts(EVENT_COUNTS, "events"),
        Column("derived", "Array(String)", "Events that are made of pairs"),
        *_counts(PAIR_COUNTS, "derived"),
        Column("open_views", "Array(Int64)", "For each of derived: starts that wait"),
        Column("ends_waiting", "Array(Int64)", "For each of derived: ends that wait"),
    ),
    key=("started_at", "run_id"),
    time="started_at",
    version="version",
    retention_days=400,
    comment="What each run of the loader did; see docs/operations.md",
)
"""``partitions``, ``from_offsets`` and ``to_offsets`` tell what was committed, range by range;
``events`` and the counts up to ``unstamped`` each event's messages (:mod:`etl.run.report`);
``derived`` and what follows the pairings."""

NAMES = tuple(column.name for column in RUNS.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One row: a report by :meth:`etl.run.report.RunReport.as_dict`, and what became of it."""

    run_id: uuid.UUID
    version: int
    outcome: str
    report: Mapping[str, Any]

    @property
    def token(self) -> str:
        """For ClickHouse's deduplication of inserts."""
        return f"{self.run_id}/{self.version}/{self.outcome}"

    def values(self) -> tuple[Any, ...]:
        """In the order of :data:`NAMES`."""
        report = self.report
        ranges, lag = report["ranges"], report["lag"]
        events, pairs = report["events"], report["pairs"]
        swept_to = report["swept_to"]
        numbers = report["numbers"] or {}
        topic_id = report.get("topic_id")  # a killed run's note may be of another version
        values = {
            "run_id": self.run_id,
            "version": self.version,
            "outcome": self.outcome,
            "started_at": _instant(report["started_at"]),
            "seconds": float(report["seconds"]),
            "balanced": report["balanced"],
            "swept_to": None if swept_to is None else _instant(swept_to),
            "missing": numbers.get("missing"),
            "repeated": numbers.get("repeated"),
            "topic_id": None if topic_id is None else uuid.UUID(topic_id),
            "partitions": [partition for partition, _, _ in ranges],
            "from_offsets": [start for _, start, _ in ranges],
            "to_offsets": [stop for _, _, stop in ranges],
            "lag_partitions": [int(partition) for partition in lag],
            "lag_messages": list(lag.values()),
            "events": list(events),
            **{name: [each[name] for each in events.values()] for name in EVENT_COUNTS},
            "derived": list(pairs),
            **{name: [each[name] for each in pairs.values()] for name in PAIR_COUNTS},
            "open_views": [each["after"]["starts_waiting"] for each in pairs.values()],
            "ends_waiting": [each["after"]["ends_waiting"] for each in pairs.values()],
        }
        return tuple(values[name] for name in NAMES)


def _instant(text: str) -> dt.datetime:
    """To whole milliseconds, as the column keeps it."""
    moment = dt.datetime.fromisoformat(text)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
