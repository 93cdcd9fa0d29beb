"""Debian's ``clickhouse-server`` on loopback ports, with its whole state in one folder."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.fullstack.cache import program
from tests.support.certificate import write_certificate
from tests.support.processes import ServerProcess, free_port

PROGRAM = "clickhouse-server"
USER = "ugc"
PASSWORD = "p@ss:w/rd#?%"

_CONFIG = """<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{http_port}</http_port>
  <tcp_port>{native_port}</tcp_port>
  <tcp_port_secure>{tls_port}</tcp_port_secure>
  <openSSL><server>
    <certificateFile>{certificate}</certificateFile>
    <privateKeyFile>{key}</privateKeyFile>
    <verificationMode>none</verificationMode>
  </server></openSSL>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/data/tmp/</tmp_path>
  <user_files_path>{folder}/data/user_files/</user_files_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>
  <timezone>America/New_York</timezone>
  {more}
</yandex>
"""

_USERS = f"""<?xml version="1.0"?>
<yandex>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password><networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
    </default>
    <{USER}>
      <password>{PASSWORD}</password><networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
    </{USER}>
  </users>
</yandex>
"""


class ClickHouseServer:
    """One server; it may be killed and started again on the same ports and data."""

    def __init__(self, folder: Path, more: str = "", native_port: int | None = None) -> None:
        """``more`` stands in the configuration as it is."""
        self.http_port = free_port()
        self.native_port = native_port or free_port()
        self.tls_port = free_port()
        self.certificate, key = write_certificate(folder)
        self._config = folder / "config.xml"
        self._config.write_text(
            _CONFIG.format(
                folder=folder,
                http_port=self.http_port,
                native_port=self.native_port,
                tls_port=self.tls_port,
                certificate=self.certificate,
                key=key,
                more=more,
            )
        )
        (folder / "users.xml").write_text(_USERS)
        (folder / "data").mkdir()
        self._log = folder / "server.log"
        self._process: ServerProcess | None = None

    def url(self, database: str = "default", options: str = "") -> str:
        """Of the native protocol, with user and password."""
        password = quote(PASSWORD, safe="")
        return f"clickhouse://{USER}:{password}@127.0.0.1:{self.native_port}/{database}{options}"

    @property
    def http_url(self) -> str:
        """Of the HTTP interface, without credentials."""
        return f"http://127.0.0.1:{self.http_port}"

    def start(self) -> None:
        """Returns when the server answers."""
        command = [program(PROGRAM), f"--config-file={self._config}"]
        self._process = ServerProcess(command, self._log, env=None, at_our_end=signal.SIGKILL)
        self._process.wait_ready(self._answers)

    def send(self, number: signal.Signals) -> None:
        """Sends the server a signal, such as SIGSTOP."""
        assert self._process is not None
        self._process.send(number)

    def kill(self) -> None:
        """SIGKILL, if it runs."""
        if self._process is not None:
            self._process.kill()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.http_url}/ping", timeout=1) as response:
                return bool(response.read() == b"Ok.\n")
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def clickhouse_server(folder: Path) -> Iterator[ClickHouseServer]:
    """A running server whose files are in ``folder``; gone afterwards."""
    server = ClickHouseServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
