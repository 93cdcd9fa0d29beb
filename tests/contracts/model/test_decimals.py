"""Exact decimals: what JSON may write, and that nothing between loses or makes up a digit."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model.decimals import MOST_DIGITS, decimal_of, text_of, text_pattern, unscaled
from contracts.model.validation import Validator

DIGITS = st.integers(1, MOST_DIGITS).flatmap(
    lambda precision: st.tuples(st.just(precision), st.integers(0, precision))
)


def price(**keywords: Any) -> Validator:
    field = {"type": ["string", "number"], "x-decimal": {"precision": 6, "scale": 2}, **keywords}
    return Validator({"type": "object", "properties": {"price": field}})


def problems(validator: Validator, value: Any) -> list[tuple[str, str]]:
    return [(each.keyword, each.message) for each in validator.violations({"price": value})]


@given(DIGITS, st.data())
def test_every_spelling_of_a_decimal_has_its_units(
    digits: tuple[int, int], data: st.DataObject
) -> None:
    precision, scale = digits
    most = 10**precision - 1
    units = data.draw(st.integers(-most, most))
    exact = decimal_of(units, scale)
    assert Fraction(exact) == Fraction(units, 10**scale)
    assert unscaled(exact, precision, scale) == units
    assert unscaled(text_of(units, scale), precision, scale) == units
    assert re.fullmatch(text_pattern(precision, scale), text_of(units, scale))
    if abs(units) < 10**15:
        assert unscaled(float(exact), precision, scale) == units
    if units % 10**scale == 0:
        assert unscaled(units // 10**scale, precision, scale) == units


@given(DIGITS, st.decimals(allow_nan=False, allow_infinity=False) | st.floats() | st.integers())
def test_what_is_taken_is_taken_exactly(digits: tuple[int, int], value: Any) -> None:
    precision, scale = digits
    try:
        units = unscaled(value, precision, scale)
    except ValueError:
        return
    written = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    assert Fraction(units, 10**scale) == Fraction(written)
    assert abs(units) < 10**precision


@given(DIGITS, st.text("-+.0123456789eE ", max_size=12))
def test_a_text_is_taken_where_its_pattern_says_so(digits: tuple[int, int], text: str) -> None:
    try:
        units = unscaled(text, *digits)
    except ValueError:
        assert not re.fullmatch(text_pattern(*digits), text)
    else:
        assert re.fullmatch(text_pattern(*digits), text)
        assert Fraction(units, 10 ** digits[1]) == Fraction(text)


@pytest.mark.parametrize("value", ["19.90", "-0.05", "0", 19.9, 19, -1, Decimal("19.90"), 1e3])
def test_a_price_is_taken_as_text_and_as_a_number(value: Any) -> None:
    assert problems(price(), value) == []


@pytest.mark.parametrize(
    ("value", "keyword", "message"),
    [
        ("19.999", "x-decimal", 'at most 2 decimals, since nothing is rounded, not "19.999"'),
        (19.999, "x-decimal", "at most 2 decimals, since nothing is rounded, not 19.999"),
        ("19.900", "x-decimal", "at most 2 decimals"),
        (Decimal("19.9000000000000000001"), "x-decimal", "at most 2 decimals"),
        (Decimal("1e-400"), "x-decimal", "at most 2 decimals"),
        ("12345.00", "x-decimal", "at most 4 digits before the point"),
        (12345, "x-decimal", "at most 4 digits before the point"),
        (1e300, "x-decimal", "at most 4 digits before the point"),
        ("1e2", "x-decimal", '6 digits, 2 of them behind the point, such as "0.01", not "1e2"'),
        ("12,50", "x-decimal", "must be a decimal"),
        ("+1", "x-decimal", "must be a decimal"),
        ("01", "x-decimal", "must be a decimal"),
        ("١", "x-decimal", "must be a decimal"),
        ("1\n", "x-decimal", "must be a decimal"),
        ("", "x-decimal", "must be a decimal"),
        (True, "type", "must be number or string, not true"),
        (None, "type", "must be number or string, not null"),
    ],
)  # fmt: skip
def test_nothing_is_rounded_and_the_reason_is_told(value: Any, keyword: str, message: str) -> None:
    ((broken, told),) = problems(price(), value)
    assert broken == keyword
    assert message in told


@pytest.mark.parametrize("form", [str, float, Decimal])
@pytest.mark.parametrize(
    ("bounds", "taken", "refused"),
    [
        ({"minimum": 0.1}, "0.10", "0.09"),
        ({"maximum": 0.3}, "0.3", "0.31"),
        ({"exclusiveMinimum": 0}, "0.01", "0.00"),
        ({"exclusiveMaximum": 1000}, "999.99", "1000.00"),
    ],
)
def test_bounds_are_compared_exactly_whichever_way_it_is_written(
    form: Any, bounds: dict[str, Any], taken: str, refused: str
) -> None:
    assert problems(price(**bounds), form(taken)) == []
    ((keyword, _),) = problems(price(**bounds), form(refused))
    assert [keyword] == list(bounds)


def test_a_bound_and_a_value_that_share_a_double_are_told_apart() -> None:
    field = {"type": "string", "x-decimal": {"precision": 38, "scale": 20}, "maximum": 0.1}
    assert Validator(field).accepts("0.10000000000000000000")
    assert not Validator(field).accepts("0.10000000000000000001")
    assert not Validator({**field, "type": "number"}).accepts(Decimal("0.10000000000000000001"))
