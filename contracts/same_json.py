"""Whether two JSON values are the same, and where they are not. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from contracts.formats import parse_date_time


def differences(left: Any, right: Any) -> Iterator[str]:
    """JSON pointers (RFC 6901) at which two values differ.

    Numbers are compared by value (``1`` is ``1.0``), ``true`` is no number, the order of an
    object's keys counts for nothing, and two spellings of one instant (see
    :func:`contracts.formats.parse_date_time`) are the same.
    """
    waiting: list[tuple[str, Any, Any]] = [("", left, right)]
    while waiting:
        at, one, other = waiting.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            yield from (f"{at}/{_escaped(key)}" for key in one.keys() ^ other.keys())
            waiting.extend(
                (f"{at}/{_escaped(key)}", one[key], other[key]) for key in one.keys() & other.keys()
            )
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pairs = enumerate(zip(one, other, strict=True))
            waiting.extend((f"{at}/{index}", *pair) for index, pair in pairs)
        elif not _same_scalar(one, other):
            yield at


def _same_scalar(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str) and one != other:
        instant = _instant(one)
        return instant is not None and instant == _instant(other)
    return _kind(one) is _kind(other) and bool(one == other)


def _instant(text: str) -> dt.datetime | None:
    try:
        return parse_date_time(text)
    except ValueError:
        return None


def _kind(value: Any) -> type:
    if isinstance(value, bool):
        return bool
    return float if isinstance(value, int | float | Decimal) else type(value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
