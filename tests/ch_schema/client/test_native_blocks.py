"""Blocks of columns over the native protocol: byte for byte what clickhouse-driver itself sends.

So it holds for servers newer than the one that tests can run.
"""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_driver.block import ColumnOrientedBlock
from clickhouse_driver.bufferedwriter import BufferedSocketWriter
from clickhouse_driver.connection import Connection
from clickhouse_driver.streams.native import BlockOutputStream

from ch_schema.client.native_blocks import send_block
from ch_schema.columns import ColumnBlock, encoded, raw_of
from ch_schema.ddl.tables import table_for
from contracts.model.loader import load_catalog

NOW = dt.datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=dt.UTC)
ITEM = (
    "Tuple(sku String, kind LowCardinality(Nullable(String)), price Decimal(12, 2),"
    " tags Array(String))"
)
VALUES: dict[str, list[Any]] = {
    "UUID": [uuid.UUID(int=1), uuid.UUID(int=2**127 + 5)],
    "String": ["é", "x" * 300],
    "LowCardinality(String)": ["a", "b"],
    "LowCardinality(Nullable(String))": [None, "b"],
    "Nullable(String)": [None, "b"],
    "Int64": [-(2**63), 2**63 - 1],
    "Int32": [-1, 2],
    "UInt32": [0, 2**32 - 1],
    "UInt8": [0, 255],
    "Float64": [-0.0, 1e300],
    "Nullable(Float64)": [None, 0.5],
    "Bool": [True, False],
    "Decimal(9, 2)": [Decimal("-9999999.99"), Decimal("0.01")],
    "Decimal(18, 4)": [Decimal("-1.5"), Decimal("99999999999999.9999")],
    "Decimal(38, 18)": [Decimal("-0.5"), Decimal(10**19)],
    "Nullable(Decimal(12, 2))": [None, Decimal("19.90")],
    "Array(String)": [["a", "b"], []],
    "Array(Nullable(Int64))": [[None, 7], []],
    "Array(Array(Float64))": [[[0.5], []], []],
    "Array(LowCardinality(String))": [["a", "b", "a"], []],
    "Map(String, Int64)": [{"a": 1, "b": 2}, {}],
    "Map(String, Array(Bool))": [{"a": [True]}, {}],
    f"Array({ITEM})": [
        [("a", "k", Decimal("1.10"), ["x"]), ("b", None, Decimal("2.20"), [])],
        [],
        [("c", "k", Decimal("-0.01"), ["y", "z"])],
    ],
    f"Array(Tuple(items Array({ITEM}), n Int64))": [[([], 7)], []],
    "Nullable(Int64)": [7, None],
    "Nullable(UUID)": [None, uuid.UUID(int=3)],
    "Date32": [dt.date(1900, 1, 1), dt.date(2299, 12, 31)],
    "DateTime64(3, 'UTC')": [NOW, NOW + dt.timedelta(days=1)],
    "Nullable(DateTime64(3, 'UTC'))": [None, NOW],
    "DateTime64(6, 'UTC')": [NOW, NOW + dt.timedelta(microseconds=1)],
}


class Socket:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent = b""

    def sendall(self, data: bytes) -> None:
        self.sent += bytes(data)


class Server:
    """What the driver asks about a server."""

    def __init__(self, revision: int) -> None:
        self.used_revision = revision


def connection(revision: int) -> tuple[Connection, Socket]:
    made, socket = Connection("nowhere"), Socket()
    made.server_info = made.context.server_info = Server(revision)
    made.context.client_settings = {
        **dict.fromkeys(("strings_as_bytes", "use_numpy", "input_format_null_as_default"), False),
        "strings_encoding": "utf-8",
    }
    made.context.settings = {}
    made.fout = BufferedSocketWriter(socket, 1 << 16)
    made.block_out = BlockOutputStream(made.fout, made.context)
    return made, socket


@pytest.mark.parametrize("revision", [54_058, 54_428, 54_460])
@pytest.mark.parametrize("kind", VALUES)
def test_a_column_is_sent_as_the_driver_sends_it(kind: str, revision: int) -> None:
    values = VALUES[kind]
    column = [raw_of(kind)(value) for value in values]
    block = ColumnBlock(
        table="t", names=("c",), types=(kind,), columns=[column], encoded=[encoded(kind, column)]
    )
    ours, our_socket = connection(revision)
    send_block(ours, block)
    theirs, their_socket = connection(revision)
    theirs.send_data(ColumnOrientedBlock([("c", kind)], [list(values)]))
    assert our_socket.sent == their_socket.sent


def test_every_type_of_the_project_s_tables_is_among_these() -> None:
    catalog = load_catalog()
    types = {column.type for each in catalog.tables for column in table_for(each).columns}
    assert types <= VALUES.keys()
