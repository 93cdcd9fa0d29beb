"""Values between JSON and the typed form that Avro writers take and readers give. Pure.

The typed form is that of :class:`contracts.message.Message.data`.  A converter is built once per
contract and then only called, since the API runs one for every event.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from contracts.model import decimals, formats
from contracts.model.types import (
    INT64_MAX,
    INT64_MIN,
    ArrayType,
    BooleanType,
    DateTimeType,
    DateType,
    DecimalType,
    Field,
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
from registry.avro import is_union
from registry.errors import EncodeError


def nearest_double(given: Any) -> float:
    """For a number of more digits than a double, where no exact decimal is wanted."""
    if isinstance(given, Decimal):
        return float(given)
    raise TypeError(f"{type(given).__name__} is no JSON")


Converter = Callable[[Any, str], Any]
"""Takes a value and its JSON pointer (for errors); gives the converted value."""


def to_typed(value: ValueType) -> Converter:
    """Converter from parsed JSON to the typed form.

    The converter raises :class:`~registry.errors.EncodeError` for a value without a typed image,
    which a validated one never is.
    """
    inner = _to_typed(value.type)
    if not value.nullable or isinstance(value.type, JsonType):
        return inner
    return lambda given, at: None if given is None else inner(given, at)


def to_json(value: ValueType) -> Callable[[Any], Any]:
    """Converter from the typed form back to JSON (UUIDs and times as canonical text)."""
    inner = _to_json(value.type)
    if not value.nullable or isinstance(value.type, JsonType):
        return inner
    return lambda typed: None if typed is None else inner(typed)


def _to_typed(kind: FieldType) -> Converter:
    match kind:
        case StringType():
            return _text
        case UuidType():
            return _parsed(formats.parse_uuid)
        case DateTimeType(unit=unit):
            return _instant(unit)
        case DateType():
            return _parsed(formats.parse_date)
        case IntegerType():
            return _integer
        case NumberType():
            return _number
        case DecimalType():
            return _decimal(kind)
        case BooleanType():
            return _boolean
        case ArrayType(items=items):
            return _list_of(to_typed(items))
        case MapType(values=values):
            return _dict_of(to_typed(values))
        case RecordType(fields=fields):
            return _record(fields)
        case JsonType():
            return _json_text


def _refuse(at: str, wanted: str, given: object) -> EncodeError:
    return EncodeError(at, f"cannot be stored as {wanted}: it is {type(given).__name__}")


def _text(given: Any, at: str) -> str:
    if isinstance(given, str):
        return given
    raise _refuse(at, "string", given)


def _boolean(given: Any, at: str) -> bool:
    if isinstance(given, bool):
        return given
    raise _refuse(at, "boolean", given)


def _decimal(kind: DecimalType) -> Converter:
    def convert(given: Any, at: str) -> Decimal:
        try:
            units = decimals.unscaled(given, kind.precision, kind.scale)
        except ValueError as error:
            raise EncodeError(at, f"cannot be stored: it {error}") from error
        return decimals.decimal_of(units, kind.scale)

    return convert


def _integer(given: Any, at: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal):
        raise _refuse(at, "integer", given)
    if isinstance(given, float | Decimal) and not given % 1 == 0:
        raise EncodeError(at, "cannot be stored as integer: it has a fraction")
    if not INT64_MIN <= given <= INT64_MAX or int(given) > INT64_MAX:
        raise EncodeError(at, "cannot be stored as integer: it is outside of int64")
    return int(given)


def _number(given: Any, at: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal):
        raise _refuse(at, "number", given)
    try:
        number = float(given)
    except OverflowError as error:
        raise EncodeError(at, "cannot be stored as number: it is beyond a double") from error
    if not math.isfinite(number):
        raise EncodeError(at, "cannot be stored as number: it is not finite")
    return number


def _parsed(parse: Callable[[str], Any]) -> Converter:
    def convert(given: Any, at: str) -> Any:
        try:
            return parse(_text(given, at))
        except ValueError as error:
            raise EncodeError(at, f"cannot be stored: {error}") from error

    return convert


def _instant(unit: TimeUnit) -> Converter:
    parse = _parsed(formats.parse_date_time)

    def convert(given: Any, at: str) -> dt.datetime:
        instant: dt.datetime = parse(given, at)
        if unit is TimeUnit.MILLIS and instant.microsecond % 1000:
            raise EncodeError(at, "cannot be stored: finer than a millisecond")
        return instant

    return convert


def _list_of(convert_item: Converter) -> Converter:
    def convert(given: Any, at: str) -> list[Any]:
        if not isinstance(given, list):
            raise _refuse(at, "array", given)
        return [convert_item(item, f"{at}/{index}") for index, item in enumerate(given)]

    return convert


def _dict_of(convert_value: Converter) -> Converter:
    def convert(given: Any, at: str) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise _refuse(at, "map", given)
        return {key: convert_value(value, f"{at}/{key}") for key, value in given.items()}

    return convert


def _record(fields: tuple[Field, ...]) -> Converter:
    parts = [
        (field.json_name, field.name, to_typed(field.value), is_union(field)) for field in fields
    ]
    known = frozenset(json_name for json_name, *_ in parts)

    def convert(given: Any, at: str) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise _refuse(at, "record", given)
        if unknown := given.keys() - known:
            raise EncodeError(f"{at}/{min(unknown)}", "cannot be stored: no such field is known")
        typed: dict[str, Any] = {}
        for json_name, name, convert_field, may_lack in parts:
            if json_name in given:
                typed[name] = convert_field(given[json_name], f"{at}/{json_name}")
            elif may_lack:
                typed[name] = None
            else:
                raise EncodeError(f"{at}/{json_name}", "cannot be stored: it is missing")
        return typed

    return convert


def _json_text(given: Any, at: str) -> str:
    try:
        return orjson.dumps(given, default=nearest_double).decode()
    except orjson.JSONEncodeError as error:
        raise EncodeError(at, f"cannot be stored as JSON text: {error}") from error


def _to_json(kind: FieldType) -> Callable[[Any], Any]:
    match kind:
        case StringType() | IntegerType() | NumberType() | BooleanType():
            return lambda typed: typed
        case DecimalType():
            return "{:f}".format
        case UuidType():
            return str
        case DateTimeType():
            return formats.instant_text
        case DateType():
            return dt.date.isoformat
        case ArrayType(items=items):
            item = to_json(items)
            return lambda typed: [item(each) for each in typed]
        case MapType(values=values):
            value = to_json(values)
            return lambda typed: {key: value(each) for key, each in typed.items()}
        case RecordType(fields=fields):
            return _record_to_json(fields)
        case JsonType():
            return orjson.loads


def _record_to_json(fields: tuple[Field, ...]) -> Callable[[Any], Any]:
    parts = [
        (field.json_name, field.name, to_json(field.value), is_union(field), field.required)
        for field in fields
    ]

    def convert(typed: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for json_name, name, convert_field, may_lack, required in parts:
            value = typed[name]
            if value is not None or not may_lack:
                found[json_name] = convert_field(value)
            elif required:
                found[json_name] = None
        return found

    return convert
