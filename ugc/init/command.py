"""``ugc init``: topics, subjects and tables."""

from __future__ import annotations

from pathlib import Path

import click

from ugc.environment import current_environment, state_dir_option
from ugc.terminal import say


@click.command()
@click.option(
    "--wait",
    "wait_seconds",
    default=60.0,
    show_default=True,
    help="Seconds to wait for Kafka, the registry and ClickHouse to answer.",
)
@state_dir_option
def command(wait_seconds: float, state_dir: Path) -> None:
    """Create topics, subjects and tables where they are missing. Running it again is harmless."""
    from ugc.init.run import initialise

    initialise(current_environment(state_dir), wait_seconds=wait_seconds, say=say)
