"""The lossless mode's reading of a schema, construct by construct."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.lossless.walker import lossless_record_type
from contracts.model.types import (
    ArrayType,
    BooleanType,
    DateTimeType,
    Field,
    FieldType,
    IntegerType,
    JsonType,
    MapType,
    NumberType,
    RecordType,
    StringType,
    UuidType,
    ValueType,
)

SEVEN = "http://json-schema.org/draft-07/schema#"
LATEST = "https://json-schema.org/draft/2020-12/schema"
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def type_of(schema: Any, **document: Any) -> FieldType:
    """The type of a property with this schema."""
    record, wrapped = lossless_record_type({"properties": {"x": schema}, **document})
    assert not wrapped
    return record.fields[0].value.type


TYPED: list[tuple[Any, FieldType]] = [
    (WHOLE, IntegerType()),
    ({"type": ["null", "number"]}, NumberType()),
    ({"format": "uuid"}, UuidType()),
    ({"format": "date-time", "x-precision": "nonsense"}, DateTimeType()),
    ({"maxLength": 3}, StringType()),
    ({"minimum": 3}, NumberType()),
    ({"enum": ["a", None]}, StringType(categorical=True)),
    ({"const": True}, BooleanType()),
    ({"items": WHOLE}, ArrayType(ValueType(IntegerType()))),
    ({"additionalProperties": WHOLE}, MapType(ValueType(IntegerType()))),
    ({"allOf": [{"minLength": 1}, TEXT]}, StringType()),
    ({"allOf": [{"$ref": "#/definitions/s"}], "maxLength": 3}, StringType()),
    ({"anyOf": [WHOLE, {"type": "null"}]}, IntegerType()),
    ({"oneOf": [{"type": "string", "pattern": "^a"}, TEXT]}, StringType()),
    ({"anyOf": [{"enum": ["a"]}, TEXT]}, StringType()),
    ({"anyOf": [TEXT, {"enum": ["a"]}, {"type": "null"}]}, StringType()),
    ({"oneOf": [WHOLE, {"type": "number"}]}, NumberType()),
    ({"anyOf": [{"type": "string", "format": "date-time"}, TEXT]}, StringType()),
    ({"anyOf": [{"format": "date"}, {"format": "date-time"}]}, StringType()),
    ({"items": {"anyOf": [{"enum": ["a"]}, TEXT]}}, ArrayType(ValueType(StringType()))),
    ({"$ref": "#/definitions/s"}, StringType()),
    ({"$ref": "#named"}, BooleanType()),
    ({"$ref": "http://h/other"}, NumberType()),
    ({"$ref": "http://h/other#/definitions/inner"}, IntegerType()),
    ({"$ref": "urn:x:y"}, StringType()),
]

DEFINITIONS = {
    "s": TEXT,
    "anchored": {"$anchor": "named", "type": "boolean"},
    "other": {"$id": "http://h/other", "type": "number", "definitions": {"inner": WHOLE}},
    "urn": {"$id": "urn:x:y", "$ref": "#/definitions/z", "definitions": {"z": TEXT}},
}


@pytest.mark.parametrize(("schema", "expected"), TYPED, ids=str)
def test_typed(schema: Any, expected: FieldType) -> None:
    assert type_of(schema, definitions=DEFINITIONS) == expected


UNTYPED: list[tuple[Any, str]] = [
    (True, "boolean schema"),
    ({}, "names no type"),
    ({"type": "any"}, "names no type"),
    ({"type": 5}, "names no type"),
    ({"type": ["string", "integer"]}, "2 types"),
    ({"type": "null"}, "no types"),
    ({"anyOf": [TEXT, WHOLE]}, "union"),
    ({"enum": [1, "a"]}, "2 types"),
    ({"type": "object"}, "without known properties"),
    ({"patternProperties": {"a": TEXT}}, "patterns"),
    ({"additionalProperties": {"anyOf": [TEXT, WHOLE]}}, "values have no typed image"),
    ({"type": "array"}, "items have no typed image"),
    ({"prefixItems": [TEXT]}, "tuple"),
    ({"items": [TEXT]}, "tuple"),
    ({"$ref": "#"}, "recursive through #"),
    ({"$ref": "http://elsewhere/x"}, "not inside the document"),
    ({"$ref": "#/nowhere"}, "not inside the document"),
    ({"anyOf": [TEXT, {"$ref": "#"}]}, "recursive"),
]


@pytest.mark.parametrize(("schema", "reason"), UNTYPED, ids=str)
def test_json_text_says_why(schema: Any, reason: str) -> None:
    found = type_of(schema)
    assert isinstance(found, JsonType)
    assert reason in found.reason


@pytest.mark.parametrize(("draft", "expected"), [(SEVEN, StringType()), (LATEST, IntegerType())])
def test_what_stands_beside_a_reference(draft: str, expected: FieldType) -> None:
    schema = {**WHOLE, "$ref": "#/definitions/s"}
    assert type_of(schema, definitions=DEFINITIONS, **{"$schema": draft}) == expected


def names_of(kind: FieldType) -> list[str]:
    assert isinstance(kind, RecordType)
    return [field.json_name for field in kind.fields]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": TEXT, "b": WHOLE}},
        {"properties": {"a": TEXT, "b": WHOLE}, "additionalProperties": TEXT},
        {"type": ["object", "string"], "properties": {"a": TEXT, "b": WHOLE}},
        {"properties": {"a": TEXT}, "allOf": [{"properties": {"b": WHOLE}}]},
        {"properties": {"a": TEXT}, "then": {"properties": {"b": WHOLE}}},
        {"properties": {"a": TEXT}, "anyOf": [{"properties": {"b": WHOLE}}]},
        {"oneOf": [{"properties": {"a": TEXT}}, {"properties": {"a": TEXT, "b": WHOLE}}]},
        {"anyOf": [{"type": "null"}, {"properties": {"a": TEXT, "b": WHOLE, "\ud800": TEXT}}]},
    ],
    ids=str,
)
def test_properties_are_gathered(schema: Any) -> None:
    found = type_of(schema)
    assert names_of(found) == ["a", "b", "ugc_rest"]


def test_a_property_with_several_schemas_of_one_type_has_that_type() -> None:
    branches = [{"properties": {"kind": {"const": name}}} for name in "abcdefgh" * 60]
    found = type_of({"oneOf": branches})
    assert isinstance(found, RecordType)
    assert found.fields[0].value.type == StringType(categorical=True)


def test_a_property_whose_schemas_differ_is_json_text() -> None:
    found = type_of({"oneOf": [{"properties": {"v": TEXT}}, {"properties": {"v": WHOLE}}]})
    assert isinstance(found, RecordType)
    assert isinstance(found.fields[0].value.type, JsonType)


def test_the_rest_makes_way_for_a_property_of_its_name() -> None:
    record, _ = lossless_record_type({"properties": {"ugc_rest": TEXT, "ugc_rest_": TEXT}})
    assert record.rest == "ugc_rest__"
    assert [field.name for field in record.fields] == ["ugc_rest", "ugc_rest_", "ugc_rest__"]


@pytest.mark.parametrize("document", [True, False, {}, TEXT, 3, None, {"$ref": "#"}])
def test_a_document_that_is_no_object_is_wrapped(document: Any) -> None:
    record, wrapped = lossless_record_type(document)
    assert wrapped
    assert [field.name for field in record.fields] == ["value", "ugc_rest"]


def test_many_properties_stay_typed_and_inner_objects_give_way() -> None:
    wide = {f"p{number}": WHOLE for number in range(1500)}
    record, _ = lossless_record_type({"properties": {**wide, "o": {"properties": wide}}})
    assert record.fields[0].value.type == IntegerType()
    inner = record.fields[1500].value.type
    assert isinstance(inner, JsonType)
    assert "2000 fields" in inner.reason


@pytest.mark.parametrize("turn", [list, reversed])
def test_the_room_is_not_split_by_the_number_of_siblings(turn: Any) -> None:
    """One Iglu schema of 33 fields and 190 of GitHub's have such a shape."""
    siblings = {
        **{f"s{number}": TEXT for number in range(44)},
        "large": {"properties": {f"p{number}": WHOLE for number in range(44)}},
        "small": {"properties": {"one": {"properties": {"two": WHOLE}}}},
    }
    record, _ = lossless_record_type({"properties": dict(turn(list(siblings.items())))})
    assert json_texts(record) == []


def test_of_the_level_that_has_no_room_what_fits_is_typed() -> None:
    wide = {"properties": {f"p{number}": WHOLE for number in range(1500)}}
    small = {"properties": {"a": WHOLE}}
    record, _ = lossless_record_type({"properties": {"a": wide, "b": wide, "c": small}})
    assert [field.json_name for field in json_texts(record)] == ["b"]


def test_unions_that_references_multiply_are_followed_to_a_bound() -> None:
    levels = {f"l{n}": {"anyOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 10} for n in range(12)}
    found = type_of({"$ref": "#/$defs/l0"}, **{"$defs": {**levels, "l12": TEXT}})
    assert isinstance(found, JsonType)
    assert "branches" in found.reason


def json_texts(record: RecordType) -> list[Field]:
    """Fields that are JSON text, at every level, without the rests."""
    found: list[Field] = []
    for field in record.fields[:-1]:
        kind = field.value.type
        if isinstance(kind, RecordType):
            found += json_texts(kind)
        elif isinstance(kind, JsonType):
            found.append(field)
    return found


def test_what_lies_too_deep_is_json_text() -> None:
    deep: dict[str, Any] = dict(WHOLE)
    for _ in range(300):
        deep = {"properties": {"a": deep}}
    kind: FieldType = type_of(deep)
    levels = 0
    while isinstance(kind, RecordType):
        kind = kind.fields[0].value.type
        levels += 1
    assert isinstance(kind, JsonType)
    assert "deeper" in kind.reason
    assert levels < 60
