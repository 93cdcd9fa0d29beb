"""Shopify's toxiproxy: TCP connections that are slow, narrow, silent or cut, when a test says so.

::

    with toxiproxy(folder) as proxies:
        redis = proxies.add("redis", "127.0.0.1:6379")
        redis.address              # what clients are told
        redis.cut()                # also slow_down, narrow, swallow
        redis.mend()
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.api.servers import listens
from tests.fullstack.cache import cached
from tests.support.processes import ServerProcess, free_port
from ugc.local.stack.config import HOST

_CALL_SECONDS = 10.0
_DIRECTIONS = ("upstream", "downstream")


class Proxy:
    """One listening address in front of a server."""

    def __init__(self, admin_url: str, name: str, address: str) -> None:
        self.address = address
        self._url = f"{admin_url}/proxies/{name}"

    def slow_down(self, milliseconds: int) -> None:
        """Every piece of data comes later, in each direction by half of it."""
        self._poison("latency", {"latency": milliseconds // 2})

    def delay_requests(self, milliseconds: int) -> None:
        """What clients send comes later."""
        self._poison("latency", {"latency": milliseconds}, _DIRECTIONS[:1])

    def delay_answers(self, milliseconds: int) -> None:
        """What clients are told comes later."""
        self._poison("latency", {"latency": milliseconds}, _DIRECTIONS[1:])

    def narrow(self, kilobytes_per_second: int) -> None:
        """Data goes through at this rate at most."""
        self._poison("bandwidth", {"rate": kilobytes_per_second})

    def swallow(self) -> None:
        """Half open: connections stay, new ones are taken, and nothing comes through any more."""
        self._poison("timeout", {"timeout": 0})

    def swallow_answers(self) -> None:
        """Half open the other way round: what clients send arrives, what they are told does not."""
        self._poison("timeout", {"timeout": 0}, _DIRECTIONS[1:])

    def cut(self) -> None:
        """Connections are closed, new ones refused."""
        self._enable(False)

    def mend(self) -> None:
        """Undoes everything. Connections that were tampered with are closed: they lack data."""
        toxics = _answer(httpx2.get(f"{self._url}/toxics", timeout=_CALL_SECONDS)).json()
        if toxics:
            self._enable(False)
        for toxic in toxics:
            _answer(httpx2.delete(f"{self._url}/toxics/{toxic['name']}", timeout=_CALL_SECONDS))
        self._enable(True)

    def _poison(
        self, kind: str, attributes: dict[str, int], streams: Sequence[str] = _DIRECTIONS
    ) -> None:
        for stream in streams:
            toxic = {"type": kind, "stream": stream, "attributes": attributes}
            _post(f"{self._url}/toxics", toxic)

    def _enable(self, enabled: bool) -> None:
        _post(self._url, {"enabled": enabled})


class Toxiproxy:
    """A running proxy server; each proxied address is one :class:`Proxy`."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url

    def add(self, name: str, upstream: str, port: int | None = None) -> Proxy:
        """Listens on ``port``, or any free one, for a server that need not run yet."""
        address = f"{HOST}:{port or free_port()}"
        _post(f"{self._admin_url}/proxies", {"name": name, "listen": address, "upstream": upstream})
        return Proxy(self._admin_url, name, address)


@contextmanager
def toxiproxy(folder: Path) -> Iterator[Toxiproxy]:
    """A running server without proxies; its log is in ``folder``."""
    program = cached("toxiproxy", "toxiproxy/go.sum") / "toxiproxy"
    port = free_port()
    process = ServerProcess(
        [str(program), "-host", HOST, "-port", str(port)],
        folder / "toxiproxy.log",
        {"LOG_LEVEL": "warn"},
        at_our_end=signal.SIGKILL,
    )
    try:
        process.wait_ready(lambda: listens(port))
        yield Toxiproxy(f"http://{HOST}:{port}")
    finally:
        process.kill()


def _post(url: str, body: dict[str, Any]) -> None:
    _answer(httpx2.post(url, json=body, timeout=_CALL_SECONDS))


def _answer(answer: httpx2.Response) -> httpx2.Response:
    assert answer.is_success, answer.text
    return answer
