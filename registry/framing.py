"""Confluent wire format: a zero byte, the schema id as four big-endian bytes, the Avro body."""

from __future__ import annotations

import struct

from contracts.reasons import Reason
from registry.errors import UndecodableError

HEADER_BYTES = 5
_HEADER = struct.Struct(">bI")
_MAGIC = 0


def header(schema_id: int) -> bytes:
    """The five bytes before the Avro body."""
    return _HEADER.pack(_MAGIC, schema_id)


def schema_id_of(value: bytes | None) -> int:
    """The schema id that a Kafka value names.

    Raises:
        UndecodableError: the value is absent, too short, or begins with another byte.
    """
    if value is None:
        raise UndecodableError(Reason.VALUE_NULL, "the message has no value")
    if len(value) < HEADER_BYTES:
        raise UndecodableError(Reason.VALUE_TOO_SHORT, f"{len(value)} bytes")
    magic, schema_id = _HEADER.unpack_from(value)
    if magic != _MAGIC:
        raise UndecodableError(Reason.MAGIC_BYTE_WRONG, f"the first byte is {value[0]:#04x}")
    return int(schema_id)
