"""What a database holds now: reads ClickHouse's system tables, a fixed number of queries."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.tables import Column, Index, Table
from ch_schema.ddl.views import Databases
from ch_schema.errors import RefusedError

_ROW_LIFETIME = re.compile(r"\bTTL toDateTime\(\w+\) \+ toIntervalDay\((\d+)\)")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'")
_COLUMN_LIFETIME = re.compile(r"`(\w+)` [^`]*? TTL toDateTime\(\w+\) \+ toIntervalDay\((\d+)\)")
_WINDOW = re.compile(r"deduplication_window = (\d+)")
_KEY_PART = re.compile(r"(?:[^,()]|\([^()]*\))+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTable:
    """One table as it is, in the words of a :class:`~ch_schema.ddl.tables.Table`.

    ``table.row_key`` is empty: ``order`` has the whole sorting key.  ``window_blocks`` is the
    deduplication window.  ``column_bytes`` are compressed.
    """

    table: Table
    engine: str
    partition: str
    order: tuple[str, ...]
    window_blocks: int
    rows: int
    bytes_on_disk: int
    column_bytes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Everything of interest in the databases.

    ``views``: database and name → comment, also of Distributed tables: neither holds rows.
    """

    databases: frozenset[str]
    tables: Mapping[str, LiveTable]
    views: Mapping[tuple[str, str], str]


_TABLES = """
SELECT name, engine, engine_full, sorting_key, partition_key, comment,
    if(countSubstrings(create_table_query, 'toIntervalDay(')
        > countSubstrings(engine_full, 'toIntervalDay('), create_table_query, '') AS definition
FROM system.tables WHERE database = {database:String} AND endsWith(engine, 'MergeTree')
"""
_COLUMNS = """
SELECT table, name, type, comment, compression_codec, data_compressed_bytes
FROM system.columns WHERE database = {database:String} ORDER BY table, position
"""
_INDEXES = """
SELECT table, name, expr, type_full FROM system.data_skipping_indices
WHERE database = {database:String}
"""
_PARTS = """
SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts
WHERE active AND database = {database:String} GROUP BY table
"""
_VIEWS = """
SELECT database, name, comment FROM system.tables
WHERE database IN ({unique:String}, {reports:String})
    OR database = {tables:String} AND engine = 'Distributed'
"""

_UNKNOWN_DATABASE = 81

Rows = Sequence[Mapping[str, Any]]


def read_live(client: ClickHouse, names: Databases, stored_in: str | None = None) -> Live:
    """What is there. A database that is missing holds nothing, also when the URL names it.

    Args:
        client: ClickHouse; on a cluster its other servers are not asked.
        names: the databases.
        stored_in: the database of the rows, if it is another than the one that is asked.

    Raises:
        ClickHouseError: as :meth:`ch_schema.client.protocol.ClickHouse.query` does.
    """
    try:
        return _read(client, names, stored_in or names.tables)
    except RefusedError as error:
        if error.code != _UNKNOWN_DATABASE:
            raise
        return Live(databases=frozenset(), tables={}, views={})


def _read(client: ClickHouse, names: Databases, stored_in: str) -> Live:
    of_tables = {"database": stored_in}
    # The tables first: one that another program makes meanwhile is then not seen at all, rather
    # than as a table without columns.
    listed = client.query(_TABLES, parameters=of_tables)
    columns = _by_table(client.query(_COLUMNS, parameters=of_tables))
    indexes = _by_table(client.query(_INDEXES, parameters=of_tables))
    parts = _by_table(client.query(_PARTS, parameters=of_tables))
    tables = {}
    for found in listed:
        name = found["name"]
        (size,) = parts[name] or ({"rows": 0, "bytes": 0},)
        tables[name] = _table(stored_in, found, columns[name], indexes[name], size)
    of_views = {"unique": names.unique, "reports": names.reports, "tables": names.tables}
    views = client.query(_VIEWS, parameters=of_views)
    known = client.query("SELECT name FROM system.databases")
    return Live(
        databases=frozenset(each["name"] for each in known),
        tables=tables,
        views={(view["database"], view["name"]): view["comment"] for view in views},
    )


def _by_table(rows: Rows) -> defaultdict[str, list[Mapping[str, Any]]]:
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["table"]].append(row)
    return found


def _table(
    database: str, found: Mapping[str, Any], columns: Rows, indexes: Rows, size: Mapping[str, int]
) -> LiveTable:
    engine: str = found["engine_full"]
    kept = _row_lifetime(engine)
    cleared = _column_lifetimes(found["definition"])
    order = key_parts(found["sorting_key"])
    window = _WINDOW.search(engine)
    table = Table(
        name=found["name"],
        columns=tuple(_column(column, cleared) for column in columns),
        sorting_key=order,
        retention_days=kept,
        comment=found["comment"],
        database=database,
        row_key=(),
        indexes=tuple(Index(row["name"], row["expr"], row["type_full"]) for row in indexes),
    )
    return LiveTable(
        table=table,
        engine=engine.partition(" PARTITION BY ")[0].partition(" ORDER BY ")[0],
        partition=found["partition_key"],
        order=order,
        window_blocks=int(window[1]) if window else 0,
        rows=size["rows"],
        bytes_on_disk=size["bytes"],
        column_bytes={row["name"]: row["data_compressed_bytes"] for row in columns},
    )


def _column(row: Mapping[str, Any], cleared: Mapping[str, int]) -> Column:
    codec = row["compression_codec"].removeprefix("CODEC(")[:-1]
    return Column(
        name=row["name"],
        type=row["type"],
        comment=row["comment"],
        codec=codec or None,
        kept_days=cleared.get(row["name"]),
    )


def _row_lifetime(engine: str) -> int | None:
    found = _ROW_LIFETIME.search(engine)
    return int(found[1]) if found else None


def _column_lifetimes(definition: str) -> Mapping[str, int]:
    columns, _, _ = _TEXT.sub("''", definition).partition(") ENGINE = ")
    return {name: int(days) for name, days in _COLUMN_LIFETIME.findall(columns)}


def key_parts(text: str) -> tuple[str, ...]:
    """``a, toUInt128(b)``, in brackets of its own or not, as single expressions, unquoted."""
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    return tuple(part.strip().strip("`") for part in _KEY_PART.findall(inner))
