"""Runs a WSGI application under granian: the one production server of all our processes."""

from __future__ import annotations

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server


def serve(
    target: str,
    *,
    host: str,
    port: int,
    workers: int = 1,
    threads: int = 8,
    stop_seconds: int = 20,
) -> None:
    """Serves ``module:factory`` until SIGTERM or SIGINT, then lets running requests end.

    Args:
        target: a function without arguments that returns the WSGI application; it is called once
            in each worker process.
        host: address to listen on.
        port: port to listen on.
        workers: processes; a dead one is replaced.
        threads: requests that one process works on at a time.
        stop_seconds: a worker that is still busy after that long is killed.
    """
    Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=5_000, keep_alive=True),
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=stop_seconds,
        factory=True,
        log_level=LogLevels.warning,
    ).serve()
