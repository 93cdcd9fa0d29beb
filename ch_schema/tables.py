"""Contract → table. Pure.

One event is one row when read with ``FINAL``: the sorting key ends in ``event_id``, and everything
before it is the same whenever the same event is sent again (the time the service saw it is not).
Of several rows with one ``event_id`` the highest ``row_version`` stays.

``event_id`` is sorted as a number: so UUIDs of version 7, which begin with their time, lie in the
order of time and the min-max index on ``timestamp`` skips what a query does not ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ch_schema.errors import TableError
from ch_schema.quoting import quote_identifier, quote_string
from ch_schema.types import ColumnType, column_type
from contracts.model import Contract, Field, RecordType

DATABASE = "ugc"

DEDUPLICATION_WINDOW_BLOCKS = 1000
"""So many of a table's last inserts are remembered; 0, the engine's default, remembers none."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, and how its value is found in a message's data (``None``: not from there)."""

    name: str
    type: str
    comment: str
    read: Callable[[Mapping[str, Any]], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One event's table."""

    name: str
    columns: tuple[Column, ...]
    sorting_key: tuple[str, ...]
    retention_days: int | None
    comment: str

    @property
    def qualified_name(self) -> str:
        """Database and table, quoted."""
        return f"{quote_identifier(DATABASE)}.{quote_identifier(self.name)}"

    def create_statement(self) -> str:
        """The whole ``CREATE TABLE``; harmless when the table exists."""
        lines = [
            f"    {quote_identifier(column.name)} {column.type}"
            f" COMMENT {quote_string(column.comment)}"
            for column in self.columns
        ]
        lines.append("    INDEX timestamp_range timestamp TYPE minmax GRANULARITY 1")
        key = [*map(quote_identifier, self.sorting_key), "toUInt128(event_id)"]
        body = ",\n".join(lines)
        ttl = (
            f"TTL toDateTime(timestamp) + INTERVAL {self.retention_days} DAY\n"
            if self.retention_days
            else ""
        )
        return (
            f"CREATE TABLE IF NOT EXISTS {self.qualified_name}\n(\n{body}\n)\n"
            f"ENGINE = ReplacingMergeTree(row_version)\n"
            f"PARTITION BY toYYYYMM(timestamp)\n"
            f"ORDER BY ({', '.join(key)})\n"
            f"{ttl}"
            f"SETTINGS non_replicated_deduplication_window = {DEDUPLICATION_WINDOW_BLOCKS}\n"
            f"COMMENT {quote_string(self.comment)}"
        )


def create_database_statement() -> str:
    """The database that holds every event's table."""
    return f"CREATE DATABASE IF NOT EXISTS {quote_identifier(DATABASE)}"


def table_for(contract: Contract) -> Table:
    """The table of an event's newest contract.

    Raises:
        TableError: two fields would become one column.
    """
    columns = (*ENVELOPE, *_data_columns(contract.data, (), _whole), *LINEAGE)
    names = [column.name for column in columns]
    if twice := {name for name in names if names.count(name) > 1}:
        raise TableError(f"{contract.id}: two columns would be named {', '.join(sorted(twice))}")
    return Table(
        name=contract.event,
        columns=columns,
        sorting_key=contract.table.key,
        retention_days=contract.table.retention_days,
        comment=f"{contract.title} (contract {contract.id}, owner {contract.owner})",
    )


ENVELOPE = (
    Column("event_id", "UUID", "One id per event"),
    Column("user_id", "String", "The user, or anonymous"),
    Column("timestamp", "DateTime64(3, 'UTC')", "When the event was accepted"),
    Column("contract_version", "UInt32", "Contract version that the data was written for"),
)
"""The columns before those of the data."""

LINEAGE = (
    Column("kafka_partition", "Int32", "Where the row came from"),
    Column("kafka_offset", "Int64", "Where the row came from"),
    Column("loaded_at", "DateTime64(3, 'UTC')", "When the loader wrote the row"),
    Column("row_version", "UInt8", "Of rows with one event_id the highest stays"),
)
"""The columns after those of the data."""


def _whole(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return data


def _data_columns(
    record: RecordType,
    path: tuple[str, ...],
    read_record: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> Iterator[Column]:
    """One column for each leaf; the columns of an object's fields carry its name before theirs."""
    for field in record.fields:
        inner = field.value.type
        if isinstance(inner, RecordType) and not field.optional:
            yield from _data_columns(inner, (*path, field.name), _inside(read_record, field.name))
        else:
            yield _leaf(field, path, read_record)


def _inside(
    read_record: Callable[[Mapping[str, Any]], Mapping[str, Any]], name: str
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def read(data: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = read_record(data)[name]
        return found

    return read


def _leaf(
    field: Field,
    path: tuple[str, ...],
    read_record: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> Column:
    kind: ColumnType = column_type(field.value, optional=not field.required)
    cell = kind.cell()
    return Column(
        name="__".join((*path, field.name)),
        type=kind.sql,
        comment=field.description,
        read=lambda data: cell(read_record(data)[field.name]),
    )
