"""``ugc registry``: the embedded Schema Registry."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group()
def command() -> None:
    """The embedded Schema Registry of the local stack."""


@command.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8081, show_default=True, help="Port to listen on.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder that keeps subjects and schemas.",
)
def serve(host: str, port: int, data_dir: Path) -> None:
    """Speak Confluent's REST API until SIGTERM or Ctrl-C."""
    from ugc.serving import serve as serve_wsgi

    os.environ["REGISTRY_DATA_DIR"] = str(data_dir)
    serve_wsgi("registry.server.wsgi:create_from_env", host=host, port=port)
