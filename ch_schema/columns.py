"""Columns of raw values, and their bytes in ClickHouse's Native format. Pure.

A *raw* value is what Avro holds of it: text and UUIDs (36 characters, small letters) as UTF-8
bytes, times as ticks since 1970, days as a number, decimals as their unscaled value, all else as
Python has it.  So a column that is
read from Kafka's bytes becomes a column of a block without an object for each of its values
(0.1 µs a value on one core at 2.5 GHz, against 1 µs through clickhouse-driver's rows), and a
column's bytes are the same however its values were read.

Scalars, ``Nullable`` and ``LowCardinality`` have such bytes.  Arrays and maps have none here: a
block with one of them is inserted as rows (:meth:`ColumnBlock.as_rows`).
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from ch_schema.errors import RefusedError
from ch_schema.values import (
    CHECKED,
    FLOATS,
    INTEGERS,
    Convert,
    Leaves,
    converter,
    day,
    decimal_digits,
    instance,
    instant,
    same,
    scalar,
    split_type,
    uuid,
)
from contracts.model import decimals

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_DAY = _EPOCH.date()
_MICROSECOND = dt.timedelta(microseconds=1)
_MICROS_PER_TICK: Mapping[str, int] = {"3": 1_000, "6": 1}

Encode = Callable[[Sequence[Any]], bytes]
"""A column's raw values, at least one → its bytes; OverflowError for one that does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnBlock:
    """One insert: raw values by column. ``columns`` are as long as each other, and not empty."""

    table: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    columns: Sequence[Sequence[Any]]
    encoded: Sequence[bytes | None]
    """Each column's Native bytes; None for a type that has none here."""

    @property
    def row_count(self) -> int:
        """How many rows."""
        return len(self.columns[0])

    def fits(self, types: Mapping[str, str]) -> bool:
        """Whether a table with columns of these types, by name, takes the block as it is."""
        return all(types.get(n) == t for n, t in zip(self.names, self.types, strict=True))

    def as_rows(self) -> list[tuple[Any, ...]]:
        """The same as typed Python values, row by row."""
        ways = [converter(type_text, _TYPED) for type_text in self.types]
        typed = [list(map(way, column)) for way, column in zip(ways, self.columns, strict=True)]
        return list(zip(*typed, strict=True))

    def native(self) -> bytes | None:
        """The block in ClickHouse's Native format; None where a column has no such bytes."""
        parts = [_varint(len(self.columns)), _varint(self.row_count)]
        for name, type_text, column in zip(self.names, self.types, self.encoded, strict=True):
            if column is None:
                return None
            parts += (_sized(name.encode()), _sized(type_text.encode()), column)
        return b"".join(parts)


def raw_of(type_text: str) -> Convert:
    """From a typed Python value to the raw one.

    Raises:
        RefusedError: no Python value stands for this type.
    """
    return converter(type_text, _RAW)


@cache
def encoder(type_text: str) -> Encode | None:
    """How a column of this type is written; None for arrays, maps and what is no event's column."""
    match split_type(type_text):
        case ("Nullable", (inner,)):
            return _nullable(inner)
        case ("LowCardinality", ("String",)):
            return _low_cardinality
        case ("LowCardinality", ("Nullable(String)",)):
            return _low_cardinality_nullable
        case ("DateTime64", (digits, *_)) if digits in _MICROS_PER_TICK:
            return _fixed("q")
        case ("Decimal", arguments):
            return _decimals(decimal_digits(arguments)[0])
        case (name, _):
            return _ENCODERS.get(name)


def encoded(type_text: str, column: Sequence[Any]) -> bytes | None:
    """A column's bytes; None for a type that has none here.

    Raises:
        RefusedError: a value does not fit.
    """
    encode = encoder(type_text)
    try:
        return encode(column) if encode else None
    except (OverflowError, TypeError, ValueError) as error:
        raise RefusedError(f"a {type_text}: {error}") from error


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


_LENGTHS = tuple(map(_varint, range(1_024)))


def _sized(text: bytes) -> bytes:
    return _varint(len(text)) + text


def _strings(column: Sequence[bytes]) -> bytes:
    lengths = _LENGTHS
    try:
        return b"".join([lengths[len(text)] + text for text in column])
    except IndexError:
        return b"".join(map(_sized, column))


def _uuids(column: Sequence[bytes]) -> bytes:
    digits = b"".join(column).replace(b"-", b"").decode()
    halves = array("Q", bytes.fromhex(digits))
    if len(halves) != 2 * len(column):
        raise ValueError("not UUIDs")
    halves.byteswap()  # ClickHouse keeps each half as a little-endian number
    return halves.tobytes()


def _decimals(precision: int) -> Encode:
    """By the precision ClickHouse keeps a decimal in 4, 8, 16 or 32 bytes."""
    if precision <= 18:
        return _fixed("i" if precision <= 9 else "q")
    size = 16 if precision <= 38 else 32

    def write(column: Sequence[int]) -> bytes:
        return b"".join([units.to_bytes(size, "little", signed=True) for units in column])

    return write


def _units(arguments: tuple[str, ...]) -> Convert:
    precision, scale = decimal_digits(arguments)
    return lambda value: decimals.unscaled(instance(value, (Decimal, int)), precision, scale)


def _amount(arguments: tuple[str, ...]) -> Convert:
    _, scale = decimal_digits(arguments)
    return lambda units: decimals.decimal_of(units, scale)


def _fixed(code: str) -> Encode:
    return lambda column: array(code, column).tobytes()


def _indexes(count: int, numbers: list[int]) -> bytes:
    """What follows the keys of a LowCardinality column, with the number of its rows."""
    _, code = _index_type(count)
    return len(numbers).to_bytes(8, "little") + array(code, numbers).tobytes()


def _index_type(count: int) -> tuple[int, str]:
    return next((n, code) for n, code, most in _INDEXES if count <= most)


_INDEXES = ((0, "B", 2**8), (1, "H", 2**16), (2, "I", 2**32))
_KEYS_VERSION = (1).to_bytes(8, "little")
_ADDITIONAL_KEYS, _NEW_DICTIONARY = 1 << 9, 1 << 10


def _dictionary(keys: Sequence[bytes]) -> bytes:
    kind = _index_type(len(keys))[0] | _ADDITIONAL_KEYS | _NEW_DICTIONARY
    head = (_KEYS_VERSION, kind.to_bytes(8, "little"), len(keys).to_bytes(8, "little"))
    return b"".join((*head, _strings(keys)))


def _low_cardinality(column: Sequence[bytes]) -> bytes:
    keys = list(dict.fromkeys(column))
    number_of = {key: number for number, key in enumerate(keys)}
    return _dictionary(keys) + _indexes(len(keys), [number_of[text] for text in column])


def _low_cardinality_nullable(column: Sequence[bytes | None]) -> bytes:
    keys = [b"", *(key for key in dict.fromkeys(column) if key is not None)]  # the first is NULL
    number_of: dict[bytes | None, int] = {key: n for n, key in enumerate(keys) if n}
    number_of[None] = 0
    return _dictionary(keys) + _indexes(len(keys), [number_of[text] for text in column])


def _nullable(inner: str) -> Encode | None:
    encode = encoder(inner)
    if encode is None:
        return None
    name, _ = split_type(inner)
    empty = _EMPTY.get(name, 0)

    def write(column: Sequence[Any]) -> bytes:
        mask = bytes([value is None for value in column])
        return mask + encode([empty if value is None else value for value in column])

    return write


_EMPTY: Mapping[str, bytes] = {"String": b"", "UUID": b"00000000-0000-0000-0000-000000000000"}

_ENCODERS: Mapping[str, Encode] = {
    "String": _strings,
    "UUID": _uuids,
    "Int64": _fixed("q"),
    "Int32": _fixed("i"),
    "UInt32": _fixed("I"),
    "UInt8": _fixed("B"),
    "Bool": _fixed("B"),
    "Date32": _fixed("i"),
    "Float64": _fixed("d"),
}


def _ticks(arguments: tuple[str, ...]) -> Convert:
    micros = _MICROS_PER_TICK[arguments[0]]
    return lambda value: (instant(value) - _EPOCH) // _MICROSECOND // micros


def _moment(arguments: tuple[str, ...]) -> Convert:
    micros = _MICROS_PER_TICK[arguments[0]]
    return lambda ticks: _EPOCH + ticks * micros * _MICROSECOND


_RAW: Leaves = {
    **{name: CHECKED[name] for name in (*INTEGERS, *FLOATS, "Bool")},
    "String": scalar(lambda value: instance(value, str).encode()),
    "UUID": scalar(lambda value: str(uuid(value)).encode()),
    "DateTime64": _ticks,
    "Decimal": _units,
    "Date32": scalar(lambda value: (day(value) - _FIRST_DAY).days),
}

_TYPED: Leaves = {
    **dict.fromkeys((*INTEGERS, *FLOATS), scalar(same)),
    "Bool": scalar(bool),
    "String": scalar(bytes.decode),
    "UUID": scalar(lambda raw: UUID(raw.decode())),
    "DateTime64": _moment,
    "Decimal": _amount,
    "Date32": scalar(lambda days: _FIRST_DAY + dt.timedelta(days=days)),
}
