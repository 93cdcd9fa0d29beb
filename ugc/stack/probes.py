"""Asks a part whether it is ready. Each probe answers yes or no at once, within a second."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

import httpx2

from ugc.stack.config import HOST, PartName

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
    try:
        with socket.create_connection((HOST, port), timeout=_TIMEOUT_SECONDS) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _answers_http(path: str) -> Probe:
    def probe(port: int) -> bool:
        try:
            answer = httpx2.get(f"http://{HOST}:{port}{path}", timeout=_TIMEOUT_SECONDS)
        except httpx2.HTTPError:
            return False
        return answer.is_success

    return probe


PROBES: Mapping[PartName, Probe] = {
    PartName.KAFKA: _listens,
    PartName.REDIS: _answers_ping,
    PartName.REGISTRY: _answers_http("/subjects"),
    PartName.CLICKHOUSE: _answers_http("/ping"),
    PartName.AUTH: _answers_http("/health"),
    PartName.API: _answers_http("/health/ready"),
    PartName.ETL: lambda _port: True,
}
