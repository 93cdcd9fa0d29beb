"""The verdict for Avro: the newer schema reads what was written with every earlier one. Pure.

Avro's own rules are :mod:`registry.compatibility`.  They do not look at what a value means: a
``long`` that was microseconds is read as milliseconds without an error, a text as a UUID, a raw
string as JSON text.  So the types of the contracts are compared as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts.model.types import (
    ArrayType,
    Contract,
    DateTimeType,
    DecimalType,
    FieldType,
    IntegerType,
    JsonType,
    MapType,
    NumberType,
    RecordType,
    StringType,
    UuidType,
)
from registry.avro import AvroSchema
from registry.compatibility import Incompatibility, incompatibilities, resolve
from ugc.compatibility.findings import Finding, Target

_WAY_OUT = "keep the type, and add an optional field beside it"


def judge(
    old: Contract, new: Contract, writer: AvroSchema, reader: AvroSchema
) -> tuple[Finding, ...]:
    """What keeps ``reader`` (of ``new``) from reading what ``writer`` (of ``old``) wrote."""
    unreadable = [
        Finding(
            code=f"avro.{found.kind.lower().replace('_', '-')}",
            target=Target.AVRO,
            breaking=True,
            pointer=_contract_pointer(reader, found),
            message=found.description("new", "earlier"),
            against=old.id,
            way_out=_WAY_OUT,
        )
        for found in incompatibilities(resolve(reader), resolve(writer))
    ]
    told = {finding.pointer for finding in unreadable}
    other_meaning = [
        Finding(
            code=code,
            target=Target.AVRO,
            breaking=True,
            pointer=pointer,
            message=message,
            against=old.id,
            way_out=_WAY_OUT,
        )
        for code, pointer, message in _meanings(old.data, new.data, "")
        if pointer not in told
    ]
    return (*unreadable, *other_meaning)


def forward(old: Contract, writer: AvroSchema, reader: AvroSchema) -> tuple[str, ...]:
    """Why ``reader`` (of ``old``) cannot read what the newer ``writer`` writes."""
    return tuple(
        f"{old.id}: {found.description('earlier', 'new')}"
        for found in incompatibilities(resolve(reader), resolve(writer))
    )


def _contract_pointer(schema: AvroSchema, found: Incompatibility) -> str:
    """The pointer into the contract that a pointer into its Avro schema stands for."""
    node: Any = schema
    steps: list[str] = []
    for part in found.path.strip("/").split("/"):
        parent, node = node, _child(node, part)
        match part, node:
            case _, {"name": name, "type": of_type} if isinstance(parent, list):
                # A union may hold a record, which has a name and is no field.
                if of_type != "record":
                    steps.append(f"/properties/{node.get('ugc.name', name)}")
            case "items", _:
                steps.append("/items")
            case "values", _:
                steps.append("/additionalProperties")
    inside = steps[1:] if steps[:1] == ["/properties/data"] else steps
    return "".join(inside)


def _child(node: Any, part: str) -> Any:
    match node:
        case list() if part.isdecimal() and int(part) < len(node):
            return node[int(part)]
        case dict():
            return node.get(part)
        case _:
            return None


_Meaning = tuple[str, str, str]


def _meanings(old: FieldType, new: FieldType, pointer: str) -> Iterator[_Meaning]:
    """Code, pointer and message of every place where a written value is read as something else."""
    match old, new:
        case RecordType(), RecordType():
            before = {field.json_name: field for field in old.fields}
            for field in new.fields:
                if field.json_name in before:
                    was = before[field.json_name].value.type
                    at = f"{pointer}/properties/{field.json_name}"
                    yield from _meanings(was, field.value.type, at)
        case ArrayType(), ArrayType():
            yield from _meanings(old.items.type, new.items.type, f"{pointer}/items")
        case MapType(), MapType():
            at = f"{pointer}/additionalProperties"
            yield from _meanings(old.values.type, new.values.type, at)
        case IntegerType(), NumberType():
            message = "integers above 2^53 lose digits when they are read as double"
            yield "avro.precision", pointer, message
        case DecimalType(), DecimalType():
            return  # Avro's own rules compare scales; any number of digits is read
        case DateTimeType(), DateTimeType():
            if old.unit is not new.unit:
                message = f"written {old.unit} would be read as {new.unit}, a thousand times off"
                yield "avro.time-unit", pointer, message
        case (StringType(), StringType()) | (UuidType(), StringType()) | (JsonType(), JsonType()):
            return
        case _ if type(old) is not type(new):
            message = f"what was written as {_called(old)} would be read as {_called(new)}"
            yield "avro.meaning", pointer, message


def _called(kind: FieldType) -> str:
    return type(kind).__name__.removesuffix("Type").lower()
