"""The process that sends requests and measures answers: ``python -m bench.harness.generator``.

It reads a :class:`Plan` as JSON and prints a :class:`Seen`.  In a closed loop each connection sends
its next request when the last one is answered: that finds the throughput.  In an open loop requests
are due at times fixed in advance, and a latency counts from when it was due: that finds latencies.
Raw HTTP/1.1 over ``asyncio.Protocol``, since every microsecond here is taken from the broker.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from bench.harness.machine import cpu_seconds, memory_mb
from bench.harness.requests import Wanted, maker

_ACCEPTED = b'"status":202'
_DRAIN_SECONDS = 10.0
_MOST_CONNECTIONS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send, and to whom. ``rate`` in requests per second makes it an open loop."""

    port: int
    pid: int
    connections: int
    seconds: float
    warm_seconds: float
    batch: bool = False
    ids: bool = False
    tokens: bool = False
    rate: float | None = None


@dataclass(slots=True, kw_only=True)
class Seen:
    """What came of it in the time that counts."""

    seconds: float = 0.0
    events: int = 0
    """Those that were accepted."""
    cpu_seconds: float = 0.0
    """Of the server and all its processes."""
    memory_mb: float = 0.0
    answers: dict[str, int] = field(default_factory=dict)
    latencies_ms: dict[str, float] = field(default_factory=dict)
    lag_p99_ms: float = 0.0
    """In an open loop: how late a request was sent, 99 of 100. It is the generator's fault."""


class Connection(asyncio.Protocol):
    """One connection; requests follow one another."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._parts: list[bytes] = []
        self._missing = 0
        self._due = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._run.is_free(self)

    def send(self, request: bytes, due: float) -> None:
        assert self.transport is not None
        self._due = due
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._parts:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._parts)
            self._parts = []
        else:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._parts = [data]  # what follows completes the head, which is read then
                self._missing = 1
                return
        end = data.find(b"\r\n\r\n")
        head = data[:end].lower()
        place = head.find(b"content-length:")
        length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
        self._missing = end + 4 + length - len(data)
        if self._missing > 0:
            self._parts = [data]
            return
        self._run.answered(self, data[9:12], data, self._due)

    def connection_lost(self, _error: Exception | None) -> None:
        self._run.lost(self)


class Run:
    """One plan being carried out."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._request = maker(Wanted(plan.batch, plan.ids, plan.tokens))
        self._free: deque[Connection] = deque()
        self._waiting: deque[float] = deque()
        self._connections: set[Connection] = set()
        self._opening: set[asyncio.Task[object]] = set()
        self._answers: Counter[bytes] = Counter()
        self._latencies: list[float] = []
        self._lags: list[float] = []
        self._events = 0
        self._in_flight = 0
        self._counts = False
        self._ended = False

    async def carry_out(self) -> Seen:
        plan = self._plan
        for _ in range(plan.connections):
            await self._open()
        arrivals = None if plan.rate is None else asyncio.create_task(self._arrive(plan.rate))
        await asyncio.sleep(plan.warm_seconds)
        began, used = time.monotonic(), cpu_seconds(plan.pid)
        self._counts = True
        await asyncio.sleep(plan.seconds)
        if arrivals is not None:
            await arrivals
            await self._drain()
        self._counts = False
        seen = Seen(
            seconds=time.monotonic() - began,
            events=self._events,
            cpu_seconds=cpu_seconds(plan.pid) - used,
            memory_mb=memory_mb(plan.pid),
            answers={status.decode(): number for status, number in self._answers.items()},
            latencies_ms=_percentiles(self._latencies),
            lag_p99_ms=_at(self._lags, 0.99) * 1000 if self._lags else 0.0,
        )
        self._ended = True
        await self._drain()
        for connection in self._connections:
            assert connection.transport is not None
            connection.transport.abort()
        return seen

    def is_free(self, connection: Connection) -> None:
        """Gives a connection its next request, if there is one."""
        self._connections.add(connection)
        if self._plan.rate is None:
            if not self._ended:
                self._send(connection, time.perf_counter())
        elif self._waiting:
            self._send(connection, self._waiting.popleft())
        else:
            self._free.append(connection)

    def answered(self, connection: Connection, status: bytes, data: bytes, due: float) -> None:
        self._in_flight -= 1
        if self._counts:
            self._latencies.append(time.perf_counter() - due)
            self._answers[status] += 1
            if status == b"202":
                self._events += 1
            elif status == b"207":
                self._events += data.count(_ACCEPTED)
        self.is_free(connection)

    def lost(self, connection: Connection) -> None:
        """The server closed it; what was asked on it is unanswered."""
        self._connections.discard(connection)
        if self._ended:
            return
        if connection in self._free:
            self._free.remove(connection)
        else:
            self._in_flight -= 1
            if self._counts:
                self._answers[b"closed"] += 1
        self._open_later()

    def _send(self, connection: Connection, due: float) -> None:
        self._in_flight += 1
        connection.send(self._request(), due)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Connection(self), "127.0.0.1", self._plan.port)

    def _open_later(self) -> None:
        task = asyncio.ensure_future(self._open())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _arrive(self, rate: float) -> None:
        began = time.perf_counter()
        number = int(rate * (self._plan.warm_seconds + self._plan.seconds))
        for place in range(number):
            due = began + place / rate
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            if self._counts:
                self._lags.append(time.perf_counter() - due)
            if self._free:
                self._send(self._free.popleft(), due)
            else:
                self._waiting.append(due)
                if len(self._connections) + len(self._opening) < _MOST_CONNECTIONS:
                    self._open_later()

    async def _drain(self) -> None:
        until = time.monotonic() + _DRAIN_SECONDS
        while (self._in_flight > 0 or self._waiting) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        if self._counts and (unanswered := self._in_flight + len(self._waiting)):
            self._answers[b"unanswered"] += unanswered


def _percentiles(latencies: Sequence[float]) -> dict[str, float]:
    shares = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
    return {name: _at(latencies, share) * 1000 for name, share in shares.items() if latencies}


def _at(numbers: Sequence[float], share: float) -> float:
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    json.dump(asdict(asyncio.run(Run(plan).carry_out())), sys.stdout)


if __name__ == "__main__":
    main()
