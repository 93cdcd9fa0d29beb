"""A :class:`~ch_schema.client.protocol.ClickHouse` over whatever runs a statement in a format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ch_schema.client import json_rows
from ch_schema.client.parameters import bind
from ch_schema.client.protocol import NO_PARAMETERS, NO_SETTINGS
from ch_schema.client.statements import makes_database
from ch_schema.columns import ColumnBlock
from ch_schema.errors import RefusedError
from ch_schema.quoting import quote_identifier, quote_table
from ch_schema.values import convert_rows

# An answer nobody reads; a statement that has none is not troubled by it.
_NO_ANSWER = "Null"

_NO_CONVERSION = "input_format_native_allow_types_conversion"
_OTHER_TYPES = frozenset({53, 115})
"""TYPE_MISMATCH, and UNKNOWN_SETTING of a server that would convert, whether it fits or not."""


class Transport(Protocol):
    """Runs statements. Threads may share one."""

    def run(
        self,
        statement: bytes,
        fmt: str,
        *,
        writes: bool,
        database: str | None = None,
        settings: Mapping[str, str | int] = NO_SETTINGS,
    ) -> bytes:
        """Runs one statement, data included, and gives its answer in ``fmt``.

        Args:
            statement: UTF-8 text, and the rows of an INSERT after it.
            fmt: any ClickHouse format.
            writes: whether a failure of unknown outcome is an AmbiguousError.
            database: where names without a database belong.
            settings: hold for this statement only.

        Raises:
            RetryableError: nothing was done.
            RefusedError: the statement is wrong.
            AmbiguousError: it ``writes``, and may have been done.
        """

    def insert(
        self,
        into: str,
        fmt: str,
        body: bytes,
        *,
        database: str,
        settings: Mapping[str, str | int],
    ) -> None:
        """Inserts data in a binary format.

        Args:
            into: the statement up to its FORMAT: ``INSERT INTO t (a, b)``.
            fmt: the data's format.
            body: the data.
            database: as for :meth:`run`, which says what is raised, too.
            settings: the same.
        """

    def close(self) -> None:
        """Releases what the transport holds."""


class JsonClickHouse:
    """Reads and writes rows as JSON (see :mod:`ch_schema.client.json_rows`)."""

    def __init__(self, transport: Transport, database: str) -> None:
        self._transport = transport
        self._database = database

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._transport!r})"

    def execute(self, sql: str, *, settings: Mapping[str, str | int] = NO_SETTINGS) -> None:
        """See :meth:`ch_schema.client.protocol.ClickHouse.execute`."""
        database = None if makes_database(sql) else self._database
        self._transport.run(
            sql.encode(), _NO_ANSWER, writes=True, database=database, settings=settings
        )

    def query(
        self, sql: str, *, parameters: Mapping[str, object] = NO_PARAMETERS
    ) -> list[dict[str, Any]]:
        """See :meth:`ch_schema.client.protocol.ClickHouse.query`."""
        answer = self._transport.run(
            bind(sql, parameters).encode(),
            json_rows.READ_FORMAT,
            writes=False,
            database=self._database,
            settings=json_rows.READ_SETTINGS,
        )
        return json_rows.read_rows(answer)

    def query_text(self, sql: str, fmt: str) -> str:
        """See :meth:`ch_schema.client.protocol.ClickHouse.query_text`."""
        database = None if makes_database(sql) else self._database
        answer = self._transport.run(sql.encode(), fmt, writes=True, database=database)
        return answer.decode(errors="replace")

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        deduplication_token: str,
    ) -> None:
        """See :meth:`ch_schema.client.protocol.ClickHouse.insert`."""
        if not rows:
            return
        types = self._types(table)
        wire_rows = convert_rows(types, columns, rows, json_rows.WRITE_LEAVES)
        self._transport.run(
            json_rows.insert_statement(table, columns, wire_rows),
            _NO_ANSWER,
            writes=True,
            database=self._database,
            settings=json_rows.insert_settings(len(rows), deduplication_token),
        )

    def insert_columns(self, block: ColumnBlock, *, deduplication_token: str) -> None:
        """See :meth:`ch_schema.client.protocol.ClickHouse.insert_columns`."""
        native = block.native()
        if native is not None:
            try:
                self._insert_native(block, native, deduplication_token)
                return
            except RefusedError as error:
                if error.code not in _OTHER_TYPES:
                    raise
        rows = block.as_rows()
        self.insert(block.table, block.names, rows, deduplication_token=deduplication_token)

    def _insert_native(self, block: ColumnBlock, native: bytes, token: str) -> None:
        """Lets ClickHouse itself refuse a block whose types are not the table's.

        A question for the types before each block would double the statements.
        """
        names = ", ".join(map(quote_identifier, block.names))
        self._transport.insert(
            f"INSERT INTO {quote_table(block.table)} ({names})",
            "Native",
            native,
            database=self._database,
            settings={**json_rows.insert_settings(block.row_count, token), _NO_CONVERSION: 0},
        )

    def _types(self, table: str) -> dict[str, str]:
        described = self.query(f"DESCRIBE TABLE {quote_table(table)}")
        return {column["name"]: column["type"] for column in described}

    def close(self) -> None:
        """See :meth:`ch_schema.client.protocol.ClickHouse.close`."""
        self._transport.close()
