"""Times and offsets as the command line gives them."""

from __future__ import annotations

import datetime as dt

import pytest

from etl.errors import ConfigError
from etl.sessions.pairing import milliseconds
from ugc.etl.replaying import parse_offsets, parse_time

NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "seconds_before_noon"),
    [
        ("2h", 7200),
        ("90s", 90),
        ("2026-01-31T11:00:00Z", 3600),
        ("2026-01-31T11:00:00", 3600),
        ("2026-01-31T13:00:00+02:00", 3600),
        ("2026-01-31", 43_200),
    ],
)
def test_times(text: str, seconds_before_noon: int) -> None:
    assert parse_time(text, NOON) == milliseconds(NOON) - 1000 * seconds_before_noon


@pytest.mark.parametrize("text", ["", "noon", "2x", "-2h", "2026-13-01"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ConfigError, match="the time must be a time like"):
        parse_time(text, NOON)


def test_offsets() -> None:
    assert parse_offsets(["7", "3:12", "0:0"]) == {None: 7, 3: 12, 0: 0}
    assert parse_offsets([]) == {}


@pytest.mark.parametrize("text", ["", "x", "1:", "a:1", "-1", "1:-1"])
def test_what_is_no_offset(text: str) -> None:
    with pytest.raises(ConfigError, match="OFFSET or PARTITION:OFFSET"):
        parse_offsets([text])
