"""Any JSON Schema → Avro schema, and its instances both ways. Pure.

::

    translation = translate({"type": "object", "properties": {"n": {"type": "integer"}}})
    translation.avro_schema                   # a record with the fields n and ugc_rest
    data = translation.encode({"n": 2**70})   # bytes
    assert translation.decode(data) == {"n": 2**70}

Any JSON value comes back equal, valid under the schema or not; only a date-time in a field of that
format comes back as the same instant in UTC.  How, is told in ``docs/lossless-mode.md``.

JSON values are what :func:`contracts.model.json_text.parse` gives: numbers that a double cannot
hold are :class:`~decimal.Decimal`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form
from fastavro.types import Schema

from contracts.lossless.exact import Document
from contracts.lossless.walker import ROOT_VALUE, lossless_record_type
from contracts.model.types import (
    ArrayType,
    DateTimeType,
    Field,
    FieldType,
    JsonType,
    MapType,
    RecordType,
    StringType,
    ValueType,
)
from contracts.reasons import Reason
from registry.avro import AvroSchema, record_schema, schema_text
from registry.errors import EncodeError, UndecodableError

NAMESPACE = "ugc.translated"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the value of one field goes.

    ``path`` names the field (``a.b``, ``a[].b`` inside a list, ``a{}.b`` inside a map).  ``image``
    is its type in words.  ``reason`` says why it is JSON text; ``None`` for a typed field.
    """

    path: str
    image: str
    reason: str | None = None


class Translation:
    """One JSON Schema's Avro image. Safe to share between threads."""

    def __init__(self, schema: object, name: str) -> None:
        record, wrapped = lossless_record_type(schema)
        self.name = name
        self.record: RecordType = record
        self.is_wrapped = wrapped
        self.avro_schema: AvroSchema = record_schema(record, NAMESPACE, name)
        self._document = Document(record, wrapped=wrapped, root_field=ROOT_VALUE)

    @cached_property
    def _parsed(self) -> Schema:
        return fastavro.parse_schema(self.avro_schema)

    @property
    def instance_type(self) -> FieldType:
        """The type of whole instances."""
        return self.record.fields[0].value.type if self.is_wrapped else self.record

    @property
    def text(self) -> str:
        """The Avro schema as it would be registered: the same on every run and machine."""
        return schema_text(self.avro_schema)

    @cached_property
    def canonical_form(self) -> str:
        """Avro's parsing canonical form."""
        return str(to_parsing_canonical_form(self.avro_schema))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical form, in hex."""
        return str(fingerprint(self.canonical_form, "SHA-256"))

    @cached_property
    def report(self) -> tuple[Placement, ...]:
        """Field by field: typed, or JSON text and why."""
        return tuple(_placements(self.record, ""))

    def to_avro(self, value: Any) -> dict[str, Any]:
        """The record of a JSON value, as Avro writers take it (times and UUIDs as objects).

        Raises:
            EncodeError: it is no JSON value, or nested deeper than the interpreter can follow.
        """
        try:
            return self._document.image(value)
        except ValueError as error:
            raise EncodeError("", f"cannot be stored: {error}") from error

    def from_avro(self, record: Mapping[str, Any]) -> Any:
        """The JSON value of a record that :meth:`to_avro` made or an Avro reader read."""
        return self._document.back(record)

    def encode(self, value: Any) -> bytes:
        """Avro bytes (binary encoding, without framing) of a JSON value.

        Raises:
            EncodeError: as :meth:`to_avro`.
        """
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self._parsed, self.to_avro(value))
        return out.getvalue()

    def decode(self, data: bytes) -> Any:
        """The JSON value in Avro bytes.

        Raises:
            UndecodableError: they are not of this schema.
        """
        return self.from_avro(self.read(data))

    def read(self, data: bytes) -> dict[str, Any]:
        """The record in Avro bytes.

        Raises:
            UndecodableError: they are not of this schema.
        """
        source = io.BytesIO(data)
        try:
            record = fastavro.schemaless_reader(source, self._parsed, None)
        except (EOFError, ValueError, IndexError, OverflowError) as error:
            raise UndecodableError(Reason.AVRO_UNREADABLE, str(error)) from error
        if source.read(1) or not isinstance(record, dict):
            raise UndecodableError(Reason.TRAILING_BYTES, "there are more bytes than one record's")
        return record


def translate(schema: object, name: str = "document") -> Translation:
    """The Avro image of a JSON Schema of any draft from 4 on, which may be a boolean.

    Args:
        schema: parsed JSON; it must not change while the translation is made.
        name: the record's name, within the namespace ``ugc.translated``.

    Raises:
        ValueError: ``name`` is no Avro name.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no Avro name")
    return Translation(schema, name)


def _placements(record: RecordType, prefix: str) -> Iterator[Placement]:
    for field in record.fields:
        if field.name != record.rest:
            yield from _placed(field, f"{prefix}{field.json_name}")


def _placed(field: Field, path: str) -> Iterator[Placement]:
    kind = field.value.type
    if isinstance(kind, JsonType):
        yield Placement(path, "JSON text", kind.reason)
        return
    yield Placement(path, _in_words(field.value.type))
    inner, suffix = _innermost(kind)
    if isinstance(inner, RecordType):
        yield from _placements(inner, f"{path}{suffix}.")


def _innermost(kind: FieldType) -> tuple[FieldType, str]:
    match kind:
        case ArrayType(items=ValueType(type=inner)):
            found, suffix = _innermost(inner)
            return found, f"[]{suffix}"
        case MapType(values=ValueType(type=inner)):
            found, suffix = _innermost(inner)
            return found, f"{{}}{suffix}"
        case _:
            return kind, ""


def _in_words(kind: FieldType) -> str:
    match kind:
        case ArrayType(items=items):
            return f"list of {_in_words(items.type)}"
        case MapType(values=values):
            return f"map of {_in_words(values.type)}"
        case StringType(categorical=True):
            return "string, few values"
        case DateTimeType():
            return "date-time"
        case _:
            return type(kind).__name__.removesuffix("Type").lower()
