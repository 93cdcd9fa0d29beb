"""How long from 202 until a SELECT sees the row: the loader that follows, beside the scheduled one.

::

    python -m bench.follow [--rate 660] [--seconds 30] [--schedule-every 60s]

The local stack (API, Kafka, Redis, ClickHouse), a driver that sends events at times fixed in
advance, and one loader after the other as a process of its own: ``follow`` with two delays, then
the baseline, ``schedule``.  Of ten events four are clicks, four are starts and ends of page views,
the others one of each kind.  Every 50 ms a query asks each table for its highest Kafka offset; an
event is visible when that is at least its own, so a latency is up to a poll too long, never too
short.  Latencies are of the events that become rows as they are.

``cpu`` is the loader's, of user and system, per event that was sent; ``core`` the same as a share
of one core, and ``idle`` before anything was sent.  ``parts`` are the shares of a core that the
API, Kafka, Redis and ClickHouse took meanwhile; ClickHouse also answers the polls.
``inserts/min`` counts blocks of all events' tables, each of which is a part in ClickHouse.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from tests.support.processes import ServerProcess, wait_until
from ugc.local.stack import PartName, Stack, StackConfig
from ugc.local.stack.proctable import session

_TABLES = ("element_click", "quality_change", "search_filter", "video_complete")
_PARTS = (PartName.API, PartName.KAFKA, PartName.REDIS, PartName.CLICKHOUSE)
_POLL_SECONDS = 0.05
_LEAD_SECONDS = 5.0
_LATEST_SECONDS = 180.0
_TIMEOUT_SECONDS = 10.0

Accepted = tuple[str, str, float]
"""Event, event id, and when its 202 came (the clock that all processes share)."""


@dataclass(frozen=True)
class Measured:
    """One loader; times in seconds."""

    name: str
    latencies: Sequence[float]
    cpu_seconds: float
    seconds: float
    sent: int
    inserts: int
    idle: float
    parts: Mapping[str, float]

    def at(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def sample(self) -> Mapping[str, float]:
        """What the harness takes."""
        shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
        return {
            "events_per_s": self.sent / self.seconds,
            "cpu_us": self.cpu_seconds / self.sent * 1e6,
            **{name: self.at(share) * 1000 for name, share in shares.items()},
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=660.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--schedule-every", default="60s")
    parser.add_argument("--delay", help="of the one loader that follows, alone")
    parser.add_argument("--sample", action="store_true", help="the first loader, as JSON")
    parser.add_argument("--drive", metavar="PORT", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive is not None:
        asyncio.run(Driver(options.drive, options.rate).drive(options.seconds))
        return
    loaders: dict[str, tuple[list[str], float]] = {
        "follow --max-delay 2s": (["follow", "--max-delay=2s"], options.seconds),
        "follow --max-delay 500ms": (["follow", "--max-delay=500ms"], options.seconds),
        f"schedule --every {options.schedule_every}": (
            ["schedule", f"--every={options.schedule_every}"],
            max(options.seconds, 62.0),
        ),
    }
    if options.delay is not None:
        only = ["follow", f"--max-delay={options.delay}"]
        loaders = {f"follow --max-delay {options.delay}": (only, options.seconds)}
    with tempfile.TemporaryDirectory() as folder:
        config = StackConfig(
            state_dir=Path(folder),
            ports=dict.fromkeys(PartName, 0),
            parts=frozenset(PartName) - {PartName.ETL},
            alone=True,
            env={"DEBUGGER": "off"},
        )
        with Stack.start(config) as stack:
            found = [
                measure(stack, name, arguments, options.rate, seconds)
                for name, (arguments, seconds) in loaders.items()
            ]
    show(found)
    if options.sample:
        print(json.dumps(found[0].sample()))


def measure(stack: Stack, name: str, arguments: list[str], rate: float, seconds: float) -> Measured:
    log = stack.config.state_dir / f"{arguments[0]}-{time.monotonic():.0f}.log"
    command = [sys.executable, "-P", "-m", "ugc", "etl", *arguments]
    loader = ServerProcess(command, log, stack.env)
    try:
        with closing(connect(stack.env["CLICKHOUSE_URL"])) as clickhouse:
            before = inserts(clickhouse)
            wait_until(lambda: '"run"' in log.read_text() or "follow" in name, "a run")
            time.sleep(_LEAD_SECONDS)  # until it has joined the group
            before_idle = cpu_seconds(loader.pid)
            time.sleep(_LEAD_SECONDS)
            idle = (cpu_seconds(loader.pid) - before_idle) / _LEAD_SECONDS
            with watching(clickhouse) as watched:
                began, cpu = time.monotonic(), cpu_seconds(loader.pid)
                parts = {part: cpu_of(stack, part) for part in _PARTS}
                accepted = drive(stack, rate, seconds)
                spent, used = time.monotonic() - began, cpu_seconds(loader.pid) - cpu
                shares = {part: (cpu_of(stack, part) - parts[part]) / spent for part in _PARTS}
                rows = offsets(clickhouse, accepted, watched)
            latencies = [
                watched.seen_at(event, rows[event_id]) - at
                for event, event_id, at in accepted
                if event in _TABLES
            ]
            return Measured(
                name,
                latencies,
                used,
                spent,
                len(accepted),
                inserts(clickhouse) - before,
                idle,
                shares,
            )
    finally:
        loader.terminate()


def drive(stack: Stack, rate: float, seconds: float) -> list[Accepted]:
    port = stack.urls[PartName.API].rpartition(":")[2]
    options = ["--drive", port, "--rate", str(rate), "--seconds", str(seconds)]
    told = subprocess.run(
        [sys.executable, "-m", "bench.follow", *options], stdout=subprocess.PIPE, check=True
    )
    return [(event, event_id, at) for event, event_id, at in json.loads(told.stdout)]


class watching:  # noqa: N801 - a context manager
    """Asks for the highest offset of each table all the time, from a thread."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._times: dict[str, list[float]] = {table: [] for table in _TABLES}
        self._highest: dict[str, list[int]] = {table: [] for table in _TABLES}

    def __enter__(self) -> watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def highest(self, table: str) -> int:
        return self._highest[table][-1] if self._highest[table] else -1

    def seen_at(self, table: str, offset: int) -> float:
        """When a query first found the offset, or a higher one."""
        return self._times[table][bisect.bisect_left(self._highest[table], offset)]

    def _watch(self) -> None:
        parts = [
            f"SELECT '{table}' AS name, max(kafka_offset) AS highest, count() AS n FROM ugc.{table}"
            for table in _TABLES
        ]
        query = " UNION ALL ".join(parts)
        while not self._end.wait(_POLL_SECONDS):
            for row in self._clickhouse.query(query):
                highest = int(row["highest"]) if row["n"] else -1
                if highest > self.highest(row["name"]):
                    self._highest[row["name"]].append(highest)
                    self._times[row["name"]].append(time.monotonic())


def offsets(
    clickhouse: ClickHouse, accepted: Sequence[Accepted], watched: watching
) -> Mapping[str, int]:
    """Event id → Kafka offset of all rows that are to come; waits for the last of them."""
    wanted = {event_id for event, event_id, _ in accepted if event in _TABLES}
    found: dict[str, int] = {}
    deadline = time.monotonic() + _LATEST_SECONDS
    while not wanted <= found.keys():
        assert time.monotonic() < deadline, "rows are missing"
        time.sleep(1)
        for table in _TABLES:
            for row in clickhouse.query(f"SELECT event_id, kafka_offset FROM ugc.{table}"):
                found[str(row["event_id"])] = int(row["kafka_offset"])
    time.sleep(2 * _POLL_SECONDS)
    return found


def inserts(clickhouse: ClickHouse) -> int:
    """Blocks so far: the rows of one have one time of loading."""
    parts = [
        f"SELECT uniqExact(loaded_at) AS n FROM ugc.{table}" for table in (*_TABLES, "page_view")
    ]
    return sum(int(row["n"]) for row in clickhouse.query(" UNION ALL ".join(parts)))


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of(stack: Stack, part: PartName) -> float:
    """With the processes that it started."""
    return sum(cpu_seconds(each.pid) for each in session(stack.pid(part)))


def show(found: Sequence[Measured]) -> None:
    baseline = found[-1]
    print(
        f"{'loader':26} {'events':>7} {'p50 s':>7} {'p95 s':>7} {'p99 s':>7} {'max s':>7}"
        f" {'p95 ratio':>9} {'cpu us':>7} {'core':>6} {'idle':>6}"
        f" {'inserts/min':>11}  parts"
    )
    for each in found:
        sizes = " ".join(f"{each.at(share):7.2f}" for share in (0.5, 0.95, 0.99, 1.0))
        print(
            f"{each.name:26} {each.sent:7} {sizes} {each.at(0.95) / baseline.at(0.95):9.3f}"
            f" {each.cpu_seconds / each.sent * 1e6:7.0f} {each.cpu_seconds / each.seconds:6.1%}"
            f" {each.idle:6.1%} {each.inserts / each.seconds * 60:11.0f}"
            f"  {', '.join(f'{part} {share:.0%}' for part, share in each.parts.items())}"
        )


class Driver:
    """Sends each event at its time over a connection that is free, or over a new one."""

    def __init__(self, port: int, rate: float) -> None:
        self._port = port
        self._rate = rate
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._accepted: list[Accepted] = []

    async def drive(self, seconds: float) -> None:
        """Prints what was accepted."""
        messages = bodies()
        began = time.monotonic() + 0.2
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(self._rate * seconds)):
                due = began + number / self._rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                tasks.create_task(self._send(*next(messages)))
        for _, writer in self._free:
            writer.close()
        json.dump(self._accepted, sys.stdout)

    async def _send(self, event: str, event_id: str, body: bytes) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                reader, writer = await self._connection()
                writer.write(
                    b"POST /api/v1/events HTTP/1.1\r\nHost: bench\r\n"
                    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(body), body)
                )
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                self._free.append((reader, writer))
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return  # whether it was accepted is not known, so it is not counted
        if head[9:12] == b"202":
            self._accepted.append((event, event_id, time.monotonic()))

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """One that is free and that the server has not closed for idleness, or a new one."""
        while self._free:
            reader, writer = self._free.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)


def bodies() -> Iterator[tuple[str, str, bytes]]:
    """Event, event id and body of one event after the other."""
    click = {"element_type": "trailer", "page_type": "movie"}
    others: list[tuple[str, Mapping[str, Any]]] = [
        ("quality_change", {"video_id": "tt0111161", "old_quality": 720, "new_quality": 1080}),
        ("search_filter", {"search_query": "space", "filters": "genre=sci-fi"}),
        ("video_complete", {"video_id": "tt0111161", "duration_total": True}),
    ]
    for number in itertools.count():
        views = [{"page_view_id": str(uuid.uuid4()), "page_type": "movie"} for _ in range(2)]
        ten: list[tuple[str, Mapping[str, Any]]] = [
            *[("element_click", click)] * 4,
            *[("page_view_start", view) for view in views],
            others[number % 3],
            others[(number + 1) % 3],
            *[("page_view_end", view) for view in views],
        ]
        for event, data in ten:
            event_id = str(uuid.uuid4())
            body = {"event": event, "token": None, "event_id": event_id, "data": data}
            yield event, event_id, json.dumps(body).encode()


if __name__ == "__main__":
    main()
