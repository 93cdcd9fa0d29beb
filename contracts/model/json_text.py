"""JSON text that keeps every number and every string. Pure.

Python's own reader turns ``1e400`` into an infinity and ``0.1000000000000000000001`` into ``0.1``.
Here a number that a double cannot hold becomes a :class:`~decimal.Decimal`, and is written with
its digits again.  A lone surrogate is written as an escape, since UTF-8 has no bytes for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

_MOST_DIGITS = 4300
"""Python refuses to read longer integers (``sys.int_info.default_max_str_digits``)."""


def parse(text: str) -> Any:
    """The value of a JSON text (RFC 8259).

    Raises:
        ValueError: it is no JSON, has NaN or an infinity, an exponent of more than 18 digits, or
            is nested deeper than the interpreter can follow.
    """
    try:
        return json.loads(
            text, parse_float=_number, parse_int=_integer, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def write(value: Any) -> str:
    """JSON text of a value as :func:`parse` gives it.

    Raises:
        ValueError: it is no JSON value, or nested deeper than the interpreter can follow.
    """
    try:
        text = _written(value)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return text if is_unicode(text) else _escaped(text)


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can carry the text, which it cannot with a lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _DecimalFoundError(Exception):
    pass


def _written(value: Any) -> str:
    try:
        return json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            separators=(",", ":"),
            default=_stop_at_decimal,
        )
    except _DecimalFoundError:
        return "".join(_pieces(value))


def _stop_at_decimal(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        raise _DecimalFoundError
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _pieces(value: Any) -> Iterator[str]:
    match value:
        case Decimal() if value.is_finite():
            yield str(value)
        case dict():
            for index, (key, inner) in enumerate(value.items()):
                yield f"{',' if index else '{'}{_written(key)}:"
                yield from _pieces(inner)
            yield "}" if value else "{}"
        case list():
            for index, inner in enumerate(value):
                yield "," if index else "["
                yield from _pieces(inner)
            yield "]" if value else "[]"
        case _:
            yield _written(value)


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char for char in text)


def _number(digits: str) -> float | Decimal:
    number = float(digits)
    try:
        exact = Decimal(digits)
    except InvalidOperation as error:
        raise ValueError(f"the number {digits:.40} has too large an exponent") from error
    return number if Decimal(repr(number)) == exact else exact


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _MOST_DIGITS else Decimal(digits)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")
