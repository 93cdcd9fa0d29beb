"""``ugc etl``: load events from Kafka into ClickHouse."""

from __future__ import annotations

from pathlib import Path

import click

from ugc.environment import current_environment, state_dir_option


@click.group()
def command() -> None:
    """Load events from Kafka into ClickHouse."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report as one line of JSON.")
@state_dir_option
def run(as_json: bool, state_dir: Path) -> None:
    """Load everything that is in Kafka now, once, and print the report.

    Exit code 1 when the run failed or its books do not balance. Killing it at any moment and
    running it again is harmless.
    """
    from ugc.loader import load_once

    load_once(current_environment(state_dir), as_json=as_json)


@command.command()
@click.option("--every", default="60s", show_default=True, help="Interval, such as 30s, 5m or 1h.")
@state_dir_option
def schedule(every: str, state_dir: Path) -> None:
    """Load at once, and then at every interval until SIGTERM or Ctrl-C.

    A run that is under way ends its chunk first. A run that fails is logged and tried again at
    the next interval.
    """
    from ugc.loader import load_on_schedule

    load_on_schedule(current_environment(state_dir), every)
