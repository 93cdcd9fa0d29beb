"""How Python values cross to ClickHouse columns and back. Pure.

A client gives one :data:`Leaves` table for each direction, which says how its wire form carries
scalars; the walk through ``Nullable``, ``LowCardinality``, ``Array`` and ``Map`` is the same for
all and lives here.

Rows are checked against the table's column types before they are sent, because ClickHouse itself
does not tell: its JSON reader stores ``null`` in an Int64 column as 0 and 2⁶³ as -2⁶³, and
clickhouse-driver reads a ``datetime`` without time zone in the machine's own.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from ch_schema.errors import RefusedError
from contracts.model import decimals

Convert = Callable[[Any], Any]
"""One value's way; raises TypeError, ValueError or OverflowError for one that does not fit."""

Leaves = Mapping[str, Callable[[tuple[str, ...]], Convert]]
"""Name of a scalar type (``DateTime64``) and its arguments (``("3", "'UTC'")``) → its way."""

TUPLES_AS_OBJECTS = "Tuple"
"""A key of :data:`Leaves` that says that tuples whose elements have names become dicts."""

_TYPE = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<arguments>.*)\))?\s*", re.DOTALL)
_ARGUMENT_PIECE = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|[(),]|[^'`(),]+", re.DOTALL
)


def split_type(text: str) -> tuple[str, tuple[str, ...]]:
    """``Map(String, Array(Int64))`` → ``("Map", ("String", "Array(Int64)"))``."""
    found = _TYPE.fullmatch(text)
    if found is None:
        raise RefusedError(f"not a ClickHouse type: {text}")
    return found["name"], tuple(_split_arguments(found["arguments"] or ""))


def is_nullable(type_text: str) -> bool:
    """Whether a column of this type can hold NULL."""
    match split_type(type_text):
        case ("Nullable", _):
            return True
        case ("LowCardinality", (inner,)):
            return is_nullable(inner)
        case _:
            return False


def _split_arguments(text: str) -> list[str]:
    arguments, depth = [""], 0
    for piece in _ARGUMENT_PIECE.findall(text):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += piece
    return [argument.strip() for argument in arguments if argument.strip()]


def converter(type_text: str, leaves: Leaves) -> Convert:
    """The way of a column's values, by its ClickHouse type.

    Raises:
        RefusedError: no Python value stands for this type.
    """
    match split_type(type_text):
        case ("Nullable", (inner,)):
            return _nullable(converter(inner, leaves))
        case ("LowCardinality", (inner,)):
            return converter(inner, leaves)
        case ("Array", (inner,)):
            return _array(converter(inner, leaves))
        case ("Map", (key, value)):
            return _map(converter(key, leaves), converter(value, leaves))
        case ("Tuple", elements):
            named = tuple_elements(elements)
            ways = [converter(inner, leaves) for _, inner in named]
            names = tuple(name for name, _ in named if name)
            convert = _tuple(names, ways)
            return _with_names(names, convert) if names and TUPLES_AS_OBJECTS in leaves else convert
        case (name, arguments) if name in leaves:
            return leaves[name](arguments)
        case _:
            raise RefusedError(f"no Python value stands for the ClickHouse type {type_text}")


def tuple_elements(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Name (empty for none) and type of each element of ``Tuple(…)``."""
    found = (_ELEMENT.fullmatch(argument) for argument in arguments)
    return [
        (plain_type(each["name"]), each["type"]) if each else ("", argument)
        for each, argument in zip(found, arguments, strict=True)
    ]


_ELEMENT = re.compile(r"(?P<name>\w+|`(?:[^`\\]|\\.)+`)\s+(?P<type>\w.*)", re.DOTALL)
_LINE_BREAK = re.compile(r"(\(|,) *\n *|\n *(?=\))")
_PLAIN_NAME = re.compile(r"`([A-Za-z_][A-Za-z0-9_]*)`")


def plain_type(text: str) -> str:
    """A type as this package writes it: DESCRIBE puts it on several lines, and servers quote names
    of tuples' elements that are also words of SQL."""
    broken = _LINE_BREAK.sub(lambda found: {",": ", ", "(": "("}.get(found[1] or "", ""), text)
    return _PLAIN_NAME.sub(r"\1", broken)


def _tuple(names: tuple[str, ...], ways: Sequence[Convert]) -> Convert:
    def each(value: Any) -> Any:
        if isinstance(value, Mapping):
            if value.keys() != set(names):
                raise ValueError(f"an object with {', '.join(map(str, value))} does not fit")
            value = tuple(value[name] for name in names)
        if len(instance(value, (tuple, list))) != len(ways):
            raise ValueError(f"{len(value)} elements do not fit")
        return tuple(way(item) for way, item in zip(ways, value, strict=True))

    return each


def _with_names(names: tuple[str, ...], convert: Convert) -> Convert:
    return lambda value: dict(zip(names, convert(value), strict=True))


def _nullable(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _array(convert: Convert) -> Convert:
    def each(value: Any) -> Any:
        return [convert(item) for item in instance(value, (list, tuple))]

    return each


def _map(convert_key: Convert, convert_value: Convert) -> Convert:
    def each(value: Any) -> Any:
        items = instance(value, Mapping).items()
        return {convert_key(key): convert_value(item) for key, item in items}

    return each


def instance(value: Any, kinds: type | tuple[type, ...]) -> Any:
    """``value`` when it is one of ``kinds``; else TypeError, as :data:`Convert` wants."""
    if not isinstance(value, kinds):
        raise TypeError(f"{type(value).__name__} does not fit")
    return value


def instant(value: Any) -> dt.datetime:
    """An aware datetime, in UTC."""
    if instance(value, dt.datetime).tzinfo is None:
        raise TypeError("a datetime without time zone does not fit")
    moment: dt.datetime = value.astimezone(dt.UTC)
    return moment


def instant_of_32_bits(value: Any) -> dt.datetime:
    """An instant for ``DateTime``, which would clamp another."""
    moment = instant(value)
    if not 0 <= moment.timestamp() < 2**32:
        raise ValueError("outside DateTime")
    return moment


def _integer(bits: int, *, signed: bool) -> Callable[[tuple[str, ...]], Convert]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)

    def check(value: Any) -> Any:
        if not low <= instance(value, int) <= high:
            raise ValueError(f"outside {low} to {high}")
        return value

    return lambda _: check


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("bool does not fit")
    return float(instance(value, (int, float)))


def _text(value: Any) -> Any:
    instance(value, str).encode()  # a lone surrogate raises
    return value


def uuid(value: Any) -> UUID:
    """A UUID, also from its text."""
    return value if isinstance(value, UUID) else UUID(instance(value, str))


def day(value: Any) -> Any:
    """A date that is no datetime."""
    if isinstance(value, dt.datetime):
        raise TypeError("datetime does not fit")
    return instance(value, dt.date)


def day_of_16_bits(value: Any) -> Any:
    """A date for ``Date``, which would clamp another."""
    if not dt.date(1970, 1, 1) <= day(value) <= dt.date(2149, 6, 6):
        raise ValueError("outside Date")
    return value


def decimal_digits(arguments: tuple[str, ...]) -> tuple[int, int]:
    """Precision and scale of ``Decimal(P, S)``."""
    precision, scale = map(int, arguments)
    return precision, scale


def _decimal(arguments: tuple[str, ...]) -> Convert:
    precision, scale = decimal_digits(arguments)

    def check(value: Any) -> Any:
        decimals.unscaled(instance(value, (Decimal, int)), precision, scale)
        return value

    return check


def same(value: Any) -> Any:
    """A value that crosses as it is."""
    return value


def scalar(convert: Convert) -> Callable[[tuple[str, ...]], Convert]:
    """A leaf whose way does not depend on the type's arguments."""
    return lambda _: convert


_INTEGER_BITS = (8, 16, 32, 64, 128, 256)
INTEGERS = tuple(f"{kind}{bits}" for kind in ("Int", "UInt") for bits in _INTEGER_BITS)
FLOATS = ("Float32", "Float64")
TEXTS = ("String", "FixedString", "Enum8", "Enum16")

CHECKED: Leaves = {
    **{f"Int{bits}": _integer(bits, signed=True) for bits in _INTEGER_BITS},
    **{f"UInt{bits}": _integer(bits, signed=False) for bits in _INTEGER_BITS},
    **dict.fromkeys(FLOATS, scalar(_number)),
    **dict.fromkeys(TEXTS, scalar(_text)),
    "Bool": scalar(lambda value: instance(value, bool)),
    "UUID": scalar(uuid),
    "Date": scalar(day_of_16_bits),
    "Date32": scalar(day),
    "Decimal": _decimal,
}
"""Scalars as Python values that are known to fit; times are each wire form's own affair."""


def read_records(
    names: Sequence[str],
    types: Sequence[str],
    rows: Iterable[Sequence[Any]],
    leaves: Leaves,
) -> list[dict[str, Any]]:
    """The rows of an answer, each as column name → typed value.

    Raises:
        RefusedError: two columns have one name, or no Python value stands for a type.
    """
    if len(set(names)) != len(names):
        raise RefusedError(f"two columns of the answer have one name: {', '.join(names)}")
    converters = [converter(type_text, leaves) for type_text in types]
    return [
        {name: convert(cell) for name, convert, cell in zip(names, converters, row, strict=True)}
        for row in rows
    ]


def convert_rows(
    types: Mapping[str, str],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    leaves: Leaves,
) -> list[list[Any]]:
    """Rows in the form that goes on the wire.

    Args:
        types: column name → ClickHouse type, for the whole table.
        columns: what the values of each row are for, in order.
        rows: typed Python values.
        leaves: how the wire carries scalars.

    Raises:
        RefusedError: an unknown column, a row of another length, a value that the column cannot
            hold exactly.  The text names table column and row, and shows the value's beginning.
    """
    if unknown := [column for column in columns if column not in types]:
        raise RefusedError(f"the table has no column {', '.join(unknown)}")
    converters = [converter(types[column], leaves) for column in columns]
    converted = []
    for index, row in enumerate(rows):
        if len(row) != len(converters):
            raise RefusedError(f"row {index} has {len(row)} values for {len(converters)} columns")
        try:
            converted.append(
                [convert(value) for convert, value in zip(converters, row, strict=True)]
            )
        except (TypeError, ValueError, OverflowError) as error:
            where = _misfit(types, columns, row, converters)
            raise RefusedError(f"row {index}, {where}: {error}") from error
    return converted


def _misfit(
    types: Mapping[str, str],
    columns: Sequence[str],
    row: Sequence[Any],
    converters: Sequence[Convert],
) -> str:
    for column, value, convert in zip(columns, row, converters, strict=True):
        try:
            convert(value)
        except (TypeError, ValueError, OverflowError):
            return f"column {column} {types[column]}, value {value!r:.80}"
    raise AssertionError("a conversion that failed succeeds when repeated")
