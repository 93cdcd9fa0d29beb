"""A row of an event's table → the JSON that it was made of."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ch_schema.ddl.leaves import MARK, container
from contracts.model.types import (
    ArrayType,
    DateTimeType,
    DateType,
    DecimalType,
    Field,
    FieldType,
    JsonType,
    MapType,
    NumberType,
    RecordType,
    UuidType,
)


def data_of(record: RecordType, row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Without what is null: a row does not tell a null from absence."""
    found = {field.json_name: _value(field, row, prefix + field.name) for field in record.fields}
    return {name: value for name, value in found.items() if value is not None}


def _value(field: Field, row: Mapping[str, Any], column: str) -> Any:
    kind = field.value.type
    if isinstance(kind, JsonType):
        return None if row[column] is None else same_form(kind, json.loads(row[column]))
    if not isinstance(kind, RecordType | ArrayType | MapType):
        return same_form(kind, row[column])
    if not isinstance(kind, RecordType) and container(kind) is None:
        return None if row[column] is None else same_form(kind, json.loads(row[column]))
    if field.optional and not row[f"{column}{MARK}"]:
        return None
    return (
        data_of(kind, row, f"{column}__")
        if isinstance(kind, RecordType)
        else _inside(kind, row[column])
    )


def _inside(kind: FieldType, cell: Any) -> Any:
    """What stands in a list, a map or a tuple."""
    match kind:
        case ArrayType(items=items):
            return [_inside(items.type, each) for each in cell]
        case MapType(values=values):
            return {key: _inside(values.type, each) for key, each in cell.items()}
        case RecordType():
            return data_of(kind, cell)
        case JsonType():
            return same_form(kind, json.loads(cell))
        case _:
            return same_form(kind, cell)


def same_form(kind: FieldType, value: Any) -> Any:
    """Of JSON, or of a cell: instants in UTC, numbers as doubles, no nulls in records."""
    if value is None:
        return None
    match kind:
        case RecordType(fields=fields):
            found = {
                each.json_name: same_form(each.value.type, value.get(each.json_name))
                for each in fields
            }
            return {name: inner for name, inner in found.items() if inner is not None}
        case ArrayType(items=items):
            return [same_form(items.type, each) for each in value]
        case MapType(values=values):
            return {name: same_form(values.type, each) for name, each in value.items()}
        case DateTimeType():
            parsed = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
            return parsed.astimezone(dt.UTC)
        case DateType():
            return str(value)
        case UuidType():
            return uuid.UUID(str(value))
        case NumberType():
            return float(value)
        case DecimalType():
            return Decimal(repr(value) if isinstance(value, float) else value)
        case _:
            return value
