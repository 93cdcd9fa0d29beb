"""Schemas as tracking plans have them, full of restrictions, and values that are likely valid.

Keywords come in any combination, with small values, so that they meet: a minimum beside a list of
values, an ``allOf`` whose parts disagree, a type that is only said in a branch.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from tests.support.schemas import DRAFTS, Draw

NAMES = ("a", "b", "user_id", "имя", "1st")

SCALARS: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, 3, 4, 5, 6, -1, 0.5, 1.5, 2.0, 5.0, 2**63, "", "a", "ab", "u",
    "abcdef", "2026-01-31", "2026-01-31T12:00:00Z", "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11",
    "x" * 1100,
)  # fmt: skip
_KINDS = ("null", "boolean", "integer", "number", "string", "array", "object")
_NUMBERS = st.sampled_from((0, 1, 2, 3, 5, 0.5, 1.5))
_SIZES = st.integers(0, 3)
_TEXTS = st.sampled_from(("^a", "^[a-z]*$", "b$", "^.{2}$", "(?=a)", "["))
_FORMATS = st.sampled_from(("date", "date-time", "uuid", "email", "ipv4"))
_LISTED = st.lists(st.sampled_from(SCALARS[:-1]), min_size=1, max_size=4, unique_by=repr)

_KEYWORDS: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "any": {},
    "number": {
        **dict.fromkeys(("minimum", "maximum"), _NUMBERS),
        "multipleOf": st.sampled_from((1, 2, 3, 0.5, 1.5)),
    },
    "string": {
        **dict.fromkeys(("minLength", "maxLength"), _SIZES),
        "pattern": _TEXTS.filter(lambda text: text != "["),
        "format": _FORMATS,
    },
}

_Schema = dict[str, Any]


class _Drawing:
    def __init__(self, draw: Draw, draft: int) -> None:
        self._draw = draw
        self._draft = draft
        self.definitions: dict[str, Any] = {}

    def schema(self, depth: int) -> Any:
        """One of the forms that plans have, sometimes with a second one beside it."""
        if depth < 0:
            return self._scalar()
        made = self._draw(st.sampled_from(self._forms()))(depth - 1)
        if isinstance(made, dict) and "$ref" not in made and self._draw(st.integers(0, 4)) == 0:
            made = {**self._draw(st.sampled_from(self._forms()))(depth - 1), **made}
        return made

    def _forms(self) -> tuple[Callable[[int], _Schema], ...]:
        return (
            self._scalar, self._scalar, self._listed, self._list, self.record, self._map,
            self._joined, self._reference, self._conditional,
        )  # fmt: skip

    def _scalar(self, _depth: int = 0) -> _Schema:
        found: _Schema = {}
        if self._draw(st.integers(0, 3)):
            kinds = self._draw(st.lists(st.sampled_from(_KINDS[:5]), min_size=1, max_size=2))
            found["type"] = kinds[0] if len(set(kinds)) == 1 else kinds
        group = _KEYWORDS[self._draw(st.sampled_from(sorted(_KEYWORDS)))]
        for keyword, values in group.items():
            if self._draw(st.integers(0, 2)) == 0:
                found[keyword] = self._draw(values)
        return self._with_exclusive(found)

    def _with_exclusive(self, found: _Schema) -> _Schema:
        for bound in ("Minimum", "Maximum"):
            if bound.lower() in found and self._draw(st.integers(0, 3)) == 0:
                found[f"exclusive{bound}"] = True if self._draft == 4 else self._draw(_NUMBERS)
        return found

    def _listed(self, _depth: int) -> _Schema:
        found: _Schema = {"enum": self._draw(_LISTED)}
        if self._draft > 4 and self._draw(st.booleans()):
            found = {"const": found["enum"][0]}
        if self._draw(st.booleans()):
            found["type"] = self._draw(
                st.sampled_from(
                    ("string", "integer", "number", ["string", "null"], ["null", "integer"])
                )
            )
        return found

    def _list(self, depth: int) -> _Schema:
        found = {"type": "array", "items": self.schema(depth)}
        for keyword, values in (
            ("minItems", _SIZES), ("maxItems", _SIZES), ("uniqueItems", st.booleans()),
        ):  # fmt: skip
            if self._draw(st.integers(0, 2)) == 0:
                found[keyword] = self._draw(values)
        return self._often_typed(found)

    def record(self, depth: int) -> _Schema:
        names = self._draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
        found: _Schema = {
            "type": "object",
            "properties": {name: self.schema(depth) for name in names},
        }
        required = [name for name in NAMES if self._draw(st.integers(0, 3)) == 0]
        if required:
            found["required"] = required
        match self._draw(st.integers(0, 6)):
            case 0 | 1:
                found["additionalProperties"] = False
            case 2:
                found["additionalProperties"] = self.schema(depth)
            case 3:
                found["patternProperties"] = {"^a": self.schema(depth)}
            case 4:
                found["minProperties"] = self._draw(_SIZES)
        return self._often_typed(found)

    def _map(self, depth: int) -> _Schema:
        found = {"type": "object", "additionalProperties": self.schema(depth)}
        for keyword in ("minProperties", "maxProperties"):
            if self._draw(st.integers(0, 2)) == 0:
                found[keyword] = self._draw(_SIZES)
        return self._often_typed(found)

    def _often_typed(self, found: _Schema) -> _Schema:
        match self._draw(st.integers(0, 4)):
            case 0:
                return {key: value for key, value in found.items() if key != "type"}
            case 1:
                return {**found, "type": [found["type"], "null"]}
            case _:
                return found

    def _joined(self, depth: int) -> _Schema:
        keyword = self._draw(st.sampled_from(("allOf", "anyOf", "oneOf", "not")))
        if keyword == "not":
            return {**self._scalar(), "not": self._scalar()}
        branches = [self.schema(depth) for _ in range(self._draw(st.integers(1, 3)))]
        beside = self._scalar() if self._draw(st.integers(0, 2)) == 0 else {}
        return {**beside, keyword: branches}

    def _reference(self, depth: int) -> _Schema:
        name = f"d{len(self.definitions)}"
        self.definitions[name] = True  # until it is drawn, which may draw others
        self.definitions[name] = self.schema(depth)
        beside = self._scalar() if self._draw(st.integers(0, 2)) == 0 else {}
        return {**beside, "$ref": f"#/definitions/{name}"}

    def _conditional(self, depth: int) -> _Schema:
        if self._draft < 7:
            return self._joined(depth)
        return {"if": self.schema(depth), "then": self.schema(depth), "else": self.schema(depth)}


@st.composite
def events(draw: Draw) -> tuple[_Schema, list[Any]]:
    """The schema of an event, and some values of which a few are valid under it."""
    draft = draw(st.sampled_from(sorted(DRAFTS)))
    drawing = _Drawing(draw, draft)
    schema = {"$schema": DRAFTS[draft], **drawing.record(2)}
    if draw(st.integers(0, 3)) == 0:
        keyword = draw(st.sampled_from(("allOf", "anyOf", "oneOf")))
        schema[keyword] = [drawing.record(1), drawing.record(1)]
    schema["definitions"] = drawing.definitions
    rng = random.Random(draw(st.integers(0, 2**16)))
    return schema, [_guess(schema, schema, rng, 6) for _ in range(12)]


@st.composite
def fields(draw: Draw) -> tuple[_Schema, list[Any]]:
    """The schema of an event with the one required field ``a``, and values for it of any kind."""
    draft = draw(st.sampled_from(sorted(DRAFTS)))
    drawing = _Drawing(draw, draft)
    schema = {
        "$schema": DRAFTS[draft],
        "type": "object",
        "additionalProperties": False,
        "required": ["a"],
        "properties": {"a": drawing.schema(1)},
        "definitions": drawing.definitions,
    }
    rng = random.Random(draw(st.integers(0, 2**16)))
    guessed = [_guess(schema["properties"]["a"], schema, rng, 4) for _ in range(12)]
    return schema, [*SCALARS, *guessed, *_changed(guessed)]


def _changed(values: list[Any]) -> Iterator[Any]:
    """Lists and objects with something more, less or twice."""
    for value in values:
        if isinstance(value, list) and value:
            yield from (value[1:], [*value, value[0]], value * 4)
        elif isinstance(value, dict) and value:
            first = next(iter(value))
            yield {key: inner for key, inner in value.items() if key != first}
            yield from ({**value, first: other} for other in SCALARS[::5])


def _guess(schema: Any, root: _Schema, rng: random.Random, depth: int) -> Any:
    """A value that keeps what one part of the schema says."""
    if not isinstance(schema, dict) or depth < 0:
        return rng.choice(SCALARS)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _guess(root["definitions"][name], root, rng, depth)
    branches = [
        *schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ()),
        *(schema[key] for key in ("then", "else") if key in schema),
    ]  # fmt: skip
    if "properties" in schema and isinstance(value := _object(schema, root, rng, depth), dict):
        for branch in branches:
            more = _guess(branch, root, rng, depth - 1)
            value |= more if isinstance(more, dict) and rng.random() < 0.5 else {}
        return value
    if branches and rng.random() < 0.7:
        return _guess(rng.choice(branches), root, rng, depth)
    if "enum" in schema or "const" in schema:
        return rng.choice(schema.get("enum", [schema.get("const")]))
    return _of_kind(schema, root, rng, depth)


def _of_kind(schema: _Schema, root: _Schema, rng: random.Random, depth: int) -> Any:
    kinds = schema.get("type", _KINDS)
    match rng.choice((kinds,) if isinstance(kinds, str) else kinds):
        case "array":
            length = rng.randint(schema.get("minItems", 0), 3)
            return [_guess(schema.get("items"), root, rng, depth - 1) for _ in range(length)]
        case "object":
            return _object(schema, root, rng, depth)
        case kind:
            types = {"null": type(None), "boolean": bool, "integer": int, "number": (int, float)}
            fits = [each for each in SCALARS if isinstance(each, types.get(kind, str))]
            return rng.choice(fits)


def _object(schema: _Schema, root: _Schema, rng: random.Random, depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    found = {
        name: _guess(inner, root, rng, depth - 1)
        for name, inner in properties.items()
        if name in required or rng.random() < 0.6
    }
    others = schema.get("additionalProperties", True)
    if others is not False:
        wanted = [name for name in required if name not in found]
        if rng.random() < 0.3:
            wanted.append(rng.choice(("a", "b", "c")))
        found |= {
            name: _guess(others, root, rng, depth - 1) for name in wanted if name not in properties
        }
    return found
