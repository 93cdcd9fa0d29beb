"""Any JSON Schema → Avro: every instance comes back equal, and both Avro libraries agree."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import avro.io
import avro.schema
import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema.validators import validator_for

from contracts.lossless.same_json import differences
from contracts.model.json_text import parse, write
from registry.errors import EncodeError, UndecodableError
from registry.translate import Placement, Translation, translate
from tests.support.schemas import ANYTHING, DRAFTS, Drawn, documents

EXAMPLES = int(os.environ.get("TRANSLATE_EXAMPLES", "200"))
LONG = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def assert_same(translation: Translation, back: Any, value: Any) -> None:
    assert list(differences(back, value, translation.instance_type)) == []


@LONG
@given(documents(), st.data())
def test_every_valid_instance_comes_back(drawn: Drawn, data: st.DataObject) -> None:
    translation = translate(drawn.schema)
    apache = avro.schema.parse(translation.text)
    assert canonical_by_apache(apache) == json.loads(translation.canonical_form)
    for _ in range(3):
        value = data.draw(drawn.instances)
        validator_for(drawn.schema)(drawn.schema).validate(value)
        encoded = translation.encode(value)
        assert_same(translation, translation.decode(encoded), value)
        assert_same(translation, translation.from_avro(translation.to_avro(value)), value)
        read = avro.io.DatumReader(apache).read(avro.io.BinaryDecoder(io.BytesIO(encoded)))
        assert isinstance(read, dict)
        assert_same(translation, translation.from_avro(read), value)


def canonical_by_apache(schema: avro.schema.Schema) -> Any:
    """The canonical form by the ``avro`` package.

    That leaves ``{"type": "string"}`` where the schema had attributes beside it; the rule
    [PRIMITIVES] of the specification wants the name alone.
    """

    def simple(form: Any) -> Any:
        match form:
            case {"type": str(name)} if form.keys() == {"type"}:
                return name
            case dict():
                return {key: simple(value) for key, value in form.items()}
            case list():
                return [simple(value) for value in form]
            case _:
                return form

    return simple(json.loads(str(schema.canonical_form)))


@LONG
@given(documents(), ANYTHING)
def test_also_what_is_not_valid_comes_back(drawn: Drawn, value: Any) -> None:
    translation = translate(drawn.schema)
    assert_same(translation, translation.decode(translation.encode(value)), value)


@settings(max_examples=60, deadline=None)
@given(documents())
def test_the_same_schema_gives_the_same_text(drawn: Drawn) -> None:
    copy = json.loads(json.dumps(drawn.schema))
    one, other = translate(drawn.schema), translate(copy)
    assert one.text == other.text
    assert one.fingerprint == other.fingerprint
    fastavro.parse_schema(json.loads(one.canonical_form))


@settings(max_examples=100, deadline=None)
@given(ANYTHING)
def test_no_document_stops_the_translation(schema: Any) -> None:
    translation = translate({"properties": {"a": schema}, "type": schema, "allOf": schema})
    avro.schema.parse(translation.text)
    assert translation.decode(translation.encode(schema)) == schema


def test_the_fingerprint_is_known() -> None:
    translation = translate({"properties": {"n": {"type": "integer"}}}, "counter")
    assert translation.fingerprint == (
        "1dec2a8bf426cd590c1b952d131c1a7de29b60d9d4d263ffe88d45ef5b330b82"
    )


def test_the_report_says_where_each_field_goes_and_why() -> None:
    schema = {
        "properties": {
            "n": {"type": "integer"},
            "who": {"properties": {"mail": {"type": "string", "format": "email"}}},
            "rows": {"items": {"properties": {"at": {"type": "string", "format": "date-time"}}}},
            "labels": {"additionalProperties": {"enum": ["a"]}},
            "pair": {"type": "array", "items": [{"type": "integer"}]},
            "me": {"$ref": "#"},
        }
    }
    assert translate(schema).report == (
        Placement("n", "integer"),
        Placement("who", "record"),
        Placement("who.mail", "string"),
        Placement("rows", "list of record"),
        Placement("rows[].at", "date-time"),
        Placement("labels", "map of string, few values"),
        Placement("pair", "JSON text", "it is a tuple"),
        Placement("me", "JSON text", "it is recursive through #"),
    )


TYPED: list[tuple[Any, Any, dict[str, Any]]] = [
    ({"type": "integer"}, 5, {"value": 5}),
    ({"type": "integer"}, 2**63, {"ugc_rest": '{"value":9223372036854775808}'}),
    ({"type": "number"}, 0.5, {"value": 0.5}),
    ({"type": "number"}, 2**53 + 1, {"value": 2.0**53, "ugc_rest": '{"value":9007199254740993}'}),
    ({"properties": {"a": {"type": "string"}}}, {"a": "x"}, {"a": "x"}),
    ({"properties": {"a": {"type": "string"}}}, {"a": None}, {"ugc_rest": '{"a":null}'}),
    ({"properties": {"a": {"type": "string"}}}, {"b": 1}, {"ugc_rest": '{"b":1}'}),
    ({"properties": {"a": {"type": "string"}}}, {}, {"ugc_rest": "{}"}),
    ({"properties": {"a": {"type": "string"}}}, 7, {"ugc_rest": "7"}),
    (
        {"properties": {"a": {"items": {"type": "integer"}}}},
        {"a": [1, 2**63]},
        {"ugc_rest": '{"a":[1,9223372036854775808]}'},
    ),
    ({"$ref": "#/definitions/a", "definitions": {"a": {"type": "boolean"}}}, True, {"value": True}),
    ({"$id": "http://h/r", "$ref": "s#x", "$defs": {"q": {"$id": "s", "$defs": {"z": {
        "$anchor": "x", "type": "boolean"}}}}}, True, {"value": True}),
    ({"allOf": [{"properties": {"a": {"type": "integer"}}}, {"type": "object"}]}, {"a": 1},
     {"a": 1}),
    ({"oneOf": [{"properties": {"a": {"const": "x"}}}, {"properties": {"a": {"const": "y"}}}]},
     {"a": "y"}, {"a": "y"}),
    ({"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a",
      "definitions": {"a": {"type": "string"}}, "type": "integer"}, "x", {"value": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "expected"), TYPED, ids=str)
def test_values_lie_in_typed_fields(schema: Any, value: Any, expected: dict[str, Any]) -> None:
    translation = translate(schema)
    record = translation.to_avro(value)
    assert {name: inner for name, inner in record.items() if inner is not None} == expected


TEXTS = [
    "1e400",
    "-0.0",
    '"\\ud800"',
    '{"\\udc00":[0.1000000001e-400]}',
    "1" * 5000,
    '{"":{"":{}}}',
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("schema", [True, {"type": "number"}, {"properties": {"": {"items": {}}}}])
def test_texts_that_python_would_lose(schema: Any, text: str) -> None:
    translation = translate(schema)
    value = parse(text)
    back = translation.decode(translation.encode(value))
    assert_same(translation, back, value)
    assert write(back) == write(value)


def test_nesting_beyond_the_interpreter_is_refused() -> None:
    value: Any = []
    for _ in range(200_000):
        value = [value]
    with pytest.raises(EncodeError, match=r"deeply|recursion"):
        translate(True).encode(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(EncodeError):
        translate({"type": "number"}).encode(value)


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x02", b"\0\0\0"])
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(UndecodableError):
        translate({"type": "number"}).decode(data)


def test_names_descriptions_and_marks_are_carried() -> None:
    schema = {"type": "string", "description": "Who \ud800", "x-pii": "identifier"}
    translation = translate({"properties": {"e-mail": schema}})
    assert translation.avro_schema["fields"][0] == {
        "name": "e_x2d_mail",
        "doc": "Who ?",
        "ugc.name": "e-mail",
        "ugc.pii": "identifier",
        "type": ["null", "string"],
        "default": None,
    }


def test_a_name_that_avro_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="no Avro name"):
        translate(True, "a-b")


@pytest.mark.parametrize("name", ["null", "int", "record", "map", "string"])
def test_an_object_named_like_an_avro_type(name: str) -> None:
    text = {"properties": {"x": {"type": "string"}}}
    translation = translate({"properties": {name: text, f"_x{ord(name[0]):x}_{name[1:]}": text}})
    assert len({field["type"][1]["name"] for field in translation.avro_schema["fields"][:2]}) == 2
    encoded = translation.encode({name: {"x": "y"}})
    decoder = avro.io.BinaryDecoder(io.BytesIO(encoded))
    read = avro.io.DatumReader(avro.schema.parse(translation.text)).read(decoder)
    assert isinstance(read, dict)
    assert translation.from_avro(read) == translation.decode(encoded) == {name: {"x": "y"}}


def nested(levels: int, wrap: Any) -> Any:
    found: Any = {"type": "integer"}
    for _ in range(levels):
        found = wrap(found)
    return found


NASTY: dict[str, tuple[Any, list[Any]]] = {
    "dynamicRef": (
        {
            "$schema": DRAFTS[2020], "$id": "https://h/strict", "$dynamicAnchor": "node",
            "$ref": "tree", "unevaluatedProperties": False,
            "$defs": {"t": {
                "$id": "tree", "$dynamicAnchor": "node", "type": "object",
                "properties": {
                    "data": True, "children": {"type": "array", "items": {"$dynamicRef": "#node"}},
                },
            }},
        },
        [{"data": 1, "children": [{"data": {}, "children": []}]}],
    ),
    "recursiveRef": (
        {
            "$schema": DRAFTS[2019], "$id": "https://h/t", "$recursiveAnchor": True,
            "properties": {"c": {"items": {"$recursiveRef": "#"}}, "n": {"$recursiveRef": "#"}},
        },
        [{"c": [{"c": []}, {}], "n": {"n": {}}}],
    ),
    "relative to $id": (
        {
            "$id": "http://h/a/root.json",
            "properties": {"x": {"$ref": "item.json"}, "y": {"$ref": "/b#/definitions/q"}},
            "definitions": {
                "i": {"$id": "item.json", "type": "integer"},
                "b": {"$id": "/b", "definitions": {"q": {"type": "boolean"}}},
            },
        },
        [{"x": 1, "y": True}, {"x": 2**63, "y": None}],
    ),
    "odd definitions": (
        {
            "definitions": {'a/b~c%d "e': {"type": "integer"}, "": {"type": "string"}},
            "properties": {
                "x": {"$ref": "#/definitions/a~1b~0c%25d%20%22e"}, "y": {"$ref": "#/definitions/"},
            },
        },
        [{"x": 1, "y": "s"}],
    ),
    "references that lead nowhere": (
        {"properties": {
            "a": {"$ref": "http://[::1"}, "b": {"$ref": ""}, "c": {"$ref": "%zz#%"},
            "d": {"$ref": "#/properties/99999999999999999999"}, "e": {"$ref": 5},
            "f": {"$ref": "#/required/²"},
        }, "required": []},
        [{"a": 1, "b": {"a": 2}, "c": 3, "d": 4, "e": 5, "f": 6}],
    ),
    "conflicting allOf": (
        {"allOf": [
            {"properties": {"a": {"type": "integer"}, "b": {"properties": {"c": True}}}},
            {"properties": {"a": {"type": "string"}, "b": {"properties": {"c": {}, "d": {}}}}},
        ]},
        [{"a": 1}, {"a": "x", "b": {"c": 1.5, "d": [{}]}}],
    ),
    "conditions": (
        {
            "properties": {"k": {"type": "string"}}, "if": {"properties": {"k": {"const": "i"}}},
            "then": {"properties": {"v": {"type": "integer"}}},
            "else": {"properties": {"v": {"type": "string"}}},
            "dependentSchemas": {"k": {"properties": {"w": {"type": "integer"}}}},
            "patternProperties": {"^p": {"type": "integer"}},
        },
        [{"k": "i", "v": 1}, {"k": "s", "v": "x", "w": 1, "p1": 2}],
    ),
    "numbers at the edges": (
        {"properties": {"i": {"type": "integer"}, "n": {"type": "number"}}},
        [
            {"i": 10**400, "n": 10**400}, {"i": -(2**63) - 1, "n": -0.0}, {"i": 1e308, "n": 1e308},
            {"i": 2**63 - 1, "n": 5e-324}, {"i": -0.0, "n": 0},
        ],
    ),
    "names apart by case, escape or not at all": (
        {"properties": {
            name: {"properties": {"a": {"type": "integer"}}}
            for name in ("", "a", "A", "ı", "I", "𝒳", "user-id", "user_x2d_id", "_x2d_", "$ref")
        }},
        [{"": {"a": 1}, "a": {"a": 2}, "A": {"a": 3}, "𝒳": {}, "user_x2d_id": {"a": 4}, "$ref": 5}],
    ),
    "keywords that are no keywords": (
        {"properties": ["a"], "items": 5, "allOf": {}, "anyOf": [1, True, None], "required": 3,
         "oneOf": "x", "additionalProperties": [1], "type": [], "enum": "no", "$id": 5, "id": None},
        [{"a": 1}, [1], None],
    ),
    "records 200 deep": (
        nested(200, lambda inner: {"type": "object", "properties": {"a": inner}}),
        [nested(n, lambda inner: {"a": inner}) for n in (1, 100, 200)],
    ),
    "lists 200 deep": (
        nested(200, lambda inner: {"type": "array", "items": inner}),
        [nested(200, lambda inner: [inner])],
    ),
    "allOf 200 deep": (nested(200, lambda inner: {"allOf": [inner]}), [1]),
    "allOf 5000 deep": (nested(5000, lambda inner: {"allOf": [inner]}), [1]),
    "references that double at each step": (
        {"$ref": "#/$defs/0", "$defs": {
            "60": {"type": "integer"},
            **{str(n): {"anyOf": [{"properties": {"a": {"$ref": f"#/$defs/{n + 1}"}}},
                                  {"properties": {"a": {"allOf": [{"$ref": f"#/$defs/{n + 1}"}]}}}]}
               for n in range(60)},
        }},
        [nested(60, lambda inner: {"a": inner})],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_schemas_made_to_break_it(name: str) -> None:
    schema, values = NASTY[name]
    translation = translate(schema)
    apache = avro.schema.parse(translation.text)
    assert canonical_by_apache(apache) == json.loads(translation.canonical_form)
    for value in values:
        encoded = translation.encode(value)
        assert_same(translation, translation.decode(encoded), value)
        read = avro.io.DatumReader(apache).read(avro.io.BinaryDecoder(io.BytesIO(encoded)))
        assert isinstance(read, dict)
        assert_same(translation, translation.from_avro(read), value)


def test_a_document_that_unfolds_without_end_stays_small() -> None:
    names = [f"d{number}" for number in range(12)]
    every = {name: {"$ref": f"#/definitions/{name}"} for name in names}
    schema = {
        "properties": every,
        "definitions": {name: {"type": "object", "properties": every} for name in names},
    }
    assert len(translate(schema).report) < 4000
