"""Contract → Avro schema. Pure.

One record per event, named ``ugc.events.<event>`` (or after another namespace of the project:
:mod:`contracts.naming`): the message envelope with the event's own record as ``data``.  Every
contract version of an event is a version of that one record, so the registry's compatibility rules
apply between them.  The mapping is the table in ``docs/contract-language.md``.

Attributes that Avro itself ignores are kept for whoever reads the schema: ``ugc.name`` (a JSON
name that is no Avro name), ``ugc.pii``, ``ugc.json`` (the string holds JSON text, and why), and
``ugc.precision``.  That is a decimal's own precision; Avro is told the largest one for all, since
by its specification two decimals of unlike precision do not match, though the bytes are the same:
else no contract could ever allow larger amounts.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from contracts.model import decimals
from contracts.model.loader import Catalog
from contracts.model.names import type_name
from contracts.model.types import (
    ArrayType,
    BooleanType,
    Contract,
    DateTimeType,
    DateType,
    DecimalType,
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
from contracts.naming import NAMESPACE

AvroSchema = dict[str, Any]


def record_name(event: str, namespace: str = NAMESPACE) -> str:
    """Full name of an event's record; with the record-name strategy also its subject."""
    return f"{namespace}.{event}"


def message_fields(catalog: Catalog, contract: Contract) -> tuple[Field, ...]:
    """The envelope's fields with ``data`` given the contract's own type."""
    data = ValueType(contract.data)
    return tuple(
        replace(field, value=data) if field.name == "data" else field
        for field in catalog.message.fields
    )


def avro_schema(catalog: Catalog, contract: Contract) -> AvroSchema:
    """The Avro schema of the Kafka messages of one contract version."""
    namespace = catalog.naming.namespace
    full_name = record_name(contract.event, namespace)
    return {
        "type": "record",
        "name": contract.event,
        "namespace": namespace,
        "doc": contract.description,
        "fields": [_field(f, full_name) for f in message_fields(catalog, contract)],
    }


def record_schema(record: RecordType, namespace: str, name: str) -> AvroSchema:
    """The Avro schema of a record by itself, without an envelope."""
    found: AvroSchema = _type(record, f"{namespace}.{name}")
    return found


def schema_text(schema: AvroSchema) -> str:
    """The text that is registered: the same for the same contract, on every machine."""
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))


def _field(field: Field, path: str) -> AvroSchema:
    found: AvroSchema = {"name": field.name}
    if field.description:
        found["doc"] = field.description
    if field.name != field.json_name:
        found["ugc.name"] = field.json_name
    if field.pii:
        found["ugc.pii"] = field.pii
    inner = _type(field.value.type, f"{path}.{field.name}")
    if is_union(field):
        return {**found, "type": ["null", inner], "default": None}
    return {**found, "type": inner}


def is_union(field: Field) -> bool:
    """Whether the field is a union with null.

    JSON text has a ``null`` of its own, so there only absence needs the union.
    """
    if isinstance(field.value.type, JsonType):
        return not field.required
    return field.optional


def _value(value: ValueType, path: str) -> Any:
    inner = _type(value.type, path)
    return ["null", inner] if value.nullable else inner


def _type(kind: FieldType, path: str) -> Any:
    match kind:
        case StringType():
            return "string"
        case UuidType():
            return {"type": "string", "logicalType": "uuid"}
        case DateTimeType(unit=unit):
            return {"type": "long", "logicalType": _TIMESTAMP[unit]}
        case DateType():
            return {"type": "int", "logicalType": "date"}
        case IntegerType():
            return "long"
        case NumberType():
            return "double"
        case DecimalType(precision=precision, scale=scale):
            return {
                "type": "bytes",
                "logicalType": "decimal",
                "precision": decimals.MOST_DIGITS,
                "scale": scale,
                "ugc.precision": precision,
            }
        case BooleanType():
            return "boolean"
        case ArrayType(items=items):
            return {"type": "array", "items": _value(items, path)}
        case MapType(values=values):
            return {"type": "map", "values": _value(values, path)}
        case RecordType(fields=fields):
            namespace, _, name = path.rpartition(".")
            return {
                "type": "record",
                "name": type_name(name),
                "namespace": namespace,
                "fields": [_field(field, path) for field in fields],
            }
        case JsonType(reason=reason):
            return {"type": "string", "ugc.json": reason}


_TIMESTAMP = {TimeUnit.MILLIS: "timestamp-millis", TimeUnit.MICROS: "timestamp-micros"}
