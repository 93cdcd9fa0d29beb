"""Instances made from any JSON Schema, for round trips of schemas that come without any. Pure.

The walk knows the common keywords; what it misses is left to a validator of the schema's draft.
Values lean to the edges where converters lose data: integers beyond int64, ``null`` beside
absence, empty containers, unknown properties, other time zones.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from contracts.lossless.views import RecursiveError, UnresolvedError, View, Views
from contracts.model import patterns

_ATTEMPTS_PER_INSTANCE = 20
_DEEPEST = 5
_MOST_VALUES = 500
"""After so many values inside one instance the rest is as shallow as the schema allows."""

_WORDS = ("", "a", "user-1", "naïve", "имя", "名前", "😀", "it's", '"', "\\", "line\nbreak", "null")
_INTEGERS = (0, 1, -1, 7, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 10**30)
_NUMBERS = (0.0, -0.0, 0.1, 1.5, -2.25, 5e-324, 1.7976931348623157e308, 3, 2**53 + 1, 10**30)
_FORMATS: Mapping[str, tuple[str, ...]] = {
    "date-time": (
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.000Z",
        "2026-01-31T12:00:00.123456+05:30",
        "2026-01-31T12:00:00.123456789Z",
        "1066-10-14T09:00:00Z",
    ),
    "date": ("2026-01-31", "1900-01-01", "1066-10-14"),
    "time": ("12:00:00Z",),
    "uuid": ("6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11", "6F1C2B1E-6D0C-4A3E-9D52-0A1F5A3C7B11"),
    "email": ("someone@example.org",),
    "uri": ("https://example.org/a?b=c",),
    "ipv4": ("192.0.2.1",),
    "hostname": ("example.org",),
}


def instances(
    schema: object, count: int, rng: random.Random, accepts: Callable[[Any], bool]
) -> list[Any]:
    """Up to ``count`` instances that ``accepts`` takes.

    Fewer come where the schema's restrictions are met too seldom by chance.
    """
    found: list[Any] = []
    for _ in range(count * _ATTEMPTS_PER_INSTANCE):
        value = _Values(schema, rng).value(schema, 0)
        if accepts(value):
            found.append(value)
            if len(found) == count:
                break
    return found


class _Values:
    def __init__(self, root: object, rng: random.Random) -> None:
        self._views = Views(root)
        self._rng = rng
        self._left = _MOST_VALUES

    def value(self, schema: object, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            depth = _DEEPEST
        if not isinstance(schema, Mapping):
            return self._anything(depth)
        try:
            view, _ = self._views.of(schema, frozenset())
            return self._viewed(view, depth)
        except (RecursiveError, UnresolvedError):
            return self._anything(depth)

    def _viewed(self, view: View, depth: int) -> Any:
        if "const" in view:
            return view["const"]
        for keyword in ("enum", "examples"):
            listed = view.get(keyword)
            if isinstance(listed, list) and listed and (keyword == "enum" or self._chance(0.3)):
                return self._rng.choice(listed)
        for keyword in ("anyOf", "oneOf"):
            branches = view.get(keyword)
            if isinstance(branches, list) and branches:
                rest = {key: value for key, value in view.items() if key != keyword}
                return self.value({"allOf": [rest, self._rng.choice(branches)]}, depth)
        declared = view.get("type", view.get("implied"))
        kind = self._rng.choice(declared) if isinstance(declared, list) and declared else declared
        make = _BY_KIND.get(str(kind))
        return self._anything(depth) if make is None else make(self, view, depth)

    def _anything(self, depth: int) -> Any:
        kinds = ["null", "boolean", "integer", "number", "string"]
        if depth < _DEEPEST:
            kinds += ["array", "object"]
        return _BY_KIND[self._rng.choice(kinds)](self, {}, _DEEPEST - 1 if depth else depth)

    def null(self, _view: View, _depth: int) -> None:
        return None

    def boolean(self, _view: View, _depth: int) -> bool:
        return self._chance(0.5)

    def integer(self, view: View, _depth: int) -> int:
        low, high = self._bounds(view)
        if low is None and high is None:
            number = self._rng.choice(_INTEGERS)
        else:
            first = math.ceil(low) if low is not None else math.floor(high or 0) - 100
            last = math.floor(high) if high is not None else first + 100
            number = self._rng.randint(first, max(first, last))
        step = view.get("multipleOf")
        return number // step * step if isinstance(step, int) and step > 0 else number

    def number(self, view: View, depth: int) -> float:
        low, high = self._bounds(view)
        if "multipleOf" in view or self._chance(0.3):
            return self.integer(view, depth)
        if low is None and high is None:
            return self._rng.choice(_NUMBERS)
        first = low if low is not None else (high or 0) - 100
        return round(self._rng.uniform(first, high if high is not None else first + 100), 3)

    def _bounds(self, view: View) -> tuple[float | None, float | None]:
        lows = [_bound(view, "minimum"), _bound(view, "exclusiveMinimum")]
        highs = [_bound(view, "maximum"), _bound(view, "exclusiveMaximum")]
        return (
            max((n for n in lows if n is not None), default=None),
            min((n for n in highs if n is not None), default=None),
        )

    def string(self, view: View, _depth: int) -> str:
        listed = _FORMATS.get(str(view.get("format")))
        if listed:
            return self._rng.choice(listed)
        if isinstance(pattern := view.get("pattern"), str):
            try:
                return patterns.sample(patterns.parse(pattern), self._rng)
            except patterns.PatternError:
                return self._rng.choice(_WORDS)
        text = self._rng.choice(_WORDS)
        text += "x" * (_count(view, "minLength", 0) - len(text))
        return text[: _count(view, "maxLength", len(text))]

    def array(self, view: View, depth: int) -> list[Any]:
        items = view.get("items", True)
        first = view.get("prefixItems", items if isinstance(items, list) else [])
        more = view.get("additionalItems", True) if isinstance(items, list) else items
        least = _count(view, "minItems", 0)
        if depth >= _DEEPEST and not least:
            return []
        length = self._rng.randint(least, max(least, min(_count(view, "maxItems", 9), least + 3)))
        if isinstance(first, list) and first:
            length = max(length, min(len(first), _count(view, "maxItems", len(first))))
        schemas = [*first, *[more] * length] if isinstance(first, list) else [more] * length
        return [self.value(schema, depth + 1) for schema in schemas[:length]]

    def object(self, view: View, depth: int) -> dict[str, Any]:
        properties = view.get("properties", {})
        required = view.get("required", [])
        required = required if isinstance(required, list) else []
        share = 0.0 if depth >= _DEEPEST else 0.6
        found = {
            name: self.value(schema, depth + 1)
            for name, schema in properties.items()
            if name in required or self._chance(share)
        }
        extra = view.get("additionalProperties", view.get("unevaluatedProperties", True))
        found.update(
            {
                name: self.value(extra, depth + 1)
                for name in required
                if isinstance(name, str) and name not in found
            }
        )
        wanted = _count(view, "minProperties", 0) - len(found)
        if extra is not False and depth < _DEEPEST:
            wanted = max(wanted, self._rng.choice((0, 0, 1, 2)))
            for index in range(wanted):
                found[f"{self._rng.choice(_WORDS)}{index}"] = self.value(extra, depth + 1)
        return found

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share


def _bound(view: View, keyword: str) -> float | None:
    limit = view.get(keyword)
    return limit if isinstance(limit, int | float) and not isinstance(limit, bool) else None


def _count(view: View, keyword: str, otherwise: int) -> int:
    number = view.get(keyword, otherwise)
    return number if isinstance(number, int) and not isinstance(number, bool) else otherwise


_BY_KIND: Mapping[str, Callable[[_Values, View, int], Any]] = {
    "null": _Values.null,
    "boolean": _Values.boolean,
    "integer": _Values.integer,
    "number": _Values.number,
    "string": _Values.string,
    "array": _Values.array,
    "object": _Values.object,
}
