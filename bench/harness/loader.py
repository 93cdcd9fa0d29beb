"""The loader and its baselines, measured over the same backlogs.

A run is a process from its start to its end. The time and the processor's time of a run over an
empty topic, in the same round, are taken off: what is left is the cost of the messages.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx2
from redis import Redis

from bench.harness.api import Measured
from bench.harness.backlogs import fill
from bench.harness.cases import NATIVE_CASES, LoaderCase
from bench.harness.machine import MEASURED_CORE, OTHER_CORE, cpu_seconds, on_core, peak_memory_mb
from bench.harness.stack import Parts, require_programs
from tests.api.servers import Server, python_server
from tests.fullstack.clickhouse_server import PROGRAM, ClickHouseServer, clickhouse_server

_LOOK_SECONDS = 0.05
_EMPTY = "bench.empty"


class WrongRunError(Exception):
    """A loader failed, or did not load what was there."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took."""

    seconds: float
    cpu_seconds: float
    memory_mb: float
    told: str


@dataclass(frozen=True, kw_only=True)
class Warehouse:
    """Where rows go: the local stack's ClickHouse over HTTP, and Debian's for clickhouse-driver."""

    local: Server
    native: ClickHouseServer | None

    @property
    def env(self) -> Mapping[str, str]:
        native = "" if self.native is None else self.native.url("baseline")
        return {"CLICKHOUSE_URL": self.local.url, "BASELINE_CLICKHOUSE_URL": native}

    def empty(self) -> None:
        """Drops all tables."""
        urls = [self.local.url]
        if self.native is not None:
            urls.append(self.native.http_url)
        for url in urls:
            for database in ("ugc", "baseline"):
                httpx2.post(url, content=f"DROP DATABASE IF EXISTS {database}").raise_for_status()
            httpx2.post(url, content="CREATE DATABASE baseline").raise_for_status()


@contextmanager
def warehouse(parts: Parts, cases: tuple[LoaderCase, ...]) -> Iterator[Warehouse]:
    """The servers that the cases need, on the other core.

    Raises:
        MissingServerError: clickhouse-server is not installed, and a case needs it.
    """
    folder = parts.folder / "clickhouse"
    folder.mkdir()
    with ExitStack() as running, on_core(OTHER_CORE):
        serve = f"clickhouse serve --data-dir {folder / 'local'}"
        local = running.enter_context(python_server(folder, "local", serve, {}))
        native = None
        if any(case.name in NATIVE_CASES for case in cases):
            require_programs(PROGRAM)
            native = running.enter_context(clickhouse_server(folder))
        yield Warehouse(local=local, native=native)


def measure(parts: Parts, store: Warehouse, case: LoaderCase, topic: str, size: int) -> Measured:
    """One round: nothing, then the backlog.

    Raises:
        WrongRunError: see there.
    """
    with Redis.from_url(parts.redis.url) as redis:
        redis.flushall()
    store.empty()
    if case.module is None:
        load_topic(parts, store, case, parts.topic(_EMPTY))  # makes the tables
    idle = load_topic(parts, store, case, parts.topic(_EMPTY))
    redis_before = cpu_seconds(parts.redis.process.pid)
    spent = load_topic(parts, store, case, topic)
    redis_used = cpu_seconds(parts.redis.process.pid) - redis_before
    require_right(case, spent, size)
    sample = {
        "cpu_us": (spent.cpu_seconds - idle.cpu_seconds) / size * 1e6,
        "memory_mb": spent.memory_mb,
        "start_seconds": idle.seconds,
    }
    # On a busy machine a start may take longer than another and its work: then nothing is known.
    if (seconds := spent.seconds - idle.seconds) > 0:
        sample["events_per_s"] = size / seconds
    if case.module is None:
        sample["redis_us"] = redis_used / size * 1e6
    return Measured(sample, {})


def load_topic(parts: Parts, store: Warehouse, case: LoaderCase, topic: str) -> Spent:
    module = ["ugc", "etl", "run", "--json"] if case.module is None else [case.module]
    group = f"bench-{uuid.uuid4().hex}"
    env = {**parts.env, **store.env, "KAFKA_TOPIC": topic, "KAFKA_GROUP_ID": group}
    log = parts.folder / "loader.log"
    with on_core(MEASURED_CORE), log.open("wb") as errors:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        told, memory_mb = _followed(process)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise WrongRunError(f"{case.name} ended with {process.returncode}: {log.read_text()}")
    return Spent(seconds, usage.ru_utime + usage.ru_stime, memory_mb, told)


def _followed(process: subprocess.Popen[bytes]) -> tuple[str, float]:
    """What a process prints until its end, and the most memory it was seen to have.

    The kernel's own figure for a child that has ended is that of the parent, if it is the larger.
    """
    assert process.stdout is not None
    pieces, memory_mb = [], 0.0
    with process.stdout as out:
        while True:
            is_told = select.select([out], [], [], _LOOK_SECONDS)[0]
            memory_mb = max(memory_mb, peak_memory_mb(process.pid))
            if is_told:
                if not (piece := os.read(out.fileno(), 65_536)):
                    return b"".join(pieces).decode(), memory_mb
                pieces.append(piece)


def require_right(case: LoaderCase, spent: Spent, size: int) -> None:
    last = spent.told.splitlines()[-1]
    if case.module is None:
        report = json.loads(last)
        loaded, is_right = report["consumed"], report["balanced"]
    else:
        loaded, is_right = int(last), True
    if loaded != size or not is_right:
        raise WrongRunError(f"{case.name} loaded {loaded} of {size} messages: {last}")


def backlogs(parts: Parts, cases: tuple[LoaderCase, ...], size: int) -> Mapping[str, str]:
    """Kind → topic, for those that the cases need, on the other core."""
    with on_core(OTHER_CORE):
        return {kind: fill(parts, kind, size) for kind in sorted({each.backlog for each in cases})}
