"""``ugc quality``: gaps, duplicates, refusals, pairs and freshness against declared objectives."""

from __future__ import annotations

from pathlib import Path

import click

from ugc.environment import current_environment, own_environment, state_dir_option
from ugc.exits import EPILOG, PLAIN_EPILOG
from ugc.options import TIME
from ugc.terminal import say


@click.group(invoke_without_command=True, epilog=EPILOG)
@click.option(
    "--since",
    "since_ms",
    type=TIME,
    default="24h",
    show_default=True,
    help="From when on: a time like 2026-01-31T12:00:00Z, or a span such as 2h.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@state_dir_option
@click.pass_context
def command(context: click.Context, since_ms: int, as_json: bool, state_dir: Path) -> None:
    """Print and explain how good the data is, by the objectives in the contracts' x-quality.

    Exit code 1 when an objective is missed. What could not be told (a topic of refused events
    that is not there, say) is named and misses nothing.
    """
    if context.invoked_subcommand is not None:
        return
    from ugc.quality.report import print_quality

    met = print_quality(current_environment(state_dir), since_ms, as_json=as_json)
    context.exit(0 if met else 1)


@command.command(epilog=PLAIN_EPILOG)
def alerts() -> None:
    """Print alert rules in Prometheus's format, made from the same objectives.

    The file deploy/alerts.yml is this output for the package's own contracts. CONTRACTS_DIR
    chooses others.
    """
    from ugc.quality.alerts import render
    from ugc.wiring import catalog_from

    say(render(catalog_from(own_environment())), nl=False)
