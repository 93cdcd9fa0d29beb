"""The table of the loader's books: one row per run. Pure.

A run that is told twice, as interrupted and then as ended, is one row: of rows with one ``run_id``
the highest ``version`` stays.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ch_schema.quoting import quote_identifier
from ch_schema.tables import DATABASE, DEDUPLICATION_WINDOW_BLOCKS

TABLE = f"{DATABASE}.etl_runs"

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

COLUMNS: tuple[tuple[str, str], ...] = (
    ("run_id", "UUID"),
    ("version", "UInt32"),
    ("outcome", "LowCardinality(String)"),
    ("started_at", "DateTime64(3, 'UTC')"),
    ("seconds", "Float64"),
    ("balanced", "Bool"),
    ("swept_to", "Nullable(DateTime64(3, 'UTC'))"),
    ("missing", "Nullable(Int64)"),
    ("repeated", "Nullable(Int64)"),
    ("partitions", "Array(Int32)"),
    ("from_offsets", "Array(Int64)"),
    ("to_offsets", "Array(Int64)"),
    ("lag_partitions", "Array(Int32)"),
    ("lag_messages", "Array(Int64)"),
    ("events", "Array(String)"),
    *((name, "Array(Int64)") for name in EVENT_COUNTS),
    ("derived", "Array(String)"),
    *((name, "Array(Int64)") for name in PAIR_COUNTS),
    ("open_views", "Array(Int64)"),
    ("ends_waiting", "Array(Int64)"),
)
"""``partitions``, ``from_offsets`` and ``to_offsets`` tell what was committed, range by range;
``events`` and the counts up to ``unstamped`` each event's messages (:mod:`etl.report`);
``derived`` and what follows the pairings."""

NAMES = tuple(name for name, _ in COLUMNS)
_KEPT_DAYS = 400


def create_statement() -> str:
    """The whole ``CREATE TABLE``; harmless when the table exists."""
    lines = ",\n".join(f"    {quote_identifier(name)} {kind}" for name, kind in COLUMNS)
    return (
        f"CREATE TABLE IF NOT EXISTS {quote_identifier(DATABASE)}.{quote_identifier('etl_runs')}\n"
        f"(\n{lines}\n)\n"
        f"ENGINE = ReplacingMergeTree(version)\n"
        f"PARTITION BY toYYYYMM(started_at)\n"
        f"ORDER BY (started_at, run_id)\n"
        f"TTL toDateTime(started_at) + INTERVAL {_KEPT_DAYS} DAY\n"
        f"SETTINGS non_replicated_deduplication_window = {DEDUPLICATION_WINDOW_BLOCKS}\n"
        f"COMMENT 'What each run of the loader did; see etl/report.py'"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One row: a report as :meth:`etl.report.RunReport.as_dict` gives it, and what became of it."""

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
