"""``ugc up``: the whole local stack in the foreground."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import click

from api import paths
from ugc.environment import default_state_dir, own_environment
from ugc.exits import EPILOG
from ugc.options import AT_LEAST_ONE, INTERVAL


@click.command(epilog=EPILOG)
@click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_state_dir,
    show_default=".ugc, beside ugc.toml where there is one",
    help="Folder for data, logs and the list of running parts.",
)
@click.option(
    "--api-workers", type=AT_LEAST_ONE, default=1, show_default=True, help="Processes of the API."
)
@click.option(
    "--etl-every",
    "etl_interval_seconds",
    type=INTERVAL,
    help="Load at this interval, such as 60s (default: as messages come).",
)
@click.option("--open", "is_opened", is_flag=True, help="Show its first page in a browser.")
def command(
    state_dir: Path, api_workers: int, etl_interval_seconds: float | None, is_opened: bool
) -> None:
    """Run the whole local stack until Ctrl-C.

    It prints first where to begin in a browser: at the demo of the contracts where they have one
    (a folder demo with an index.html beside events), else at the API's start page.

    A part whose URL is in the environment (KAFKA_BOOTSTRAP_SERVERS, SCHEMA_REGISTRY_URL,
    REDIS_URL, CLICKHOUSE_URL, AUTH_SERVICE_URL) is used as it is and not started.

    The contracts are those in CONTRACTS_DIR, else in the folder that ugc.toml names.
    """
    from ugc.local.demo.files import demo_files
    from ugc.local.stack import StackConfig, run_foreground
    from ugc.wiring import catalog_from, contracts_folder

    env = own_environment()
    catalog_from(env)  # what is wrong with the contracts is told before anything runs
    page = paths.DEMO if demo_files(contracts_folder(env)) else paths.START
    config = StackConfig(
        state_dir=state_dir,
        api_workers=api_workers,
        etl_interval_seconds=etl_interval_seconds,
    )
    by_itself = state_dir == default_state_dir()
    show = webbrowser.open if is_opened else _nothing
    sys.exit(run_foreground(config, found_by_itself=by_itself, page=page, show=show))


def _nothing(_url: str) -> None:
    pass
