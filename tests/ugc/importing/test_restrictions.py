"""What of a restriction a contract keeps, and what the report says of one that it cannot keep."""

from __future__ import annotations

from typing import Any

import pytest

from ugc.importing.convert import Fate
from ugc.importing.events import ImportedEvent, imported_all
from ugc.importing.plans import events_in


def taken(schema: Any) -> ImportedEvent:
    (event,) = imported_all(events_in(schema, "order", "order.json"), owner="team")
    return event


def field(schema: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The image of a field, without its texts, and its notes."""
    event = taken({"type": "object", "additionalProperties": False, "properties": {"a": schema}})
    assert event.document is not None, event.fields
    assert event.findings == ()
    image = event.document["properties"]["a"]
    texts = ("description", "examples")
    return {key: said for key, said in image.items() if key not in texts}, event.fields[0].notes


BOUNDED = {"minimum": 0, "maximum": 9}


@pytest.mark.parametrize(("schema", "image"), [
    ({"type": "integer", "multipleOf": 5, **BOUNDED},
     {"type": "integer", "multipleOf": 5, **BOUNDED}),
    ({"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "maxItems": 2},
     {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "maxItems": 2}),
    ({"type": "integer", "maximum": 9, "allOf": [{"minimum": 0}, {"minimum": 5}, {"maximum": 10}]},
     {"type": "integer", "minimum": 5, "maximum": 9}),
    ({"allOf": [{"type": "string", "maxLength": 9}, {"maxLength": 3}, {"minLength": 1}]},
     {"type": "string", "minLength": 1, "maxLength": 3}),
    ({"type": "number", "allOf": [{"multipleOf": 0.4}, {"multipleOf": 0.6}], **BOUNDED},
     {"type": "number", "multipleOf": 1.2, **BOUNDED}),
    ({"type": ["string", "null"], "enum": ["u"]}, {"type": "string", "enum": ["u"]}),
    ({"type": ["string", "null"], "enum": ["u", None]},
     {"type": ["string", "null"], "enum": ["u", None]}),
    ({"type": "string", "enum": ["u", 1, None, "v"]}, {"type": "string", "enum": ["u", "v"]}),
    ({"enum": ["a", "b", "c"], "allOf": [{"enum": ["b", "c"]}, {"enum": ["c", "b", "d"]}]},
     {"type": "string", "enum": ["b", "c"]}),
    ({"enum": [1, 2, 3, 8], "minimum": 2, "maximum": 7}, {"type": "integer", "enum": [2, 3]}),
    ({"anyOf": [{"type": "null"}, {"type": "integer", **BOUNDED}]},
     {"type": ["integer", "null"], **BOUNDED}),
    ({"anyOf": [{"enum": ["a", "b"]}, {"const": "c"}]},
     {"type": "string", "enum": ["a", "b", "c"]}),
])  # fmt: skip
def test_what_is_kept_whole(schema: Any, image: Any) -> None:
    assert field(schema) == (image, ())


@pytest.mark.parametrize(("schema", "told"), [
    ({"type": "string", "maxLength": 9, "not": {"const": "a"}}, "not is not checked"),
    ({"type": "string", "maxLength": 9, "pattern": "(?=a)"}, "pattern is not checked"),
    ({"type": "string", "maxLength": 9, "pattern": "^(a+)+$"}, "pattern is not checked"),
    ({"type": "string", "maxLength": 9, "format": "ipv4"}, "format ipv4 is not checked"),
    ({"type": "string", "maxLength": 9, "format": "email"}, "format email is demanded"),
    ({"type": "string"}, "maxLength 1024 added"),
    ({"type": "integer", "minimum": 0}, f"maximum {2**63 - 1} added"),
    ({"type": "integer", "minimum": 0, "maximum": 10**30}, f"maximum {2**63 - 1} added"),
    ({"type": "array", "items": {"type": "boolean"}}, "maxItems 1000 added"),
    ({"type": "array", "maxItems": 1, "items": {"type": "boolean"}, "contains": {"const": True}},
     "contains is not checked"),
    ({"properties": {"b": {"type": "boolean"}}, "additionalProperties": False},
     "values of other types than object are refused"),
    ({"type": "object", "properties": {"b": {"type": "boolean"}}}, "other properties are refused"),
    ({"type": "object", "properties": {"b": {"type": "boolean"}}, "minProperties": 1},
     "minProperties is not checked"),
    ({"type": "object", "properties": {"b": {"type": "boolean"}}, "dependentRequired": {}},
     "dependentRequired is not checked"),
    ({"type": "object", "properties": {"b": {"type": "boolean"}}, "patternProperties": {"^x": {}}},
     "patternProperties is not checked"),
    ({"anyOf": [{"type": "integer", **BOUNDED}, {"type": "integer", "minimum": 5, "maximum": 20}]},
     "anyOf: minimum is that of the loosest alternative"),
    ({"oneOf": [{"type": "integer", **BOUNDED}, {"type": "integer", "minimum": 5, "maximum": 20}]},
     "that just one alternative of oneOf holds is not checked"),
    ({"anyOf": [{"properties": {"b": {"type": "boolean"}}}, {"properties": {"c": {"enum": ["d"]}}}],
      "type": "object"},
     "anyOf: values of 'b' that only others take are refused"),
    ({"type": "integer", **BOUNDED, "if": {"const": 1}, "then": False},
     "if, then and else are not checked"),
])  # fmt: skip
def test_what_cannot_be_kept_is_told(schema: Any, told: str) -> None:
    _, notes = field(schema)
    assert any(note.startswith(told) for note in notes), notes


def test_lists_of_both_alternatives_are_taken() -> None:
    one, other = ({"type": "object", "properties": {"kind": {"enum": [kind]}},
                   "additionalProperties": False} for kind in ("card", "cash"))  # fmt: skip
    event = taken({"type": "object", "oneOf": [one, other]})
    assert event.document is not None
    assert event.document["properties"]["kind"]["enum"] == ["card", "cash"]
    assert "that just one alternative of oneOf holds is not checked" in event.notes


@pytest.mark.parametrize("schema", [
    {"allOf": [{"minimum": 5}, {"maximum": 3}], "type": "integer"}, {"type": "string", "enum": [1]},
    {"type": "integer", "minimum": 2**63}, {"allOf": [{"type": "string"}, {"type": "integer"}]},
    {"type": "string", "minLength": 10**9}, {"type": "number", "enum": [float("inf")]},
    {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 3},
])  # fmt: skip
def test_a_field_without_a_value_is_refused_and_the_others_are_taken(schema: Any) -> None:
    event = taken({"type": "object", "properties": {"a": schema, "b": {"type": "boolean"}}})
    assert [(str(each), each.fate) for each in event.fields] == [
        ("a", Fate.REFUSED), ("b", Fate.TYPED),
    ]  # fmt: skip
    assert event.fields[0].notes


@pytest.mark.parametrize("number", [10**400, -(10**400), 1.7e308, -1.7e308, float("inf")])
@pytest.mark.parametrize("keyword", [
    "minimum", "maximum", "exclusiveMinimum", "multipleOf", "minLength", "maxItems",
])  # fmt: skip
@pytest.mark.parametrize("kind", ["number", "integer", "string", "array"])
def test_a_number_of_any_size_costs_its_field_at_most(
    kind: str, keyword: str, number: float
) -> None:
    listed = {"items": {"type": "boolean"}} if kind == "array" else {}
    schema = {"type": kind, keyword: number, **listed}
    event = taken({"type": "object", "properties": {"a": schema, "b": {"type": "boolean"}}})
    assert event.document is not None
    assert event.findings == ()
