"""``ugc clickhouse``: the embedded ClickHouse engine, shared by the processes of one machine."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group()
def command() -> None:
    """The embedded ClickHouse of the local stack."""


@command.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=8123,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder of the tables; one process at a time can own it.",
)
def serve(host: str, port: int, data_dir: Path) -> None:
    """Answer ClickHouse's HTTP interface until SIGTERM or Ctrl-C."""
    from ugc.serving import serve as serve_wsgi

    os.environ["CLICKHOUSE_DATA_DIR"] = str(data_dir)
    serve_wsgi("ugc.local.clickhouse.wsgi:create_from_env", host=host, port=port)
