"""The one way to ClickHouse: a Protocol, and the choice of its implementation by URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ch_schema.client.address import EMBEDDED_SCHEME, parse_address
from ch_schema.errors import AddressError

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

    def close(self) -> None:
        """Releases connections; a folder of the embedded engine can then be opened elsewhere."""


def connect(url: str) -> ClickHouse:
    """A client for a URL as :mod:`ch_schema.client.address` describes it.

    A server is not contacted before the first call; a folder is opened (and made) at once.

    Raises:
        AddressError: the URL is malformed, or asks for the embedded engine and it is missing.
        RetryableError: another process has the folder open.
    """
    address = parse_address(url)
    # Each edge imports a library that the others do not need, chDB's engine takes a second.
    match address.scheme:
        case "clickhouse" | "clickhouses":
            from ch_schema.client.native import open_native

            return open_native(address)
        case "http" | "https":
            from ch_schema.client.http import open_http

            return open_http(address)
        case scheme if scheme == EMBEDDED_SCHEME:
            try:
                from ch_schema.client.embedded import open_embedded
            except ImportError as error:
                raise AddressError(
                    "CLICKHOUSE_URL: the embedded engine is missing: install chdb"
                ) from error
            return open_embedded(address)
        case scheme:
            raise AddressError(f"no client speaks {scheme}")
