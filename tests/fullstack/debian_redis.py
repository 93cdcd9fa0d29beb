"""Debian's ``redis-server`` on a free port of the loopback interface."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.api.servers import RedisServer, listens
from tests.fullstack.cache import program
from tests.support.processes import ServerProcess, free_port


@contextmanager
def debian_redis(folder: Path, *, port: int | None = None) -> Iterator[RedisServer]:
    """A running server whose append-only file is in ``folder``, which may be an earlier one's."""
    port = port or free_port()
    options = f"--port {port} --bind 127.0.0.1 --appendonly yes --maxmemory-policy noeviction"
    command = [program("redis-server"), *options.split(), "--save", "", "--dir", str(folder)]
    process = ServerProcess(command, folder / "redis.log", None, at_our_end=signal.SIGKILL)
    try:
        process.wait_ready(lambda: listens(port))
        yield RedisServer(process, port)
    finally:
        process.kill()
