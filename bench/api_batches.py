"""What a worker of the API does with batches, up to more of them than it can store.

::

    python -m bench.api_batches [--events 500] [--connections 1 4 16 32] [--seconds 8]

One worker over real parts (Tansu for Kafka); each connection sends a batch as soon as its last one
was answered, and waits for ``--pause`` seconds when it was refused.  The driver is a process of its
own.  For each number of connections: events that were stored in a second, how many of them went to
the spool and not straight to Kafka, the processor's time in the worker for each of them, how long
an answer took, and the answers by status (of requests; below 207 all events were alike).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

from tests.api.servers import Server
from tests.api.test_stack import api_over, running_stack
from tests.api.world import CLICK
from tests.support.processes import wait_until

_HEAD = (
    f"{'connections':>11} {'events/s':>9} {'spooled':>8} {'CPU µs':>7} {'p50 ms':>7} {'p99 ms':>7}"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 4, 16, 32])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--pause", type=float, default=0.5)
    parser.add_argument("--drive", metavar="PORT", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive is not None:
        driver = Driver(options.drive, options.events, options.seconds, options.pause)
        json.dump(asyncio.run(driver.drive(options.connections[0])), sys.stdout)
        return
    with (
        tempfile.TemporaryDirectory() as name,
        running_stack(Path(name)) as stack,
        api_over(stack) as api,
    ):
        print(f"batches of {options.events}\n{_HEAD}  answers", flush=True)
        measure(api, options, 1, 2.0)
        for connections in options.connections:
            print(measure(api, options, connections, options.seconds), flush=True)


def measure(api: Server, options: argparse.Namespace, connections: int, seconds: float) -> str:
    """One run of the driver; what is in the spool afterwards is waited for before the next."""
    before, cpu_before = _records(api), _cpu_seconds(api)
    command = [sys.executable, "-m", "bench.api_batches", "--drive", api.url.rpartition(":")[2]]
    command += ["--events", str(options.events), "--connections", str(connections)]
    command += ["--seconds", str(seconds), "--pause", str(options.pause)]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    cpu = _cpu_seconds(api) - cpu_before
    wait_until(lambda: not _spool_bytes(api), "the spool is empty", 120)
    wait_until(lambda: _records(api).total() - before.total() >= found["stored"], "all is counted")
    now = _records(api)
    stored, spooled = found["stored"], now["spooled"] - before["spooled"]
    latencies = sorted(found["latencies"]) or [0.0]
    return (
        f"{connections:11} {stored / found['seconds']:9,.0f} {spooled / max(1, stored):8.1%}"
        f" {cpu / max(1, stored) * 1e6:7.1f} {_at(latencies, 0.5):7.0f} {_at(latencies, 0.99):7.0f}"
        f"  {found['statuses']}"
    )


class Driver:
    """Connections that send batches one after the other, for a time."""

    def __init__(self, port: int, events: int, seconds: float, pause_seconds: float) -> None:
        body = json.dumps([CLICK] * events).encode()
        head = (
            "POST /api/v1/events/batch HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json"
            f"\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body
        self._port = port
        self._seconds = seconds
        self._pause_seconds = pause_seconds
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._stored = 0

    async def drive(self, connections: int) -> dict[str, object]:
        """What came of it; latencies of what was stored, in ms."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(connections):
                tasks.create_task(self._send_all(began + self._seconds))
        return {
            "stored": self._stored,
            "seconds": time.monotonic() - began,
            "statuses": dict(self._statuses),
            "latencies": self._latencies,
        }

    async def _send_all(self, until: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while time.monotonic() < until:
            began = time.monotonic()
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            status = head[9:12].decode()
            stored = json.loads(body)["accepted"] if status == "207" else 0
            self._statuses[status if stored or status != "207" else "207, none stored"] += 1
            self._stored += stored
            if stored:
                self._latencies.append((time.monotonic() - began) * 1000)
            else:
                await asyncio.sleep(self._pause_seconds)
        writer.close()


def _metrics(api: Server) -> str:
    with urllib.request.urlopen(f"{api.url}/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def _records(api: Server) -> Counter[str]:
    """Records by where they went; the worker writes them down every second."""
    found = re.findall(r'^ugc_api_records_total{outcome="(\w+)"} (\S+)$', _metrics(api), re.M)
    return Counter({outcome: int(float(number)) for outcome, number in found})


def _spool_bytes(api: Server) -> float:
    return sum(map(float, re.findall(r"^ugc_api_spool_bytes\S* (\S+)$", _metrics(api), re.M)))


def _cpu_seconds(api: Server) -> float:
    """Processor time of the worker since its start (Linux)."""
    (worker,) = api.process.children()
    fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    main()
