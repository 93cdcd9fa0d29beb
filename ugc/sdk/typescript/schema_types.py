"""TypeScript types out of JSON Schemas of the contracts' dialect. Pure.

A type says what TypeScript can: names, kinds, which are optional, and the texts of an enum.  What
it cannot (lengths, ranges, patterns) stands in the field's comment, and the API checks it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.model import pointer

Schema = Mapping[str, Any]

_KINDS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
_PLAIN_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_BOUNDS = (
    "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "x-decimal",
)  # fmt: skip


def type_name(event: str, version: int) -> str:
    """``order_placed`` in version 2 is ``OrderPlacedV2``."""
    return "".join(word.capitalize() for word in event.split("_")) + f"V{version}"


def interface(name: str, schema: Schema, notes: tuple[str, ...] = ()) -> str:
    """An exported interface of a closed object."""
    return f"{comment((str(schema['description']), *notes))}export interface {name} " + _object(
        schema, schema, ""
    )


def comment(lines: tuple[str, ...], indent: str = "") -> str:
    """A documentation comment; a text of the contracts cannot end it."""
    texts = [each.replace("*/", "*\\/") for line in lines for each in line.splitlines()]
    if len(texts) == 1:
        return f"{indent}/** {texts[0]} */\n"
    return f"{indent}/**\n" + "".join(f"{indent} * {text}\n" for text in texts) + f"{indent} */\n"


def literal(value: object) -> str:
    """A JSON value as a type. Source: JSON is a subset of ECMAScript since 2019."""
    return json.dumps(value, ensure_ascii=False)


def value_type(schema: object, root: Schema, indent: str = "") -> str:
    """The type of a schema's instances; ``root`` is what its references point into."""
    if not isinstance(schema, Mapping):
        return "unknown"
    if "$ref" in schema:
        target = pointer.at_fragment(root, str(schema["$ref"]).removeprefix("#"))
        return value_type(target, root, indent)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return _union(value_type(each, root, indent) for each in schema[union])
    if "const" in schema:
        return literal(schema["const"])
    if "enum" in schema:
        return _union(literal(each) for each in schema["enum"])
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return _union(_kind(kind, schema, root, indent) for kind in kinds) or "unknown"


def _kind(kind: str, schema: Schema, root: Schema, indent: str) -> str:
    match kind:
        case "array":
            return f"ReadonlyArray<{value_type(schema.get('items'), root, indent)}>"
        case "object" if "properties" in schema:
            return _object(schema, root, indent)
        case "object":
            return (
                f"Readonly<Record<string, "
                f"{value_type(schema.get('additionalProperties'), root, indent)}>>"
            )
        case "null":
            return "null"
        case _:
            return _KINDS[kind]


def _object(schema: Schema, root: Schema, indent: str) -> str:
    inner = indent + "  "
    required = schema.get("required", ())
    members = "".join(
        f"{_told(each, root, inner)}{inner}{property_name(name)}{'' if name in required else '?'}: "
        f"{value_type(each, root, inner)};\n"
        for name, each in schema["properties"].items()
    )
    return f"{{\n{members}{indent}}}" if members else "{ [name: string]: never }"


def property_name(name: str) -> str:
    """As it stands in a type: in quotes where it is no identifier."""
    return name if _PLAIN_NAME.fullmatch(name) else literal(name)


def _told(schema: Schema, root: Schema, indent: str) -> str:
    said = dict(schema)
    while "$ref" in said:
        target = pointer.at_fragment(root, str(said.pop("$ref")).removeprefix("#"))
        said = {**target, **said}
    lines = [str(said["description"])] if "description" in said else []
    bounds = [f"{key}: {literal(said[key])}" for key in _BOUNDS if key in said]
    lines += [", ".join(bounds)] if bounds else []
    lines += [f"@example {literal(each)}" for each in said.get("examples", ())[:1]]
    return comment(tuple(lines), indent) if lines else ""


def _union(types: Iterator[str]) -> str:
    return " | ".join(dict.fromkeys(types))
