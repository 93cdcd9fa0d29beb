"""Values that one schema accepts and another refuses, read off what lies between them. Pure.

The library says what lies between as a schema of its own form (``subtract``).  What is built out of
that here is a proposal: whoever takes it holds it against both schemas.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from jsonschema_rs import CanonicalSchema
from jsonschema_rs.canonical import (
    AllOfView,
    AnyOfView,
    ArrayView,
    CanonicalizationError,
    ConstView,
    EnumView,
    IntegerView,
    MultiTypeView,
    NotView,
    NumberView,
    ObjectView,
    OneOfView,
    Satisfiability,
    StringView,
    TrueView,
    TypedGroupView,
)

from contracts.evolution.covering import canonical_form
from contracts.evolution.inclusion import Texts, text_outside

_MOST = 60
_DEEPEST = 5
_LONGEST = 20_000
"""No text or list of more parts is built."""

_BY_KIND: Mapping[str, tuple[Any, ...]] = {
    "string": ("a", ""),
    "integer": (0, 1),
    "number": (0.5, 0),
    "boolean": (True, False),
    "null": (None,),
    "array": ([],),
    "object": ({},),
}


def values_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Any]:
    """Values that ``old`` may accept and ``new`` refuse; none where the library knows of none.

    Args:
        old: a schema with its own ``$defs``.
        new: another.
    """
    try:
        between = canonical_form(old).subtract(canonical_form(new))
    except (ValueError, CanonicalizationError):
        return
    if between.satisfiability() is not Satisfiability.NO:
        yield from islice(_values(between, 0), _MOST)


def _values(schema: CanonicalSchema | None, depth: int) -> Iterator[Any]:
    if depth > _DEEPEST:
        return
    match None if schema is None else schema.view():
        case ConstView(value=value):
            yield value
        case EnumView(values=values):
            yield from values
        case MultiTypeView(types=types):
            yield from chain.from_iterable(_BY_KIND[name] for name in types)
        case TypedGroupView(body=body):
            yield from _values(body, depth)
        case IntegerView() as view:
            yield from _integers(view)
        case NumberView() as view:
            yield from _numbers(view)
        case StringView() as view:
            yield from _texts(view)
        case ArrayView() as view:
            yield from _lists(view, depth)
        case ObjectView() as view:
            yield from _objects(view, depth)
        case AnyOfView(branches=branches) | OneOfView(branches=branches):
            yield from chain.from_iterable(_values(each, depth + 1) for each in branches)
        case AllOfView(branches=branches):
            yield from chain.from_iterable(_values(each, depth + 1) for each in branches)
        case TrueView() | NotView() | None:
            yield from chain.from_iterable(_BY_KIND.values())
        case _:  # a reference, or what the library does not model
            return


def _integers(view: IntegerView) -> Iterator[int]:
    least, most = view.minimum, view.maximum
    start = least if least is not None else most if most is not None else 0
    step = -1 if least is None and most is not None else 1
    yield from (start + step * count for count in range(5))
    for divisor in view.multiple_of:
        if float(divisor).is_integer() and divisor >= 1:
            first = math.ceil(start / divisor) if step > 0 else math.floor(start / divisor)
            yield from (int(divisor) * (first + step * count) for count in range(5))


def _numbers(view: NumberView) -> Iterator[float]:
    ends = [float(end) for end in (view.minimum, view.maximum) if end is not None]
    if len(ends) == 2:
        yield (ends[0] + ends[1]) / 2
    for end in ends or [0.0]:
        yield from (end, end + 0.5, end - 0.5, end + 0.001, end - 0.001)
    for divisor in map(float, view.multiple_of):
        for end in ends or [0.0]:
            whole = math.ceil(end / divisor)
            yield from (divisor * (whole + count) for count in range(-2, 4))


def _texts(view: StringView) -> Iterator[str]:
    shortest, longest = view.min_length or 0, view.max_length
    patterns: list[Texts] = [*view.patterns] or [None]
    barred: list[Texts] = [*view.excluded_patterns, tuple(view.excluded)]
    for pattern in patterns:
        for other in barred:
            if isinstance(text := text_outside(pattern, other, shortest, longest), str):
                yield text
    size = min(shortest, _LONGEST)
    yield from (char * size for char in ("x", "0", "A", " "))
    if longest is not None:
        yield "x" * min(longest, _LONGEST)
    fillers = (f"{char}" * max(1, size) for char in "abcdefgh")
    yield from (text for text in fillers if text not in view.excluded)


def _lists(view: ArrayView, depth: int) -> Iterator[list[Any]]:
    size = min(view.min_items or 0, _LONGEST)
    wanted = [next(_values(each.schema, depth + 1), None) for each in view.contains]
    items = list(islice(_values(view.items, depth + 1), 12)) or [None]
    yield [*wanted, *_cycled(items, size - len(wanted))]
    if size < 2:
        yield from ([*wanted, item] for item in items)
        yield [items[0], items[0]]
    elif view.items is None:
        yield list(range(size))


def _cycled(items: Sequence[Any], size: int) -> list[Any]:
    return [items[index % len(items)] for index in range(max(0, size))]


def _objects(view: ObjectView, depth: int) -> Iterator[dict[str, Any]]:
    known = {
        name: list(islice(_values(each, depth + 1), 12)) for name, each in view.properties.items()
    }
    extra = list(islice(_values(view.additional_properties, depth + 1), 3)) or [None]
    least = {name: (known.get(name) or extra)[0] for name in view.required}
    lacking = (view.min_properties or 0) - len(least)
    least |= {f"k{index}": extra[0] for index in range(min(lacking, _LONGEST))}
    yield least
    for name, values in known.items():
        yield from ({**least, name: value} for value in values)
