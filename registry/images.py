"""Values that Avro can hold and a contract's type cannot. Pure.

A producer that writes Avro itself is not held to patterns, lengths and bounds, but to the types:
a number is finite, a date lies in the years that every store holds, and JSON text is JSON.

Avro reads one type as another ("Schema Resolution") and keeps the writer's logical type, so that
a timestamp can stand where a number is read. Therefore each type is looked at in Python as well.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from contracts.model import decimals, json_text
from contracts.model.formats import FIRST_DAY, LAST_DAY
from contracts.model.types import (
    ArrayType,
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
    UuidType,
    ValueType,
)

Check = Callable[[Any, str], None]
"""Takes a typed value and its place; raises ``ValueError`` for one that is none of the type."""


def type_check(value: ValueType) -> Check | None:
    """The check of a typed value; ``None`` where Avro's own types say it all."""
    inner = _check(value.type)
    if inner is None:
        return None

    def unless_null(given: Any, at: str) -> None:
        if given is not None:
            inner(given, at)

    return unless_null


def _check(kind: FieldType) -> Check | None:
    match kind:
        case StringType():
            return _text
        case UuidType():
            return _uuid
        case IntegerType():
            return _integer
        case NumberType():
            return _finite
        case DecimalType():
            return _decimal(kind)
        case DateType():
            return _date
        case DateTimeType():
            return _date_time
        case JsonType():
            return _json
        case ArrayType(items=items):
            return _of_items(type_check(items))
        case MapType(values=values):
            return _of_values(type_check(values))
        case RecordType():
            return _of_fields(kind)
        case _:
            return None


def _text(given: Any, at: str) -> None:
    # A UUID is stored as its text.
    if not isinstance(given, str | uuid.UUID):
        raise ValueError(f"{at} is no text")


def _uuid(given: Any, at: str) -> None:
    if not isinstance(given, uuid.UUID):
        raise ValueError(f"{at} is no UUID")


def _integer(given: Any, at: str) -> None:
    if not isinstance(given, int):
        raise ValueError(f"{at} is no integer")


def _finite(given: Any, at: str) -> None:
    if not isinstance(given, int | float):
        raise ValueError(f"{at} is no number")
    if not math.isfinite(given):
        raise ValueError(f"{at} is not finite: {given}")


def _decimal(kind: DecimalType) -> Check:
    def check(given: Any, at: str) -> None:
        if not isinstance(given, Decimal):
            raise ValueError(f"{at} is no decimal")
        try:
            decimals.unscaled(given, kind.precision, kind.scale)
        except ValueError as error:
            raise ValueError(f"{at} {error}") from error

    return check


def _date(given: Any, at: str) -> None:
    # A writer of another logical type gives another value: a datetime is a date to Python as well.
    if isinstance(given, dt.datetime) or not isinstance(given, dt.date):
        raise ValueError(f"{at} is no date")
    _within(given, at)


def _date_time(given: Any, at: str) -> None:
    if not isinstance(given, dt.datetime):
        raise ValueError(f"{at} is no date-time")
    _within(given.astimezone(dt.UTC).date(), at)


def _within(given: dt.date, at: str) -> None:
    if not FIRST_DAY <= given <= LAST_DAY:
        raise ValueError(f"{at} is not from {FIRST_DAY} to {LAST_DAY}: {given}")


def _json(given: Any, at: str) -> None:
    if not isinstance(given, str):
        raise ValueError(f"{at} is no text")
    try:
        orjson.loads(given)
    except ValueError:
        try:
            json_text.parse(given)  # numbers that a double cannot hold
        except ValueError as error:
            raise ValueError(f"{at} is no JSON text: {error}") from error


def _of_items(item: Check | None) -> Check | None:
    if item is None:
        return None

    def check(given: Any, at: str) -> None:
        for index, each in enumerate(given):
            item(each, f"{at}/{index}")

    return check


def _of_values(value: Check | None) -> Check | None:
    if value is None:
        return None

    def check(given: Any, at: str) -> None:
        for key, each in given.items():
            value(each, f"{at}/{key}")

    return check


def _of_fields(kind: RecordType) -> Check | None:
    found = ((field.name, type_check(field.value)) for field in kind.fields)
    parts = [(name, check) for name, check in found if check is not None]
    if not parts:
        return None

    def check(given: Any, at: str) -> None:
        for name, part in parts:
            if given[name] is not None:
                part(given[name], f"{at}/{name}")

    return check
