"""The server of ``ugc.local.clickhouse``, really listening, under the project's WSGI server."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import ServerProcess, free_port


class FolderServer:
    """One server on a folder, which may be stopped and started again."""

    def __init__(
        self, folder: Path | None, log: Path, tls: tuple[Path, Path] | None = None
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._log = log
        self._tls = tls
        self.process = self._start()

    def start_again(self) -> None:
        """After the process was ended."""
        self.process = self._start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Returns when the server answers, or over TLS listens."""
        self.process.wait_ready(self._answers)

    def _start(self) -> ServerProcess:
        certificate = ("--ssl-certificate", str(self._tls[0])) if self._tls else ()
        key = ("--ssl-keyfile", str(self._tls[1])) if self._tls else ()
        command: Sequence[str] = (
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"),
            *("--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"),
            *("--blocking-threads", "4", "--no-ws", *certificate, *key),
            "ugc.local.clickhouse.wsgi:create_from_env",
        )
        return ServerProcess(command, self._log, {"CLICKHOUSE_DATA_DIR": str(self.folder or "")})

    def _answers(self) -> bool:
        if self._tls:
            return "Started worker-1" in self._log.read_text()
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=5) as response:
                return bool(response.read() == b"Ok.\n")
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def folder_server(
    folder: Path, log: Path, tls: tuple[Path, Path] | None = None
) -> Iterator[FolderServer]:
    """A running server; gone afterwards."""
    server = FolderServer(folder, log, tls)
    try:
        server.wait_ready()
        yield server
    finally:
        server.process.kill()
