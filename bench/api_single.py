"""What a single event costs the API: events per second, processor per event, latencies.

::

    python -m bench.api_single [--seconds 4] [--repeat 3] [--connections 64,16,1]

The real API, one worker as ``ugc api serve`` starts it, over a real broker, Redis, registry and
auth_service; a closed loop of keep-alive connections, each sending its next event as soon as it has
the answer to the last.  Each line is the median of several runs; the baselines run in the same
minutes: ``flask`` is the same API without its fast way (:mod:`api.http.express`), ``bare 202``
is an RSGI application under the same server that reads the body and answers.

The load comes from this process, so that the API has at most the other core to itself; processor
time is that of the worker process alone, all of its threads.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import statistics
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from api.http.rsgi import RequestProtocol, RsgiBridge
from api.wsgi import create_front_from_env
from contracts.model.loader import load_catalog
from tests.api.servers import (
    RestRegistry,
    broker,
    create_topic,
    listens,
    python_server,
    redis_server,
)
from tests.support.processes import ServerProcess, free_port, wait_until
from tests.support.register import register_all
from ugc.serving import serve_front

_SECRET = "a secret of the bench that has 32 bytes or more"
_TOPIC = "ugc.events"
_CLICK = {"event": "element_click", "data": {"element_type": "trailer", "page_type": "movie"}}
_EVENT_ID = "00000000-0000-4000-8000-000000000000"
_LEAD_SECONDS = 1.0

SERVED: Mapping[str, str] = {
    "bare 202": "bench.api_single:bare",
    "flask": "bench.api_single:flask_alone",
    "express": "api.wsgi:create_front_from_env",
}

EVENTS: Mapping[str, tuple[str, ...]] = {
    "plain": (),
    "event_id": ("event_id",),
    "token": ("token",),
    "both": ("event_id", "token"),
}


class Bare:
    """Reads the body, and answers what the API would."""

    async def __call__(self, _scope: Any, protocol: RequestProtocol) -> None:
        await protocol()
        protocol.response_bytes(202, [("Content-Type", "application/json")], b'{"a":1}')


def bare() -> Bare:
    return Bare()


def flask_alone() -> RsgiBridge:
    return create_front_from_env(has_express=False)


@dataclass(frozen=True)
class Run:
    """One run; ``latencies`` in seconds, sorted; ``cpu_seconds`` of the worker."""

    latencies: list[float]
    failed: int
    seconds: float
    cpu_seconds: float
    spooled: float

    def at(self, share: float) -> float:
        ordered = self.latencies
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--connections", default="64,16,1")
    parser.add_argument("--served", default=",".join(SERVED))
    parser.add_argument("--events", default=",".join(EVENTS))
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        serve_front(options.serve, host="127.0.0.1", port=options.port)
        return
    with tempfile.TemporaryDirectory() as name, parts(Path(name)) as env:
        print(
            f"{'served':9} {'event':9} {'conn':>4} {'events/s':>9} {'µs/event':>9} {'p50 ms':>7} "
            f"{'p99 ms':>7} {'spooled':>8} {'failed':>6} {'MB':>5}"
        )
        served = options.served.split(",")
        kinds = options.events.split(",")
        connections = [int(each) for each in options.connections.split(",")]
        measure(Path(name), env, served, kinds, connections, options.seconds, options.repeat)


@contextmanager
def parts(folder: Path) -> Iterator[Mapping[str, str]]:
    """The servers that the API needs; gives its environment."""
    secret = {"JWT_SECRET": _SECRET}
    serve = f"registry serve --data-dir {folder / 'registry'}"
    with ExitStack() as running:
        kafka = running.enter_context(broker(folder))
        create_topic(kafka, _TOPIC)
        redis = running.enter_context(redis_server(folder))
        registry = running.enter_context(python_server(folder, "registry", serve, {}))
        auth = running.enter_context(python_server(folder, "auth", "auth serve", secret))
        register_all(RestRegistry(registry.url), load_catalog())
        metrics = folder / "metrics"
        metrics.mkdir()
        yield {
            **secret,
            "KAFKA_BOOTSTRAP_SERVERS": kafka.address,
            "SCHEMA_REGISTRY_URL": registry.url,
            "REDIS_URL": redis.url,
            "AUTH_SERVICE_URL": auth.url,
            "SPOOL_DIR": str(folder / "spool"),
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        }


@contextmanager
def api(folder: Path, env: Mapping[str, str], target: str) -> Iterator[tuple[int, int]]:
    """One of the applications; gives its port and the process id of its worker."""
    port = free_port()
    command = [sys.executable, "-m", "bench.api_single", "--serve", target, "--port", str(port)]
    process = ServerProcess(command, folder / "api.log", env)
    try:
        process.wait_ready(lambda: listens(port))
        wait_until(lambda: bool(children(process.pid)), "a worker")
        yield port, children(process.pid)[0]
    finally:
        process.kill()


def measure(
    folder: Path,
    env: Mapping[str, str],
    served: list[str],
    kinds: list[str],
    connections: list[int],
    seconds: float,
    repeat: int,
) -> None:
    runs: dict[tuple[str, str, int], list[Run]] = {}
    memory: dict[str, float] = {}
    for _ in range(repeat):
        for name in served:
            with api(folder, env, SERVED[name]) as (port, worker):
                if name != "bare 202":
                    wait_until(lambda port=port: is_ready(port), "the API is ready")
                for kind, number in itertools.product(kinds, connections):
                    if name == "bare 202" and kind != kinds[0]:
                        continue
                    load = Load(port, kind)
                    asyncio.run(load.run(number, _LEAD_SECONDS))
                    runs.setdefault((name, kind, number), []).append(
                        measured(load, worker, number, seconds)
                    )
                memory[name] = resident_mb(worker)
    for (name, kind, number), found in runs.items():
        show(name, kind, number, found, memory[name])


def measured(load: Load, worker: int, connections: int, seconds: float) -> Run:
    before, spooled = cpu_seconds(worker), records(load.port)
    began = time.perf_counter()
    latencies, failed = asyncio.run(load.run(connections, seconds))
    took = time.perf_counter() - began
    cpu = cpu_seconds(worker) - before
    after = records(load.port)
    stored = {name: after[name] - spooled[name] for name in after}
    share = stored.get("spooled", 0) / max(1.0, sum(stored.values()))
    return Run(sorted(latencies), failed, took, cpu, share)


def show(name: str, kind: str, number: int, runs: list[Run], memory_mb: float) -> None:
    def median(of: Callable[[Run], float]) -> float:
        return statistics.median(map(of, runs))

    print(
        f"{name:9} {kind:9} {number:4} {median(lambda r: len(r.latencies) / r.seconds):9,.0f} "
        f"{median(lambda r: r.cpu_seconds / len(r.latencies) * 1e6):9.1f} "
        f"{median(lambda r: r.at(0.5)):7.2f} {median(lambda r: r.at(0.99)):7.2f} "
        f"{median(lambda r: r.spooled):8.2%} {sum(r.failed for r in runs):6} {memory_mb:5.0f}",
        flush=True,
    )


class Load:
    """Keep-alive connections that send one event after the other."""

    def __init__(self, port: int, kind: str) -> None:
        self.port = port
        event = {**_CLICK, "token": None}
        if "token" in EVENTS[kind]:
            now = int(time.time())
            claims = {
                "sub": str(uuid.UUID(int=1)),
                "iss": "ugc-auth",
                "iat": now - 60,
                "exp": now + 86_400,
            }
            event["token"] = jwt.encode(claims, _SECRET, "HS256")
        self._has_id = "event_id" in EVENTS[kind]
        if self._has_id:
            event["event_id"] = _EVENT_ID
        body = json.dumps(event).encode()
        head = (
            "POST /api/v1/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body
        self._before, _, self._after = self._request.partition(_EVENT_ID.encode())
        self._ids = itertools.count(time.time_ns() // 1000 % 2**40 << 20)

    def next(self) -> bytes:
        if not self._has_id:
            return self._request
        number = next(self._ids)
        event_id = b"%08x-%04x-4000-8000-%012x" % (
            number >> 64,
            number >> 48 & 0xFFFF,
            number & 0xFFFFFFFFFFFF,
        )
        return self._before + event_id[:36] + self._after

    async def run(self, connections: int, seconds: float) -> tuple[list[float], int]:
        """How long each answer took, and how many were not 202."""
        loop = asyncio.get_running_loop()
        latencies: list[float] = []
        failed: list[bytes] = []
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as tasks:
            for _ in range(connections):
                ended: asyncio.Future[None] = loop.create_future()
                connect = loop.create_connection(
                    lambda ended=ended: _Sender(self, latencies, failed, until, ended),
                    "127.0.0.1",
                    self.port,
                )
                await connect
                tasks.create_task(_awaited(ended))
        if failed:
            print(failed[0][:200], file=sys.stderr)
        return latencies, len(failed)


async def _awaited(ended: asyncio.Future[None]) -> None:
    await ended


class _Sender(asyncio.Protocol):
    """One connection. An answer of the API is small: it comes in one piece."""

    def __init__(
        self,
        load: Load,
        latencies: list[float],
        failed: list[bytes],
        until: float,
        ended: asyncio.Future[None],
    ) -> None:
        self._load = load
        self._latencies = latencies
        self._failed = failed
        self._until = until
        self._ended = ended
        self._sent = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send(time.perf_counter())

    def _send(self, now: float) -> None:
        self._sent = now
        self._transport.write(self._load.next())

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._latencies.append(now - self._sent)
        if data[9:12] != b"202":
            self._failed.append(data)
        if now < self._until:
            self._send(now)
        else:
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._ended.set_result(None)


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
            return True
    except OSError:
        return False


def records(port: int) -> dict[str, float]:
    """By where they went: see ``ugc_api_records_total``; none of an application without metrics."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    found = re.findall(r'^ugc_api_records_total\{outcome="(\w+)"\} (\S+)$', text, re.MULTILINE)
    return {name: float(number) for name, number in found}


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
