"""Records through a table of a real ClickHouse engine and back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.lossless import LosslessTable
from ch_schema.ddl.tables import create_database_statement
from ch_schema.quoting import quote_identifier

_WHEN = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


class Tables:
    """Makes one table after the other, and drops each when its rows are back."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        clickhouse.execute(create_database_statement())

    def through(
        self, table: LosslessTable, records: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The records as the table's rows give them back, in their order.

        Raises:
            ClickHouseError: the engine refuses the table or a row.
        """
        self._clickhouse.execute(table.table.create_statement())
        try:
            self._insert(table, records)
            return self._read(table)
        finally:
            self._clickhouse.execute(f"DROP TABLE {table.table.qualified_name}")

    def _insert(self, table: LosslessTable, records: Sequence[dict[str, Any]]) -> None:
        rows = [
            (
                *(uuid.UUID(int=number), "anonymous", _WHEN, 1),
                *table.cells(record),
                *(0, number, _WHEN, 1),
            )
            for number, record in enumerate(records)
        ]
        names = [column.name for column in table.table.columns]
        self._clickhouse.insert(
            table.table.qualified_name.replace("`", ""),
            names,
            rows,
            deduplication_token=f"{table.table.name}-{len(rows)}",
        )

    def _read(self, table: LosslessTable) -> list[dict[str, Any]]:
        names = ", ".join(map(quote_identifier, table.columns))
        found = self._clickhouse.query(
            f"SELECT {names} FROM {table.table.qualified_name} FINAL ORDER BY kafka_offset"  # noqa: S608
        )
        return [table.typed(row) for row in found]
