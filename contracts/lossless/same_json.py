"""Whether two JSON values are the same, and where they are not. Pure.

What comes back from a codec is judged here, so nothing of the codec is used: instants are read by
an arithmetic of their own, and a parser's mistake does not hide itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from contracts.model.pointer import escape
from contracts.model.types import ArrayType, DateTimeType, FieldType, MapType, RecordType

_DIGITS = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(.+)", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def differences(left: Any, right: Any, kind: FieldType | None = None) -> Iterator[str]:
    """JSON pointers (RFC 6901) at which two values differ.

    Numbers are compared by value (``1`` is ``1.0``), ``true`` is no number, and the order of an
    object's keys counts for nothing.

    Args:
        left: one value.
        right: the other.
        kind: the type of both. Where it has a date-time, and only there, two spellings of one
            instant (RFC 3339, 5.6) are the same.
    """
    waiting: list[tuple[str, Any, Any, FieldType | None]] = [("", left, right, kind)]
    while waiting:
        at, one, other, here = waiting.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            yield from (f"{at}/{escape(key)}" for key in one.keys() ^ other.keys())
            waiting.extend(
                (f"{at}/{escape(key)}", one[key], other[key], inner)
                for key, inner in _members(one.keys() & other.keys(), here)
            )
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            items = here.items.type if isinstance(here, ArrayType) else None
            pairs = enumerate(zip(one, other, strict=True))
            waiting.extend((f"{at}/{index}", *pair, items) for index, pair in pairs)
        elif not _same_scalar(one, other, here):
            yield at


def _members(keys: set[str], kind: FieldType | None) -> Iterator[tuple[str, FieldType | None]]:
    match kind:
        case RecordType(fields=fields):
            known = {field.json_name: field.value.type for field in fields}
            yield from ((key, known.get(key)) for key in keys)
        case MapType(values=values):
            yield from ((key, values.type) for key in keys)
        case _:
            yield from ((key, None) for key in keys)


def _same_scalar(one: Any, other: Any, kind: FieldType | None) -> bool:
    if isinstance(one, str) and isinstance(other, str) and one != other:
        if not isinstance(kind, DateTimeType):
            return False
        instant = _instant(one)
        return instant is not None and instant == _instant(other)
    return _kind(one) is _kind(other) and bool(one == other)


def _instant(text: str) -> tuple[int, str] | None:
    """Minutes since the year 0, and the digits of the second; None when it is no date-time."""
    found = _DIGITS.fullmatch(text)
    ahead = None if found is None else _minutes_ahead(found[8])
    if found is None or ahead is None:
        return None
    year, month, day, hour, minute, second = (int(found[group]) for group in range(1, 7))
    if not (1 <= month <= 12 and hour < 24 and minute < 60 and second < 60):
        return None
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= _MONTH_DAYS[month - 1] + (leap and month == 2):
        return None
    before = year - 1
    days = 365 * year + before // 4 - before // 100 + before // 400 + day
    days += sum(_MONTH_DAYS[: month - 1]) + (leap and month > 2)
    return (days * 24 + hour) * 60 + minute - ahead, f"{second}.{(found[7] or '').rstrip('0')}"


def _minutes_ahead(offset: str) -> int | None:
    if offset in ("Z", "z"):
        return 0
    found = _OFFSET.fullmatch(offset)
    if found is None or int(found[2]) > 23 or int(found[3]) > 59:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    return minutes if found[1] == "+" else -minutes


def _kind(value: Any) -> type:
    if isinstance(value, bool):
        return bool
    return float if isinstance(value, int | float | Decimal) else type(value)
