"""``ugc demo``: the whole path once."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ugc.exits import EPILOG
from ugc.options import AT_LEAST_ONE
from ugc.terminal import PlainConsole


@click.command(epilog=EPILOG)
@click.option(
    "--visits", type=AT_LEAST_ONE, default=300, show_default=True, help="Visitor sessions to send."
)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same visitors.")
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".ugc/demo"),
    show_default=True,
    help="Folder of the demo's own stack; removed at the start.",
)
def command(visits: int, seed: int, state_dir: Path) -> None:
    """Start a stack, send visitors, load, and compare the totals.

    Exit code 1 when anything was lost or doubled. Nothing is left running.
    """
    from ugc.demo.run import run_demo

    if not run_demo(state_dir, visits=visits, seed=seed, console=PlainConsole()):
        sys.exit(1)
