"""ClickHouse's native protocol, through clickhouse-driver."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from clickhouse_driver import Client
from clickhouse_driver import errors as driver_errors
from clickhouse_driver.defines import DBMS_MIN_REVISION_WITH_SETTINGS_SERIALIZED_AS_STRINGS

from ch_schema.client.address import Address
from ch_schema.client.native_blocks import BlockClient
from ch_schema.client.parameters import bind
from ch_schema.client.protocol import NO_PARAMETERS, NO_SETTINGS
from ch_schema.client.render import renderer
from ch_schema.client.statements import makes_database
from ch_schema.columns import ColumnBlock
from ch_schema.errors import (
    ClickHouseError,
    RefusedError,
    RetryableError,
    connection_lost,
    server_error,
)
from ch_schema.quoting import quote_identifier, quote_table
from ch_schema.values import (
    CHECKED,
    FLOATS,
    INTEGERS,
    TEXTS,
    Convert,
    Leaves,
    convert_rows,
    instant,
    instant_of_32_bits,
    read_records,
    same,
    scalar,
)

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_POWERS: tuple[int, ...] = tuple(10**digits for digits in range(10))
_MICROSECOND = dt.timedelta(microseconds=1)

# The driver's own faults with a value or an answer; nothing complete was sent.
_DRIVER_REFUSALS = (
    driver_errors.TypeMismatchError,
    driver_errors.UnknownTypeError,
    driver_errors.TooLargeStringSize,
)
_STORED_WHEN_ANSWERED: Mapping[str, str | int] = {"insert_distributed_sync": 1}
"""A Distributed table of a cluster would else send the rows to their shards some time later."""
_CONNECTION_FAULTS = (driver_errors.Error, EOFError, OSError)


class NativeClickHouse:
    """:class:`ch_schema.client.protocol.ClickHouse` over a pool of native connections.

    A thread that calls takes an idle connection or makes one, trying the hosts in turn.
    """

    def __init__(self, address: Address) -> None:
        """Makes no connection yet."""
        self._address = address
        self._idle: deque[Client] = deque()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address})"

    def execute(self, sql: str, *, settings: Mapping[str, str | int] = NO_SETTINGS) -> None:
        """See :meth:`ch_schema.client.protocol.ClickHouse.execute`."""
        self._run(sql, writes=True, settings=settings)

    def query(
        self, sql: str, *, parameters: Mapping[str, object] = NO_PARAMETERS
    ) -> list[dict[str, Any]]:
        """See :meth:`ch_schema.client.protocol.ClickHouse.query`."""
        names, types, rows = self._run(bind(sql, parameters), writes=False)
        return read_records(names, types, rows, _READ_LEAVES)

    def query_text(self, sql: str, fmt: str) -> str:
        """See :meth:`ch_schema.client.protocol.ClickHouse.query_text`.

        Raises:
            RefusedError: also for a format that :mod:`ch_schema.client.render` does not write; the
                statement is not run then.
        """
        render = renderer(fmt)
        names, types, rows = self._run(sql, writes=True)
        records = read_records(names, types, rows, _READ_LEAVES)
        return render(names, [list(record.values()) for record in records])

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
        wire_rows = convert_rows(self._types(table), columns, rows, _WRITE_LEAVES)
        self._run(
            _insert_statement(table, columns),
            wire_rows,
            writes=True,
            # The driver's own: all rows in one block.
            settings={"insert_block_size": len(rows), **_STORED_WHEN_ANSWERED},
            newer_settings=_insert_settings(deduplication_token),
        )

    def insert_columns(self, block: ColumnBlock, *, deduplication_token: str) -> None:
        """See :meth:`ch_schema.client.protocol.ClickHouse.insert_columns`."""
        if None in block.encoded or not block.fits(self._types(block.table)):
            rows = block.as_rows()
            self.insert(block.table, block.names, rows, deduplication_token=deduplication_token)
            return
        self._run(
            _insert_statement(block.table, block.names),
            [block],
            writes=True,
            settings=_STORED_WHEN_ANSWERED,
            newer_settings=_insert_settings(deduplication_token),
        )

    def _types(self, table: str) -> dict[str, str]:
        described = self.query(f"DESCRIBE TABLE {quote_table(table)}")
        return {column["name"]: column["type"] for column in described}

    def close(self) -> None:
        """See :meth:`ch_schema.client.protocol.ClickHouse.close`."""
        while self._idle:
            self._idle.pop().disconnect()

    def _run(
        self,
        statement: str,
        rows: list[list[Any]] | list[ColumnBlock] | None = None,
        *,
        writes: bool,
        settings: Mapping[str, str | int] = NO_SETTINGS,
        newer_settings: Mapping[str, str | int] = NO_SETTINGS,
    ) -> tuple[Sequence[str], Sequence[str], Sequence[Sequence[Any]]]:
        """Names, types and rows of the answer; all empty for a statement without one.

        Servers since 2019 ignore ``newer_settings`` that they do not know; older ones, which
        would refuse the statement, do not get them.
        """
        with self._connected(to_database=not makes_database(statement)) as client:
            revision = client.connection.server_info.used_revision
            newer = revision >= DBMS_MIN_REVISION_WITH_SETTINGS_SERIALIZED_AS_STRINGS
            sent = {**settings, **(newer_settings if newer else NO_SETTINGS)}
            try:
                answer = client.execute(statement, rows, with_column_types=True, settings=sent)
            except driver_errors.ServerException as error:
                raise _reported(error, writes=writes) from error
            except _DRIVER_REFUSALS as error:
                raise RefusedError(str(error), error.code) from error
            except _CONNECTION_FAULTS as error:
                text = f"{self._address}: {type(error).__name__} {error}"
                raise connection_lost(text, writes=writes) from error
        if not isinstance(answer, tuple):  # an INSERT answers the number of rows
            return (), (), ()
        read, described = answer
        names, types = zip(*described, strict=True) if described else ((), ())
        return names, types, read

    @contextmanager
    def _connected(self, *, to_database: bool) -> Iterator[Client]:
        """A client with a connection that answers, for this thread alone."""
        if not to_database:
            client = self._client(database="")
            try:
                self._ensure_connection(client)
                yield client
            finally:
                client.disconnect()
            return
        try:
            client = self._idle.pop()
        except IndexError:
            client = self._client(database=self._address.database)
        try:
            self._ensure_connection(client)
            yield client
        finally:
            self._idle.append(client)

    def _client(self, *, database: str) -> Client:
        address = self._address
        first, *others = address.hosts
        return BlockClient(
            first.name,
            first.port,
            database=database,
            user=address.user,
            password=address.password,
            client_name="ugc-events",
            connect_timeout=address.connect_timeout_seconds,
            send_receive_timeout=address.send_receive_timeout_seconds,
            sync_request_timeout=address.connect_timeout_seconds,
            compression=_compression(),
            secure=address.scheme == "clickhouses",
            ca_certs=address.ca_certs,
            alt_hosts=",".join(map(str, others)) or None,
            tcp_keepalive=True,
            # Without it the driver reads times in the server's time zone and then drops the
            # zone, which makes an hour of each autumn ambiguous.
            settings={"use_client_time_zone": 1},
        )

    def _ensure_connection(self, client: Client) -> None:
        """Before anything is sent, so that a failure here means that nothing was done."""
        connection = client.connection
        try:
            if not connection.connected or not connection.ping():
                connection.connect()
        except driver_errors.ServerException as error:
            client.disconnect()
            raise _reported(error, writes=False) from error
        except _CONNECTION_FAULTS as error:
            client.disconnect()
            raise RetryableError(f"no connection to {self._address}: {error}") from error


def _reported(error: driver_errors.ServerException, *, writes: bool) -> ClickHouseError:
    return server_error(error.code, f"Code: {error.code}. {error.message}", writes=writes)


def _insert_statement(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(map(quote_identifier, columns))
    return f"INSERT INTO {quote_table(table)} ({names}) VALUES"


def _insert_settings(deduplication_token: str) -> Mapping[str, str | int]:
    return {
        "async_insert": 0,
        "insert_deduplication_token": deduplication_token,
        "max_partitions_per_insert_block": 0,
    }


def open_native(address: Address) -> NativeClickHouse:
    """A client of the address's servers."""
    return NativeClickHouse(address)


def _compression() -> str | bool:
    """LZ4 where the driver's optional packages for it are installed."""
    packages = ("lz4", "clickhouse_cityhash")
    return "lz4" if all(importlib.util.find_spec(name) for name in packages) else False


def ticks(arguments: tuple[str, ...]) -> Convert:
    """An instant as DateTime64 counts it; the driver's own way is wrong before 1970."""
    digits = int(arguments[0])

    def convert(value: Any) -> int:
        microseconds: int = (instant(value) - _EPOCH) // _MICROSECOND
        return microseconds * _POWERS[digits] // _POWERS[6]

    return convert


def _seconds(value: Any) -> int:
    return (instant_of_32_bits(value) - _EPOCH) // dt.timedelta(seconds=1)


def _utc(value: dt.datetime) -> dt.datetime:
    """Aware as the driver gives it, or in this machine's time with ``fold`` set."""
    return value.astimezone(dt.UTC)


def _decoded(value: str | bytes) -> str:
    """The driver leaves as bytes what is not UTF-8."""
    return value if isinstance(value, str) else value.decode(errors="replace")


_WRITE_LEAVES: Leaves = {**CHECKED, "DateTime": scalar(_seconds), "DateTime64": ticks}

_READ_LEAVES: Leaves = {
    **dict.fromkeys((*INTEGERS, *FLOATS), scalar(same)),
    **dict.fromkeys(("Bool", "Nothing", "UUID", "Date", "Date32", "Decimal"), scalar(same)),
    **dict.fromkeys(TEXTS, scalar(_decoded)),
    **dict.fromkeys(("DateTime", "DateTime64"), scalar(_utc)),
}
