"""Typed values as JSON texts."""

from __future__ import annotations

import datetime as dt
import json
import math
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache, partial
from typing import Any, ClassVar

JSON_NAME, SENT_NULL, AS_TEXT = "json", "null", "text"
"""Metadata of a field: its name in JSON where Python has no such name; None is sent as null
instead of being left out; a decimal is a string in JSON.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Known fields. One that is None is left out, or is null where the contract demands it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Record):
    """The data of one version of one event."""

    ugc_event: ClassVar[tuple[str, int]]
    """Name and version."""


class NoContext(Record):
    """Of a project whose events have no context."""


def to_json(value: object, *, decimals_as_text: bool = False) -> str:
    """The value's JSON text; a record says itself how its decimals are written.

    Raises:
        ValueError: a time without a zone, or a number that is not finite.
        TypeError: JSON has nothing for it.
    """
    if isinstance(value, Record):
        return "{" + ",".join(_members(value)) + "}"
    encode = partial(to_json, decimals_as_text=decimals_as_text)
    if isinstance(value, Mapping):
        members = (f"{json.dumps(_text(k))}:{encode(v)}" for k, v in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(encode, value)) + "]"
    text = _scalar(value)
    return json.dumps(text) if decimals_as_text and isinstance(value, Decimal) else text


def now_text() -> str:
    """The present as contexts have it: UTC, with milliseconds."""
    return _instant(dt.datetime.now(dt.UTC))


def _scalar(value: object) -> str:
    match value:
        case None | bool() | int() | str():
            return json.dumps(value)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} is no number of JSON")
            return json.dumps(value)
        case Decimal():
            if not value.is_finite():
                raise ValueError(f"{value} is no number of JSON")
            return format(value, "f")
        case uuid.UUID():
            return json.dumps(str(value))
        case dt.datetime():
            if value.tzinfo is None:
                raise ValueError(f"{value} has no time zone; say one, such as datetime.UTC")
            return json.dumps(_instant(value, "microseconds"))
        case dt.date():
            return json.dumps(value.isoformat())
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON")


def _instant(moment: dt.datetime, digits: str = "milliseconds") -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec=digits).replace("+00:00", "Z")


def _text(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{key!r} is no key of JSON")
    return key


def _members(record: Record) -> Iterator[str]:
    kind: Any = type(record)
    for attribute, name, metadata in _layout(kind):
        value = getattr(record, attribute)
        if value is None and not metadata.get(SENT_NULL):
            continue
        yield f"{name}:{to_json(value, decimals_as_text=metadata.get(AS_TEXT, False))}"


@cache
def _layout(kind: Any) -> tuple[tuple[str, str, Mapping[str, Any]], ...]:
    return tuple(
        (each.name, json.dumps(each.metadata.get(JSON_NAME, each.name)), each.metadata)
        for each in fields(kind)
    )
