"""Records with something in every field, made from their types."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

HOSTILE = "\x1b[31m|\n::error,имя\x9b2J\u202e\ud800"
"""A text as a stranger may write it; with a lone surrogate, as JSON may have it."""

HUGE = 2**64
"""More than most readers of JSON count with."""

Record = TypeVar("Record")


def filled(kind: type[Record], **given: Any) -> Record:
    """A record with no empty field; mappings are of kinds that are no dict, or not quite."""
    hints = typing.get_type_hints(kind)
    values = {
        each.name: given[each.name] if each.name in given else _value(hints[each.name])
        for each in dataclasses.fields(kind)  # type: ignore[arg-type]
    }
    return kind(**values)


def _value(hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return filled(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if origin in (typing.Union, types.UnionType):
        return _value(next(each for each in arguments if each is not type(None)))
    if origin is typing.Literal:
        return arguments[0]
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(*arguments)
    if origin is tuple and arguments[-1] is not Ellipsis:
        return tuple(_value(each) for each in arguments)
    if origin is not None and issubclass(origin, Sequence):
        return (_value(arguments[0]),)
    return _PLAIN[hint]


def _mapping(key: Any, value: Any) -> Mapping[Any, Any]:
    found = {_value(key): _value(value)}
    if value is int:
        return Counter(found)
    return found if value is Any else types.MappingProxyType(found)


_PLAIN: Mapping[Any, Any] = {
    bool: True,
    int: HUGE,
    float: 0.5,
    str: HOSTILE,
    bytes: b"\x00\xff\x1b",
    dt.datetime: dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC),
    uuid.UUID: uuid.UUID(int=1),
    Path: Path("events/имя/v1.json"),
    Any: {"a": [HOSTILE, HUGE, None]},
}
