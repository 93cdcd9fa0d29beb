"""What the schemas that hold for one value say together. Pure.

Schemas that all hold (``allOf``, a ``$ref`` with what stands beside it) are joined exactly: the
higher minimum, the values that both list, for each property what each says of it.  Of schemas of
which one holds (``anyOf``, ``oneOf``) the result accepts what any accepts.  Whatever is lost on
the way is in ``notes``.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

ALL_KINDS = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})

_MOST = 2**63 - 1
"""Of characters, items or properties; more cannot be, so a bound beyond means the same."""

_RAISES = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_LOWERS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")

GROUPS: Mapping[str, tuple[str, ...]] = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"),
    "array": ("items", "tuple", "minItems", "maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties"),
}
"""Which keywords act on which kind of value; more of objects lies in ``Node.objects``."""

LOST = "x-ugc-not-kept"
"""A list of texts: what a plan says in words of its own that no keyword has."""

_UNCHECKED = frozenset(
    {
        *("not", "dependencies", "dependentRequired", "dependentSchemas", "propertyNames"),
        *("contains", "minContains", "maxContains", "unevaluatedProperties", "unevaluatedItems"),
        *("divisibleBy", "disallow", "extends", "discriminator"),
    }
)
"""Keywords that restrict, and that the dialect has nothing for."""


@dataclass(frozen=True, slots=True)
class ObjectPart:
    """What one schema says of an object's properties; ``additional`` is a schema or a boolean."""

    properties: Mapping[str, Any]
    additional: Any = True
    has_patterns: bool = False
    required: tuple[str, ...] = ()


@dataclass(slots=True)
class Node:
    """``enum`` is ``None`` where no values are listed; ``is_never`` where no value is allowed."""

    seen: frozenset[int] = frozenset()
    kinds: frozenset[str] = ALL_KINDS
    enum: list[Any] | None = None
    is_never: bool = False
    keywords: dict[str, Any] = field(default_factory=dict)
    objects: list[ObjectPart] = field(default_factory=list)
    unions: list[tuple[str, list[Any]]] = field(default_factory=list)
    conditional: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keeps each text once, in order."""
        if text not in self.notes:
            self.notes.append(text)

    @property
    def required(self) -> list[str]:
        """Names that have to be there, each once."""
        return list(dict.fromkeys(name for part in self.objects for name in part.required))

    @property
    def is_unnamed(self) -> bool:
        """Whether neither a type nor a list of values says what kind of value it is."""
        return self.kinds == ALL_KINDS and self.enum is None

    def add(self, schema: Mapping[str, Any], *, is_draft_4: bool) -> None:
        """Joins one schema's own keywords; references and ``allOf`` are the caller's."""
        said = _with_exclusive_numbers(schema)
        for keyword, value in said.items():
            if keyword in _UNCHECKED:
                self.note(f"{keyword} is not checked")
            elif keyword in _TAKES:
                _TAKES[keyword](self, keyword, value)
        for lost in said.get(LOST, ()) if isinstance(said.get(LOST), list) else ():
            self.note(f"{lost} is not checked")
        if "const" in said:
            self.list_values([said["const"]])
            if is_draft_4:
                self.note("const is demanded, which the plan's draft does not know")
        if "if" in said and not {"then", "else"}.isdisjoint(said):
            self.note("if, then and else are not checked")
            self.conditional += [said[key] for key in ("then", "else") if key in said]
        if part := _object_part(said, self):
            self.objects.append(part)

    def join(self, other: Node) -> None:
        """What ``other`` says holds too."""
        self.kinds &= other.kinds
        self.is_never |= other.is_never
        if other.enum is not None:
            self.list_values(other.enum)
        for keyword, value in other.keywords.items():
            _TAKES[keyword](self, keyword, value)
        self.objects += other.objects
        self.conditional += other.conditional
        for note in other.notes:
            self.note(note)

    def list_values(self, values: list[Any]) -> None:
        """Only these are allowed, of those that are allowed already."""
        if self.enum is None:
            self.enum = distinct_values(values)
            return
        keys = {value_key(value) for value in values}
        self.enum = [value for value in self.enum if value_key(value) in keys]


def distinct_values(values: list[Any]) -> list[Any]:
    """Each value once, in order."""
    return list({value_key(value): value for value in values}.values())


def value_key(value: Any) -> tuple[str, Any]:
    """Equal for values that are equal in JSON Schema: ``1`` and ``1.0`` are, ``1`` and true not."""
    kind = kind_of(value)
    if kind in ("array", "object"):
        return kind, json.dumps(value, sort_keys=True)
    return ("number" if kind == "integer" else kind), value


def kind_of(value: Any) -> str:
    """The narrowest kind; ``1.0`` is an integer."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _with_exclusive_numbers(schema: Mapping[str, Any]) -> dict[str, Any]:
    """As drafts from 6 on write it; draft 4's ``exclusiveMinimum`` is a boolean."""
    said = dict(schema)
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        flag = said.get(exclusive)
        if isinstance(flag, bool):
            del said[exclusive]
            if flag and bound in said:
                said[exclusive] = said.pop(bound)
    return said


def _object_part(said: Mapping[str, Any], node: Node) -> ObjectPart | None:
    if {"properties", "additionalProperties", "patternProperties", "required"}.isdisjoint(said):
        return None
    properties = said.get("properties", {})
    required = said.get("required", ())
    if not isinstance(required, list | tuple):  # Draft 3 has a boolean, about the object around.
        node.note("required is not checked: it is no list")
        required = ()
    has_patterns = bool(said.get("patternProperties"))
    if has_patterns:
        node.note("patternProperties is not checked")
    additional = said.get("additionalProperties", True)
    return ObjectPart(
        properties=properties if isinstance(properties, Mapping) else {},
        additional=additional if isinstance(additional, bool | Mapping) else True,
        has_patterns=has_patterns,
        required=tuple(name for name in required if isinstance(name, str)),
    )


def _bound(node: Node, keyword: str, value: Any) -> None:
    number = _number(value)
    if number is not None and keyword not in GROUPS["number"]:
        number = min(int(number), _MOST) if number >= 0 and number == int(number) else None
    if number is None:
        node.note(f"{keyword} is not checked: it is no number for it")
        return
    best = max if keyword in _RAISES else min
    node.keywords[keyword] = best(node.keywords.get(keyword, number), number)


def _number(value: Any) -> int | float | None:
    """A number that a double has room for."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= sys.float_info.max else None


def _multiple(node: Node, keyword: str, value: Any) -> None:
    number = _number(value)
    if number is None or number <= 0:
        node.note(f"{keyword} is not checked: it is no number above 0")
        return
    if keyword not in node.keywords:
        node.keywords[keyword] = number
        return
    one, other = Fraction(str(node.keywords[keyword])), Fraction(str(number))
    denominator = math.lcm(one.denominator, other.denominator)
    both = Fraction(math.lcm(int(one * denominator), int(other * denominator)), denominator)
    written = int(both) if both.denominator == 1 else float(both)
    if Fraction(str(written)) == both:
        node.keywords[keyword] = written
    else:
        node.note(f"{keyword} {number} is not checked beside {node.keywords[keyword]}")


def _type(node: Node, _keyword: str, value: Any) -> None:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(each in ALL_KINDS for each in map(str, listed)):
        node.note(f"type {json.dumps(value)} is not checked: it is unknown")
        return
    kinds = frozenset(listed)
    node.kinds &= kinds | {"integer"} if "number" in kinds else kinds


def _enum(node: Node, _keyword: str, value: Any) -> None:
    if isinstance(value, list):
        node.list_values(value)


def _first(node: Node, keyword: str, value: Any) -> None:
    """Two cannot be written, so the first one stays."""
    if not isinstance(value, str):
        node.note(f"{keyword} is not checked: it is no text")
    elif node.keywords.setdefault(keyword, value) != value:
        node.note(f"{keyword} {value} is not checked beside {node.keywords[keyword]}")


def _words(node: Node, keyword: str, value: Any) -> None:
    if isinstance(value, str) and value.strip():
        node.keywords.setdefault(keyword, value.strip())


def _items(node: Node, keyword: str, value: Any) -> None:
    if isinstance(value, list) or keyword in ("prefixItems", "tuple"):
        node.keywords["tuple"] = True
    elif isinstance(value, bool | Mapping):
        node.keywords["items"] = all_of([node.keywords.get("items", True), value])


def _unique(node: Node, keyword: str, value: Any) -> None:
    if value is True:
        node.keywords[keyword] = True


def _union(node: Node, keyword: str, value: Any) -> None:
    if isinstance(value, list) and value:
        node.unions.append((keyword, value))


_TAKES: dict[str, Callable[[Node, str, Any], None]] = {
    **dict.fromkeys((*_RAISES, *_LOWERS), _bound),
    **dict.fromkeys(("pattern", "format"), _first),
    **dict.fromkeys(("items", "prefixItems", "tuple"), _items),
    **dict.fromkeys(("anyOf", "oneOf"), _union),
    "multipleOf": _multiple,
    "type": _type,
    "enum": _enum,
    "uniqueItems": _unique,
    "description": _words,
}


def all_of(schemas: list[Any]) -> Any:
    """One schema that says what all do."""
    if any(schema is False for schema in schemas):
        return False
    said = _distinct(schema for schema in schemas if schema is not True)
    return said[0] if len(said) == 1 else {"allOf": said} if said else True


def any_of(schemas: list[Any]) -> Any:
    """One schema that says what one of them does."""
    if any(schema is True for schema in schemas):
        return True
    said = _distinct(schema for schema in schemas if schema is not False)
    return said[0] if len(said) == 1 else {"anyOf": said} if said else False


def _distinct(schemas: Iterator[Any]) -> list[Any]:
    """By identity: comparing what references share again and again has no bound."""
    return list({id(schema): schema for schema in schemas}.values())


def loosest(keyword: str, values: list[Any]) -> Any:
    """The value of a keyword that accepts what each does; ``None`` when only its absence does."""
    if keyword in _RAISES:
        return min(values)
    if keyword in _LOWERS:
        return max(values)
    if keyword == "items":
        joined = any_of(values)
        return None if joined is True else joined
    return values[0] if all(value == values[0] for value in values) else None
