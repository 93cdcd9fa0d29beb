"""Types of the options that parsers of our own read.

What such a parser refuses is a wrong command line: exit code 2, and a line that says what it would
take.  The parsers are imported when there is a value: some bring a database engine along.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

import click

from ugc.errors import CommandLineError, expected_errors

_OFFSET = re.compile(r"(?:([0-9]{1,9}):)?([0-9]{1,18})", re.ASCII)
"""Within what Kafka counts with: 32 bits of partitions, 64 of offsets."""


class Parsed(click.ParamType[Any]):
    """A text that ``parse`` reads, or refuses with one of our errors."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What the parser makes of a text; a default that is no text stays."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except expected_errors() as error:
            self.fail(str(error), param, ctx)


class Seconds(click.FloatRange):
    """A finite number from 0 on, or above it."""

    def __init__(self, *, above_zero: bool = False) -> None:
        super().__init__(min=0, min_open=above_zero)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return found


class HttpUrl(click.ParamType[Any]):
    """An address of HTTP or HTTPS with a host."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The address as it is."""
        try:
            found = urllib.parse.urlsplit(value)
            # Reading the port is what checks it.
            whole = found.scheme in ("http", "https") and found.hostname and found.port != 0
        except ValueError:
            whole = False
        if not whole or not value.isascii() or not value.isprintable() or " " in value:
            self.fail(f"{value!r} is no address such as http://127.0.0.1:8000", param, ctx)
        return value


def parse_time(text: str, now: dt.datetime) -> int:
    """Unix time in milliseconds of ``2026-01-31T12:00:00Z``, or of ``2h`` (so long before now).

    A time without a zone is in UTC, and one before 1970 is 0: to Kafka, less than that is a sign.

    Raises:
        SettingError: ``text`` is neither.
    """
    from contracts.errors import SettingError
    from etl.schedule import parse_interval
    from etl.sessions.pairing import milliseconds

    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        try:
            return max(0, milliseconds(now) - int(parse_interval(text) * 1000))
        except SettingError as error:
            form = f"a time like 2026-01-31T12:00:00Z or a span like 90s, 5m, 2h, not {text!r}"
            raise SettingError("the time", form) from error
    return max(0, milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)))


def parse_offset(text: str) -> tuple[int | None, int]:
    """``OFFSET`` for all partitions (None), or ``PARTITION:OFFSET``.

    Raises:
        CommandLineError: ``text`` is neither.
    """
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise CommandLineError(f"an offset is OFFSET or PARTITION:OFFSET, not {text!r}")
    partition, offset = found.groups()
    return None if partition is None else int(partition), int(offset)


def parse_letter(text: str) -> str:
    """``PARTITION:OFFSET``, as the list of dead letters writes it.

    Raises:
        CommandLineError: ``text`` is something else.
    """
    found = _OFFSET.fullmatch(text)
    if found is None or found[1] is None:
        raise CommandLineError(f"a letter is PARTITION:OFFSET as in the list, not {text!r}")
    return f"{int(found[1])}:{int(found[2])}"


def _interval(text: str) -> float:
    from etl.schedule import parse_interval

    return parse_interval(text)


def _jitter(text: str) -> float:
    from etl.schedule import parse_jitter

    return parse_jitter(text)


def _delay(text: str) -> float:
    from etl.schedule import parse_delay

    return parse_delay(text)


def _time(text: str) -> int:
    return parse_time(text, dt.datetime.now(dt.UTC))


def _topic(text: str) -> str:
    from registry.topics import TopicNames

    return TopicNames.from_env({"KAFKA_TOPIC": text}).events


INTERVAL = Parsed("interval", _interval)
"""``60s``, ``5m`` or ``1h``, as seconds."""

JITTER = Parsed("interval", _jitter)
"""The same, or ``0s``."""

DELAY = Parsed("delay", _delay)
"""``500ms``, or an interval, from 100 ms to an hour, as seconds."""

TIME = Parsed("time", _time)
"""``2026-01-31T12:00:00Z``, or ``2h`` for so long ago, as Unix time in milliseconds."""

OFFSET = Parsed("offset", parse_offset)
"""``OFFSET`` or ``PARTITION:OFFSET``, as the partition (None: each one) and the offset."""

LETTER = Parsed("letter", parse_letter)
"""``PARTITION:OFFSET`` of a dead letter, spelt as the list spells it."""

TOPIC = Parsed("topic", _topic)
"""A name that Kafka takes."""

URL = HttpUrl()
PORT = click.IntRange(0, 65_535)
AT_LEAST_ONE = click.IntRange(min=1)
