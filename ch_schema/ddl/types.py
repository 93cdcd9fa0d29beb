"""Field type → ClickHouse column type. Pure."""

from __future__ import annotations

from decimal import Decimal
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
)

JSON_TEXT = "String"

PLAIN_CODEC = "ZSTD(1)"
TIME_CODEC = "Delta(8), ZSTD(1)"
"""For 64-bit values that grow from row to row, such as times and offsets."""


def codec(sql: str) -> str:
    """How a column of this type is compressed. Widening a type does not change it."""
    return TIME_CODEC if sql.removeprefix("Nullable(").startswith("DateTime64") else PLAIN_CODEC


def scalar_type(kind: FieldType) -> str:
    """The type of a column whose rows all have a value, which is no list, map or object."""
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


def nullable(sql: str) -> str:
    """The same type with NULL among its values."""
    if sql.startswith("LowCardinality("):
        return f"LowCardinality(Nullable({sql.removeprefix('LowCardinality(')})"
    return f"Nullable({sql})"


def as_json_text(value: Any) -> str | None:
    """A typed value without a type in ClickHouse."""
    return None if value is None else orjson.dumps(value, default=_decimal_text).decode()


def _decimal_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} is no JSON")
