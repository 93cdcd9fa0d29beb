"""Values of the lossless mode: JSON → typed form → JSON, equal for every JSON value. Pure.

The typed form is that of :class:`contracts.message.Message.data`.  In a record of the total
profile ``None`` means that the property is absent or lies in the rest.  A property lies there when
its type has no image for the value.  When there is an image but not an exact one (a number beyond
a double's digits, a UUID in upper case), the field keeps it for queries, and the rest has the
value itself, which wins on the way back.

Date-times come back as the same instant, written in UTC.  Nothing else changes, valid or not.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts.model import json_text
from contracts.model.formats import instant_text, parse_date, parse_date_time, parse_uuid
from contracts.model.types import (
    INT64_MAX,
    INT64_MIN,
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


class NoImageError(ValueError):
    """The type has no image for the value."""


@dataclass(frozen=True, slots=True)
class Codec:
    """One type's way in and out."""

    image: Callable[[Any], Any]
    """JSON value → typed value; raises :class:`NoImageError`."""

    back: Callable[[Any], Any]
    """Typed value → JSON value."""

    is_exact: Callable[[Any, Any], bool] = lambda _value, _typed: True
    """Whether a JSON value comes back equal from its image."""


def codec(kind: FieldType) -> Codec:
    """The codec of a type; that of a record takes JSON objects only."""
    match kind:
        case StringType():
            return Codec(_text, _same)
        case UuidType():
            return Codec(_parsed(parse_uuid), str, lambda value, typed: value == str(typed))
        case DateTimeType(unit=unit):
            return Codec(_parsed(parse_date_time), instant_text, _exact_instant(unit))
        case DateType():
            return Codec(_parsed(parse_date), dt.date.isoformat)
        case IntegerType():
            return Codec(_integer, _same)
        case NumberType():
            return Codec(_number, _same, lambda value, typed: bool(value == typed))
        case BooleanType():
            return Codec(_boolean, _same)
        case ArrayType(items=items):
            return _list(_Item(items))
        case MapType(values=values):
            return _map(_Item(values))
        case RecordType():
            return _record(kind)
        case JsonType():
            return Codec(json_text.write, json_text.parse)
        case DecimalType():
            raise TypeError("foreign schemas have no x-decimal")


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if isinstance(value, str) and json_text.is_unicode(value):
        return value
    raise NoImageError


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise NoImageError


def _integer(value: Any) -> int:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if not whole or isinstance(value, bool) or not INT64_MIN <= int(value) <= INT64_MAX:
        raise NoImageError
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NoImageError
    try:
        number = float(value)
    except OverflowError as error:
        raise NoImageError from error
    if not math.isfinite(number):
        raise NoImageError
    return number


def _parsed(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def image(value: Any) -> Any:
        try:
            return parse(_text(value))
        except ValueError as error:
            raise NoImageError from error

    return image


def _exact_instant(unit: TimeUnit) -> Callable[[Any, dt.datetime], bool]:
    step = {TimeUnit.MILLIS: 1000, TimeUnit.MICROS: 1}[unit]
    return lambda _value, typed: typed.microsecond % step == 0


class _Item:
    """What stands in a list or map, where each value has to be exact."""

    def __init__(self, value: ValueType) -> None:
        self._nullable = value.nullable
        self._codec = codec(value.type)

    def image(self, value: Any) -> Any:
        if value is None and self._nullable:
            return None
        typed = self._codec.image(value)
        if not self._codec.is_exact(value, typed):
            raise NoImageError
        return typed

    def back(self, typed: Any) -> Any:
        return None if typed is None else self._codec.back(typed)


def _list(item: _Item) -> Codec:
    def image(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise NoImageError
        return [item.image(each) for each in value]

    return Codec(image, lambda typed: [item.back(each) for each in typed])


def _map(item: _Item) -> Codec:
    def image(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise NoImageError
        return {_text(key): item.image(each) for key, each in value.items()}

    return Codec(image, lambda typed: {key: item.back(each) for key, each in typed.items()})


def _record(kind: RecordType) -> Codec:
    rest = kind.rest
    if rest is None:
        raise TypeError("a record of the strict mode has no room for what its types cannot hold")
    parts = [
        (field.json_name, field.name, codec(field.value.type))
        for field in kind.fields
        if field.name != rest
    ]
    by_json_name = {json_name: (name, inner) for json_name, name, inner in parts}
    nothing = {field.name: None for field in kind.fields}

    def image(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise NoImageError
        typed: dict[str, Any] = dict(nothing)
        left: dict[str, Any] = {}
        for key, each in value.items():
            try:
                name, inner = by_json_name[key]
                found = inner.image(each)
            except (KeyError, NoImageError):
                left[key] = each
                continue
            typed[name] = found
            if not inner.is_exact(each, found):
                left[key] = each
        # A record without a single value would be none where its fields are columns.
        if left or not value:
            typed[rest] = json_text.write(left)
        return typed

    def back(typed: Mapping[str, Any]) -> dict[str, Any]:
        value = {
            json_name: inner.back(typed[name])
            for json_name, name, inner in parts
            if typed[name] is not None
        }
        if typed[rest] is not None:
            value.update(json_text.parse(typed[rest]))
        return value

    return Codec(image, back)


class Document:
    """The codec of whole instances, objects or not."""

    def __init__(self, record: RecordType, *, wrapped: bool, root_field: str) -> None:
        """``wrapped``: the instance is the record's field ``root_field`` and not the record."""
        if record.rest is None:
            raise TypeError("a record of the strict mode is no document of the lossless one")
        self._rest = record.rest
        self._nothing = {field.name: None for field in record.fields}
        self._codec = codec(record)
        self._wrapper = root_field if wrapped else None

    def image(self, value: Any) -> dict[str, Any]:
        """The record for any JSON value.

        Raises:
            ValueError: it is no JSON value, or nested deeper than the interpreter can follow.
        """
        if self._wrapper is not None:
            value = {self._wrapper: value}
        try:
            if isinstance(value, dict):
                typed: dict[str, Any] = self._codec.image(value)
                return typed
            return {**self._nothing, self._rest: json_text.write(value)}
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error

    def back(self, typed: Mapping[str, Any]) -> Any:
        """The JSON value of a record that :meth:`image` made."""
        rest = typed[self._rest]
        if rest is not None and not rest.startswith("{"):
            return json_text.parse(rest)
        value = self._codec.back(typed)
        return value if self._wrapper is None else value[self._wrapper]
