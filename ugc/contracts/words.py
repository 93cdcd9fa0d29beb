"""A schema in a few words, for tables that people read. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model.definitions import definition, name_in

_BESIDE = frozenset(
    {"type", "description", "title", "examples", "$comment", "properties", "required", "items"}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One field at any depth; ``path`` joins names by dots, ``[]`` marks a list's items."""

    path: str
    type: str
    required: bool
    description: str


def fields_of(root: Mapping[str, Any]) -> Iterator[Line]:
    """Every field of a contract, in its order."""
    yield from _fields(root, root, "")


def _fields(root: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[Line]:
    required = schema.get("required", ())
    for name, described in schema.get("properties", {}).items():
        inner = _followed(root, described)
        text = in_words(inner)
        said = described.get("description") or inner.get("description", "")
        yield Line(f"{path}{name}", text, name in required, said)
        yield from _fields(root, inner, f"{path}{name}.")
        if isinstance(items := inner.get("items"), Mapping):
            yield from _fields(root, _followed(root, items), f"{path}{name}[].")


def _followed(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = definition(root, schema["$ref"])
    return schema


def in_words(schema: Mapping[str, Any]) -> str:
    """The type, and every restriction beside it: ``string, maxLength 64``."""
    if "$ref" in schema:
        return name_in(schema["$ref"]) or str(schema["$ref"])
    declared = schema.get("type", "any")
    kind = declared if isinstance(declared, str) else " or ".join(declared)
    if isinstance(items := schema.get("items"), Mapping):
        kind += f" of ({in_words(items)})"
    if isinstance(values := schema.get("additionalProperties"), Mapping):
        kind += f" of ({in_words(values)})"
    rest = [
        f"{keyword} {json.dumps(value, ensure_ascii=False)}"
        for keyword, value in schema.items()
        if keyword not in _BESIDE and keyword != "additionalProperties"
    ]
    return ", ".join([kind, *rest])
