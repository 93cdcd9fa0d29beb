"""``ugc traffic``: visits made from the contracts, over HTTP."""

from __future__ import annotations

import random
from pathlib import Path

import click
from rich.table import Table

from ugc.environment import current_environment, require, state_dir_option
from ugc.exits import EPILOG
from ugc.options import AT_LEAST_ONE, URL
from ugc.terminal import PlainConsole


@click.command(epilog=EPILOG)
@click.option(
    "--sessions", type=AT_LEAST_ONE, default=100, show_default=True, help="How many visits."
)
@click.option(
    "--at-once", type=AT_LEAST_ONE, default=32, show_default=True, help="Visits side by side."
)
@click.option("--seed", type=int, help="The same seed, the same visitors; chance when left out.")
@click.option(
    "--api-url", type=URL, help="Address of the API; that of the local stack when left out."
)
@state_dir_option
def command(
    sessions: int, at_once: int, seed: int | None, api_url: str | None, state_dir: Path
) -> None:
    """Send visits made from the contracts: some anonymous, some wrong, some sent twice.

    Values are mostly the contracts' examples; pairs are begun and mostly ended; what is wrong
    breaks a contract in one place. Nothing is sent to an API whose contracts are others than those
    in CONTRACTS_DIR (or of the project around this folder).

    Exit code 1 when a request got no answer, or another one than it should.
    """
    from ugc.traffic.run import Traffic
    from ugc.traffic.sender import Tally
    from ugc.traffic.visitor import Habits

    env, console, tally = current_environment(state_dir), PlainConsole(stderr=True), Tally()
    rng = random.Random(seed)  # noqa: S311 - visitors need no secrets
    traffic = Traffic(env, api_url or require(env, "UGC_API_URL"), rng)
    for event, reason in traffic.repertoire.left_out.items():
        console.print(f"{event} is not sent: {reason}", markup=False)
    traffic.send(sessions, tally, at_once=at_once, habits=Habits(), console=console)
    shown = Table("answer", "requests")
    for event, count in sorted(tally.accepted.items()):
        shown.add_row(f"202 {event}", str(count))
    for reason, count in sorted({**tally.refused, **tally.failed}.items()):
        shown.add_row(reason, str(count))
    PlainConsole().print(shown)
    if tally.failed:
        raise click.exceptions.Exit(1)
