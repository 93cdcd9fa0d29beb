"""``ugc api``: serve the HTTP API."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from contracts.errors import SettingError
from contracts.settings import Settings
from ugc.environment import own_environment
from ugc.exits import PLAIN_EPILOG
from ugc.options import AT_LEAST_ONE, PORT

_SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"
_THREADS = "API_THREADS"

_DEPLOYED = "ugc.front:create_front_from_env"
_LOCAL = "ugc.front:create_local_front_from_env"
"""With the demo, which gives tokens to whoever asks."""


@click.group()
def command() -> None:
    """Serve the HTTP API."""


@command.command(epilog=PLAIN_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--workers",
    type=AT_LEAST_ONE,
    default=1,
    show_default=True,
    help="Processes; one per core is right.",
)
@click.option(
    "--threads",
    type=AT_LEAST_ONE,
    default=32,
    show_default=True,
    envvar=_THREADS,
    help="Requests at a time per process.",
)
@click.option("--local", "is_local", is_flag=True, hidden=True, help="With the project's demo.")
def serve(host: str, port: int, workers: int, threads: int, is_local: bool) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what is running.

    SIGHUP replaces the worker processes one after another, without refusing a request.

    The parts are found through environment variables; /health/ready tells which one is missing.
    /metrics tells of all processes together, through files in PROMETHEUS_MULTIPROC_DIR (by default
    a folder for this run).
    """
    if is_local and not _is_loopback(host):
        raise click.UsageError("--local is for the local stack: it listens on loopback alone")
    os.environ[_THREADS] = str(threads)
    # Before anything of the API is imported: its metrics library chooses by the environment then.
    with _metrics_shared():
        _serve(_LOCAL if is_local else _DEPLOYED, host, port, workers)


def _serve(target: str, host: str, port: int, workers: int) -> None:
    from api.config import ApiConfig
    from api.services import check
    from api.telemetry import logs
    from ugc.serving import serve_front

    # Here, since a worker process that cannot start is started again and again.
    check(ApiConfig.from_env(own_environment()))
    logs.configure()
    serve_front(target, host=host, port=port, workers=workers)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _metrics_shared() -> Iterator[None]:
    """Lets the worker processes add up what they count; they take over this environment."""
    if folder := Settings(os.environ).optional(_SHARED_METRICS):
        if not os.access(folder, os.W_OK | os.X_OK) or not Path(folder).is_dir():
            raise SettingError(_SHARED_METRICS, "a folder that can be written to")
        yield
        return
    with TemporaryDirectory(prefix="ugc-api-metrics-") as folder:
        os.environ[_SHARED_METRICS] = folder
        try:
            yield
        finally:
            del os.environ[_SHARED_METRICS]
