"""Replays, and dead letters, for the command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from contextlib import closing

import click
import orjson
from rich.table import Column, Table

from etl.app import connect, open_dead_letters, open_producer
from etl.config import EtlConfig, KafkaConfig
from etl.decode.dead_letter_topic import (
    Filter,
    StoredDeadLetter,
    find_dead_letter,
    read_dead_letters,
    retry,
)
from etl.errors import ConfigError
from etl.run.replay import ReplayReport, ReplayRequest
from etl.schedule import parse_interval, stop_on_signals
from etl.sessions.pairing import instant, milliseconds
from ugc.etl.progress import progress
from ugc.exits import try_again_later
from ugc.terminal import PlainConsole, say


def parse_time(text: str, now: dt.datetime) -> int:
    """Unix time in milliseconds of ``2026-01-31T12:00:00Z``, or of ``2h`` (so long before now).

    A time without a zone is in UTC.

    Raises:
        ConfigError: ``text`` is neither.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        try:
            return milliseconds(now) - int(parse_interval(text) * 1000)
        except ConfigError as error:
            form = f"a time like 2026-01-31T12:00:00Z or a span like 90s, 5m, 2h, not {text!r}"
            raise ConfigError("the time", form) from error
    return milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))


def parse_offsets(texts: Iterable[str]) -> Mapping[int | None, int]:
    """``OFFSET`` for all partitions (None), or ``PARTITION:OFFSET``.

    Raises:
        ConfigError: a text is neither.
    """
    found: dict[int | None, int] = {}
    for text in texts:
        partition, _, offset = text.rpartition(":")
        if not all(part.isascii() and part.isdecimal() for part in (partition or "0", offset)):
            raise ConfigError("an offset", f"OFFSET or PARTITION:OFFSET, not {text!r}")
        found[int(partition) if partition else None] = int(offset)
    return found


def replay_now(env: Mapping[str, str], request: ReplayRequest, *, as_json: bool) -> None:
    """One replay; prints its report. SIGTERM and Ctrl-C let the chunk at hand end.

    Raises:
        EtlError, RegistryError, ClickHouseError: it failed.
    """
    config = EtlConfig.from_env(env)
    with (
        try_again_later(),
        progress("replaying", "offsets") as report_progress,
        closing(connect(config)) as etl,
        stop_on_signals() as stop,
    ):
        report = etl.replay(request, stop.is_set, report_progress)
    if as_json:
        print(orjson.dumps(report.as_dict()).decode())
    else:
        _print_replay(report)


def list_letters(env: Mapping[str, str], wanted: Filter, *, as_json: bool) -> None:
    """Prints the letters that are meant: a table, or a line of JSON each.

    Raises:
        SourceUnavailableError: Kafka does not answer.
    """
    with (
        try_again_later(),
        closing(open_dead_letters(KafkaConfig.from_env(env))) as history,
    ):
        letters = read_dead_letters(history, wanted)
        if as_json:
            for letter in letters:
                print(orjson.dumps(letter.as_dict()).decode())
        else:
            _print_letters(letters)


def show_letter(env: Mapping[str, str], location: str, *, as_json: bool) -> None:
    """Prints one letter whole.

    Raises:
        ReplayError: there is none.
        SourceUnavailableError: Kafka does not answer.
    """
    with (
        try_again_later(),
        closing(open_dead_letters(KafkaConfig.from_env(env))) as history,
    ):
        letter = find_dead_letter(history, location)
    if as_json:
        print(orjson.dumps(letter.as_dict()).decode())
        return
    for name, value in letter.as_dict().items():
        say(f"{name}: {'null' if value is None else value}")


def retry_letters(env: Mapping[str, str], wanted: Filter, *, dry_run: bool, as_json: bool) -> None:
    """Sends back the letters that are meant; prints how many.

    Raises:
        SourceUnavailableError, DeadLettersUnavailableError: Kafka does not answer.
    """
    config = KafkaConfig.from_env(env)
    with (
        try_again_later(),
        progress("sending back", "letters") as report_progress,
        closing(open_dead_letters(config)) as history,
        closing(open_producer(config)) as outbox,
        stop_on_signals() as stop,
    ):
        letters = list(read_dead_letters(history, wanted))
        sent = 0
        if not dry_run:
            sent = retry(
                letters,
                outbox,
                topic=config.topic,
                dead_letter_topic=config.dead_letter_topic,
                progress=report_progress,
                should_stop=stop.is_set,
            )
    if as_json:
        print(orjson.dumps({"matched": len(letters), "sent": sent, "dry_run": dry_run}).decode())
    else:
        verb = "would be sent" if dry_run else "sent"
        click.echo(f"{len(letters) if dry_run else sent} of {len(letters)} letters {verb} back")


def _print_replay(report: ReplayReport) -> None:
    console = PlainConsole()
    table = Table("event", "read", "rows stored again")
    for event in sorted({*report.read, *report.rows}):
        table.add_row(event, str(report.read.get(event, 0)), str(report.rows.get(event, 0)))
    console.print(table if report.read else "nothing to replay")
    told = "dry run: nothing was changed" if report.dry_run else "no offset was committed"
    console.print(
        f"{report.duplicates} duplicates and {report.unusable} unusable messages left out; {told}"
    )
    if not report.finished:
        console.print("asked to stop before the end; begin again to replay the rest")


def _print_letters(letters: Iterable[StoredDeadLetter]) -> None:
    table = Table(
        *(Column(name, no_wrap=True) for name in ("letter", "event", "reason")),
        *("from", "when", "detail", "sent back"),
    )
    for letter in letters:
        table.add_row(
            letter.location,
            letter.event,
            letter.reason,
            f"{letter.partition}:{letter.offset}",
            instant(letter.timestamp_ms).isoformat(" ", timespec="seconds"),
            letter.detail,
            "yes" if letter.retried else "",
        )
    PlainConsole().print(table if table.row_count else "no dead letters")
