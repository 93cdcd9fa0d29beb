"""Schema → typed fields, shape by shape."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.model.types import (
    ArrayType,
    BooleanType,
    DateTimeType,
    DateType,
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
from contracts.model.walker import value_type

TYPED: list[tuple[dict[str, Any], FieldType, bool]] = [
    ({"type": "string"}, StringType(), False),
    ({"type": "string", "enum": ["a"]}, StringType(categorical=True), False),
    ({"enum": ["a", "b"]}, StringType(categorical=True), False),
    ({"enum": ["a", None]}, StringType(categorical=True), True),
    ({"const": "a"}, StringType(categorical=True), False),
    ({"const": 3}, IntegerType(), False),
    ({"type": "string", "x-categorical": True}, StringType(categorical=True), False),
    ({"type": "string", "format": "uuid"}, UuidType(), False),
    ({"type": "string", "format": "date-time"}, DateTimeType(), False),
    (
        {"type": "string", "format": "date-time", "x-precision": "millis"},
        DateTimeType(TimeUnit.MILLIS),
        False,
    ),
    ({"type": "string", "format": "date"}, DateType(), False),
    ({"type": "string", "format": "email"}, StringType(), False),
    ({"type": "integer"}, IntegerType(), False),
    ({"type": "number"}, NumberType(), False),
    ({"type": ["number", "integer"]}, NumberType(), False),
    ({"type": "boolean"}, BooleanType(), False),
    ({"type": ["string", "null"]}, StringType(), True),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, StringType(), True),
    ({"oneOf": [{"type": "null"}, {"$ref": "#/$defs/n"}], "$defs": {"n": {"type": "integer"}}},
     IntegerType(), True),
    ({"type": "array", "items": {"type": "integer"}}, ArrayType(ValueType(IntegerType())), False),
    (
        {"type": "array", "items": {"type": ["integer", "null"]}},
        ArrayType(ValueType(IntegerType(), nullable=True)),
        False,
    ),
    (
        {"type": "object", "additionalProperties": {"type": "number"}},
        MapType(ValueType(NumberType())),
        False,
    ),
    ({"$ref": "#/definitions/a~1b", "definitions": {"a/b": {"type": "string"}}},
     StringType(), False),
    ({"type": "integer", "allOf": [{"minimum": 3}]}, IntegerType(), False),
]  # fmt: skip

UNTYPED: list[tuple[Any, str]] = [
    (True, "boolean schema"),
    (False, "boolean schema"),
    ({}, "names no type"),
    ({"minimum": 3}, "names no type"),
    ({"type": ["string", "integer"]}, "2 types"),
    ({"type": "null"}, "no types"),
    ({"type": "any"}, "names no type"),
    ({"enum": ["a", 1]}, "2 types"),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "union"),
    ({"type": "object"}, "open object"),
    ({"type": "object", "properties": {"a": {"type": "string"}}}, "open object"),
    ({"type": "object", "additionalProperties": False}, "without fields"),
    (
        {"type": "object", "patternProperties": {"^a": {}}, "additionalProperties": False},
        "keys follow patterns",
    ),
    ({"type": "object", "additionalProperties": {"type": "object"}}, "values have no typed image"),
    ({"type": "array"}, "items have no typed image"),
    ({"type": "array", "items": [{"type": "string"}]}, "tuple"),
    ({"type": "array", "prefixItems": [{"type": "string"}]}, "tuple"),
    ({"$ref": "#"}, "recursive"),
    ({"$ref": "other.json"}, "not inside the document"),
    ({"$ref": "#/$defs/nope"}, "not inside the document"),
]


@pytest.mark.parametrize(("schema", "expected", "nullable"), TYPED, ids=str)
def test_shapes_with_a_typed_image(
    schema: dict[str, Any], expected: FieldType, nullable: bool
) -> None:
    assert value_type(schema) == ValueType(expected, nullable)


@pytest.mark.parametrize(("schema", "reason"), UNTYPED, ids=str)
def test_everything_else_is_json_text_and_says_why(schema: Any, reason: str) -> None:
    found = value_type(schema).type
    assert isinstance(found, JsonType)
    assert reason in found.reason


def test_a_closed_object_keeps_the_order_and_the_names_of_its_fields() -> None:
    found = value_type(
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["b"],
            "properties": {
                "b": {"type": "string", "description": "B", "x-pii": "identifier"},
                "a-1": {"type": "integer"},
            },
        }
    ).type
    assert isinstance(found, RecordType)
    first, second = found.fields
    assert (first.name, first.required, first.description, first.pii) == (
        "b",
        True,
        "B",
        "identifier",
    )
    assert (second.name, second.json_name, second.optional) == ("a_x2d_1", "a-1", True)


def test_recursion_ends_in_json_text() -> None:
    node = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "value": {"type": "integer"},
            "next": {"$ref": "#/$defs/node"},
        },
    }
    found = value_type({"$ref": "#/$defs/node", "$defs": {"node": node}}).type
    assert isinstance(found, RecordType)
    assert isinstance(found.fields[1].value.type, JsonType)
    assert "recursive" in found.fields[1].value.type.reason
