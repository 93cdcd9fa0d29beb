"""Source of a reader of columns (:mod:`registry.columns`): what reads one value of each type.

``v`` is the whole Kafka value, ``q`` the place where the next value begins.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from contracts.model.types import (
    BooleanType,
    DateTimeType,
    DateType,
    DecimalType,
    Field,
    FieldType,
    IntegerType,
    JsonType,
    NumberType,
    StringType,
    UuidType,
)
from registry.avro import is_union
from registry.framing import HEADER_BYTES

Columns = list[list[Any]]
Path = tuple[str, ...]
Read = Callable[[Sequence[bytes], type[Exception]], Columns]

NAMES_EVENT = "event"
"""The one field of a message that makes no column: it is the same in all of them."""


class MisfitError(Exception):
    """The reference has to look at these messages one by one."""


_STRING = """
n = v[q]
q += 1
if n & 129:
    n, q = long_at(v, q, n)
    if n < 0: raise misfit
else:
    n >>= 1
e = q + n
{take}(v[q:e])
q = e
"""

_UUID = """
if v[q] != 72: raise misfit
{take}(v[q + 1:q + 37])
q += 37
"""

_LONG = """
n = v[q]
q += 1
if n > 127:
    n, q = long_at(v, q, n)
    {take}(n)
else:
    {take}(n >> 1 ^ -(n & 1))
"""

_TIME = """
n = v[q]
q += 1
x = n & 127
s = 7
while n > 127:
    n = v[q]
    q += 1
    x |= (n & 127) << s
    s += 7
if s > 63: raise misfit
{take}(x >> 1 ^ -(x & 1))
"""

_DOUBLE = """
{take}(double_at(v, q)[0])
q += 8
"""

_DECIMAL = """
n = v[q]
q += 1
if n & 129 or not n: raise misfit
e = q + (n >> 1)
if e > len(v): raise misfit
{take}(from_bytes(v[q:e], "big", signed=True))
q = e
"""

_BOOLEAN = """
n = v[q]
q += 1
if n > 1: raise misfit
{take}(n == 1)
"""

_EVENT = """
if v[q:q + {size}] != {text!r}: raise misfit
q += {size}
"""

_OPTIONAL = """
n = v[q]
q += 1
if n == 0:
    {take}(None)
elif n != 2: raise misfit
else:
{inner}
"""

READ: dict[type[FieldType], str] = {
    StringType: _STRING,
    JsonType: _STRING,
    UuidType: _UUID,
    IntegerType: _LONG,
    DateType: _LONG,
    DateTimeType: _TIME,
    NumberType: _DOUBLE,
    DecimalType: _DECIMAL,
    BooleanType: _BOOLEAN,
}
"""Types that are read here."""


def _source(event: str, leaves: Sequence[tuple[Path, Field]]) -> str:
    body: list[str] = []
    count = 0
    for path, leaf in leaves:
        if path == (NAMES_EVENT,):
            text = bytes([2 * len(event)]) + event.encode()
            body.append(_EVENT.format(size=len(text), text=text))
            continue
        take, count = f"take{count}", count + 1
        part = READ[type(leaf.value.type)].format(take=take)
        if is_union(leaf):
            part = _OPTIONAL.format(take=take, inner=_indented(part))
        body.append(part)
    names = ", ".join(f"c{n}" for n in range(count))
    start = [f"c{n} = []\ntake{n} = c{n}.append" for n in range(count)]
    loop = "\n".join((f"q = {HEADER_BYTES}", *body, "if q != len(v): raise misfit"))
    whole = "\n".join((*start, "for v in values:", _indented(loop), f"return [{names}]"))
    return f"def read(values, misfit):\n{_indented(whole)}\n"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines() if line)


def compiled(event: str, leaves: Sequence[tuple[Path, Field]]) -> Read:
    """Reads the columns of some Kafka values, in Avro's order of the ``leaves``, without the name.

    What it gets as its second argument it raises where a value is not as expected; it may also
    raise IndexError, struct.error, ValueError or :class:`MisfitError`.
    """
    source = _source(event, leaves)
    names: dict[str, Any] = {
        "long_at": _long_at,
        "double_at": struct.Struct("<d").unpack_from,
        "from_bytes": int.from_bytes,
    }
    exec(compile(source, "<a contract's reader>", "exec"), names)  # noqa: S102 - made above
    read: Read = names["read"]
    return read


def _long_at(value: bytes, place: int, first: int) -> tuple[int, int]:
    """A number whose first byte was read, and the place behind it."""
    number, shift, byte = first & 127, 7, first
    while byte > 127:
        byte = value[place]
        place += 1
        number |= (byte & 127) << shift
        shift += 7
    if shift > 70 or number >= 2**64:
        raise MisfitError
    return number >> 1 ^ -(number & 1), place
