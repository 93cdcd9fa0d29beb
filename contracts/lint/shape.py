"""Rules about one place of a contract: its names, type, bounds and pattern. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from contracts.lint import backtracking
from contracts.lint.rules import Note
from contracts.lint.sites import Site
from contracts.model import decimals, patterns
from contracts.model.shared import is_to_another_file
from contracts.model.types import INT64_MAX, INT64_MIN
from contracts.model.validation import problem_with_pattern

SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_BOUNDED_FORMATS = ("uuid", "date", "date-time")

_EVERYWHERE = frozenset(
    {"$ref", "$comment", "title", "description", "examples", "type", "enum", "const", "x-pii"}
)
_NUMERIC = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_BY_KIND: Mapping[str, frozenset[str]] = {
    "string": frozenset(
        {"format", "pattern", "minLength", "maxLength", "x-categorical", "x-precision"}
    ),
    "integer": _NUMERIC,
    "number": _NUMERIC,
    "decimal": frozenset({decimals.KEYWORD, *decimals.BOUNDS}),
    "boolean": frozenset(),
    "array": frozenset({"items", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset(
        {"properties", "required", "additionalProperties", "minProperties", "maxProperties"}
    ),
}
"""Which keywords act on which type."""

_SIZES: Mapping[str, tuple[str, str]] = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}


def check(site: Site) -> Iterator[Note]:
    """Everything wrong with one place."""
    for rule in _RULES:
        yield from rule(site)


def alike(name: str) -> str:
    """What is left of a name without case and signs; generated code knows no more of it."""
    return re.sub("[^a-z0-9]", "", name.lower())


def _names(site: Site) -> Iterator[Note]:
    properties = site.schema.get("properties")
    if not isinstance(properties, Mapping):
        return
    named = defaultdict(list)
    for name in properties:
        named[alike(name)].append(name)
        if not SNAKE_CASE.fullmatch(name):
            message = f"{name!r} is not snake_case; write {_snake_case(name)!r}"
            yield Note("name-not-snake-case", site.at("properties", name), message)
    for first, *others in named.values():
        for other in others:
            message = f"{other!r} differs from {first!r} in case and signs only; rename one"
            yield Note("name-collision", site.at("properties", other), message)


def _snake_case(name: str) -> str:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)
    text = "_".join(words).lower()
    return text if SNAKE_CASE.fullmatch(text) else f"field_{text}".rstrip("_")


def _type(site: Site) -> Iterator[Note]:
    if "$ref" in site.schema:
        return
    if not site.kinds:
        message = 'names no type; write one, such as "type": "string"'
        yield Note("type-missing", site.at("type"), message)
    elif site.kind is None and not _is_either_form(site):
        listed = ", ".join(site.kinds)
        message = f'has the types {listed}; write one, or ["<type>", "null"], or two fields'
        yield Note("type-mixed", site.at("type"), message)


def _is_either_form(site: Site) -> bool:
    return site.is_decimal and set(site.kinds) - {"null"} == {"string", "number"}


def _closed(site: Site) -> Iterator[Note]:
    if site.kind != "object":
        return
    extra = site.schema.get("additionalProperties")
    properties = site.schema.get("properties")
    if properties and extra is not False:
        message = 'write "additionalProperties": false'
        yield Note("object-open", site.at("additionalProperties"), message)
    elif not properties and not isinstance(extra, Mapping) and not _is_event_without_fields(site):
        message = (
            'write its "properties" and "additionalProperties": false,'
            ' or for free keys "additionalProperties": {"type": …}'
        )
        yield Note("object-open", site.at("additionalProperties"), message)
    known = properties if isinstance(properties, Mapping) else {}
    required = site.schema.get("required")
    for index, name in enumerate(required if isinstance(required, list) else ()):
        if isinstance(name, str) and name not in known:
            message = f"required names {name!r}, which is no property; describe it or leave it out"
            yield Note("required-unknown", site.at("required", index), message)


def _is_event_without_fields(site: Site) -> bool:
    """Inside of an event such an object would have no column, so that its presence were lost."""
    properties, extra = site.schema.get("properties"), site.schema.get("additionalProperties")
    return site.is_event and properties == {} and extra is False


def _items(site: Site) -> Iterator[Note]:
    if site.kind == "array" and not isinstance(site.schema.get("items"), Mapping):
        yield Note("items-missing", site.at("items"), 'write "items": {"type": …}')


def _effect(site: Site) -> Iterator[Note]:
    """Keywords of the dialect that the type (or format) at this place leaves without effect."""
    kind = "decimal" if site.is_decimal else site.kind
    if kind is None or kind not in _BY_KIND or site.is_event:
        return
    acting = _BY_KIND[kind] | _EVERYWHERE
    all_known = _EVERYWHERE.union(*_BY_KIND.values())
    for keyword in site.schema:
        if keyword in all_known and keyword not in acting:
            message = f"{keyword} does nothing for the type {kind}; leave it out"
            yield Note("keyword-without-effect", site.at(keyword), message)
    if "x-precision" in site.schema and site.schema.get("format") != "date-time":
        message = 'x-precision acts beside "format": "date-time" only; leave it out'
        yield Note("keyword-without-effect", site.at("x-precision"), message)


def _bounded(site: Site) -> Iterator[Note]:
    if "enum" in site.schema or "const" in site.schema or site.is_event:
        return
    match "decimal" if site.is_decimal else site.kind:
        case "string":
            if "maxLength" not in site.schema and not _has_bounded_format(site):
                yield Note("string-unbounded", site.pointer, 'write "maxLength": …, or an "enum"')
        case "integer":
            yield from _integer_bounds(site)
        case "array":
            if "maxItems" not in site.schema:
                yield Note("collection-unbounded", site.pointer, 'write "maxItems": …')
        case "object":
            is_map = isinstance(site.schema.get("additionalProperties"), Mapping)
            if is_map and "maxProperties" not in site.schema:
                yield Note("collection-unbounded", site.pointer, 'write "maxProperties": …')
        case _:
            return


def _has_bounded_format(site: Site) -> bool:
    return site.schema.get("format") in _BOUNDED_FORMATS


def _integer_bounds(site: Site) -> Iterator[Note]:
    ends = (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1))
    for inclusive, exclusive, inward in ends:
        found = [
            limit + step
            for keyword, step in ((inclusive, 0), (exclusive, inward))
            if (limit := _number(site.schema, keyword)) is not None
        ]
        if not found:
            message = f'has no {inclusive}; write "{inclusive}": … (int64 at most)'
            yield Note("integer-unbounded", site.pointer, message)
        elif not any(INT64_MIN <= limit <= INT64_MAX for limit in found):
            message = f"{inclusive} is outside of int64; write one from {INT64_MIN} to {INT64_MAX}"
            keyword = inclusive if inclusive in site.schema else exclusive
            yield Note("integer-unbounded", site.at(keyword), message)


def _satisfiable(site: Site) -> Iterator[Note]:
    schema = site.schema
    if sizes := _SIZES.get(site.kind or ""):
        least, most = sizes
        low, high = _number(schema, least), _number(schema, most)
        if low is not None and high is not None and low > high:
            message = f"{least} {low} is above {most} {high}; no value has both"
            yield Note("bounds-unsatisfiable", site.at(least), message)
    if site.is_decimal:
        yield from _decimal(site)
    elif site.kind in ("integer", "number") and not _leaves_a_number(site):
        message = "no number keeps all of minimum, maximum and multipleOf; widen one of them"
        yield Note("bounds-unsatisfiable", site.pointer, message)


def _decimal(site: Site) -> Iterator[Note]:
    """A decimal's digits, and bounds that its digits can say."""
    declared = site.schema[decimals.KEYWORD]
    if not isinstance(declared, Mapping):
        return
    precision, scale = declared.get("precision"), declared.get("scale")
    if not isinstance(precision, int) or not isinstance(scale, int) or scale < 0:
        return  # the dialect says so
    if scale > precision:
        message = f"scale {scale} is above precision {precision}; the scale is a part of it"
        yield Note("decimal-digits", site.at(decimals.KEYWORD, "scale"), message)
        return
    for keyword in decimals.BOUNDS:
        if (limit := _number(site.schema, keyword)) is not None:
            try:
                decimals.unscaled(limit, precision, scale)
            except ValueError as error:
                yield Note("decimal-digits", site.at(keyword), f"{limit} {error}")
                return
    if not _leaves_a_number(site, Fraction(1, 10**scale)):
        message = "no decimal keeps both its minimum and its maximum; widen one of them"
        yield Note("bounds-unsatisfiable", site.pointer, message)


def _leaves_a_number(site: Site, step: Fraction | None = None) -> bool:
    """Whether the bounds and ``multipleOf`` have a number between them, whole if it must be.

    ``step``: of which it must be a multiple anyway.
    """
    schema = site.schema
    lows = [(n, k != "minimum") for k in _LOWS if (n := _exact(schema, k)) is not None]
    highs = [(n, k != "maximum") for k in _HIGHS if (n := _exact(schema, k)) is not None]
    if not lows or not highs:
        return True
    # An excluded bound is the tighter of two equal ones.
    low, low_excluded = max(lows)
    high, high_excluded = min(highs, key=lambda bound: (bound[0], not bound[1]))
    step = step or _exact(schema, "multipleOf")
    if step is None and site.kind == "integer":
        step = Fraction(1)
    if not step:
        return low < high or (low == high and not low_excluded and not high_excluded)
    first = -(-low // step) * step
    if low_excluded and first == low:
        first += step
    return first < high or (first == high and not high_excluded)


_LOWS = ("minimum", "exclusiveMinimum")
_HIGHS = ("maximum", "exclusiveMaximum")


def _exact(schema: Mapping[str, Any], keyword: str) -> Fraction | None:
    """The number as the file writes it: 0.1 is a tenth."""
    number = _number(schema, keyword)
    return None if number is None else Fraction(str(number))


def _number(schema: Mapping[str, Any], keyword: str) -> int | float | None:
    found = schema.get(keyword)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def _pattern(site: Site) -> Iterator[Note]:
    pattern = site.schema.get("pattern")
    if not isinstance(pattern, str):
        return
    at = site.at("pattern")
    try:
        tree = patterns.parse(pattern)
    except patterns.PatternError as error:
        yield Note("pattern-not-portable", at, f"{error}; write it without")
        return
    if problem := problem_with_pattern(pattern):
        yield Note("pattern-not-portable", at, f"the validator refuses it: {problem}")
    if hazard := backtracking.backtracks(tree):
        message = f"{hazard}; write it so that each text can be read in one way only"
        yield Note("pattern-backtracking", at, message)
    if not patterns.is_anchored(tree):
        message = f'matches anywhere in the text; write "^(?:{pattern})$"'
        yield Note("pattern-unanchored", at, message)


def _fields_say_what_they_are(site: Site) -> Iterator[Note]:
    if is_to_another_file(site.schema.get("$ref")):
        return  # A shared definition has one, or lint says so there.
    if site.name is not None and not site.schema.get("description"):
        yield Note("description-missing", site.at("description"), 'write "description": "…"')


_Check = Callable[[Site], Iterator[Note]]

_RULES: tuple[_Check, ...] = (
    _names,
    _type,
    _closed,
    _items,
    _effect,
    _bounded,
    _satisfiable,
    _pattern,
    _fields_say_what_they_are,
)


def is_scalar(schema: Mapping[str, Any]) -> bool:
    """Whether values of the schema are neither lists nor objects nor null."""
    kinds = schema.get("type")
    if isinstance(kinds, list) and "x-decimal" in schema:
        return set(kinds) == {"string", "number"}
    return kinds in ("string", "integer", "number", "boolean")
