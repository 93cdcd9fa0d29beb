"""What a text has to look like to be of a format, and that HTTP and storage agree on it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model.formats import CHECKS, instant_text, parse_date, parse_date_time, parse_uuid
from contracts.model.validation import Validator
from contracts.model.walker import value_type
from registry.errors import EncodeError
from registry.translate import translate
from registry.values import to_typed

GOOD = {
    "uuid": ["6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11", "6F1C2B1E-6D0C-4A3E-9D52-0A1F5A3C7B11"],
    "date": ["1900-01-01", "2299-12-31", "2024-02-29"],
    "date-time": [
        "2026-01-31T12:00:00Z",
        "2026-01-31t12:00:00.123456z",
        "2026-01-31T23:59:59+23:59",
        "2026-01-31T12:00:00-00:00",
        "2026-01-31T12:00:00.1+05:59",
        "1900-01-01T00:00:00Z",
    ],
}
BAD = {
    "uuid": ["", "6f1c2b1e6d0c4a3e9d520a1f5a3c7b11", "{6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11}",
             "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11\n", "pv:*.1"],
    "date": ["2026-02-30", "1899-12-31", "2300-01-01", "20260131", "2026-1-1", "2026-01-31\n",
             "٢٠٢٦-٠١-٣١", "2026-W05-6", "2026-031", "2026-13-01", "2026-00-01", "2026-01-00",
             "2026-01-32", "2025-02-29", "+2026-01-31", "２０２６-01-31"],
    "date-time": ["2026-01-31", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z",
                  "2016-12-31T23:59:60Z", "2026-01-31T12:00:00.1234567Z", "2026-01-31T24:00:00Z",
                  "0000-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00+01:00",
                  "2026-01-31T12:00:00Z\n", "0001-01-01T00:00:00+10:00",
                  "2026-01-31T12:00:00+05:60", "2026-01-31T12:00:00-05:99",
                  "2026-01-31T12:00:00+24:00", "2026-01-31T12:00:00+0530",
                  "2026-01-31T12:00:00+05", "2026-01-31T12:00:00+05:30:15",
                  "2026-01-31T12:00:00,5Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:60:00Z",
                  "2026-01-31T12:00:60Z", "2026-01-31T12:00Z", "20260131T120000Z",
                  "2026-W05-6T12:00:00Z", "2026-02-30T12:00:00Z", "2026-01-31T12:00:00\u22125:30",
                  "2026-01-31T12:00:00٫5Z", "2026-01-31T1２:00:00Z", "2026-01-31T12:00:00+05:３0"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, ts in GOOD.items() for t in ts])
def test_good_texts(name: str, text: str) -> None:
    assert CHECKS[name](text)
    assert Validator({"type": "string", "format": name}).accepts(text)


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, ts in BAD.items() for t in ts])
def test_bad_texts(name: str, text: str) -> None:
    assert not CHECKS[name](text)
    assert not Validator({"type": "string", "format": name}).accepts(text)


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, ts in BAD.items() for t in ts])
def test_what_is_no_such_text_has_no_typed_image_anywhere(name: str, text: str) -> None:
    """Strict values refuse it; the lossless mode keeps it as the text that it is."""
    value = value_type({"type": "string", "format": name})
    with pytest.raises(EncodeError):
        to_typed(value)(text, "/x")
    total = translate({"properties": {"x": {"type": "string", "format": name}}})
    assert total.to_avro({"x": text})["x"] is None
    assert total.decode(total.encode({"x": text})) == {"x": text}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-31T12:00:00+05:59", "2026-01-31T06:01:00Z"),
        ("2026-01-31T12:00:00-05:30", "2026-01-31T17:30:00Z"),
        ("2026-01-31t12:00:00.5z", "2026-01-31T12:00:00.500000Z"),
        ("2026-01-31T23:59:59.000001+00:00", "2026-01-31T23:59:59.000001Z"),
        ("1900-01-01T00:30:00-00:30", "1900-01-01T01:00:00Z"),
    ],
)
def test_instants(text: str, utc: str) -> None:
    assert instant_text(parse_date_time(text)) == utc


@pytest.mark.parametrize("name", CHECKS)
def test_a_format_says_nothing_about_what_is_no_text(name: str) -> None:
    assert CHECKS[name](3)


@given(
    st.datetimes(
        min_value=dt.datetime(1900, 1, 2),  # noqa: DTZ001 - the strategy adds the zone
        max_value=dt.datetime(2299, 12, 30),  # noqa: DTZ001 - the strategy adds the zone
        timezones=st.timezones(no_cache=False).map(lambda _: dt.UTC),
    ),
    st.integers(-23 * 60, 23 * 60),
)
def test_any_offset_is_the_same_instant(instant: dt.datetime, minutes: int) -> None:
    shifted = instant.astimezone(dt.timezone(dt.timedelta(minutes=minutes)))
    parsed = parse_date_time(shifted.isoformat())
    assert parsed == instant
    assert parsed.utcoffset() == dt.timedelta(0)


@given(st.uuids())
def test_uuids_in_either_case(value: object) -> None:
    assert parse_uuid(str(value)) == parse_uuid(str(value).upper()) == value


@given(st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2299, 12, 31)))
def test_days(day: dt.date) -> None:
    assert parse_date(day.isoformat()) == day
