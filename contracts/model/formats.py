"""The string formats that have a typed image, parsed once and alike for HTTP, Avro and ClickHouse.

A text is of the format exactly when the function here returns a value, so the validator cannot
accept what an encoder would refuse or a column would clamp.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable

FIRST_DAY = dt.date(1900, 1, 1)
LAST_DAY = dt.date(2299, 12, 31)
"""ClickHouse clamps a Date32 or DateTime64 outside of these days without an error."""

# Every range of RFC 3339, 5.6, stands in the expressions: what fromisoformat takes beyond it (an
# offset's minutes above 59, 24:00, commas, week dates) differs between versions of Python.  Only
# which days a month has is left to the calendar.
_DAY = r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])"
_HOUR, _SIXTIETH = r"(?:[01][0-9]|2[0-3])", r"[0-5][0-9]"
_DATE = re.compile(_DAY)
_DATE_TIME = re.compile(
    rf"{_DAY}[Tt](?P<hour>{_HOUR}):(?P<minute>{_SIXTIETH}):(?P<second>{_SIXTIETH})"
    r"(?:\.(?P<fraction>[0-9]{1,6}))?"
    rf"(?:[Zz]|(?P<sign>[+-])(?P<ahead_hours>{_HOUR}):(?P<ahead_minutes>{_SIXTIETH}))"
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I | re.ASCII)


def parse_uuid(text: str) -> uuid.UUID:
    """RFC 9562 text form, in either case.

    Raises:
        ValueError: ``text`` is no UUID.
    """
    return uuid.UUID(uuid_text(text))


def uuid_text(text: str) -> str:
    """The UUID in a text in its canonical form: lower case.

    Raises:
        ValueError: ``text`` is no UUID.
    """
    if not _UUID.fullmatch(text):
        raise ValueError("not a UUID")
    return text.lower()


def parse_date(text: str) -> dt.date:
    """RFC 3339 full-date from 1900-01-01 to 2299-12-31.

    Raises:
        ValueError: ``text`` is no such day.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("not a date")
    return _within(dt.date(*map(int, found.group("year", "month", "day"))))


def parse_date_time(text: str) -> dt.datetime:
    """RFC 3339 date-time as an instant in UTC, from 1900 to 2299.

    At most six digits of a second's fraction, so that nothing is cut off; no leap second, since
    neither Avro nor ClickHouse has one.

    Raises:
        ValueError: ``text`` is no such instant.
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        raise ValueError("not a date-time")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    micros = int((found["fraction"] or "").ljust(6, "0"))
    try:
        local = dt.datetime(year, month, day, hour, minute, second, micros, tzinfo=dt.UTC)
        instant = local - _ahead_of_utc(found)
    except OverflowError as error:
        raise ValueError("not a date-time") from error
    _within(instant.date())
    return instant


def _ahead_of_utc(found: re.Match[str]) -> dt.timedelta:
    if found["sign"] is None:
        return dt.timedelta(0)
    ahead = dt.timedelta(hours=int(found["ahead_hours"]), minutes=int(found["ahead_minutes"]))
    return ahead if found["sign"] == "+" else -ahead


def instant_text(instant: dt.datetime) -> str:
    """RFC 3339 in UTC, with as many digits of the second as the instant has."""
    return instant.astimezone(dt.UTC).isoformat().removesuffix("+00:00") + "Z"


def _within(day: dt.date) -> dt.date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"outside of {FIRST_DAY} to {LAST_DAY}")
    return day


def _holds(parse: Callable[[str], object]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if not isinstance(value, str):
            return True
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return check


CHECKS: dict[str, Callable[[object], bool]] = {
    "uuid": _holds(uuid_text),
    "date": _holds(parse_date),
    "date-time": _holds(parse_date_time),
}
"""Format name → whether a value satisfies it; a value that is no text does (JSON Schema 7.1)."""

LENGTHS: dict[str, tuple[int, int]] = {"uuid": (36, 36), "date": (10, 10), "date-time": (20, 32)}
"""Format name of :data:`CHECKS` → characters of its shortest and of its longest text."""

_STATED_DAY = r"(19|2[0-2])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"

PATTERNS: dict[str, str] = {
    "date": rf"^{_STATED_DAY}$",
    "date-time": (
        rf"^{_STATED_DAY}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{{1,6}})?"
        r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    ),
}
"""Format name → the bounds of what it takes, as an expression: for validators of other people."""

MEANING: dict[str, str] = {
    "uuid": "a UUID such as 6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11",
    "date": f"a day such as 2026-01-31, from {FIRST_DAY} to {LAST_DAY}",
    "date-time": (
        "an RFC 3339 date-time such as 2026-01-31T12:00:00Z,"
        f" from {FIRST_DAY} to {LAST_DAY}, with at most six digits of a second's fraction"
    ),
    "email": "an e-mail address",
    "uri": "a URI with a scheme",
}
"""What a format asks for, in the words of an error message."""
