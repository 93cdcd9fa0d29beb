"""One small example of a schema of the dialect, put together from the inside. Pure.

Its size is that of what the schema demands, whatever it allows.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from contracts.errors import ContractSchemaError, SampleError
from contracts.samples.payloads import Sampler
from ugc.importing.node import value_key

_MOST = 10_000
"""Items and characters of an example."""

_ROOM = 2_000
"""This many of them an example may have with fields that may be absent."""

_LONGER = 16
"""This many characters more than it has to have an example may have."""

_MOST_DISTINCT = 100
_DRAWS_PER_ITEM = 20

_SIZES = (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"))

_INNER = ("items", "additionalProperties")

_SEED = 0


def example_of(schema: Mapping[str, Any]) -> Any:
    """The same value on every run.

    Raises:
        SampleError: none was found, or each would be too large.
    """
    value, _ = _sized(schema)
    return value


class Examples:
    """Examples of one event's fields. What was looked for in vain is not looked for again."""

    def __init__(self) -> None:
        self._in_vain: dict[str, str] = {}

    def of(self, schema: Mapping[str, Any]) -> Any:
        """As :func:`example_of`.

        Raises:
            SampleError: none was found, or each would be too large.
        """
        key = json.dumps(schema) if schema.keys().isdisjoint(_INNER) else None
        if key in self._in_vain:
            raise SampleError(self._in_vain[key])
        try:
            return example_of(schema)
        except SampleError as error:
            if key is not None:
                self._in_vain[key] = str(error)
            raise


def _sized(schema: Mapping[str, Any]) -> tuple[Any, int]:
    """The example and its size."""
    if schema.get("examples"):
        value = schema["examples"][0]
        return value, _size(value)
    kinds = schema["type"]
    match kinds if isinstance(kinds, str) else kinds[0]:
        case "object" if schema["additionalProperties"] is False:
            return _record(schema)
        case "object":
            count = _count(schema, "minProperties", "maxProperties")
            value, size = _sized(schema["additionalProperties"]) if count else (None, 0)
            size = _allowed(1 + count * (size + 1))
            return {f"key_{number}": value for number in range(1, count + 1)}, size
        case "array":
            return _list(schema)
        case kind:
            value = _scalar({**schema, "type": kind})
            return value, _allowed(_size(value))


def _record(schema: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """What is required, and of the rest what there is room for."""
    found = {name: _sized(inner) for name, inner in schema["properties"].items()}
    size = _allowed(1 + sum(found[name][1] for name in schema["required"]))
    value = {}
    for name, (inner, inner_size) in found.items():
        if name in schema["required"]:
            value[name] = inner
        elif size + inner_size <= _ROOM:
            value[name] = inner
            size += inner_size
    return value, size


def _list(schema: Mapping[str, Any]) -> tuple[list[Any], int]:
    count = _count(schema, "minItems", "maxItems")
    value, size = _sized(schema["items"]) if count else (None, 0)
    size = _allowed(1 + count * size)
    if count < 2 or not schema.get("uniqueItems"):
        return [value] * count, size
    return _distinct(schema["items"], count)


def _distinct(items: Mapping[str, Any], count: int) -> tuple[list[Any], int]:
    if count > _MOST_DISTINCT:
        raise SampleError(f"no example has fewer than {_MOST_DISTINCT} different items")
    rng = random.Random(_SEED)  # noqa: S311 - samples need no secrets
    sampler = _sampler(_short(items))
    found: dict[Any, Any] = {}
    size = 1
    for _ in range(_DRAWS_PER_ITEM * count):
        value = sampler.valid(rng)
        if value_key(value) not in found:
            found[value_key(value)] = value
            size = _allowed(size + _size(value))
        if len(found) == count:
            return list(found.values()), size
    raise SampleError(f"no {count} different items were found")


def _short(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Takes fewer values: those that are not much longer than they have to be."""
    found = dict(schema)
    for least, most in _SIZES:
        if most in found:
            found[most] = min(found[most], found.get(least, 0) + _LONGER)
    for inner in _INNER:
        if isinstance(found.get(inner), Mapping):
            found[inner] = _short(found[inner])
    if "properties" in found:
        found["properties"] = {name: _short(each) for name, each in found["properties"].items()}
    return found


def _count(schema: Mapping[str, Any], least: str, most: str) -> int:
    """One, unless the schema demands more or forbids it."""
    count: int = min(max(1, schema.get(least, 0)), schema[most])
    if count < schema.get(least, 0):
        raise SampleError(f"{least} is above {most}")
    return _allowed(count)


def _scalar(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "string" and schema.keys().isdisjoint({"pattern", "format"}):
        least = _allowed(schema.get("minLength", 0))
        schema["maxLength"] = min(schema["maxLength"], least + _LONGER)
        schema["minLength"] = max(least, min(1, schema["maxLength"]))
    return _drawn(schema)


def _drawn(schema: dict[str, Any]) -> Any:
    return _sampler(schema).valid(random.Random(_SEED))  # noqa: S311 - samples need no secrets


def _sampler(schema: dict[str, Any]) -> Sampler:
    try:
        return Sampler(schema)
    except ContractSchemaError as error:
        raise SampleError(str(error)) from error


def _allowed(size: int) -> int:
    if size > _MOST:
        raise SampleError(f"no example has fewer than {_MOST} items and characters")
    return size


def _size(value: Any) -> int:
    match value:
        case str():
            return 1 + len(value)
        case list():
            return 1 + sum(map(_size, value))
        case dict():
            return 1 + sum(map(_size, value.values()))
        case _:
            return 1
