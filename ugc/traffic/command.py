"""``ugc traffic``: realistic visitor sessions over HTTP."""

from __future__ import annotations

import random
from pathlib import Path

import click
from rich.table import Table

from ugc.environment import current_environment, require, state_dir_option
from ugc.terminal import PlainConsole


@click.command()
@click.option("--sessions", default=100, show_default=True, help="How many visits.")
@click.option("--at-once", default=32, show_default=True, help="Visits side by side.")
@click.option("--seed", type=int, help="The same seed, the same visitors; chance when left out.")
@click.option("--api-url", help="Address of the API; that of the local stack when left out.")
@state_dir_option
def command(
    sessions: int, at_once: int, seed: int | None, api_url: str | None, state_dir: Path
) -> None:
    """Send visits with all six events: some anonymous, some wrong, some sent twice."""
    from ugc.traffic.run import send_visits

    env = current_environment(state_dir)
    tally = send_visits(
        env,
        api_url or require(env, "UGC_API_URL"),
        rng=random.Random(seed),  # noqa: S311 - visitors need no secrets
        sessions=sessions,
        at_once=at_once,
        console=PlainConsole(stderr=True),
    )
    shown = Table("answer", "requests")
    for event, count in sorted(tally.accepted.items()):
        shown.add_row(f"202 {event}", str(count))
    for reason, count in sorted({**tally.refused, **tally.failed}.items()):
        shown.add_row(reason, str(count))
    PlainConsole().print(shown)
    if tally.failed:
        raise click.exceptions.Exit(1)
