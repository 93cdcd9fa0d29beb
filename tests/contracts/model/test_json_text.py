"""JSON text without loss, and when two values are the same."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.lossless.same_json import differences
from contracts.model.json_text import parse, write
from contracts.model.types import DateTimeType, StringType
from registry.translate import translate
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
        ("2026-01-31T12:00:00Z", "2026-01-31T15:00:00.000+03:00", [""]),
        ("2026-01-31", "2026-01-31T00:00:00Z", [""]),
        ("a", "b", [""]),
        (None, False, [""]),
    ],
)
def test_differences(one: Any, other: Any, expected: list[str]) -> None:
    assert list(differences(one, other)) == expected
    assert list(differences(other, one)) == expected


NOON = "2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("2026-01-31T15:00:00.000+03:00", True),
        ("2026-01-31t12:00:00z", True),
        ("2026-02-01T00:30:00+12:30", True),
        ("2026-01-30T23:00:00-13:00", True),
        ("2026-01-31T12:00:00.000001Z", False),
        ("2026-01-31T12:00:01Z", False),
        ("2026-01-31T18:00:00+05:60", False),
        ("2026-01-30T36:00:00Z", False),
        ("2026-01-31T11:60:00Z", False),
        ("2026-01-31", False),
    ],
)
def test_two_spellings_of_an_instant_are_the_same_in_a_date_time_only(
    other: str, same: bool
) -> None:
    assert list(differences(NOON, other, DateTimeType())) == ([] if same else [""])
    assert list(differences(NOON, other, StringType())) == [""]


def test_an_offset_that_does_not_exist_is_never_an_instant() -> None:
    """A parser that takes it would give both sides alike."""
    assert list(differences("2026-01-31T12:00:00+05:60", "2026-01-31T06:00:00Z", DateTimeType()))


@given(st.datetimes(), st.integers(-23 * 60, 23 * 60))
def test_instants_are_told_apart_as_the_calendar_does(moment: dt.datetime, minutes: int) -> None:
    here = moment.replace(year=max(2, min(moment.year, 9998)), tzinfo=dt.UTC)
    there = here.astimezone(dt.timezone(dt.timedelta(minutes=minutes)))
    later = there + dt.timedelta(microseconds=1)
    assert not list(differences(here.isoformat(), there.isoformat(), DateTimeType()))
    assert list(differences(here.isoformat(), later.isoformat(), DateTimeType()))


def test_date_times_are_found_where_the_type_has_them() -> None:
    other = "2026-01-31T15:00:00+03:00"
    kind = translate(
        {"properties": {
            "at": {"format": "date-time"},
            "list": {"items": {"properties": {"at": {"format": "date-time"}}}},
            "map": {"additionalProperties": {"format": "date-time"}},
            "text": {"type": "string"},
        }}
    ).instance_type  # fmt: skip
    one, two = (
        {"at": t, "list": [{"at": t, "b": t}], "map": {"k": t}, "text": t, "unknown": t}
        for t in (NOON, other)
    )
    assert sorted(differences(one, two, kind)) == ["/list/0/b", "/text", "/unknown"]
