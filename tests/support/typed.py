"""JSON data of a contract's types, whatever else its schema restricts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from contracts.model.decimals import decimal_of
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

Values = st.SearchStrategy[Any]

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.just("x" * 200)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(INT64_MIN, INT64_MAX) | _FLOATS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)
_ZONES = st.integers(-23 * 60, 23 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))
_INSTANTS = st.datetimes(
    dt.datetime(1900, 1, 2),  # noqa: DTZ001 - the zone is drawn beside it
    dt.datetime(2299, 12, 30),  # noqa: DTZ001
    timezones=_ZONES,
)


def data_of(record: RecordType) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the fields of a record, in any spelling that JSON has for their values."""
    fields = {field.json_name: _value(field.value) for field in record.fields}
    required = {
        field.json_name: fields.pop(field.json_name) for field in record.fields if field.required
    }
    return st.fixed_dictionaries(required, optional=fields)


def _value(value: ValueType) -> Values:
    found = _type(value.type)
    return st.none() | found if value.nullable else found


def _decimals(kind: DecimalType) -> Values:
    most = 10**kind.precision - 1
    exact = st.integers(-most, most).map(lambda units: decimal_of(units, kind.scale))
    safe = min(most, 10**15 - 1)
    floats = st.integers(-safe, safe).map(lambda units: float(decimal_of(units, kind.scale)))
    return exact | exact.map("{:f}".format) | floats | st.just(0)


def _type(kind: FieldType) -> Values:
    match kind:
        case StringType():
            return _TEXTS
        case UuidType():
            return st.uuids().map(str) | st.uuids().map(lambda each: str(each).upper())
        case DateTimeType(unit=unit):
            digits = "milliseconds" if unit is TimeUnit.MILLIS else "microseconds"
            return _INSTANTS.map(lambda instant: instant.isoformat(timespec=digits))
        case DateType():
            return st.dates(dt.date(1900, 1, 1), dt.date(2299, 12, 31)).map(str)
        case IntegerType():
            return st.integers(INT64_MIN, INT64_MAX) | st.integers(-9, 9).map(float)
        case NumberType():
            return _FLOATS | st.integers(-(2**60), 2**60)
        case DecimalType():
            return _decimals(kind)
        case BooleanType():
            return st.booleans()
        case JsonType():
            return _JSON
        case ArrayType(items=items):
            return st.lists(_value(items), max_size=3)
        case MapType(values=values):
            return st.dictionaries(_TEXTS, _value(values), max_size=3)
        case RecordType():
            return data_of(kind)
