"""What the tables say of an event: its row, and the run of the loader that came past it.

A place in Kafka is an event's own only as long as its topic is the same: one that is made anew
counts from 0 again, while tables and records stay.  So a place is asked for with the time when its
event was accepted.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.debug.masking import MASKED
from api.tables import Tables
from ch_schema.ddl.tables import table_for
from ch_schema.quoting import quote_identifier
from contracts.model.loader import Catalog
from contracts.model.types import Contract

_RUNS = "etl_runs"

_OF_OFFSET = (
    "WHERE started_at > now() - INTERVAL 8 DAY AND arrayExists("
    "(p, f, t) -> p = {partition:Int32} AND f <= {offset:Int64} AND t > {offset:Int64},"
    " partitions, from_offsets, to_offsets)"
    " AND addMilliseconds(started_at, toInt64(seconds * 1000)) >= {since:DateTime64(3, 'UTC')}"
    " ORDER BY started_at LIMIT 1"
)
"""The first run that committed an offset and ended at a time or later.

Kafka keeps messages for seven days.
"""

_CLOCKS_APART = dt.timedelta(seconds=5)
"""So much may the loader's clock be behind that of the API; no topic is made anew as fast."""

_SAME_TIME = dt.timedelta(seconds=1)
"""A row of a message has its time; other events of that place are much older or younger."""

_MOST_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row, with masked ``values`` by column. ``partition`` and ``offset`` are its message's."""

    table: str
    event_id: str
    partition: int
    offset: int
    loaded_at: dt.datetime
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of the loader, with what it counted of each event's messages."""

    run_id: str
    started_at: dt.datetime
    outcome: str
    counts: Mapping[str, Mapping[str, int]]


class Loaded:
    """Asks the tables of one project. Safe to share between threads.

    Every method raises :class:`~api.errors.TablesUnavailableError` when ClickHouse gives no answer.
    """

    def __init__(self, tables: Tables, catalog: Catalog) -> None:
        self._tables = tables
        self._catalog = catalog
        self._database = catalog.naming.database

    def row(self, contract: Contract, event_id: str) -> Row | None:
        """The row of an event that has a table of its own."""
        return self._row(contract, "event_id = {id:UUID}", {"id": uuid.UUID(event_id)})

    def row_at(
        self, contract: Contract, partition: int, offset: int, accepted_at: dt.datetime
    ) -> Row | None:
        """The row that was made of a message, which was accepted then (aware)."""
        where = (
            "kafka_partition = {partition:Int32} AND kafka_offset = {offset:Int64}"
            " AND timestamp BETWEEN {since:DateTime64(3, 'UTC')} AND {until:DateTime64(3, 'UTC')}"
        )
        return self._row(
            contract,
            where,
            {
                "partition": partition,
                "offset": offset,
                "since": accepted_at - _SAME_TIME,
                "until": accepted_at + _SAME_TIME,
            },
        )

    def row_of_id(self, event_id: str) -> Row | None:
        """The row with an id, in whatever table."""
        found = (self.row(contract, event_id) for contract in self._catalog.tables)
        return next((row for row in found if row is not None), None)

    def run(self, partition: int, offset: int, accepted_at: dt.datetime) -> Run | None:
        """The run that came past a message, which was accepted then (aware), if it has ended."""
        columns = "run_id, started_at, outcome, events, dead, duplicates"
        sql = f"SELECT {columns} FROM {self._named(_RUNS)} FINAL {_OF_OFFSET}"  # noqa: S608 - quoted
        since = accepted_at - _CLOCKS_APART
        found = self._tables.rows(sql, {"partition": partition, "offset": offset, "since": since})
        if not found:
            return None
        row = found[0]
        counts = {
            event: {"dead": dead, "duplicates": duplicates}
            for event, dead, duplicates in zip(
                row["events"], row["dead"], row["duplicates"], strict=True
            )
        }
        return Run(
            run_id=str(row["run_id"]),
            started_at=row["started_at"],
            outcome=row["outcome"],
            counts=counts,
        )

    def _row(self, contract: Contract, where: str, parameters: Mapping[str, object]) -> Row | None:
        table = table_for(contract, self._database)
        names = [column.name for column in table.columns]
        personal = {column.name for column in table.columns if column.pii is not None}
        listed = ", ".join(map(quote_identifier, names))
        sql = f"SELECT {listed} FROM {self._named(table.name)} FINAL WHERE {where} LIMIT 1"  # noqa: S608 - as above
        found = self._tables.rows(sql, parameters)
        if not found:
            return None
        row = found[0]
        return Row(
            table=table.name,
            event_id=str(row["event_id"]),
            partition=row["kafka_partition"],
            offset=row["kafka_offset"],
            loaded_at=row["loaded_at"],
            values={
                name: MASKED if name in personal and row[name] is not None else _plain(row[name])
                for name in names
            },
        )

    def _named(self, table: str) -> str:
        return f"{quote_identifier(self._database)}.{quote_identifier(table)}"


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return value[:_MOST_CHARACTERS]
        case dt.datetime():
            return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case Sequence():
            return [_plain(each) for each in value]
        case _:
            return str(value)
