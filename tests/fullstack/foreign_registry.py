"""Apicurio Registry, with Confluent's API and nothing kept on disk.

It differs from Confluent's in what ``docs/registry.md`` lists; its global level, which is NONE,
is set to BACKWARD here, as Confluent's is.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.fullstack.cache import cached, program
from tests.support.processes import ServerProcess, free_port
from tests.support.registry_server import RegistryServer, answers

READY_SECONDS = 90.0


@contextmanager
def foreign_registry(folder: Path, port: int | None = None) -> Iterator[RegistryServer]:
    """A running registry that is not ours; gone, with all it knew, afterwards."""
    home = cached("registry", "registry.xml")
    port = port or free_port()
    command = [
        program("java"),
        *("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        *("-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={port}"),
        "-Dquarkus.log.level=WARN",
        *("-cp", f"{home}/*:{home}/lib/*", "io.quarkus.runner.GeneratedMain"),
    ]
    process = ServerProcess(command, folder / "registry.log", None, at_our_end=signal.SIGKILL)
    url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
    try:
        process.wait_ready(lambda: answers(url), READY_SECONDS)
        level = {"compatibility": "BACKWARD"}
        httpx2.put(f"{url}/config", json=level, timeout=READY_SECONDS).raise_for_status()
        yield RegistryServer(process, url)
    finally:
        process.kill()
