"""clickhouse-driver's client, which also sends blocks whose columns are bytes already.

The driver writes a column value by value; :mod:`ch_schema.columns` has whole columns.  Only what is
between the packet's head and its end differs from the driver's own ``BlockOutputStream.write``.
"""

from __future__ import annotations

from typing import Any

from clickhouse_driver import Client
from clickhouse_driver.block import BlockInfo, ColumnOrientedBlock
from clickhouse_driver.connection import Connection
from clickhouse_driver.defines import (
    DBMS_MIN_REVISION_WITH_BLOCK_INFO,
    DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION,
    DBMS_MIN_REVISION_WITH_TEMPORARY_TABLES,
)
from clickhouse_driver.protocol import ClientPacketTypes
from clickhouse_driver.varint import write_varint
from clickhouse_driver.writer import write_binary_str, write_binary_uint8

from ch_schema.columns import ColumnBlock


class BlockClient(Client):  # type: ignore[misc]  # the driver has no type hints
    """A client whose INSERT takes ``[ColumnBlock]`` beside the driver's lists of rows."""

    def send_data(
        self, sample_block: Any, data: Any, types_check: bool = False, columnar: bool = False
    ) -> int:
        """The driver's own, for rows; a block goes as it is."""
        if not (isinstance(data, list) and data and isinstance(data[0], ColumnBlock)):
            sent: int = super().send_data(sample_block, data, types_check, columnar)
            return sent
        (block,) = data
        _send(self.connection, block)
        self.receive_profile_events()
        self.connection.send_data(ColumnOrientedBlock())  # an empty one ends the data
        self.receive_profile_events()
        return int(block.row_count)


def _send(connection: Connection, block: ColumnBlock) -> None:
    revision = connection.server_info.used_revision
    write_varint(ClientPacketTypes.DATA, connection.fout)
    if revision >= DBMS_MIN_REVISION_WITH_TEMPORARY_TABLES:
        write_binary_str("", connection.fout)
    stream = connection.block_out
    out = stream.fout
    if revision >= DBMS_MIN_REVISION_WITH_BLOCK_INFO:
        BlockInfo().write(out)
    write_varint(len(block.names), out)
    write_varint(block.row_count, out)
    for name, type_text, column in zip(block.names, block.types, block.encoded, strict=True):
        write_binary_str(name, out)
        write_binary_str(type_text, out)
        if revision >= DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION:
            write_binary_uint8(0, out)
        out.write(column)
    stream.finalize()
