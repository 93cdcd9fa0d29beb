"""Columns in ClickHouse's Native format: raw values (:mod:`ch_schema.columns`) → bytes. Pure.

Source: ``SerializationArray``, ``SerializationMap``, ``SerializationTuple``,
``SerializationNullable`` and ``SerializationLowCardinality`` of ClickHouse.  A column is a
*prefix*, which is the version of each dictionary in it, and its *data*:

* an array is the ends of its lists, counted in items, and all items as one column;
* a map is an array of pairs, and a tuple one column for each element;
* a nullable column is a mask, and a column with something in the place of each NULL.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import accumulate, chain
from typing import Any

from ch_schema.values import decimal_digits, split_type, tuple_elements

MICROS_PER_TICK: Mapping[str, int] = {"3": 1_000, "6": 1}

Encode = Callable[[Sequence[Any]], bytes]
"""A column's raw values → its data; OverflowError for one that does not fit."""

_Part = tuple[bytes, Encode]
"""A prefix, and how the data is written."""


@cache
def encoder(type_text: str) -> Encode | None:
    """How a column of this type is written; None for what is no event's column."""
    part = _part(type_text)
    if part is None:
        return None
    prefix, encode = part
    return (lambda column: prefix + encode(column)) if prefix else encode


def _part(type_text: str) -> _Part | None:
    match split_type(type_text):
        case ("Nullable", (inner,)):
            return _nullable(inner)
        case ("LowCardinality", ("String",)):
            return _KEYS_VERSION, _low_cardinality
        case ("LowCardinality", ("Nullable(String)",)):
            return _KEYS_VERSION, _low_cardinality_nullable
        case ("DateTime64", (digits, *_)) if digits in MICROS_PER_TICK:
            return b"", _fixed("q")
        case ("Decimal", arguments):
            return b"", _decimals(decimal_digits(arguments)[0])
        case ("Array", (inner,)):
            return _array(_part(inner))
        case ("Map", (key, value)):
            return _map(_part(key), _part(value))
        case ("Tuple", elements):
            return _tuple([_part(inner) for _, inner in tuple_elements(elements)])
        case (name, _):
            return (b"", _ENCODERS[name]) if name in _ENCODERS else None


def _array(items: _Part | None) -> _Part | None:
    if items is None:
        return None
    prefix, encode = items

    def write(column: Sequence[Sequence[Any]]) -> bytes:
        return _ends(column) + encode(list(chain.from_iterable(column)))

    return prefix, write


def _map(key: _Part | None, value: _Part | None) -> _Part | None:
    pairs = _tuple([key, value])
    if pairs is None:
        return None
    prefix, encode = pairs

    def write(column: Sequence[Mapping[Any, Any]]) -> bytes:
        return _ends(column) + encode([pair for each in column for pair in each.items()])

    return prefix, write


def _tuple(elements: Sequence[_Part | None]) -> _Part | None:
    parts = [part for part in elements if part is not None]
    if len(parts) != len(elements):
        return None
    encoders = [encode for _, encode in parts]

    def write(column: Sequence[Sequence[Any]]) -> bytes:
        columns = [*zip(*column, strict=True)] or [()] * len(encoders)
        written = zip(encoders, columns, strict=True)
        return b"".join([encode(values) for encode, values in written])

    return b"".join(prefix for prefix, _ in parts), write


def _ends(column: Sequence[Any]) -> bytes:
    return array("Q", accumulate(map(len, column))).tobytes()


def varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


_LENGTHS = tuple(map(varint, range(1_024)))


def sized(text: bytes) -> bytes:
    return varint(len(text)) + text


def _strings(column: Sequence[bytes]) -> bytes:
    lengths = _LENGTHS
    try:
        return b"".join([lengths[len(text)] + text for text in column])
    except IndexError:
        return b"".join(map(sized, column))


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
    head = (kind.to_bytes(8, "little"), len(keys).to_bytes(8, "little"))
    return b"".join((*head, _strings(keys)))


def _low_cardinality(column: Sequence[bytes]) -> bytes:
    if not column:
        return b""  # of no values there is no dictionary either
    keys = list(dict.fromkeys(column))
    number_of = {key: number for number, key in enumerate(keys)}
    return _dictionary(keys) + _indexes(len(keys), [number_of[text] for text in column])


def _low_cardinality_nullable(column: Sequence[bytes | None]) -> bytes:
    if not column:
        return b""
    keys = [b"", *(key for key in dict.fromkeys(column) if key is not None)]  # the first is NULL
    number_of: dict[bytes | None, int] = {key: n for n, key in enumerate(keys) if n}
    number_of[None] = 0
    return _dictionary(keys) + _indexes(len(keys), [number_of[text] for text in column])


def _nullable(inner: str) -> _Part | None:
    part = _part(inner)
    if part is None:
        return None
    prefix, encode = part
    name, _ = split_type(inner)
    empty = _EMPTY.get(name, 0)

    def write(column: Sequence[Any]) -> bytes:
        mask = bytes([value is None for value in column])
        return mask + encode([empty if value is None else value for value in column])

    return prefix, write


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
