"""Runs an application under granian: the one production server of all our processes."""

from __future__ import annotations

from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

_STOP_SECONDS = 20
"""A worker that is still busy that long after SIGTERM is killed."""

_OVERLAP_SECONDS = 10.0
"""On SIGHUP a worker is told to stop that long after its successor was started.

By then the successor has to listen: each has a socket of its own, and one that is not there refuses
connections.
"""

_HEADER_MILLISECONDS = 5_000
"""How long a connection may take for the headers of a request, and be idle between two."""


def serve(target: str, *, host: str, port: int, workers: int = 1, threads: int = 8) -> None:
    """Serves a WSGI application until SIGTERM or SIGINT, then lets running requests end.

    A sender that stops in the middle of a body holds a thread for as long as it likes.

    Args:
        target: ``module:factory``, a function without arguments that returns the application; it is
            called once in each worker process.
        host: address to listen on.
        port: port to listen on.
        workers: processes; a dead one is replaced.
        threads: requests that one process works on at a time.
    """
    options = _options(target, host, port, workers)
    Server(**options, interface=Interfaces.WSGI, blocking_threads=threads).serve()


def serve_front(target: str, *, host: str, port: int, workers: int = 1) -> None:
    """The same for an RSGI application, which has threads of its own and bounds slow bodies."""
    Server(**_options(target, host, port, workers), interface=Interfaces.RSGI).serve()


def _options(target: str, host: str, port: int, workers: int) -> dict[str, Any]:
    return {
        "target": target,
        "address": host,
        "port": port,
        "workers": workers,
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS, keep_alive=True),
        "websockets": False,
        "respawn_failed_workers": True,
        "respawn_interval": _OVERLAP_SECONDS,
        "workers_kill_timeout": _STOP_SECONDS,
        "factory": True,
        "log_level": LogLevels.warning,
    }
