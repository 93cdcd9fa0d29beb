"""Times, offsets and addresses as the command line gives them."""

from __future__ import annotations

import datetime as dt

import click
import pytest

from contracts.errors import SettingError
from etl.sessions.pairing import milliseconds
from ugc.errors import CommandLineError
from ugc.options import URL, Seconds, parse_letter, parse_offset, parse_time

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
    with pytest.raises(SettingError, match="the time must be a time like"):
        parse_time(text, NOON)


@pytest.mark.parametrize("text", ["9999999h", "1969-12-31T23:59:59.999Z", "0001-01-01"])
def test_what_is_before_1970_is_the_beginning_and_no_sign_to_kafka(text: str) -> None:
    assert parse_time(text, NOON) == 0


@pytest.mark.parametrize(
    ("text", "offset"), [("7", (None, 7)), ("3:12", (3, 12)), ("0:0", (0, 0)), ("03:4", (3, 4))]
)
def test_offsets(text: str, offset: tuple[int | None, int]) -> None:
    assert parse_offset(text) == offset


@pytest.mark.parametrize("text", ["", "x", "1:", "a:1", "-1", "1:-1", "²", "9" * 19, "1:2:3"])
def test_what_is_no_offset(text: str) -> None:
    with pytest.raises(CommandLineError, match="OFFSET or PARTITION:OFFSET"):
        parse_offset(text)


def test_a_letter_is_written_as_the_list_does() -> None:
    assert parse_letter("0:12") == parse_letter("00:012") == "0:12"


@pytest.mark.parametrize("text", ["", "12", "0:", ":1", "x:1"])
def test_what_is_no_letter(text: str) -> None:
    with pytest.raises(CommandLineError, match="PARTITION:OFFSET as in the list"):
        parse_letter(text)


@pytest.mark.parametrize(
    "text", ["http://a", "https://a.example:8443/x?y=1", "http://[::1]:8000", "http://u:p@a/"]
)
def test_addresses(text: str) -> None:
    assert URL.convert(text, None, None) == text


@pytest.mark.parametrize(
    "text",
    ["", "a", "ftp://a", "http://", "http://:80", "http://a b", "http://a:x", "http://a:70000",
     "http://a:0", "http://[::1", "http://a\n", "http://ä"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no address"):
        URL.convert(text, None, None)


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "x", ""])
def test_what_is_no_number_of_seconds(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Seconds().convert(text, None, None)


def test_a_time_out_of_0_seconds_is_none() -> None:
    assert Seconds().convert("0", None, None) == 0
    with pytest.raises(click.BadParameter):
        Seconds(above_zero=True).convert("0", None, None)
