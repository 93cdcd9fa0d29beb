"""Ways in which a valid payload can be broken in one place. Pure.

These are proposals: a schema may refuse the result for a second reason too, or accept it, since
keywords act on each other.  :class:`contracts.samples.payloads.Sampler` keeps those that hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model.definitions import definition
from contracts.model.pointer import join

_LONGEST = 20_000
"""Longer texts and lists are not made, to break a bound above that."""

_BAD_FORMATS: Mapping[str, tuple[str, ...]] = {
    "uuid": ("6f1c2b1e-6d0c-4a3e-9d52", "{6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11}"),
    "date": ("2026-02-30", "31.01.2026", "1899-12-31"),
    "date-time": ("2026-01-31 12:00:00", "2026-01-31T12:00:00", "2026-06-30T23:59:60Z"),
    "email": ("someone", "@example.org"),
    "uri": ("no scheme", "//example.org"),
}

_OTHER_KINDS: tuple[tuple[str, Any], ...] = (
    ("null", None),
    ("string", "text"),
    ("integer", 1),
    ("number", 0.5),
    ("boolean", True),
    ("array", []),
    ("object", {}),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Replaces (or removes, or adds) one value so that ``keyword`` breaks at ``pointer``.

    ``path`` leads to the value; ``remove`` takes it out instead of putting ``value`` there.
    """

    path: tuple[str | int, ...]
    keyword: str
    pointer: str
    value: Any = None
    remove: bool = False

    def applied_to(self, payload: Any) -> Any:
        """The payload with the change in it; ``payload`` itself is changed."""
        around = payload
        for part in self.path[:-1]:
            around = around[part]
        if self.remove:
            del around[self.path[-1]]
        else:
            around[self.path[-1]] = self.value
        return payload


def near_misses(root: Mapping[str, Any], payload: Any) -> Iterator[Candidate]:
    """Proposals for every place inside ``payload``, which satisfies ``root``.

    The payload as a whole stays an object: what is not one is refused by the envelope already.
    """
    yield from _Finder(root).at((), root, payload)


class _Finder:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def at(
        self, path: tuple[str | int, ...], schema: Mapping[str, Any], value: Any
    ) -> Iterator[Candidate]:
        if "$ref" in schema:
            schema = definition(self._root, schema["$ref"])
            yield from self.at(path, schema, value)
            return
        pointer = _pointer(path)
        for keyword, make in _BREAKERS.items():
            if keyword in schema:
                for broken in make(schema[keyword], schema, value) if path else ():
                    yield Candidate(path, keyword, pointer, broken)
        match value:
            case dict():
                yield from self._object(path, schema, value)
            case list():
                for index, item in enumerate(value):
                    yield from self.at((*path, index), schema["items"], item)
            case _:
                return

    def _object(
        self, path: tuple[str | int, ...], schema: Mapping[str, Any], value: dict[str, Any]
    ) -> Iterator[Candidate]:
        for name in schema.get("required", ()):
            inside = (*path, name)
            yield Candidate(inside, "required", _pointer(inside), remove=True)
        extra = schema.get("additionalProperties")
        if extra is False:
            inside = (*path, "no_such_field")
            yield Candidate(inside, "additionalProperties", _pointer(inside), "text")
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name, extra)
            if isinstance(inner, Mapping):
                yield from self.at((*path, name), inner, item)


def _pointer(path: tuple[str | int, ...]) -> str:
    return join(path)


_Breaker = Callable[[Any, Mapping[str, Any], Any], Iterator[Any]]


def _type(expected: Any, _schema: Mapping[str, Any], _value: Any) -> Iterator[Any]:
    allowed = {expected} if isinstance(expected, str) else set(expected)
    if "number" in allowed:
        allowed.add("integer")
    yield from (other for kind, other in _OTHER_KINDS if kind not in allowed)


def _enum(_options: Any, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    match value:
        case str():
            yield f"{value}_"
            yield value.swapcase()
        case bool() | None:
            return
        case int() | float():
            yield value + 1
        case _:
            return


def _pattern(_pattern: Any, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield value + "\n"
        yield value[:-1] + "\x00"
        yield "\x00" + value[1:]


def _format(name: Any, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield from _BAD_FORMATS.get(name, ())


def _longer(limit: int, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if isinstance(value, str) and limit < _LONGEST:
        last = value[-1:] or "x"
        yield value + last * (limit + 1 - len(value))


def _shorter(limit: int, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if isinstance(value, str) and limit > 0:
        yield value[: limit - 1]


def _more_items(limit: int, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if isinstance(value, list) and value and limit < _LONGEST:
        yield [*value, *(value * (limit + 1))][: limit + 1]


def _fewer_items(limit: int, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if isinstance(value, list) and limit > 0:
        yield value[: limit - 1]


def _same_items(wanted: Any, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if wanted and isinstance(value, list) and value:
        yield [*value[:-1], value[-1], value[-1]]
        yield [*value[:-2], value[-1], value[-1]]


def _more_properties(limit: int, schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and value and not schema.get("properties") and limit < _LONGEST:
        one = next(iter(value.values()))
        yield {**value, **{f"more_{index}": one for index in range(limit + 1 - len(value))}}


def _fewer_properties(limit: int, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and limit > 0:
        yield dict(list(value.items())[: limit - 1])


def _beyond(step: int, *, excluded: bool = False) -> _Breaker:
    """The first number behind the bound, in the schema's own steps."""

    def make(limit: Any, schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
        behind = limit if excluded else limit + step * schema.get("multipleOf", 1)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield behind
        elif isinstance(value, str) and "x-decimal" in schema:
            yield str(behind)

    return make


def _between_multiples(step: Any, _schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield value + 1
        yield value - 1
    elif isinstance(value, float):
        yield value + step / 2
        yield value - step / 2


def _decimal(digits: Any, schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    """A digit too many on either side of the point, and what is no number."""
    whole, scale = digits["precision"] - digits["scale"], digits["scale"]
    if isinstance(value, str):
        yield f"{value.partition('.')[0]}.{'0' * scale}1"
        yield f"1{'0' * whole}"
        yield value.replace(".", ",") if "." in value else f"{value},00"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(f"{int(value)}.{'0' * scale}1")
        yield 10**whole


_BREAKERS: Mapping[str, _Breaker] = {
    "type": _type,
    "enum": _enum,
    "const": _enum,
    "pattern": _pattern,
    "x-decimal": _decimal,
    "format": _format,
    "maxLength": _longer,
    "minLength": _shorter,
    "minimum": _beyond(-1),
    "maximum": _beyond(1),
    "exclusiveMinimum": _beyond(-1, excluded=True),
    "exclusiveMaximum": _beyond(1, excluded=True),
    "multipleOf": _between_multiples,
    "maxItems": _more_items,
    "minItems": _fewer_items,
    "uniqueItems": _same_items,
    "maxProperties": _more_properties,
    "minProperties": _fewer_properties,
}
"""Keyword → values that break it, made from the value that keeps it."""
