"""The fields of a contract as rows of a table that people read. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model import decimals
from contracts.model.definitions import find_definition
from contracts.model.shared import Key, key_in
from contracts.model.types import JsonSchema
from contracts.visible import counted, shortened, visible

_EXAMPLES = 3
_SHOWN_CHARACTERS = 120
_DEEPEST = 4
"""A list of itself is possible; so many levels are told on one line."""

_SIZES = (
    ("Length", "character"),
    ("Items", "item"),
    ("Properties", "key"),
)
_BOUNDS = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field at any depth; ``path`` joins names by dots, ``[]`` marks a list's items.

    ``limits`` and ``examples`` are texts; ``shared`` is the definition that it is, if it is one.
    """

    path: str
    type: str
    required: bool
    limits: tuple[str, ...]
    examples: tuple[str, ...]
    description: str
    pii: str | None
    shared: Key | None

    @property
    def anchor(self) -> str:
        """The field's place in its page."""
        return f"field-{self.path}".replace("[]", "-item")


def field_rows(root: JsonSchema) -> tuple[FieldRow, ...]:
    """Every field of a whole contract, in its order, objects before what is inside of them."""
    return tuple(_rows(root, root, "", frozenset()))


def _rows(
    root: JsonSchema, schema: Mapping[str, Any], path: str, inside: frozenset[str]
) -> Iterator[FieldRow]:
    required = schema.get("required", ())
    for name, described in schema.get("properties", {}).items():
        inner, through = followed(root, described)
        items, through_items = followed(root, inner.get("items"))
        yield FieldRow(
            path=f"{path}{name}",
            type=type_in_words(root, inner),
            required=name in required,
            limits=tuple(limits(root, inner)),
            examples=tuple(map(shown, inner.get("examples", ())[:_EXAMPLES])),
            description=visible(str(inner.get("description", ""))),
            pii=inner.get("x-pii") or items.get("x-pii"),
            shared=_shared(described) or _shared(inner.get("items")),
        )
        # A definition inside of itself is told once.
        if through.isdisjoint(inside):
            yield from _rows(root, inner, f"{path}{name}.", inside | through)
        if through_items.isdisjoint(inside):
            yield from _rows(root, items, f"{path}{name}[].", inside | through | through_items)


def followed(root: JsonSchema, schema: object) -> tuple[Mapping[str, Any], frozenset[str]]:
    """A schema with what it refers to, under what stands beside the reference; and through which
    references that led.  What is no schema counts as an empty one.
    """
    through: set[str] = set()
    found: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    while isinstance(reference := found.get("$ref"), str) and reference not in through:
        through.add(reference)
        target = find_definition(root, reference) or {}
        found = {**target, **{key: said for key, said in found.items() if key != "$ref"}}
    return found, frozenset(through)


def _shared(schema: object) -> Key | None:
    return key_in(schema.get("$ref")) if isinstance(schema, Mapping) else None


def type_in_words(root: JsonSchema, schema: Mapping[str, Any], depth: int = 0) -> str:
    """``text``, ``uuid``, ``list of integer``, ``decimal(12, 2) or null``."""
    declared = schema.get("type", ())
    kinds = [declared] if isinstance(declared, str) else list(declared)
    words = [_kind(root, schema, kind, depth + 1) for kind in kinds if kind != "null"]
    if digits := schema.get(decimals.KEYWORD):
        words = [f"decimal({digits['precision']}, {digits['scale']})"]
    return " or ".join([*(words or ["any"]), *(["null"] if "null" in kinds else [])])


def _kind(root: JsonSchema, schema: Mapping[str, Any], kind: str, depth: int) -> str:
    if depth > _DEEPEST:
        return "…"
    match kind:
        case "string":
            return str(schema.get("format", "text"))
        case "array":
            return f"list of {type_in_words(root, followed(root, schema.get('items'))[0], depth)}"
        case "object" if isinstance(schema.get("additionalProperties"), Mapping):
            values = followed(root, schema["additionalProperties"])[0]
            return f"map of {type_in_words(root, values, depth)}"
        case _:
            return kind


def limits(root: JsonSchema, schema: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """What restricts the values beside the type; of lists and maps, what restricts theirs too."""
    if "const" in schema:
        yield f"always {shown(schema['const'])}"
    if "enum" in schema:
        yield f"one of {', '.join(map(shown, schema['enum']))}"
    for what, noun in _SIZES:
        yield from _size(schema.get(f"min{what}"), schema.get(f"max{what}"), noun)
    bounds = [f"{sign} {shown(schema[key])}" for key, sign in _BOUNDS if key in schema]
    if bounds:
        yield ", ".join(bounds)
    if "multipleOf" in schema:
        yield f"a multiple of {shown(schema['multipleOf'])}"
    if "pattern" in schema:
        yield f"matches {visible(schema['pattern'])}"
    if schema.get("uniqueItems"):
        yield "each item once"
    for keyword in ("items", "additionalProperties"):
        inner, _ = followed(root, schema.get(keyword))
        if inner and "properties" not in inner and depth < _DEEPEST:
            yield from (f"each: {limit}" for limit in limits(root, inner, depth + 1))


def _size(least: int | None, most: int | None, noun: str) -> Iterator[str]:
    match least, most:
        case None | 0, None:
            return
        case None | 0, int():
            yield f"at most {counted(most, noun)}"
        case int(), None:
            yield f"at least {counted(least, noun)}"
        case int(), int():
            is_exact = least == most
            yield counted(most, noun) if is_exact else f"{least} to {counted(most, noun)}"


def shown(value: object) -> str:
    """A JSON value on one line, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return visible(shortened(text, _SHOWN_CHARACTERS))
