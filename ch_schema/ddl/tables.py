"""Contract → table. Pure.

One event is one row when read with ``FINAL``: the sorting key ends in ``event_id``, and everything
before it is the same whenever the same event is sent again (the time the service saw it is not).
Of several rows with one ``event_id`` the highest ``row_version`` stays.

``event_id`` is sorted as a number: so UUIDs of version 7, which begin with their time, lie in the
order of time and the min-max index on ``timestamp`` skips what a query does not ask for.  A filter
on ``user_id`` does the same for the rows of one user.

A :class:`Table` may also be one of the tool's own (:mod:`ch_schema.ddl.internal`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ch_schema.ddl.layout import ONE_SERVER, Layout
from ch_schema.ddl.types import PLAIN_CODEC, TIME_CODEC, ColumnType, codec, column_type
from ch_schema.errors import TableError
from ch_schema.quoting import quote_identifier, quote_string
from contracts.model.types import ArrayType, Contract, Field, FieldType, MapType, RecordType

DATABASE = "ugc"

DEDUPLICATION_WINDOW_BLOCKS = 1000
"""This many of a table's last inserts are remembered; 0, the engine's default, remembers none."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column, and how its value is found in a message's data (``None``: not from there)."""

    name: str
    type: str
    comment: str
    read: Callable[[Mapping[str, Any]], Any] | None = None
    codec: str | None = None
    """How it is compressed, such as ``ZSTD(1)``; ``None``: the server's way."""
    kept_days: int | None = None
    """So long after its event a value is cleared; ``None``: when its row goes."""
    pii: str | None = None
    """What it tells about a person (``x-pii``)."""

    def definition(self, time: str) -> str:
        """As it stands in CREATE TABLE and behind MODIFY COLUMN. ``time`` names the row's time."""
        parts = [quote_identifier(self.name), self.type, f"COMMENT {quote_string(self.comment)}"]
        if self.codec is not None:
            parts.append(f"CODEC({self.codec})")
        if self.kept_days is not None:
            parts.append(lifetime(time, self.kept_days))
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Index:
    """A data skipping index on one column."""

    name: str
    column: str
    kind: str

    @property
    def definition(self) -> str:
        """As it stands in CREATE TABLE and behind ADD INDEX."""
        return f"{self.name} {self.column} TYPE {self.kind} GRANULARITY 1"


INDEXES = (
    Index("timestamp_range", "timestamp", "minmax"),
    Index("user_id_filter", "user_id", "bloom_filter(0.01)"),
)
"""Of every event's table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One event's table, or one of the tool's own.

    ``sorting_key`` names the columns that lead the sorting key, ``row_key`` the expressions behind
    them that tell rows apart.  Of rows with one sorting key the highest ``version`` stays.
    ``time`` is the column of the partitions and of the lifetime.
    """

    name: str
    columns: tuple[Column, ...]
    sorting_key: tuple[str, ...]
    retention_days: int | None
    comment: str
    database: str = DATABASE
    row_key: tuple[str, ...] = ("toUInt128(event_id)",)
    version: str = "row_version"
    time: str = "timestamp"
    indexes: tuple[Index, ...] = INDEXES
    placed: Layout = ONE_SERVER

    @property
    def qualified_name(self) -> str:
        """Database and table, quoted."""
        return f"{quote_identifier(self.database)}.{quote_identifier(self.name)}"

    @property
    def named(self) -> str:
        """As CREATE and ALTER name it."""
        return f"{self.qualified_name}{self.placed.on_cluster}"

    def on(self, layout: Layout, database: str) -> Table:
        """The table that holds the rows of ``database`` there."""
        return replace(self, database=layout.stored_in(database), placed=layout)

    @property
    def window_setting(self) -> str:
        """What remembers the last inserts."""
        kind = "replicated" if self.placed.replicated else "non_replicated"
        return f"{kind}_deduplication_window = {DEDUPLICATION_WINDOW_BLOCKS}"

    @property
    def order(self) -> tuple[str, ...]:
        """The expressions of the sorting key."""
        return (*map(quote_identifier, self.sorting_key), *self.row_key)

    @property
    def partition(self) -> str:
        """The expression of the partitions."""
        return f"toYYYYMM({self.time})"

    def body(self) -> str:
        """Columns and indexes, as they stand between the brackets."""
        lines = [
            *(column.definition(self.time) for column in self.columns),
            *(f"INDEX {index.definition}" for index in self.indexes),
        ]
        return ",\n".join(f"    {line}" for line in lines)

    def layout(self) -> str:
        """What follows the engine: partitions, order and lifetime."""
        ttl = "" if self.retention_days is None else f"{self.lifetime()}\n"
        return f"PARTITION BY {self.partition}\nORDER BY ({', '.join(self.order)})\n{ttl}"

    def lifetime(self) -> str:
        """The TTL of the rows, which the table has to have."""
        assert self.retention_days is not None
        return lifetime(self.time, self.retention_days)

    def create_statement(self) -> str:
        """The whole ``CREATE TABLE``; harmless when the table exists."""
        engine = "ReplacingMergeTree("
        if self.placed.replicated:
            path = f"/clickhouse/tables/{{shard}}/{self.database}/{self.name}"
            engine = f"ReplicatedReplacingMergeTree({quote_string(path)}, '{{replica}}', "
        return (
            f"CREATE TABLE IF NOT EXISTS {self.named}\n(\n{self.body()}\n)\n"
            f"ENGINE = {engine}{self.version})\n"
            f"{self.layout()}"
            f"SETTINGS {self.window_setting}\n"
            f"COMMENT {quote_string(self.comment)}"
        )


def lifetime(time: str, days: int) -> str:
    """A TTL clause."""
    return f"TTL toDateTime({time}) + INTERVAL {days} DAY"


def create_database_statement(name: str = DATABASE, layout: Layout = ONE_SERVER) -> str:
    """The database that holds every event's table, or another."""
    return f"CREATE DATABASE IF NOT EXISTS {quote_identifier(name)}{layout.on_cluster}"


def table_for(contract: Contract) -> Table:
    """The table of an event's newest contract.

    Raises:
        TableError: two fields would become one column.
    """
    personal_days = contract.table.personal_days
    columns = (*ENVELOPE, *_data_columns(contract.data, (), _whole, personal_days), *LINEAGE)
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
    Column("event_id", "UUID", "One id per event", codec=PLAIN_CODEC),
    Column("user_id", "String", "The user, or anonymous", codec=PLAIN_CODEC, pii="identifier"),
    Column(
        "timestamp", "DateTime64(3, 'UTC')", "When the event was accepted (UTC)", codec=TIME_CODEC
    ),
    Column(
        "contract_version",
        "UInt32",
        "Contract version that the data was written for",
        codec=PLAIN_CODEC,
    ),
)
"""The columns before those of the data."""

LINEAGE = (
    Column("kafka_partition", "Int32", "Partition that the row came from", codec=PLAIN_CODEC),
    Column("kafka_offset", "Int64", "Offset in that partition", codec=TIME_CODEC),
    Column(
        "loaded_at", "DateTime64(3, 'UTC')", "When the loader wrote the row (UTC)", codec=TIME_CODEC
    ),
    Column(
        "row_version",
        "UInt8",
        "Of rows with one event_id the highest stays",
        codec=PLAIN_CODEC,
    ),
)
"""The columns after those of the data."""


def _whole(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return data


def _data_columns(
    record: RecordType,
    path: tuple[str, ...],
    read_record: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    personal_days: int | None,
    pii: str | None = None,
) -> Iterator[Column]:
    """One column for each leaf; the columns of an object's fields carry its name before theirs."""
    for field in record.fields:
        inner = field.value.type
        if isinstance(inner, RecordType) and not field.optional:
            yield from _data_columns(
                inner,
                (*path, field.name),
                _inside(read_record, field.name),
                personal_days,
                field.pii or pii,
            )
        else:
            yield _leaf(field, path, read_record, personal_days, field.pii or pii)


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
    personal_days: int | None,
    pii: str | None,
) -> Column:
    kind: ColumnType = column_type(field.value, optional=not field.required)
    cell = kind.cell()
    pii = pii or _inner_pii(field.value.type)
    return Column(
        name="__".join((*path, field.name)),
        type=kind.sql,
        comment=field.description,
        read=lambda data: cell(read_record(data)[field.name]),
        codec=codec(kind.sql),
        kept_days=personal_days if pii else None,
        pii=pii,
    )


def _inner_pii(kind: FieldType) -> str | None:
    """The mark of something inside a value that has one column as a whole."""
    match kind:
        case ArrayType(items=inner) | MapType(values=inner):
            return _inner_pii(inner.type)
        case RecordType(fields=fields):
            marks = (field.pii or _inner_pii(field.value.type) for field in fields)
            return next((mark for mark in marks if mark), None)
        case _:
            return None
