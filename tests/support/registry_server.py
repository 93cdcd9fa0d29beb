"""The embedded Schema Registry as a process, on a free port."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ServerProcess, free_port


@dataclass(frozen=True)
class RegistryServer:
    """A running server; ``url`` ends with its port."""

    process: ServerProcess
    url: str


@contextmanager
def registry_server(folder: Path, port: int | None = None) -> Iterator[RegistryServer]:
    """The server over ``folder``, once it answers."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = f"registry serve --port {port} --data-dir".split()
    command = [sys.executable, "-m", "ugc", *arguments, str(folder / "data")]
    process = ServerProcess(command, folder / "log", None)
    try:
        process.wait_ready(lambda: answers(url))
        yield RegistryServer(process, url)
    finally:
        process.kill()


def answers(url: str) -> bool:
    """Whether a registry lists its subjects."""
    try:
        with urllib.request.urlopen(f"{url}/subjects", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False
