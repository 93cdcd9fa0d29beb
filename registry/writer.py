"""Kafka values written straight from JSON, by Python source that is made once for each contract.

:meth:`registry.serde.Encoder.encode` is the reference: it turns the data into the typed form and
hands that to fastavro, 8 µs for a click.  What is written here are the same bytes in 3 µs: one
function for each contract, without a dispatch by type and without the typed form in between.

The source holds names of fields as literals and nothing else of a contract.  It refuses whatever it
does not expect with any exception; then the reference writes the value, or says what is wrong::

    def write(event_id, user_id, timestamp, data):
        p1 = encode(str(event_id))
        ...
        v5 = data['currency']
        p6 = encode(v5)
        if len(data) != 2: raise Unexpected
        return join((b'\\0\\0\\0\\0\\1H', p1, b'\\x18order_placed', ..., length(len(p6)), p6))
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from contracts.model.types import (
    ArrayType,
    BooleanType,
    Contract,
    DateTimeType,
    DateType,
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
from registry import avro_bytes as avro
from registry.avro import is_union
from registry.avro_bytes import UnexpectedError

Writer = Callable[[uuid.UUID, str, dt.datetime, Mapping[str, Any]], bytes]
"""Event id, user id, timestamp and data → the Kafka value.  Any exception: ask the reference."""


def writer(header: bytes, fields: Sequence[Field], contract: Contract) -> Writer:
    """The writer of one contract version.

    Args:
        header: what every value begins with.
        fields: those of the message envelope, with ``data`` as the contract has it.
        contract: which event and version the values tell of.

    Raises:
        UnexpectedError: the envelope has another field than the six that a message has.
    """
    source = _Source()
    source.constant(header)
    for field in fields:
        _envelope_field(source, field, contract)
    made: Writer = source.function("event_id, user_id, timestamp, data")
    return made


def no_writer(
    _event_id: uuid.UUID, _user_id: str, _timestamp: dt.datetime, _data: Mapping[str, Any]
) -> bytes:
    """The writer of a contract that has none."""
    raise UnexpectedError


def _envelope_field(source: _Source, field: Field, contract: Contract) -> None:
    match field.name, field.value:
        case "event_id", ValueType(UuidType(), nullable=False):
            source.constant(avro.long(36))
            source.piece("encode(uuid_text(event_id))")
        case "event", ValueType(StringType(), nullable=False):
            source.constant(avro.text(contract.event))
        case "user_id", ValueType(StringType(), nullable=False):
            source.text("user_id")
        case "timestamp", ValueType(DateTimeType(unit=TimeUnit.MILLIS), nullable=False):
            source.piece("millis(milliseconds(timestamp))")
        case "contract_version", ValueType(IntegerType(), nullable=False):
            source.constant(avro.long(contract.version))
        case "data", ValueType(RecordType() as record, nullable=False):
            _record(source, record, "data")
        case _:
            raise UnexpectedError(field.name)
    if is_union(field):
        raise UnexpectedError(field.name)


class _Source:
    """The source of one function that joins pieces of bytes."""

    def __init__(self) -> None:
        self.used: dict[str, Any] = dict(_USED)
        self._lines: list[str] = []
        self._pieces: list[str | bytes] = []
        self._names = 0

    def name(self) -> str:
        """One that is used nowhere else in the function."""
        self._names += 1
        return f"x{self._names}"

    def line(self, text: str) -> None:
        self._lines.append(f"    {text}")

    def constant(self, known: bytes) -> None:
        """Bytes that are the same in every value."""
        if self._pieces and isinstance(before := self._pieces[-1], bytes):
            self._pieces[-1] = before + known
        else:
            self._pieces.append(known)

    def piece(self, expression: str) -> None:
        """Bytes that an expression gives."""
        name = self.name()
        self.line(f"{name} = {expression}")
        self._pieces.append(name)

    def text(self, expression: str) -> None:
        """A text with its length before it."""
        name = self.name()
        self.line(f"{name} = encode({expression})")
        self._pieces += [_length_of(name), name]

    def function(self, parameters: str) -> Any:
        """The function, compiled."""
        pieces = ", ".join(each if isinstance(each, str) else repr(each) for each in self._pieces)
        body = "\n".join([*self._lines, f"    return join(({pieces},))"])
        exec(f"def made({parameters}):\n{body}\n", self.used)  # noqa: S102 - the source is ours
        return self.used["made"]


def _length_of(name: str) -> str:
    return f"(lengths[n] if (n := len({name})) < {len(avro.LENGTHS)} else long(n))"


def _record(source: _Source, record: RecordType, given: str) -> None:
    """The fields of a record, one after the other; ``given`` has no key beside them."""
    optional: list[str] = []
    required = 0
    for field in record.fields:
        value = source.name()
        if not is_union(field):
            source.line(f"{value} = {given}[{field.json_name!r}]")
            required += 1
            _value(source, field.value, value)
        else:
            source.line(f"{value} = {given}.get({field.json_name!r}, absent)")
            optional.append(f"({value} is not absent)")
            _union(source, field, value)
    counted = " + ".join([str(required), *optional])
    source.line(f"if len({given}) != {counted}: raise Unexpected")


def _union(source: _Source, field: Field, value: str) -> None:
    """A union with null: 0 for null, else 2 and the value."""
    inner = _expression(source, field.value.type, value)
    is_null = f"{value} is absent"
    if field.value.nullable and not isinstance(field.value.type, JsonType):
        is_null += f" or {value} is None"
    if field.required:
        # A field that has to be there and may be null.
        source.line(f"if {value} is absent: raise Unexpected")
    source.piece(f"null if {is_null} else some + {inner}")


def _value(source: _Source, kind: ValueType, value: str) -> None:
    match kind.type:
        case StringType():
            source.text(value)
        case RecordType() as record:
            _record(source, record, value)
        case _:
            source.piece(_expression(source, kind.type, value))


def _expression(source: _Source, kind: FieldType, value: str) -> str:
    """An expression for the bytes of a value, by a function that takes it."""
    name = f"write_{len(source.used)}"
    source.used[name] = _function_of(kind)
    return f"{name}({value})"


def _function_of(kind: FieldType) -> avro.Write:
    """A function that gives the bytes of a value."""
    match kind:
        case StringType():
            return avro.text
        case UuidType():
            return avro.uuid
        case DateTimeType(unit=unit):
            return avro.instant_in_micros if unit is TimeUnit.MICROS else avro.instant_in_millis
        case DateType():
            return avro.day
        case IntegerType():
            return avro.integer
        case NumberType():
            return avro.number
        case BooleanType():
            return avro.boolean
        case JsonType():
            return avro.json_text
        case ArrayType(items=items):
            return avro.array_of(_function_of_item(items))
        case MapType(values=values):
            return avro.map_of(_function_of_item(values))
        case RecordType() as record:
            source = _Source()
            _record(source, record, "given")
            made: avro.Write = source.function("given")
            return made


def _function_of_item(value: ValueType) -> avro.Write:
    """The same for what stands in a list or a map, which may be a union with null."""
    write = _function_of(value.type)
    if not value.nullable:
        return write
    if isinstance(value.type, JsonType):
        return lambda given: avro.SOME + write(given)
    return lambda given: avro.NULL if given is None else avro.SOME + write(given)


_USED: Mapping[str, Any] = {
    "Unexpected": UnexpectedError,
    "absent": object(),
    "encode": str.encode,
    "join": b"".join,
    "lengths": avro.LENGTHS,
    "long": avro.long,
    "millis": lru_cache(maxsize=64)(avro.long),  # events of one millisecond are many
    "milliseconds": avro.milliseconds,
    "null": avro.NULL,
    "some": avro.SOME,
    "uuid_text": uuid.UUID.__str__,
}
"""What the source may name."""
