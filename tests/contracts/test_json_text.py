"""JSON text without loss, and when two values are the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from contracts.json_text import parse, write
from contracts.same_json import differences
from tests.support.schemas import ANYTHING


@given(ANYTHING)
def test_what_is_written_is_read_again(value: Any) -> None:
    back = parse(write(value))
    assert list(differences(back, value)) == []
    assert write(back) == write(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e400", Decimal("1e400")),
        ("0.1", 0.1),
        ("0.10000000000000000001", Decimal("0.10000000000000000001")),
        ("12345678901234567890123", 12345678901234567890123),
        ("1" * 5000, Decimal("1" * 5000)),
        ('"\\ud800"', "\ud800"),
    ],
)
def test_what_python_alone_would_lose(text: str, value: Any) -> None:
    assert parse(text) == value
    assert parse(write(value)) == value


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "{", "", "1e" + "9" * 30, "[" * 200_000])
def test_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.parametrize("value", [float("nan"), Decimal("inf"), object(), [{1, 2}]])
def test_no_json_value(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        write(value)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, []),
        (1, True, [""]),
        (Decimal("0.5"), 0.5, []),
        (2**53 + 1, float(2**53), [""]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        ({"a": 1}, {"a": None}, ["/a"]),
        ({"a": None}, {}, ["/a"]),
        ({"a/b~": [1, 2]}, {"a/b~": [1, 3]}, ["/a~1b~0/1"]),
        ([1], [1, 2], [""]),
        ([], {}, [""]),
        ("2026-01-31T12:00:00Z", "2026-01-31T15:00:00.000+03:00", []),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:01Z", [""]),
        ("2026-01-31", "2026-01-31T00:00:00Z", [""]),
        ("a", "b", [""]),
        (None, False, [""]),
    ],
)
def test_differences(one: Any, other: Any, expected: list[str]) -> None:
    assert list(differences(one, other)) == expected
    assert list(differences(other, one)) == expected
