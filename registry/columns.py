"""Kafka values of one schema → columns, by a reader that is generated for the contract.

The fast way beside :class:`registry.serde.Decoder`, which stays the reference: fastavro takes 4 to
7 µs for a message, resolution, UUID and datetime included, a generated reader 1.3 µs for its seven
values.  It knows every message that our own encoder writes for the newest contract, in the
shortest form; what it does not know (another length of a number, a value outside of its type, bytes
left over) makes it refuse, and the reference says what is the matter.

A column holds *raw* values, as Avro has them: text, JSON text and UUIDs (36 characters, small
letters) as UTF-8 bytes, instants as ticks since 1970, days as a number, decimals as their unscaled
value, all else as Python has it.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.message import Message
from contracts.model import decimals
from contracts.model.formats import FIRST_DAY, LAST_DAY
from contracts.model.types import (
    DateTimeType,
    DateType,
    DecimalType,
    Field,
    FieldType,
    JsonType,
    NumberType,
    RecordType,
    StringType,
    TimeUnit,
    UuidType,
)
from registry.avro import is_union
from registry.column_source import NAMES_EVENT, READ, Columns, MisfitError, compiled

__all__ = ["ColumnReader", "Columns", "MisfitError", "column_reader"]

_ENVELOPE = 4
"""So many columns come before those of the data."""


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """Reads messages of one event that were written with its newest contract's own schema.

    ``names`` are the columns': the envelope's fields without ``event``, then the leaves of the
    data, with the names of the objects around them (``a__b``).
    """

    event: str
    names: tuple[str, ...]
    _read: Callable[[Sequence[bytes], type[Exception]], Columns]
    _checks: tuple[Callable[[Sequence[Any]], bool], ...]
    _ways: tuple[Callable[[Any], Any], ...]
    makes_messages: bool
    """Whether the data has no objects inside, which :meth:`messages` would have to make."""

    def read(self, values: Sequence[bytes]) -> Columns:
        """The columns of some Kafka values, framing included, in the order given.

        Raises:
            MisfitError: at least one of them is not as expected.
        """
        try:
            columns = self._read(values, MisfitError)
            fit = all(check(column) for check, column in zip(self._checks, columns, strict=True))
        except (IndexError, struct.error, ValueError) as error:
            raise MisfitError from error
        if not fit:
            raise MisfitError
        return columns

    def messages(self, columns: Columns) -> list[Message]:
        """What was read, as messages; only where :attr:`makes_messages`."""
        typed = [list(map(way, column)) for way, column in zip(self._ways, columns, strict=True)]
        names = self.names[_ENVELOPE:]
        return [
            Message(
                event_id=event_id,
                event=self.event,
                user_id=user_id,
                timestamp=timestamp,
                contract_version=version,
                data=dict(zip(names, data, strict=True)),
            )
            for event_id, user_id, timestamp, version, *data in zip(*typed, strict=True)
        ]


def column_reader(event: str, fields: Sequence[Field]) -> ColumnReader | None:
    """A reader of messages with these fields; None where a field is no scalar, or the name is long.

    Args:
        event: the name that every message must bear.
        fields: of the message, as :func:`registry.avro.message_fields` gives them.
    """
    leaves = list(_leaves(fields, ()))
    if any(type(leaf.value.type) not in READ for _, leaf in leaves) or len(event) > 63:
        return None
    told = [(path, leaf) for path, leaf in leaves if path != (NAMES_EVENT,)]
    return ColumnReader(
        event,
        tuple("__".join(path) for path, _ in told),
        compiled(event, leaves),
        tuple(_check(path, leaf) for path, leaf in told),
        tuple(_typed(leaf) for _, leaf in told),
        all(len(path) == 1 for path, _ in told),
    )


def _leaves(
    fields: Sequence[Field], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Field]]:
    """Every field that is no object with a place of its own, in Avro's order.

    The names of the envelope's ``data`` are not part of a column's.
    """
    for field in fields:
        inner = field.value.type
        if isinstance(inner, RecordType) and not field.optional:
            within = path if not path and field.name == "data" else (*path, field.name)
            yield from _leaves(inner.fields, within)
        else:
            yield (*path, field.name), field


def _check(path: tuple[str, ...], leaf: Field) -> Callable[[Sequence[Any]], bool]:
    """Whether a column holds what its type says, and what every store can hold."""
    check = _VERSIONS if path == ("contract_version",) else _check_of(leaf.value.type)
    if not is_union(leaf):
        return check
    return lambda column: check([value for value in column if value is not None])


def _check_of(kind: FieldType) -> Callable[[Sequence[Any]], bool]:
    match kind:
        case StringType():
            return _are_texts
        case JsonType():
            return lambda column: _are_texts(column) and all(map(_is_json, column))
        case UuidType():
            return _are_uuids
        case DateTimeType(unit=unit):
            return _between(*(_ticks(day, unit) for day in (FIRST_DAY, LAST_DAY)))
        case DateType():
            return _between(*((day - _EPOCH).days for day in (FIRST_DAY, LAST_DAY)))
        case NumberType():
            return lambda column: all(map(math.isfinite, column))
        case DecimalType(precision=precision):
            return _between(1 - 10**precision, 10**precision - 1)
        case _:
            return lambda _column: True


def _are_texts(column: Sequence[bytes]) -> bool:
    b"\n".join(column).decode()  # what is cut off inside a character is wrong before the "\n" too
    return True


def _are_uuids(column: Sequence[bytes]) -> bool:
    """In the one form in which a UUID is written: small letters, four dashes."""
    if any(len(text) != 36 for text in column):
        return False
    texts, dashes = b"".join(column), b"-" * len(column)
    digits = texts.replace(b"-", b"").decode()
    return (
        all(texts[place::36] == dashes for place in (8, 13, 18, 23))
        and len(digits) == 32 * len(column)
        and bytes.fromhex(digits).hex() == digits
    )


def _is_json(text: bytes) -> bool:
    orjson.loads(text)
    return True


def _typed(leaf: Field) -> Callable[[Any], Any]:
    """From a raw value to the one that :class:`contracts.message.Message` has."""
    way = _typed_scalar(leaf.value.type)
    return (lambda raw: None if raw is None else way(raw)) if is_union(leaf) else way


def _typed_scalar(kind: FieldType) -> Callable[[Any], Any]:
    match kind:
        case StringType() | JsonType():
            return bytes.decode
        case UuidType():
            # Half of what the same from its text takes, which is looked at again.
            return lambda raw: uuid.UUID(int=int(raw.replace(b"-", b""), 16))
        case DateTimeType(unit=unit):
            micros = 1_000 if unit is TimeUnit.MILLIS else 1
            return lambda ticks: _EPOCH_TIME + dt.timedelta(microseconds=micros * ticks)
        case DateType():
            return lambda days: _EPOCH + dt.timedelta(days=days)
        case DecimalType(scale=scale):
            return lambda units: decimals.decimal_of(units, scale)
        case _:
            return lambda raw: raw


def _between(low: int, high: int) -> Callable[[Sequence[Any]], bool]:
    return lambda column: not column or (low <= min(column) and max(column) <= high)


_VERSIONS = _between(0, 2**32 - 1)
_EPOCH = dt.date(1970, 1, 1)
_EPOCH_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _ticks(day: dt.date, unit: TimeUnit) -> int:
    return (day - _EPOCH).days * 86_400 * (1_000 if unit is TimeUnit.MILLIS else 1_000_000)
