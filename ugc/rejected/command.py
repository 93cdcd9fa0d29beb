"""``ugc rejected``: the most frequent rejections, by contract and client."""

from __future__ import annotations

from pathlib import Path

import click

from ugc.environment import current_environment, state_dir_option
from ugc.exits import EPILOG
from ugc.options import AT_LEAST_ONE, TIME


@click.command(epilog=EPILOG)
@click.option(
    "--since",
    "since_ms",
    type=TIME,
    default="10m",
    show_default=True,
    help="From when on: a time like 2026-01-31T12:00:00Z, or a span such as 2h.",
)
@click.option("--top", type=AT_LEAST_ONE, default=10, show_default=True, help="How many to print.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@state_dir_option
def command(since_ms: int, top: int, as_json: bool, state_dir: Path) -> None:
    """Print what the API refused: how often, why, and which client sent it.

    A client is an origin, a browser with its major version, and the SDK version that the header
    X-UGC-SDK names. Exit code 1 when there is no topic that keeps what is refused.
    """
    from ugc.rejected.listing import print_rejected

    print_rejected(current_environment(state_dir), since_ms, top=top, as_json=as_json)
