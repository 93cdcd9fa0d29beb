"""What a contract's data looks like, for generators of types: the fields with their choices. Pure.

:mod:`contracts.model.types` has what tables need.  A type in a programming language also shows
which texts an enum allows, and how a decimal is written, so both are read from the schema beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model.context import PREFIX
from contracts.model.definitions import find_definition
from contracts.model.loader import Catalog
from contracts.model.types import (
    ArrayType,
    Contract,
    FieldType,
    MapType,
    Origin,
    RecordType,
    StringType,
    ValueType,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A value. ``choices`` are the texts of an enum, empty where any text may stand.

    ``inner`` is that of a list's items or a map's values; ``members`` are a record's.  ``is_text``
    tells of a decimal that it is a string in JSON.
    """

    type: FieldType
    nullable: bool
    choices: tuple[str, ...] = ()
    is_text: bool = False
    inner: Shape | None = None
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A field of a record, by its name in JSON."""

    json_name: str
    name: str
    shape: Shape
    required: bool
    description: str


def leaf(shape: Shape) -> Shape:
    """The innermost item of lists and maps."""
    while shape.inner is not None:
        shape = shape.inner
    return shape


def sent_contracts(catalog: Catalog) -> Iterator[Contract]:
    """Every version of every event that clients send, by event and version."""
    return (each for each in catalog if each.origin is Origin.CLIENT)


def data_members(contract: Contract) -> tuple[Member, ...]:
    """The event's own fields, in the order of the contract."""
    return _members(contract.own, contract.schema, contract.schema)


def context_members(catalog: Catalog) -> tuple[Member, ...]:
    """What a request's context may say; nothing where the project has none."""
    context = catalog.context
    if context is None or not context.is_sent:
        return ()
    names = context.schema.get("properties", {})
    fields = {each.json_name.removeprefix(PREFIX): each for each in context.fields}
    return tuple(
        Member(
            json_name=name,
            name=fields[name].name.removeprefix(PREFIX),
            shape=_shape(fields[name].value, schema, context.schema),
            required=False,
            description=fields[name].description,
        )
        for name, schema in names.items()
    )


def _members(
    record: RecordType, schema: Mapping[str, Any], root: Mapping[str, Any]
) -> tuple[Member, ...]:
    properties = schema.get("properties", {})
    return tuple(
        Member(
            json_name=each.json_name,
            name=each.name,
            shape=_shape(each.value, properties.get(each.json_name, {}), root),
            required=each.required,
            description=each.description,
        )
        for each in record.fields
    )


def _shape(value: ValueType, said: Any, root: Mapping[str, Any]) -> Shape:
    schema = _resolved(said, root)
    kind = value.type
    match kind:
        case ArrayType():
            inner = _shape(kind.items, schema.get("items", {}), root)
            return Shape(kind, value.nullable, inner=inner)
        case MapType():
            inner = _shape(kind.values, schema.get("additionalProperties", {}), root)
            return Shape(kind, value.nullable, inner=inner)
        case RecordType():
            return Shape(kind, value.nullable, members=_members(kind, schema, root))
        case _:
            declared = schema.get("type")
            kinds = [declared] if isinstance(declared, str) else (declared or [])
            choices = _choices(schema) if isinstance(kind, StringType) else ()
            return Shape(kind, value.nullable, choices, is_text="string" in kinds)


def _choices(schema: Mapping[str, Any]) -> tuple[str, ...]:
    listed = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return tuple(each for each in listed if isinstance(each, str))


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where its references lead, and of a union with null the other half."""
    while isinstance(schema, Mapping):
        unions = [schema[each] for each in ("anyOf", "oneOf") if each in schema]
        if "$ref" in schema:
            schema = find_definition(root, schema["$ref"])
        elif unions and "type" not in schema:
            others = [each for each in unions[0] if each != {"type": "null"}]
            schema = others[0] if others else {}
        else:
            return schema
    return {}
