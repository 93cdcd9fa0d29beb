"""What a ClickHouse client does, whatever it speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ch_schema.columns import ColumnBlock

NO_SETTINGS: Mapping[str, str | int] = {}
NO_PARAMETERS: Mapping[str, object] = {}


class ClickHouse(Protocol):
    """Runs one statement at a time; threads may share a client.

    Nothing is retried here.  Every method raises :class:`~ch_schema.errors.RetryableError` when
    nothing was done, :class:`~ch_schema.errors.RefusedError` when the statement is wrong, and
    each that writes :class:`~ch_schema.errors.AmbiguousError` when it may have been done.

    A call blocks for as long as the server works on it, at most the URL's
    ``send_receive_timeout`` without a byte from it (the embedded engine: without limit).
    """

    def execute(self, sql: str, *, settings: Mapping[str, str | int] = NO_SETTINGS) -> None:
        """Runs DDL or another statement whose answer nobody needs.

        Rows go through :meth:`insert`: of an INSERT with rows in its own text a native server
        does not read them and waits for others until the time-out.
        ``CREATE DATABASE`` and ``DROP DATABASE`` work also when the URL's database is missing.
        """

    def query(
        self, sql: str, *, parameters: Mapping[str, object] = NO_PARAMETERS
    ) -> list[dict[str, Any]]:
        """Runs a query without a FORMAT of its own; each row is column name → typed value.

        Values are str, int, float, bool, UUID, Decimal, date, datetime (aware, UTC), None, and
        list and dict of these.  ``parameters`` fill placeholders such as ``{id:UUID}``.
        """

    def query_text(self, sql: str, fmt: str) -> str:
        """Runs any statement and gives its answer in a text format, such as PrettyCompact.

        A FORMAT in the statement itself wins over ``fmt`` (native protocol: is ignored).
        """

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        deduplication_token: str,
    ) -> None:
        """Inserts rows as one block, after checking that each value fits its column exactly.

        Args:
            table: ``table`` or ``database.table``, unquoted.
            columns: names, in the order of each row's values; other columns get their default.
            rows: values of the types that :meth:`query` gives. No rows: nothing is done.
            deduplication_token: a table that keeps a deduplication window stores rows with one
                token once.  Other rows under a used token are dropped without an error.

        On RefusedError no row was stored.
        """

    def insert_columns(self, block: ColumnBlock, *, deduplication_token: str) -> None:
        """Inserts a block of columns, as :meth:`insert` does rows, and raises the same.

        Where the table's own types are the block's, the columns go as they are; else, as rows that
        are checked against them.
        """

    def close(self) -> None:
        """Releases connections; a folder of the embedded engine can then be opened elsewhere."""
