"""``docs/lossless-mode.md``: the table in it is made here, of what really happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ch_schema.client.connect import connect
from ch_schema.ddl.lossless import LosslessTable
from contracts.lossless.same_json import differences
from contracts.lossless.walker import ROOT_VALUE
from contracts.model import json_text
from registry.translate import Translation, translate
from tests.support.golden import Golden
from ugc.roundtrip.table import Tables

_TIME = "2026-01-31T12:00:00+03:00"
_UUID = "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11"


@dataclass(frozen=True)
class Row:
    """One construct, as the schema of the property ``x`` or of the document; JSON instances."""

    construct: str
    schema: Any
    instances: tuple[str, ...]
    is_property: bool = True
    definitions: Any = None


def _whole(construct: str, schema: Any, *instances: str) -> Row:
    return Row(construct, schema, instances, is_property=False)


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


ROWS = [
    Row("string", {"type": "string"}, ('"a"', "null")),
    Row("string with enum", {"enum": ["a", "b"]}, ('"a"',)),
    Row("format uuid", {"type": "string", "format": "uuid"},
        (f'"{_UUID}"', f'"{_UUID.upper()}"', '"none"')),
    Row("format date-time", {"type": "string", "format": "date-time"},
        (f'"{_TIME}"', '"2016-12-31T23:59:60Z"', '"2026-01-31T12:00:00.123456789Z"')),
    Row("format date", {"type": "string", "format": "date"}, ('"2026-01-31"', '"1066-10-14"')),
    Row("integer", {"type": "integer"}, ("720", "1.0", "9223372036854775808")),
    Row("number", {"type": "number"}, ("0.1", "9007199254740993", "1e400")),
    Row("boolean", {"type": "boolean"}, ("true",)),
    Row("nullable", {"type": ["integer", "null"]}, ("1", "null")),
    Row("nullable by a union", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, ("null",)),
    Row("list", {"type": "array", "items": {"type": "integer"}},
        ("[1]", "[]", "[9223372036854775808]")),
    Row("list of nullable", {"type": "array", "items": {"type": ["string", "null"]}},
        ('["a",null]',)),
    Row("list of lists", {"type": "array", "items": {"type": "array",
        "items": {"type": "number"}}}, ("[[1.5],[]]",)),
    Row("list of objects", {"type": "array", "items": _object(a={"type": "integer"})},
        ('[{"a":1},{}]',)),
    Row("map", {"type": "object", "additionalProperties": {"type": "integer"}},
        ('{"k":1}', "{}")),
    Row("object", _object(a={"type": "integer"}), ('{"a":1}', "{}", '{"b":2}')),
    Row("object without known properties", {"type": "object"}, ('{"a":1}', "{}")),
    Row("keys by pattern", {"type": "object", "patternProperties": {"^a": {"type": "integer"}}},
        ('{"a1":1}',)),
    Row("tuple", {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]},
        ('[1,"a"]',)),
    Row("mixed enum", {"enum": [1, "a", None]}, ('"a"', "null")),
    Row("several types", {"type": ["integer", "string"]}, ("1", '"a"')),
    Row("union", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, ("1",)),
    Row("union of objects", {"oneOf": [
        _object(kind={"const": "a"}, n={"type": "integer"}), _object(kind={"const": "b"})]},
        ('{"kind":"a","n":1}', '{"kind":"b"}')),
    Row("allOf", {"allOf": [_object(a={"type": "integer"}), _object(b={"type": "boolean"})]},
        ('{"a":1,"b":true}',)),
    Row("recursion", {"$ref": "#"}, ('{"x":{}}',)),
    Row("$ref", {"$ref": "#/$defs/n"}, ("1",), definitions={"n": {"type": "integer"}}),
    Row("boolean schema", True, ("1",)),
    _whole("unknown property", _object(a={"type": "integer"}), '{"a":1,"b":2}'),
    _whole("empty object", _object(a={"type": "integer"}), "{}"),
    _whole("odd names", _object(**{"user-id": {"type": "string"}, "имя": {"type": "string"}}),
           '{"user-id":"a","имя":"b"}'),
    _whole("name of an envelope column", _object(user_id={"type": "string"}), '{"user_id":"a"}'),
    _whole("document that is no object", {"type": "array", "items": {"type": "string"}}, '["a"]'),
    _whole("object schema, other instance", {"properties": {"a": {"type": "string"}}}, "7"),
]  # fmt: skip

INTRODUCTION = """\
# The lossless mode: any JSON Schema, and nothing lost

`registry.translate.translate(schema)` gives any JSON Schema (draft 4 to 2020-12, also a boolean
one) an Avro schema, and `ch_schema.ddl.lossless.LosslessTable` gives it a ClickHouse table. Every
instance comes back equal from both. `ugc contracts roundtrip` shows it for schemas of your own: it
compares by code of its own, says which schemas had no instance or no validator (`--draft` names the
draft of those without `$schema`), and counts Avro fields and ClickHouse columns apart.

How that can hold for any schema: an object with known properties becomes a record of typed fields,
all of which may be null, and one field more, `ugc_rest`. A value lies in its field when the field's
type holds it. What the types do not hold exactly lies in the rest, as JSON text: a property that no
schema names, `null`, an integer beyond int64, a date-time that is none. A null field says no more
than that the value is not there. When a type has an image that is not exact, such as the nearest
double, the field has the image for queries and the rest has the value. So a type says what a field
holds and never that it holds everything, and a schema that is not kept to still loses nothing.

The contracts of this repository are strict instead, and have no rest: see
[contract-language.md](contract-language.md).

- A document that is no object with known properties has one field, `value`.
- An object inside an object becomes columns with its name before theirs, joined by `__`. A name
  that is taken gets a number, one that begins with `_` an `x`, one longer than 120 characters is
  cut and gets a digest.
- An array or map column cannot be null in ClickHouse. Empty stands for absent there, and an empty
  one that is really there is noted in the rest.
- JSON text are also: the deepest objects of a document that would unfold into more than 2,000
  fields (as many levels are unfolded as have room, and of the next one the first objects that fit),
  what lies deeper than 50 schemas, and recursion.
- A property is typed when all that is said of it, in `allOf`, behind `$ref` and in the branches of
  a union, names one type. Integer or number is a number; an enum, a UUID, a date or a date-time or
  else another text is a string. `$ref` is followed inside the document only; nothing is fetched.

## What does not come back as it was written

- A date-time in a field of that format comes back as the same instant, in UTC.
- Numbers come back with the same value, not the same digits: `1.0` may become `1`.
- The order of an object's keys, and all but the last of equal keys.
- Refused, with an error: NaN and infinities, which are no JSON; an exponent of more than 18 digits;
  nesting deeper than Python's recursion limit (some hundreds of levels).

## Construct by construct

Where no document is shown, the schema is that of a property `x`. In the last column stands what
each instance leaves: in its field (a time as ISO text here), in the rest, or in both.

"""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder: Path = tmp_path_factory.mktemp("docs")
    client = connect(f"chdb://{folder}/ugc")
    try:
        yield Tables(client)
    finally:
        client.close()


def test_the_table(tables: Tables, golden: Golden) -> None:
    columns = "| construct | JSON Schema | Avro | ClickHouse | instance → stored |\n"
    head = f"{columns}|---|---|---|---|---|\n"
    lines = "".join(_line(row, tables) for row in ROWS)
    golden.file("docs/lossless-mode.md", INTRODUCTION + head + lines)


def _line(row: Row, tables: Tables) -> str:
    schema = _object(x=row.schema) if row.is_property else row.schema
    if row.definitions is not None:
        schema["$defs"] = row.definitions
    translation = translate(schema)
    table = LosslessTable("docs", translation.record)
    values = [json_text.parse(text) for text in row.instances]
    values = [{"x": value} for value in values] if row.is_property else values
    records = [translation.read(translation.encode(value)) for value in values]
    for value, record in zip(values, tables.through(table, records), strict=True):
        back = translation.from_avro(record)
        assert list(differences(back, value, translation.instance_type)) == []
    types = {column.name: column.type for column in table.table.columns}
    cells = [
        row.construct,
        _code(json.dumps(row.schema, ensure_ascii=False)),
        "<br>".join(_code(text) for text in _avro(translation)),
        "<br>".join(_code(f"{name} {types[name]}") for name in table.columns if "rest" not in name),
        "<br>".join(
            f"{_code(text)} → {_stored(record)}"
            for text, record in zip(row.instances, records, strict=True)
        ),
    ]
    return f"| {' | '.join(cells)} |\n"


def _avro(translation: Translation) -> Iterator[str]:
    for field in translation.avro_schema["fields"]:
        if field["name"] != translation.record.rest:
            yield f"{field['name']}: {_avro_words(field['type'][1])}"


def _avro_words(kind: Any) -> str:
    match kind:
        case list():
            return " or ".join(map(_avro_words, kind))
        case {"type": "record", "fields": fields}:
            inner = (f"{f['name']}: {_avro_words(f['type'][1])}" for f in fields[:-1])
            return f"record {{{', '.join(inner)}, ugc_rest}}"
        case {"type": "array", "items": items}:
            return f"array of ({_avro_words(items)})"
        case {"type": "map", "values": values}:
            return f"map of ({_avro_words(values)})"
        case {"ugc.json": _}:
            return "string, JSON text"
        case {"type": base, "logicalType": logical}:
            return f"{base}, {logical}"
        case _:
            return str(kind)


def _stored(record: dict[str, Any]) -> str:
    held = {name: value for name, value in record.items() if value is not None}
    if ROOT_VALUE in held:
        return f"value {_code(_shown(held[ROOT_VALUE]))}"
    return ", ".join(f"{name} {_code(_shown(value))}" for name, value in held.items())


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(_without_nulls(value), ensure_ascii=False, default=_text)


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_nulls(each) for key, each in value.items() if each is not None}
        case list():
            return [_without_nulls(each) for each in value]
        case _:
            return value


def _text(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")
