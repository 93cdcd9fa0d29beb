"""Asks a part whether it is ready. Each probe answers yes or no, within about a second."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Mapping
from contextlib import closing

from ugc.local.stack.config import HOST, PartName

_TIMEOUT_SECONDS = 1.0

Probe = Callable[[int], bool]
"""Takes the port."""


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=_TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def _answers_ping(port: int) -> bool:
    """Redis answers PING with an error while it still loads its data."""
    try:
        with socket.create_connection((HOST, port), timeout=_TIMEOUT_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _answers_http(path: str) -> Probe:
    def probe(port: int) -> bool:
        # Not a client that reads HTTP_PROXY: a proxy does not find our loopback address.
        with closing(http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_SECONDS)) as client:
            try:
                client.request("GET", path)
                return 200 <= client.getresponse().status < 300
            except (OSError, http.client.HTTPException):
                return False

    return probe


PROBES: Mapping[PartName, Probe] = {
    PartName.KAFKA: _listens,
    PartName.REDIS: _answers_ping,
    PartName.REGISTRY: _answers_http("/subjects"),
    PartName.CLICKHOUSE: _answers_http("/ping"),
    PartName.AUTH: _answers_http("/health"),
    PartName.API: _answers_http("/health/ready"),
    # The loader listens nowhere: it is ready as long as it runs.
    PartName.ETL: lambda _port: True,
}
