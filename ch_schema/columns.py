"""Columns of raw values, and their bytes in ClickHouse's Native format. Pure.

A *raw* value is what Avro holds of it: text and UUIDs (36 characters, small letters) as UTF-8
bytes, times as ticks since 1970, days as a number, decimals as their unscaled value, all else as
Python has it.  So a column that is
read from Kafka's bytes becomes a column of a block without an object for each of its values
(0.1 µs a value on one core at 2.5 GHz, against 1 µs through clickhouse-driver's rows), and a
column's bytes are the same however its values were read.

Every type of an event's column has such bytes (:mod:`ch_schema.native_bytes`).  A block goes as
rows (:meth:`ColumnBlock.as_rows`) where the table's types are not the contract's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from ch_schema.errors import RefusedError
from ch_schema.native_bytes import MICROS_PER_TICK, encoder, sized, varint
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
    uuid,
)
from contracts.model import decimals

__all__ = ["ColumnBlock", "encoded", "encoder", "raw_of"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_DAY = _EPOCH.date()
_MICROSECOND = dt.timedelta(microseconds=1)


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
        parts = [varint(len(self.columns)), varint(self.row_count)]
        for name, type_text, column in zip(self.names, self.types, self.encoded, strict=True):
            if column is None:
                return None
            parts += (sized(name.encode()), sized(type_text.encode()), column)
        return b"".join(parts)


def raw_of(type_text: str) -> Convert:
    """From a typed Python value to the raw one.

    Raises:
        RefusedError: no Python value stands for this type.
    """
    return converter(type_text, _RAW)


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


def _units(arguments: tuple[str, ...]) -> Convert:
    precision, scale = decimal_digits(arguments)
    return lambda value: decimals.unscaled(instance(value, (Decimal, int)), precision, scale)


def _amount(arguments: tuple[str, ...]) -> Convert:
    _, scale = decimal_digits(arguments)
    return lambda units: decimals.decimal_of(units, scale)


def _ticks(arguments: tuple[str, ...]) -> Convert:
    micros = MICROS_PER_TICK[arguments[0]]
    return lambda value: (instant(value) - _EPOCH) // _MICROSECOND // micros


def _moment(arguments: tuple[str, ...]) -> Convert:
    micros = MICROS_PER_TICK[arguments[0]]
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
