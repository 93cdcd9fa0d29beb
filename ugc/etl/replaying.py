"""Replays, and dead letters, for the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass

from rich.table import Column, Table

from contracts.visible import counted
from etl.app import connect, open_dead_letters, open_producer
from etl.config import EtlConfig, KafkaConfig
from etl.decode.dead_letter_topic import (
    Filter,
    StoredDeadLetter,
    find_dead_letter,
    read_dead_letters,
    retry,
)
from etl.run.replay import ReplayReport, ReplayRequest
from etl.schedule import stop_on_signals
from etl.sessions.pairing import instant
from ugc.etl.progress import progress
from ugc.terminal import PlainConsole, say, say_json


@dataclass(frozen=True, slots=True)
class RetryReport:
    """How many letters were meant, and how many of them were sent back."""

    matched: int
    sent: int
    dry_run: bool


def replay_now(env: Mapping[str, str], request: ReplayRequest, *, as_json: bool) -> None:
    """One replay; prints its report. SIGTERM and Ctrl-C let the chunk at hand end.

    Raises:
        EtlError, RegistryError, ClickHouseError: it failed.
    """
    config = EtlConfig.from_env(env)
    with (
        progress("replaying", "offsets") as report_progress,
        closing(connect(config)) as etl,
        stop_on_signals() as stop,
    ):
        report = etl.replay(request, stop.is_set, report_progress)
    if as_json:
        say_json(report.as_dict())
    else:
        _print_replay(report)


def list_letters(env: Mapping[str, str], wanted: Filter, *, as_json: bool) -> None:
    """Prints the letters that are meant: a table, or a line of JSON each.

    Raises:
        SourceUnavailableError: Kafka does not answer.
    """
    with closing(open_dead_letters(KafkaConfig.from_env(env))) as history:
        letters = read_dead_letters(history, wanted)
        if as_json:
            for letter in letters:
                say_json(letter.as_dict())
        else:
            _print_letters(letters)


def show_letter(env: Mapping[str, str], location: str, *, as_json: bool) -> None:
    """Prints one letter whole.

    Raises:
        ReplayError: there is none.
        SourceUnavailableError: Kafka does not answer.
    """
    with closing(open_dead_letters(KafkaConfig.from_env(env))) as history:
        letter = find_dead_letter(history, location)
    if as_json:
        say_json(letter.as_dict())
        return
    for name, value in letter.as_dict().items():
        say(f"{name}: {'null' if value is None else value}")


def retry_letters(env: Mapping[str, str], wanted: Filter, *, dry_run: bool, as_json: bool) -> None:
    """Sends back the letters that are meant; prints how many.

    Raises:
        ReplayError: one that was named is not there; nothing was sent back.
        SourceUnavailableError, DeadLettersUnavailableError: Kafka does not answer.
    """
    config = KafkaConfig.from_env(env)
    with (
        progress("sending back", "letters") as report_progress,
        closing(open_dead_letters(config)) as history,
        closing(open_producer(config)) as producer,
        stop_on_signals() as stop,
    ):
        for location in sorted(wanted.locations):
            find_dead_letter(history, location)  # a mistyped one must not look like success
        letters = list(read_dead_letters(history, wanted))
        sent = 0
        if not dry_run:
            sent = retry(
                letters,
                producer,
                topic=config.topic,
                dead_letter_topic=config.dead_letter_topic,
                progress=report_progress,
                should_stop=stop.is_set,
            )
    if as_json:
        say_json(asdict(RetryReport(len(letters), sent, dry_run)))
    else:
        verb = "would be sent" if dry_run else "sent"
        given = counted(len(letters), "dead letter")
        say(f"{len(letters) if dry_run else sent} of {given} {verb} back")


def _when(unix_ms: int) -> str:
    """In words; whoever writes to Kafka may give a time beyond all calendars."""
    try:
        return instant(unix_ms).isoformat(" ", timespec="seconds")
    except OverflowError:
        return f"{unix_ms} ms"


def _print_replay(report: ReplayReport) -> None:
    console = PlainConsole()
    table = Table("event", "read", "rows stored again")
    for event in sorted({*report.read, *report.rows}):
        table.add_row(event, str(report.read.get(event, 0)), str(report.rows.get(event, 0)))
    console.print(table if report.read else "nothing to replay")
    told = "dry run: nothing was changed" if report.dry_run else "no offset was committed"
    console.print(
        f"left out: {counted(report.duplicates, 'duplicate')} and"
        f" {counted(report.unusable, 'unusable message')}; {told}"
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
            _when(letter.timestamp_ms),
            letter.detail,
            "yes" if letter.retried else "",
        )
    PlainConsole().print(table if table.row_count else "no dead letters")
