"""``ugc etl``: load events, load them again, inspect dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ugc.environment import current_environment, require, state_dir_option
from ugc.exits import EPILOG
from ugc.options import AT_LEAST_ONE, DELAY, INTERVAL, JITTER, LETTER, OFFSET, PORT, TIME

_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of a table."
)


def _metrics_options(function: Any) -> Any:
    for option in (
        click.option(
            "--metrics-host",
            default="0.0.0.0",  # noqa: S104 - scraped from other machines
            show_default=True,
            help="Address of the metrics port.",
        ),
        click.option(
            "--metrics-port",
            type=PORT,
            help="Serve Prometheus metrics on this port (0: any free one; default: none).",
        ),
    ):
        function = option(function)
    return function


def _environment(state_dir: Path) -> Mapping[str, str]:
    """Where the parts are.

    Raises:
        MisconfiguredError: nowhere: no stack is running, and nothing names Kafka.
    """
    env = current_environment(state_dir)
    require(env, "KAFKA_BOOTSTRAP_SERVERS")
    return env


@click.group()
def command() -> None:
    """Load events from Kafka into ClickHouse."""


@command.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one line of JSON.")
@state_dir_option
def run(as_json: bool, state_dir: Path) -> None:
    """Load everything that is in Kafka now, once, and print the report.

    Fails also when the totals of the run do not reconcile. Killing it at any moment and running it
    again is harmless.
    """
    from ugc.etl.loading import load_once

    load_once(_environment(state_dir), as_json=as_json)


@command.command(epilog=EPILOG)
@click.option(
    "--every",
    "every_seconds",
    type=INTERVAL,
    default="60s",
    show_default=True,
    help="Interval, such as 30s, 5m or 1h.",
)
@click.option(
    "--jitter",
    "jitter_seconds",
    type=JITTER,
    default="0s",
    show_default=True,
    help="Each run begins up to so much earlier or later, so that workers do not all join at once.",
)
@_metrics_options
@state_dir_option
def schedule(
    every_seconds: float,
    jitter_seconds: float,
    metrics_port: int | None,
    metrics_host: str,
    state_dir: Path,
) -> None:
    """Load at once, and then at every interval until SIGTERM or Ctrl-C.

    Runs never overlap. A run that is under way at the end finishes its chunk first. A run that
    fails is logged and tried again at the next interval.
    """
    from ugc.etl.loading import Timing, load_on_schedule

    timing = Timing(every_seconds, jitter_seconds)
    load_on_schedule(_environment(state_dir), timing, metrics_host, metrics_port)


@command.command(epilog=EPILOG)
@click.option(
    "--max-delay",
    "max_delay_seconds",
    type=DELAY,
    default="2s",
    show_default=True,
    help="A block is stored at least so often while messages come, such as 500ms, 2s, 1m.",
)
@click.option(
    "--max-messages",
    type=AT_LEAST_ONE,
    help="Largest block (default: ETL_CHUNK_MESSAGES).",
)
@click.option(
    "--report-every",
    "report_seconds",
    type=INTERVAL,
    default="60s",
    show_default=True,
    help="Interval of the reports, with which views that waited long enough are given up.",
)
@_metrics_options
@state_dir_option
def follow(
    max_delay_seconds: float,
    max_messages: int | None,
    report_seconds: float,
    metrics_port: int | None,
    metrics_host: str,
    state_dir: Path,
) -> None:
    """Load messages as they come until SIGTERM or Ctrl-C, which end when the block is stored.

    The loader stays in the consumer group. While Kafka, Redis, the registry or ClickHouse does not
    answer it waits and goes on by itself; it ends with an error that waiting does not cure.
    """
    from etl.run.following import Pace
    from ugc.etl.following import load_as_it_comes

    pace = Pace(max_delay_seconds=max_delay_seconds, report_seconds=report_seconds)
    env = _environment(state_dir)
    load_as_it_comes(env, pace, max_messages, metrics_host, metrics_port)


@command.command(epilog=EPILOG)
@click.option(
    "--from-time",
    "from_ms",
    type=TIME,
    help="A time like 2026-01-31T12:00:00Z, or a span such as 2h.",
)
@click.option(
    "--from-offset",
    "from_offsets",
    type=OFFSET,
    multiple=True,
    metavar="[PARTITION:]OFFSET",
    help="Where to begin; without a partition: in all of them. May be given several times.",
)
@click.option("--event", "events", multiple=True, help="Only this event; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Read and count, and change nothing.")
@_json_option
@state_dir_option
def replay(
    from_ms: int | None,
    from_offsets: tuple[tuple[int | None, int], ...],
    events: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    state_dir: Path,
) -> None:
    """Load again what was loaded before.

    Harmless at any time, beside running loaders too: it reads outside of the consumer group, never
    changes the group's offsets, ends at what the group has committed, and stores the same rows.
    """
    from etl.run.replay import ReplayRequest
    from ugc.etl.replaying import replay_now

    if (from_ms is None) == (not from_offsets):
        raise click.UsageError("Give either --from-time or --from-offset.")
    request = ReplayRequest(
        from_ms=from_ms,
        from_offsets=dict(from_offsets),
        events=frozenset(events),
        dry_run=dry_run,
    )
    replay_now(_environment(state_dir), request, as_json=as_json)


@command.group("dead-letters")
def dead_letters() -> None:
    """Look at messages that could not be used, and send them back."""


def _filter_options(function: Any) -> Any:
    for option in (
        click.option(
            "--partition",
            "partitions",
            type=click.IntRange(min=0),
            multiple=True,
            help="Original one.",
        ),
        click.option("--event", "events", multiple=True, help="Event that the key names."),
        click.option("--reason", "reasons", multiple=True, help="Reason code."),
    ):
        function = option(function)
    return function


@dead_letters.command("list", epilog=EPILOG)
@_filter_options
@click.option("--all/--waiting", "also_retried", default=True, help="Also those sent back, or not.")
@_json_option
@state_dir_option
def list_(
    reasons: tuple[str, ...],
    events: tuple[str, ...],
    partitions: tuple[int, ...],
    also_retried: bool,
    as_json: bool,
    state_dir: Path,
) -> None:
    """List dead letters, oldest first. Filters of one kind widen, of several kinds narrow."""
    from etl.decode.dead_letter_topic import Filter
    from ugc.etl.replaying import list_letters

    wanted = Filter(
        reasons=frozenset(reasons),
        events=frozenset(events),
        partitions=frozenset(partitions),
        retried=None if also_retried else False,
    )
    list_letters(_environment(state_dir), wanted, as_json=as_json)


@dead_letters.command(epilog=EPILOG)
@click.argument("letter", type=LETTER, metavar="PARTITION:OFFSET")
@_json_option
@state_dir_option
def show(letter: str, as_json: bool, state_dir: Path) -> None:
    """Show one dead letter whole; `list` tells where it lies."""
    from ugc.etl.replaying import show_letter

    show_letter(_environment(state_dir), letter, as_json=as_json)


@dead_letters.command(epilog=EPILOG)
@click.argument("letters", type=LETTER, metavar="[PARTITION:OFFSET]...", nargs=-1)
@_filter_options
@click.option("--again", is_flag=True, help="Also those that were sent back before.")
@click.option("--dry-run", is_flag=True, help="Count, and send nothing.")
@_json_option
@state_dir_option
def retry(
    letters: tuple[str, ...],
    reasons: tuple[str, ...],
    events: tuple[str, ...],
    partitions: tuple[int, ...],
    again: bool,
    dry_run: bool,
    as_json: bool,
    state_dir: Path,
) -> None:
    """Send dead letters back to the topic of the events: all that wait, or those chosen.

    The original bytes go to the original partition. Doing it twice is harmless: an event id has
    one row, and of a view the first start and end win. What is still unusable becomes a dead
    letter again.
    """
    from etl.decode.dead_letter_topic import Filter
    from ugc.etl.replaying import retry_letters

    wanted = Filter(
        reasons=frozenset(reasons),
        events=frozenset(events),
        partitions=frozenset(partitions),
        locations=frozenset(letters),
        retried=None if again else False,
    )
    retry_letters(_environment(state_dir), wanted, dry_run=dry_run, as_json=as_json)
