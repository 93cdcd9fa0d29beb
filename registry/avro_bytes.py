"""Avro's binary encoding of JSON values, type by type. Pure.

Each function takes a value as JSON gives it and returns its bytes, the same that the typed form of
:mod:`registry.values` has through fastavro.  What it does not expect it refuses with any exception:
then the reference is asked, which may well take it (a whole float as an integer), or says what is
wrong.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from collections.abc import Callable
from typing import Any

import orjson

from contracts.model import decimals, formats
from contracts.model.types import INT64_MAX, INT64_MIN

Write = Callable[[Any], bytes]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_DAY = dt.date(1970, 1, 1).toordinal()


class UnexpectedError(Exception):
    """A value, or an envelope, that is written by the reference."""


NULL, SOME = b"\0", b"\2"
"""The branches of a union with null, as Avro numbers them."""


def long(number: int) -> bytes:
    """Avro's int and long: zigzag, then seven bits a byte, the lowest first."""
    left = number << 1 ^ number >> 63
    out = bytearray()
    while left > 0x7F:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out.append(left)
    return bytes(out)


LENGTHS = tuple(long(number) for number in range(256))
"""The first longs, which most lengths are."""


def text(given: str) -> bytes:
    """A string: its length in UTF-8, and that."""
    encoded = str.encode(given)
    return long(len(encoded)) + encoded


def uuid(given: str) -> bytes:
    """A UUID's text in its canonical form."""
    return text(formats.uuid_text(given))


def day(given: str) -> bytes:
    """A full-date: days since 1970."""
    return long(formats.parse_date(given).toordinal() - _FIRST_DAY)


def milliseconds(instant: dt.datetime) -> int:
    """Whole milliseconds since 1970 of an aware instant."""
    passed = instant - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000


def instant_in_millis(given: str) -> bytes:
    """A date-time without anything finer than a millisecond."""
    instant = formats.parse_date_time(given)
    if instant.microsecond % 1000:
        raise UnexpectedError
    return long(milliseconds(instant))


def instant_in_micros(given: str) -> bytes:
    """A date-time: microseconds since 1970."""
    passed = formats.parse_date_time(given) - _EPOCH
    return long((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds)


def integer(given: Any) -> bytes:
    """``True`` is none, nor is a float, though it may be whole."""
    if type(given) is not int or not INT64_MIN <= given <= INT64_MAX:
        raise UnexpectedError
    return long(given)


_double = struct.Struct("<d").pack


def number(given: Any) -> bytes:
    """A finite double; an integer is one too."""
    if type(given) not in (float, int) or not math.isfinite(given):
        raise UnexpectedError
    return _double(given)


def decimal_of(precision: int, scale: int) -> Write:
    """A decimal: its unscaled value in as few bytes as hold it, two's complement."""

    def write_decimal(given: Any) -> bytes:
        units = decimals.unscaled(given, precision, scale)
        size = (units + (units < 0)).bit_length() // 8 + 1
        return long(size) + units.to_bytes(size, "big", signed=True)

    return write_decimal


def boolean(given: Any) -> bytes:
    """True or false, never 1 or 0."""
    if type(given) is not bool:
        raise UnexpectedError
    return b"\1" if given else b"\0"


def json_text(given: Any) -> bytes:
    """Any value as JSON text."""
    written = orjson.dumps(given)
    return long(len(written)) + written


def array_of(write: Write) -> Write:
    """An array in one block."""

    def write_array(given: Any) -> bytes:
        if type(given) is not list:
            raise UnexpectedError
        if not given:
            return b"\0"
        return b"".join((long(len(given)), *map(write, given), b"\0"))

    return write_array


def map_of(write: Write) -> Write:
    """A map in one block, in the order of its keys as they came."""

    def write_map(given: Any) -> bytes:
        if not given and type(given) is dict:
            return b"\0"
        pairs = (text(key) + write(value) for key, value in given.items())
        return b"".join((long(len(given)), *pairs, b"\0"))

    return write_map
