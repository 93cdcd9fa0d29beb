"""What the embedded server takes for an Avro schema, and the one text it makes of it."""

from __future__ import annotations

import json
from typing import Any

import avro.schema
import fastavro
import pytest

from contracts.model.loader import load_catalog
from contracts.model.types import Contract
from registry.avro import avro_schema
from registry.canonical import canonical_text
from registry.compatibility import resolve
from registry.errors import InvalidSchemaError
from ugc.local.registry import validity
from ugc.local.registry.requests import loads

CATALOG = load_catalog()


def check(schema: Any) -> None:
    validity.check_document(schema)
    types = resolve(schema)
    validity.check_unions(types)
    validity.check_defaults(types)


def record(*fields: Any, **attributes: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(fields), **attributes}


def with_default(of_type: Any, default: Any) -> dict[str, Any]:
    return record({"name": "f", "type": of_type, "default": default})


NAMED_FIXED = {"type": "fixed", "name": "F", "size": 2}
NAMED_ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}

VALID = [
    "string",
    {"type": "string"},
    {"type": "int", "logicalType": "date", "anything": [1, None]},
    {"type": "bytes", "logicalType": "decimal", "precision": -1},
    [],
    ["null", "int", NAMED_ENUM, NAMED_FIXED],
    [{"type": "array", "items": "int"}, {"type": "map", "values": "int"}],
    {"type": "error", "name": "a.b.C", "fields": []},
    {"type": "fixed", "name": "F", "size": 0},
    record({"name": "next", "type": ["null", "R"], "order": "ignore", "doc": "d"}),
    record({"name": "next", "type": ["null", {"type": "R"}]}),
    record({"name": "f", "type": NAMED_FIXED}, {"name": "g", "type": "n.F"}, namespace="n"),
    [record(name="a.R"), record(name="b.R")],
    with_default("null", None),
    with_default("boolean", False),
    with_default("int", -(2**31)),
    with_default("long", 2**63 - 1),
    with_default("float", 1),
    with_default({"type": "double"}, 0),
    with_default("string", "ж"),
    with_default("bytes", "\u00ff"),
    with_default(NAMED_FIXED, "\u0000\u00ff"),
    with_default(NAMED_ENUM, "B"),
    with_default({"type": "array", "items": "int"}, [1, 2]),
    with_default({"type": "map", "values": "int"}, {"a": 1}),
    with_default(["null", "int"], None),
    with_default(["null", "int"], 1),
    with_default({**record(), "name": "S"}, {}),
    with_default({**with_default("int", 1), "name": "S"}, {}),
    with_default({**record({"name": "g", "type": "int"}), "name": "S"}, {"g": 1}),
]


@pytest.mark.parametrize("schema", VALID, ids=json.dumps)
def test_valid(schema: Any) -> None:
    check(schema)


INVALID = [
    None,
    1,
    {},
    {"name": "x"},
    "nope",
    "no pe",
    {"type": "nope"},
    {"type": None},
    {"type": {"type": "string"}},
    {"type": ["null", "string"]},
    [["null"]],
    ["int", "int"],
    ["int", {"type": "int", "logicalType": "date"}],
    [{"type": "array", "items": "int"}, {"type": "array", "items": "string"}],
    [NAMED_ENUM, "E"],
    [NAMED_ENUM, NAMED_ENUM],
    {"type": "array"},
    {"type": "map"},
    {"type": "array", "items": "nope"},
    {"type": "fixed", "name": "F"},
    {"type": "fixed", "name": "F", "size": -1},
    {"type": "fixed", "name": "F", "size": "2"},
    {"type": "fixed", "name": "F", "size": True},
    {"type": "fixed", "size": 1},
    {"type": "enum", "name": "E"},
    {"type": "enum", "name": "E", "symbols": "AB"},
    {"type": "enum", "name": "E", "symbols": ["A", "A"]},
    {"type": "enum", "name": "E", "symbols": ["A-B"]},
    {"type": "enum", "name": "E", "symbols": [1]},
    {"type": "enum", "name": "E", "symbols": ["A"], "default": "B"},
    {"type": "record", "name": "R"},
    {"type": "record", "fields": []},
    {"type": "record", "name": "R", "fields": {}},
    {"type": "record", "name": "1R", "fields": []},
    {"type": "record", "name": "R-1", "fields": []},
    {"type": "record", "name": "Rä", "fields": []},
    {"type": "record", "name": "R\n", "fields": []},
    {"type": "record", "name": "", "fields": []},
    {"type": "record", "name": "a..R", "fields": []},
    {"type": "record", "name": "string", "fields": []},
    {"type": "record", "name": "R", "namespace": "a-b", "fields": []},
    {"type": "record", "name": "R", "namespace": 1, "fields": []},
    {"type": "record", "name": "R", "aliases": "S", "fields": []},
    {"type": "record", "name": "R", "aliases": ["-"], "fields": []},
    record("f"),
    record({"name": "f"}),
    record({"type": "int"}),
    record({"name": "f.g", "type": "int"}),
    record({"name": "user-id", "type": "int"}),
    record({"name": "f", "type": "int"}, {"name": "f", "type": "int"}),
    record({"name": "f", "type": "int", "order": "up"}),
    record({"name": "f", "type": "int", "aliases": "g"}),
    record({"name": "f", "type": "int", "aliases": ["g.h"]}),
    record({"name": "f", "type": "F"}),
    record({"name": "f", "type": "R"}, {"name": "g", "type": record()}),
    with_default("null", 0),
    with_default("boolean", 0),
    with_default("int", 2**31),
    with_default("int", True),
    with_default("int", 1.0),
    with_default("long", 2**63),
    with_default("double", "1"),
    with_default("string", None),
    with_default("bytes", "ж"),
    with_default(NAMED_FIXED, "a"),
    with_default(NAMED_ENUM, "C"),
    with_default({"type": "array", "items": "int"}, {}),
    with_default({"type": "array", "items": "int"}, ["a"]),
    with_default({"type": "map", "values": "int"}, {"a": "a"}),
    with_default(["null", "int"], "a"),
    with_default({**record({"name": "g", "type": "int"}), "name": "S"}, {}),
    with_default({**record(), "name": "S"}, None),
]


@pytest.mark.parametrize("schema", INVALID, ids=json.dumps)
def test_invalid(schema: Any) -> None:
    with pytest.raises(InvalidSchemaError):
        check(schema)


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
def test_our_contracts_are_valid(contract: Contract) -> None:
    check(avro_schema(CATALOG, contract))


@pytest.mark.parametrize(
    "text", ["", "nope", '{"type":', "NaN", '{"type":"int","x":1e999}', '"\\ud800"', "[" * 100_000]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each parser has words of its own
        loads(text)


CANONICAL = [
    ({"type": "string"}, '"string"'),
    ({"type": "string", "doc": "gone"}, '"string"'),
    ({"b": 1, "type": "int", "a": {"y": 1, "x": 2}}, '{"type":"int","b":1,"a":{"y":1,"x":2}}'),
    (["null", {"type": "int"}], '["null","int"]'),
    ({"x": 1, "items": "int", "type": "array"}, '{"type":"array","items":"int","x":1}'),
    ({"values": {"type": "int"}, "type": "map"}, '{"type":"map","values":"int"}'),
    (
        {"fields": [], "name": "a.b.R", "type": "record", "doc": "d"},
        '{"type":"record","name":"R","namespace":"a.b","doc":"d","fields":[]}',
    ),
    (
        {"type": "record", "name": "a.R", "namespace": "ignored", "fields": []},
        '{"type":"record","name":"R","namespace":"a","fields":[]}',
    ),
    (
        record({"type": {"type": "int"}, "name": "f", "order": "ascending", "aliases": []}),
        '{"type":"record","name":"R","fields":[{"name":"f","type":"int"}]}',
    ),
    (
        record(
            {
                "x": 1,
                "aliases": ["h", "g"],
                "order": "ignore",
                "default": None,
                "doc": "",
                "type": "null",
                "name": "f",
            }
        ),
        '{"type":"record","name":"R","fields":[{"name":"f","type":"null","doc":"","default":null,'
        '"order":"ignore","aliases":["h","g"],"x":1}]}',
    ),
    (
        {"default": "A", "symbols": ["A"], "type": "enum", "name": "E", "x": 1, "aliases": ["n.D"]},
        '{"type":"enum","name":"E","symbols":["A"],"default":"A","x":1,"aliases":["n.D"]}',
    ),
    (
        {"size": 2, "type": "fixed", "name": "n.F", "aliases": ["G", "n.H", "m.I"]},
        '{"type":"fixed","name":"F","namespace":"n","size":2,"aliases":["G","H","m.I"]}',
    ),
    (
        record(
            {"name": "f", "type": {"type": "fixed", "name": "n.F", "size": 1}},
            {"name": "g", "type": "n.F"},
            {"name": "h", "type": {"type": "fixed", "name": "m.G", "size": 1}},
            {"name": "i", "type": "m.G"},
            {"name": "j", "type": ["null", "n.R"]},
            namespace="n",
        ),
        '{"type":"record","name":"R","namespace":"n","fields":['
        '{"name":"f","type":{"type":"fixed","name":"F","size":1}},{"name":"g","type":"F"},'
        '{"name":"h","type":{"type":"fixed","name":"G","namespace":"m","size":1}},'
        '{"name":"i","type":"m.G"},{"name":"j","type":["null","R"]}]}',
    ),
    (
        record(
            {"name": "f", "type": {"type": "fixed", "name": "F", "namespace": "", "size": 1}},
            namespace="n",
        ),
        '{"type":"record","name":"R","namespace":"n","fields":['
        '{"name":"f","type":{"type":"fixed","name":"F","namespace":"","size":1}}]}',
    ),
    (record(doc="ж"), '{"type":"record","name":"R","doc":"ж","fields":[]}'),
]


@pytest.mark.parametrize(("schema", "text"), CANONICAL, ids=lambda value: json.dumps(value)[:40])
def test_canonical_text(schema: Any, text: str) -> None:
    check(schema)
    assert canonical_text(schema) == text
    assert canonical_text(json.loads(text)) == text
    check(json.loads(text))


NORMAL = [
    ({"type": "int", "b": 1, "a": {"y": 1, "x": [{"d": 1, "c": 2}]}},
     '{"type":"int","a":{"x":[{"c":2,"d":1}],"y":1},"b":1}'),
    ({"scale": 1, "a": 1, "precision": 4, "type": "bytes", "logicalType": "decimal"},
     '{"type":"bytes","logicalType":"decimal","precision":4,"scale":1,"a":1}'),
    (record({"name": "f", "type": {"type": "map", "values": "int"}, "default": {"b": 1, "a": 2},
             "aliases": ["z", "y"], "doc": ""}, doc="", aliases=["T", "S"]),
     '{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"map","values":"int"},'
     '"doc":"","default":{"a":2,"b":1},"aliases":["y","z"]}],"aliases":["S","T"]}'),
    (record({"name": "f", "type": "int", "doc": "kept"}, doc="kept too"),
     '{"type":"record","name":"R","doc":"kept too","fields":[{"name":"f","type":"int",'
     '"doc":"kept"}]}'),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "text"), NORMAL, ids=lambda value: json.dumps(value)[:40])
def test_normal_form(schema: Any, text: str) -> None:
    assert canonical_text(schema, normalize=True) == text
    assert canonical_text(json.loads(text), normalize=True) == text


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
@pytest.mark.parametrize("normalize", [False, True])
def test_the_text_means_what_the_schema_means(contract: Contract, normalize: bool) -> None:
    schema = avro_schema(CATALOG, contract)
    text = canonical_text(schema, normalize=normalize)
    original = fastavro.schema.to_parsing_canonical_form(schema)
    assert fastavro.schema.to_parsing_canonical_form(json.loads(text)) == original
    assert avro.schema.parse(text) == avro.schema.parse(json.dumps(schema))
