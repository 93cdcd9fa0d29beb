"""Exact decimals (``x-decimal``): what JSON may say of them, and the whole number they are kept as.

A decimal of scale 2 is kept as its number of hundredths, the *unscaled* value, in Avro and in
ClickHouse alike, so that no binary fraction comes between.  JSON may write it in two ways:

* as a number.  :func:`api.pipeline.quick_json.parse` gives a float only where the shortest text of
  that float has the value that was written, and a :class:`~decimal.Decimal` otherwise; so
  ``Decimal(repr(number))`` is what the sender wrote.
* as text, of the form that :func:`text_pattern` gives.

Nothing is rounded: what has more digits than the field is refused.  Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

KEYWORD = "x-decimal"

MOST_DIGITS = 38
"""The largest precision: what ClickHouse's Decimal128 and most warehouses hold."""

BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
"""Keywords that bound a decimal, whichever way it is written."""


def unscaled(given: Any, precision: int, scale: int) -> int:
    """The number of units of ``10 ** -scale`` in a JSON value, or in a ``Decimal``.

    Raises:
        ValueError: it is no decimal of that many digits; the text says why.
    """
    kind = type(given)
    text = given if kind is str else repr(given) if kind is float else ""
    if found := text_form(precision, scale).fullmatch(text):
        sign, whole, behind = found.groups("")
        return int(f"{sign}{whole}{behind.ljust(scale, '0')}")
    match given:
        case str():
            raise ValueError(_wrong_text(given, precision, scale))
        case float():
            return _units(Decimal(text), precision, scale)
        case int() if kind is not bool:
            units: int = given * 10**scale
            if abs(units) >= 10**precision:
                raise ValueError(_too_large(precision, scale))
            return units
        case Decimal():
            return _units(given, precision, scale)
        case _:
            raise ValueError(_expected(precision, scale))


def _units(value: Decimal, precision: int, scale: int) -> int:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(_expected(precision, scale))  # NaN, or an infinity
    units = int("".join(map(str, digits)))
    if units == 0:
        return 0
    shift = exponent + scale
    if shift > precision:
        raise ValueError(_too_large(precision, scale))
    step: int = 10 ** abs(shift) if shift > -len(digits) else 0
    if shift >= 0:
        units *= step
    elif not step or units % step:
        raise ValueError(_too_fine(scale))
    else:
        units //= step
    if units >= 10**precision:
        raise ValueError(_too_large(precision, scale))
    return -units if sign else units


def _expected(precision: int, scale: int) -> str:
    return f"must be a decimal of {precision} digits, {scale} of them behind the point"


def _too_fine(scale: int) -> str:
    return f"must have at most {scale} decimals, since nothing is rounded"


def _too_large(precision: int, scale: int) -> str:
    return f"must have at most {precision - scale} digits before the point"


_ANY_TEXT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)


def _wrong_text(given: str, precision: int, scale: int) -> str:
    found = _ANY_TEXT.fullmatch(given)
    if found is None:
        return f'{_expected(precision, scale)}, such as "{text_of(1, scale)}"'
    return _too_fine(scale) if len(found[1] or "") > scale else _too_large(precision, scale)


@cache
def text_form(precision: int, scale: int) -> re.Pattern[str]:
    """:func:`text_pattern` with groups: the sign, the digits before the point, those behind it."""
    return re.compile(_form(precision, scale, "(", "("), re.ASCII)


def text_pattern(precision: int, scale: int) -> str:
    """The pattern (ECMA-262) that a decimal written as text matches: no sign but ``-``, no
    exponent, no leading zeros, and no more digits than the field has."""
    return f"^{_form(precision, scale, '(?:', '')}$"


def _form(precision: int, scale: int, group: str, part: str) -> str:
    whole, end = precision - scale, ")" if part else ""
    before = f"{group}0|[1-9][0-9]{{0,{whole - 1}}})" if whole else f"{part}0{end}"
    behind = f"(?:\\.{part}[0-9]{{1,{scale}}}{end})?" if scale else f"{part}{end}"
    return f"{part}-?{end}{before}{behind}"


def decimal_of(units: int, scale: int) -> Decimal:
    """The decimal with so many units of ``10 ** -scale``; it shows all its decimals."""
    return Decimal(f"{units}E-{scale}")


def text_of(units: int, scale: int) -> str:
    """The one text of a decimal: with all its decimals, and no sign before zero."""
    return f"{decimal_of(units, scale):f}"


Check = Callable[[int], bool]
"""Whether a number of units keeps a bound."""


def _bounds(schema: Mapping[str, Any], scale: int) -> Iterator[tuple[str, str, Check]]:
    """Keyword, demand and check of each bound; all are compared as whole numbers of units."""
    for keyword in BOUNDS:
        if keyword in schema:
            shown = schema[keyword]
            words, check = _BOUND[keyword](Fraction(str(shown)) * 10**scale)
            yield keyword, words.format(shown), check


_BOUND: Mapping[str, Callable[[Fraction], tuple[str, Check]]] = {
    "minimum": lambda limit: ("must be {} or more", math.ceil(limit).__le__),
    "maximum": lambda limit: ("must be {} or less", math.floor(limit).__ge__),
    "exclusiveMinimum": lambda limit: ("must be more than {}", math.floor(limit).__lt__),
    "exclusiveMaximum": lambda limit: ("must be less than {}", math.ceil(limit).__gt__),
}


class DecimalKeyword:
    """``x-decimal`` for ``jsonschema_rs``, with the bounds beside it, which it compares exactly.

    JSON Schema's own bounds ignore texts, and hold a number against the nearest double of the
    bound; so they are taken out of what the library compiles (:func:`without_bounds`).  What is
    broken stands before the first colon of the error's text.
    """

    def __init__(self, schema: Mapping[str, Any], value: Mapping[str, int], _path: Any) -> None:
        self._precision, self._scale = value["precision"], value["scale"]
        self._bounds = tuple(_bounds(value, self._scale))

    def validate(self, instance: Any) -> None:
        """Raises ``ValueError`` for a text or number that is not of the field's form."""
        if isinstance(instance, bool) or not isinstance(instance, str | int | float | Decimal):
            return  # another type: the keyword `type` says so
        try:
            units = unscaled(instance, self._precision, self._scale)
        except ValueError as error:
            raise ValueError(f"{KEYWORD}: {error}") from error
        for keyword, demand, keeps in self._bounds:
            if not keeps(units):
                raise ValueError(f"{keyword}: {demand}")


def without_bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A decimal's schema with the bounds that stand beside its ``x-decimal`` put into it."""
    bounds = {key: schema[key] for key in BOUNDS if key in schema}
    rest = {key: inner for key, inner in schema.items() if key not in bounds}
    return {**rest, KEYWORD: {**schema[KEYWORD], **bounds}}
