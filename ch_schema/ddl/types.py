"""Field type → ClickHouse column type, and typed value → column value. Pure.

ClickHouse has no ``Nullable`` around arrays, maps and tuples.  Where such a value may be missing,
or is a list of objects, the whole value becomes JSON text, which loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.model.types import (
    ArrayType,
    BooleanType,
    DateTimeType,
    DateType,
    DecimalType,
    FieldType,
    IntegerType,
    JsonType,
    MapType,
    NumberType,
    RecordType,
    StringType,
    TimeUnit,
    UuidType,
    ValueType,
)

JSON_TEXT = "String"

PLAIN_CODEC = "ZSTD(1)"
TIME_CODEC = "Delta(8), ZSTD(1)"
"""For 64-bit values that grow from row to row, such as times and offsets."""


def codec(sql: str) -> str:
    """How a column of this type is compressed. Widening a type does not change it."""
    return TIME_CODEC if sql.removeprefix("Nullable(").startswith("DateTime64") else PLAIN_CODEC


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A ClickHouse type. ``is_json_text`` marks a value without a typed image here."""

    sql: str
    is_json_text: bool = False

    def cell(self) -> Callable[[Any], Any]:
        """Turns a typed value (see :class:`contracts.message.Message`) into the column's value."""
        return _as_json_text if self.is_json_text else _as_it_is


def column_type(value: ValueType, *, optional: bool) -> ColumnType:
    """The type of a column whose rows may lack a value when ``optional``."""
    if isinstance(value.type, JsonType):
        # The value is JSON text already; only its absence is a null.
        return ColumnType(_nullable(JSON_TEXT) if optional else JSON_TEXT)
    nullable = optional or value.nullable
    if isinstance(value.type, ArrayType | MapType | RecordType):
        typed = None if nullable else _container(value.type)
        fallback = _nullable(JSON_TEXT) if nullable else JSON_TEXT
        return ColumnType(typed) if typed else ColumnType(fallback, is_json_text=True)
    sql = _scalar(value.type)
    return ColumnType(_nullable(sql) if nullable else sql)


def total_column_type(kind: FieldType) -> ColumnType:
    """The type of a column of the lossless mode, any row of which may lack a value.

    Arrays and maps stay typed where they can: the empty one stands for absence
    (see :mod:`ch_schema.ddl.lossless`).
    """
    if isinstance(kind, ArrayType | MapType) and (typed := _container(kind)):
        return ColumnType(typed)
    return column_type(ValueType(kind), optional=True)


def _container(kind: FieldType) -> str | None:
    """The type of a list or map, or None when something inside has none."""
    match kind:
        case ArrayType(items=items):
            inner = _inner(items)
            return inner and f"Array({inner})"
        case MapType(values=values):
            inner = _inner(values)
            return inner and f"Map(String, {inner})"
        case _:
            return None


def _inner(value: ValueType) -> str | None:
    if isinstance(value.type, ArrayType | MapType | RecordType):
        return None if value.nullable else _container(value.type)
    sql = _scalar(value.type)
    return _nullable(sql) if value.nullable and not isinstance(value.type, JsonType) else sql


def _scalar(kind: FieldType) -> str:
    match kind:
        case StringType(categorical=True):
            return "LowCardinality(String)"
        case StringType():
            return "String"
        case UuidType():
            return "UUID"
        case DateTimeType(unit=TimeUnit.MILLIS):
            return "DateTime64(3, 'UTC')"
        case DateTimeType():
            return "DateTime64(6, 'UTC')"
        case DateType():
            return "Date32"
        case IntegerType():
            return "Int64"
        case NumberType():
            return "Float64"
        case DecimalType(precision=precision, scale=scale):
            return f"Decimal({precision}, {scale})"
        case BooleanType():
            return "Bool"
        case JsonType():
            return JSON_TEXT
        case ArrayType() | MapType() | RecordType():
            raise TypeError(f"{type(kind).__name__} is no scalar")


def _nullable(sql: str) -> str:
    if sql.startswith("LowCardinality("):
        return f"LowCardinality(Nullable({sql.removeprefix('LowCardinality(')})"
    return f"Nullable({sql})"


def _as_it_is(value: Any) -> Any:
    return value


def _as_json_text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
