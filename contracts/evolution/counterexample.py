"""A payload that an old contract accepts and a new one refuses. Pure.

Values are constructed from what the two schemas say at the place that changed (their bounds, their
choices, their examples), put into an otherwise plain payload, and held against both contracts.  So
what is returned is a proof; where nothing is, that proves nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from contracts.errors import SampleError
from contracts.evolution.changes import resolved
from contracts.evolution.difference import values_between
from contracts.evolution.inclusion import Included, text_outside
from contracts.evolution.keywords import Change, canonical, choices, json_kinds, plain
from contracts.model import patterns
from contracts.model.types import INT64_MAX, INT64_MIN, JsonSchema
from contracts.model.validation import Validator
from contracts.samples.payloads import Sampler

_KINDS = ("string", "integer", "number", "boolean", "array", "object", "null")
_DEEPEST = 6
_LONGEST = 20_000
"""No text, list or object of more parts is built."""

_SAMPLES = 40
"""This many values are drawn where none of those that were constructed is one."""

_OTHER = "another_name"


def counterexample(change: Change, old: JsonSchema, new: JsonSchema) -> dict[str, Any] | None:
    """``data`` that shows the change to be breaking; ``None`` when none was found.

    Args:
        change: one of :func:`contracts.evolution.changes.changes` of the two contracts.
        old: the earlier contract.
        new: the later one.
    """
    accepted, refused = Validator(old), Validator(new)
    maker = _Maker(old)
    before, after = (
        {**plain(schema), "$defs": root.get("$defs", {})}
        for schema, root in ((change.old, old), (change.new, new))
    )
    here_accepted, here_refused = Validator(before), Validator(after)
    proposed = maker.candidates(_hints(old, change.old), _hints(new, change.new))
    for value in chain(proposed, _sampled(before), values_between(before, after)):
        if here_accepted.accepts(value) and not here_refused.accepts(value):
            payload = maker.around(old, change.path, value)
            if payload is not None and accepted.accepts(payload) and not refused.accepts(payload):
                return payload
    return None


def _hints(root: JsonSchema, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a schema says, and what the definition says to which it refers beside that."""
    schema = plain(schema)
    if "$ref" not in schema:
        return schema
    behind = resolved(root, {"$ref": schema["$ref"]})
    return {**plain(behind), **{key: said for key, said in schema.items() if key != "$ref"}}


def _sampled(schema: JsonSchema) -> Iterator[Any]:
    """Values of a schema by chance: always the same ones."""
    rng = random.Random(0)  # noqa: S311 - samples, not secrets
    sampler = Sampler(schema)
    try:
        yield from (sampler.valid(rng) for _ in range(_SAMPLES))
    except (SampleError, KeyError):
        return  # a schema that says no type has no samples


class _Maker:
    """Makes values of one contract's schemas."""

    def __init__(self, root: JsonSchema) -> None:
        self._root = root

    def around(
        self, schema: Mapping[str, Any], path: tuple[str, ...], value: Any
    ) -> dict[str, Any] | None:
        """A payload with ``value`` at ``path``; ``None`` when the rest of it cannot be made."""
        found = self._around(resolved(self._root, schema), path, value)
        return found if isinstance(found, dict) else None

    def _around(self, schema: Mapping[str, Any], path: tuple[str, ...], value: Any) -> Any:
        match path:
            case ():
                return value
            case ("properties", name, *rest):
                inner = self._around(self._inside(schema["properties"][name]), tuple(rest), value)
                return self._padded(schema, {**self._required(schema, 0), name: inner})
            case ("additionalProperties", *rest):
                inner = self._inside(schema["additionalProperties"])
                made = {_OTHER: self._around(inner, tuple(rest), value)}
                return self._padded(schema, {**self._required(schema, 0), **made})
            case ("items", *rest):
                inner = self._around(self._inside(schema["items"]), tuple(rest), value)
                others = islice(
                    (item for item in self.valid(schema["items"], 0) if item != inner),
                    max(0, schema.get("minItems", 0) - 1),
                )
                return [inner, *others]
            case _:
                raise ValueError(f"no such step in a contract: {path[0]}")

    def _padded(self, schema: Mapping[str, Any], made: dict[str, Any]) -> dict[str, Any]:
        """With as many optional fields more as the object needs, or with unknown ones."""
        lacking = schema.get("minProperties", 0) - len(made)
        if lacking <= 0:
            return made
        optional = [name for name in schema.get("properties", {}) if name not in made][:lacking]
        known = self._fields({name: schema["properties"][name] for name in optional}, 0)
        extra = schema.get("additionalProperties", True)
        value = next(self.valid(extra, 0), None) if isinstance(extra, Mapping) else 1
        unknown = {f"k{index}": value for index in range(lacking - len(known))}
        return {**made, **known, **unknown}

    def _inside(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        return resolved(self._root, schema)

    def candidates(
        self, schema: Mapping[str, Any], other: Mapping[str, Any], depth: int = 0
    ) -> Iterator[Any]:
        """Values that one of two schemas may accept and the other refuse."""
        for source in (schema, other):
            yield from source.get("examples", ())
            yield from choices(source) or ()
        kinds = json_kinds(schema) or _KINDS
        for kind in _KINDS:
            if kind in kinds or (kind == "integer" and "number" in kinds):
                yield from _BY_KIND[kind](self, schema, other, depth)

    def valid(self, schema: Mapping[str, Any], depth: int) -> Iterator[Any]:
        """Values of a schema, the plainest first."""
        if depth > _DEEPEST:
            return
        schema = self._inside(schema)
        accepts = Validator({"$defs": self._root.get("$defs", {}), **plain(schema)}).accepts
        yield from (value for value in self.candidates(schema, {}, depth + 1) if accepts(value))

    def _required(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        needed = {name: properties.get(name, {}) for name in schema.get("required", ())}
        return self._fields(needed, depth)

    def _fields(self, fields: Mapping[str, Mapping[str, Any]], depth: int) -> dict[str, Any]:
        made = ((name, next(self.valid(inner, depth), _OTHER)) for name, inner in fields.items())
        return dict(made)

    def strings(
        self, schema: Mapping[str, Any], other: Mapping[str, Any], _depth: int
    ) -> Iterator[Any]:
        if isinstance(text := _text_outside(schema, other), str):
            yield text
        for source in (schema, other):
            if "pattern" in source:
                yield from _matching(source["pattern"])
            yield from _FORMATS.get(source.get("format", ""), ())
        yield from ("a", "", "A", "0", " ", "é", "a b", "x@y", "not of this form", "abc\n")
        for size in _sizes("Length", schema, other):
            yield from (char * size for char in ("x", "A", "0", " ", "é"))
        for texts in _FORMATS.values():
            yield from texts

    def numbers(
        self, schema: Mapping[str, Any], other: Mapping[str, Any], _depth: int
    ) -> Iterator[Any]:
        ends = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        given = [source[key] for source in (schema, other) for key in ends if key in source]
        steps = [source["multipleOf"] for source in (schema, other) if "multipleOf" in source]
        yield from (1, 0, -1)
        for value in given:
            yield from (value, value + 1, value - 1)
        for step in steps:
            yield from (step, 2 * step, 3 * step)
            for value in given:
                yield from ((value // step) * step, (value // step + 1) * step)
        for value in (0, *given):
            yield from (value + 0.5, value - 0.5)
        yield from (2**53 + 1, INT64_MIN, INT64_MAX)

    def booleans(
        self, _schema: Mapping[str, Any], _other: Mapping[str, Any], _depth: int
    ) -> Iterator[Any]:
        yield from (True, False)

    def nulls(
        self, _schema: Mapping[str, Any], _other: Mapping[str, Any], _depth: int
    ) -> Iterator[Any]:
        yield None

    def arrays(
        self, schema: Mapping[str, Any], other: Mapping[str, Any], depth: int
    ) -> Iterator[Any]:
        items = schema.get("items", {})
        by_text = {canonical(item): item for item in islice(self.valid(items, depth + 1), 24)}
        found = list(by_text.values())[:12]
        yield []
        for item in found:
            yield from ([item], [item, item])
        distinct = list(range(_LONGEST)) if not items else found
        for size in _sizes("Items", schema, other):
            yield distinct[:size]
            if found:
                yield found[:1] * size

    def objects(
        self, schema: Mapping[str, Any], other: Mapping[str, Any], depth: int
    ) -> Iterator[Any]:
        if depth > _DEEPEST:
            return
        properties = schema.get("properties", {})
        least = self._required(schema, depth + 1)
        full = self._fields(properties, depth + 1)
        yield from (least, full)
        for name, value in full.items():
            yield {**least, name: value}
            yield {key: value for key, value in full.items() if key != name}
        extra = schema.get("additionalProperties", True)
        if extra is False:
            return
        for name in (*(n for n in other.get("properties", {}) if n not in properties), _OTHER):
            values = self.valid(extra, depth + 1) if isinstance(extra, Mapping) else _ANY
            yield from ({**least, name: value} for value in islice(values, 12))
        value = next(self.valid(extra, depth + 1), None) if isinstance(extra, Mapping) else 1
        for size in _sizes("Properties", schema, other):
            yield {**least, **{f"k{index}": value for index in range(size)}}


_Make = Callable[[_Maker, Mapping[str, Any], Mapping[str, Any], int], Iterator[Any]]

_BY_KIND: Mapping[str, _Make] = {
    "string": _Maker.strings,
    "integer": _Maker.numbers,
    "number": _Maker.numbers,
    "boolean": _Maker.booleans,
    "array": _Maker.arrays,
    "object": _Maker.objects,
    "null": _Maker.nulls,
}

_ANY: tuple[Any, ...] = ("a", 1, 0.5, True, None, [], {})
"""One value of each kind."""

_FORMATS: Mapping[str, tuple[str, ...]] = {
    "uuid": ("6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11",),
    "date": ("2026-01-31",),
    "date-time": ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456Z"),
    "email": ("someone@example.org",),
    "uri": ("https://example.org/",),
}


def _sizes(what: str, schema: Mapping[str, Any], other: Mapping[str, Any]) -> Iterable[int]:
    """The bounds in ``min<what>`` and ``max<what>`` and what lies beside them."""
    bounds = [
        source[key]
        for source in (schema, other)
        for key in (f"min{what}", f"max{what}")
        if key in source
    ]
    near = {bound + step for bound in bounds for step in (-1, 0, 1)}
    return sorted(size for size in near if 0 <= size <= _LONGEST)


def _text_outside(schema: Mapping[str, Any], other: Mapping[str, Any]) -> str | Included | None:
    """A shortest text that the one takes and that does not match the other's pattern."""
    if "pattern" not in other:
        return None
    bounds = schema.get("minLength", 0), schema.get("maxLength")
    return text_outside(schema.get("pattern"), other["pattern"], *bounds)


def _matching(pattern: str) -> Iterator[str]:
    """Texts that match a pattern: always the same ones."""
    try:
        node = patterns.parse(pattern)
    except patterns.PatternError:
        return
    rng = random.Random(0)  # noqa: S311 - samples, not secrets
    yield from (patterns.sample(node, rng) for _ in range(20))
