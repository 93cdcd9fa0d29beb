"""One event on its way to Kafka, and its form in bytes. Pure."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

_FORM = 1
_HEAD = struct.Struct(">B16sQHIH")  # form, event_id, spooled at, key, value, number of headers
_PAIR = struct.Struct(">HI")
_LONGEST_KEY = 2**16 - 1


@dataclass(slots=True, kw_only=True)
class Record:
    """What Kafka gets. ``event_id`` is in ``value`` too, where the later stages read it.

    Nobody changes one; it is not frozen for the reason that is told in :mod:`api.model`: there are
    two for each event.
    """

    event_id: uuid.UUID
    key: bytes
    value: bytes
    headers: Mapping[str, str]


def to_bytes(record: Record, *, spooled_at_ms: int) -> bytes:
    """A record with the time (Unix, milliseconds) it is put aside.

    Raises:
        ValueError: the key or a header's name is longer than 65,535 bytes.
    """
    if len(record.key) > _LONGEST_KEY:
        raise ValueError("the key is too long")
    head = _HEAD.pack(
        _FORM,
        record.event_id.bytes,
        spooled_at_ms,
        len(record.key),
        len(record.value),
        len(record.headers),
    )
    parts = [head, record.key, record.value]
    for name, text in record.headers.items():
        raw_name, raw_text = name.encode(), text.encode()
        if len(raw_name) > _LONGEST_KEY:
            raise ValueError("the name of a header is too long")
        parts += (_PAIR.pack(len(raw_name), len(raw_text)), raw_name, raw_text)
    return b"".join(parts)


def from_bytes(raw: bytes) -> tuple[Record, int]:
    """The record and the time it was put aside.

    Raises:
        ValueError: these bytes are no record, or one of a newer form.
    """
    try:
        form, event_id, spooled_at_ms, key_bytes, value_bytes, count = _HEAD.unpack_from(raw)
        if form != _FORM:
            raise ValueError(f"a record of form {form}; this version reads {_FORM}")
        at = _HEAD.size
        key, at = _taken(raw, at, key_bytes)
        value, at = _taken(raw, at, value_bytes)
        headers: dict[str, str] = {}
        for _ in range(count):
            name_bytes, text_bytes = _PAIR.unpack_from(raw, at)
            name, at = _taken(raw, at + _PAIR.size, name_bytes)
            text, at = _taken(raw, at, text_bytes)
            headers[name.decode()] = text.decode()
    except struct.error as error:
        raise ValueError("the record is cut off") from error
    if at != len(raw):
        raise ValueError("something follows the record")
    record = Record(event_id=uuid.UUID(bytes=event_id), key=key, value=value, headers=headers)
    return record, spooled_at_ms


def _taken(raw: bytes, at: int, count: int) -> tuple[bytes, int]:
    end = at + count
    if end > len(raw):
        raise ValueError("the record is cut off")
    return raw[at:end], end
