"""``ugc up``: the whole local stack in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path

import click

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
def command(state_dir: Path, api_workers: int, etl_interval_seconds: float | None) -> None:
    """Run the whole local stack until Ctrl-C.

    A part whose URL is in the environment (KAFKA_BOOTSTRAP_SERVERS, SCHEMA_REGISTRY_URL,
    REDIS_URL, CLICKHOUSE_URL, AUTH_SERVICE_URL) is used as it is and not started.

    The contracts are those in CONTRACTS_DIR, else in the folder that ugc.toml names.
    """
    from ugc.local.stack import StackConfig, run_foreground
    from ugc.wiring import catalog_from

    catalog_from(own_environment())  # what is wrong with the contracts is told before anything runs
    config = StackConfig(
        state_dir=state_dir,
        api_workers=api_workers,
        etl_interval_seconds=etl_interval_seconds,
    )
    sys.exit(run_foreground(config, found_by_itself=state_dir == default_state_dir()))
