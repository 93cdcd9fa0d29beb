"""How long the API takes for an event while its parts fail one after the other.

::

    python -m bench.api [--rate 660] [--seconds 20] [--workers 2]

The real API over the real parts, each state for ``--seconds``: all well, then Kafka, Redis,
auth_service and the registry paused (SIGSTOP: they accept connections and say nothing), stopped,
and stopped for half of the time and started again, in turn.  After each, an empty spool is waited
for.  Each state begins under load, two seconds after the driver did, and its beginning counts.
Redis knows the tokens of all users before the first.

Arrivals are fixed in advance, evenly spaced (an open loop), and a latency is counted from the time
an event was due, not from when it was sent.  The driver is a process of its own; its own lag (how
late it woke up for a due event) is printed, so that it is seen when it is the driver that is slow.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from contracts.model.loader import load_catalog
from tests.api.servers import (
    Broker,
    RestRegistry,
    Server,
    broker,
    create_topic,
    python_server,
    redis_server,
)
from tests.support.processes import ServerProcess, free_port, wait_until
from tests.support.register import register_all

_SECRET = "a secret of the bench that has 32 bytes or more"
_TOPIC = "ugc.events"
_USERS = 1_000
_TOKENS_PER_SECOND = 100.0
_LEAD_SECONDS = 2.0
_TIMEOUT_SECONDS = 10.0
_CLICK = {
    "event": "element_click",
    "data": {"element_type": "trailer", "page_type": "movie"},
}


@dataclass(frozen=True)
class Found:
    """What a run of the driver saw; times in seconds."""

    statuses: Mapping[str, int]
    latencies: list[float]
    lags: list[float]

    def at(self, share: float) -> float:
        return _at(self.latencies, share)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=660.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--drive", metavar="PORT", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--introduce", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive is not None:
        driver = Driver(options.drive, options.rate, introduces=options.introduce)
        found = asyncio.run(driver.drive(options.seconds))
        json.dump(found.__dict__, sys.stdout)
        return
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), options.rate, options.seconds, options.workers)


class Part:
    """A server that can be paused, and stopped and started again where it was."""

    def __init__(self, start: Callable[[int], AbstractContextManager[Any]]) -> None:
        self._start = start
        self.port = free_port()
        self._running = ExitStack()
        self.server: Any = self._running.enter_context(start(self.port))

    def close(self) -> None:
        self._running.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """SIGSTOP for the whole group: a server may have workers."""
        process: ServerProcess = self.server.process
        os.killpg(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGCONT)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self._running.close()
        yield
        self.server = self._running.enter_context(self._start(self.port))


def measure(folder: Path, rate: float, seconds: float, workers: int) -> None:
    secret = {"JWT_SECRET": _SECRET}
    serve = f"registry serve --data-dir {folder / 'registry'}"
    with ExitStack() as running:
        kafka = running.enter_context(closing(Part(lambda port: topic_holder(folder, port))))
        redis = running.enter_context(closing(Part(lambda port: redis_server(folder, port=port))))
        registry = running.enter_context(
            closing(Part(lambda port: python_server(folder, "registry", serve, {}, port=port)))
        )
        auth = running.enter_context(
            closing(
                Part(lambda port: python_server(folder, "auth", "auth serve", secret, port=port))
            )
        )
        register_all(RestRegistry(registry.server.url), load_catalog())
        env = {
            **secret,
            "KAFKA_BOOTSTRAP_SERVERS": kafka.server.address,
            "SCHEMA_REGISTRY_URL": registry.server.url,
            "REDIS_URL": redis.server.url,
            "AUTH_SERVICE_URL": auth.server.url,
            "SPOOL_DIR": str(folder / "spool"),
        }
        command = f"api serve --workers {workers}"
        api = running.enter_context(python_server(folder, "api", command, env))
        wait_until(lambda: _ready(api), "the API is ready")
        introduce(api)
        print(_HEAD)
        baseline = run_driver(api, rate, seconds)
        show("all well", baseline, baseline)
        parts = {"Kafka": kafka, "Redis": redis, "auth_service": auth, "registry": registry}
        for name, part in parts.items():
            for state, fault, share in (
                ("paused", part.paused, None),
                ("stopped", part.stopped, None),
                ("restarted", part.stopped, 0.5),
            ):
                found = run_driver(api, rate, seconds, fault, share)
                show(f"{name} {state}", found, baseline)
                wait_until(lambda: _whole(api), "the spool is empty", 120)
        show("all well again", run_driver(api, rate, seconds), baseline)


@contextmanager
def topic_holder(folder: Path, port: int) -> Iterator[Broker]:
    """A broker with the topic. It keeps nothing, so a stop loses what was in it."""
    with broker(folder, port=port) as running:
        create_topic(running, _TOPIC)
        yield running


def run_driver(
    api: Server,
    rate: float,
    seconds: float,
    fault: Callable[[], AbstractContextManager[None]] = nullcontext,
    share: float | None = None,
) -> Found:
    """The driver in a process of its own.

    The fault begins when its lead is over, and ends with it, or after that share of the time.
    """
    options = ["--rate", str(rate), "--seconds", str(seconds)]
    with _driver(api, options) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with fault():
            if share is None:
                told = process.stdout.read()
            else:
                time.sleep(seconds * share)
        if share is not None:
            told = process.stdout.read()
    return Found(**json.loads(told))


def introduce(api: Server) -> None:
    """One event of each user, so slowly that auth_service can judge all tokens."""
    seconds = _USERS / _TOKENS_PER_SECOND - _LEAD_SECONDS
    options = ["--rate", str(_TOKENS_PER_SECOND), "--seconds", str(seconds), "--introduce"]
    with _driver(api, options) as process:
        assert process.stdout is not None
        process.stdout.read()


def _driver(api: Server, options: Sequence[str]) -> subprocess.Popen[bytes]:
    port = api.url.rpartition(":")[2]
    command = [sys.executable, "-m", "bench.api", "--drive", port, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


class Driver:
    """Sends each event at its time over a connection that is free, or over a new one."""

    def __init__(self, port: int, rate: float, *, introduces: bool) -> None:
        self._port = port
        self._rate = rate
        self._requests = itertools.cycle(_requests(introduces=introduces))
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []

    async def drive(self, seconds: float) -> Found:
        """Writes a line when the lead is over; what is due after it counts."""
        lags: list[float] = []
        lead = int(self._rate * _LEAD_SECONDS)
        began = time.monotonic() + 0.2
        async with asyncio.TaskGroup() as tasks:
            for number in range(lead + int(self._rate * seconds)):
                due = began + number / self._rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if number == lead:
                    print(flush=True)
                lags.append(time.monotonic() - due)
                request = next(self._requests)
                tasks.create_task(self._send(due, request, counts=number >= lead))
        for _, writer in self._free:
            writer.close()
        return Found(dict(self._statuses), self._latencies, lags[lead:])

    async def _send(self, due: float, request: bytes, *, counts: bool) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                reader, writer = await self._connection()
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                self._free.append((reader, writer))
                status = head[9:12].decode()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            status = type(error).__name__
        if counts:
            self._statuses[status] += 1
            self._latencies.append(time.monotonic() - due)

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """One that is free and that the server has not closed for idleness, or a new one."""
        while self._free:
            reader, writer = self._free.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)


def _requests(*, introduces: bool) -> list[bytes]:
    """Many events of some users, half of them with an id of their own; made before the start.

    The users and their tokens are the same in every state, each as likely as any other to send the
    next event; or all in turn, for a driver that introduces them.
    """
    today = int(time.time()) // 86_400 * 86_400
    times = {"iat": today - 86_400, "exp": today + 2 * 86_400}
    users = [str(uuid.UUID(int=number)) for number in range(_USERS)]
    claims = [{"sub": user, "iss": "ugc-auth", **times} for user in users]
    tokens = [jwt.encode(each, _SECRET, "HS256") for each in claims]
    made = []
    for number in range(20_000):
        token = tokens[number % _USERS] if introduces else random.choice(tokens)
        event = {**_CLICK, "token": token}
        if number % 2:
            event["event_id"] = str(uuid.uuid4())
        body = json.dumps(event).encode()
        head = (
            "POST /api/v1/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


_HEAD = (
    f"{'state':22} {'sent':>6} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7} {'p99 ratio':>9} "
    f"{'lag p99':>7}  answers (times in ms)"
)


def show(state: str, found: Found, baseline: Found) -> None:
    sizes = " ".join(f"{found.at(share) * 1000:7.1f}" for share in (0.5, 0.95, 0.99, 1.0))
    ratio = found.at(0.99) / baseline.at(0.99)
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items()))
    lag = _at(found.lags, 0.99) * 1000
    print(f"{state:22} {len(found.latencies):6} {sizes} {ratio:9.1f} {lag:7.1f}  {answers}")
    sys.stdout.flush()


def _at(numbers: list[float], share: float) -> float:
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _ready(api: Server) -> bool:
    try:
        with urllib.request.urlopen(f"{api.url}/health/ready", timeout=5):
            return True
    except urllib.error.HTTPError:
        return False


def _whole(api: Server) -> bool:
    """Whether no worker has anything left in its spool. Breakers close by the next event."""
    with urllib.request.urlopen(f"{api.url}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    states = re.findall(r"^ugc_api_(?:spool_bytes|spool_in_use)\S* (\S+)$", text, re.MULTILINE)
    return bool(states) and not any(float(each) for each in states)


if __name__ == "__main__":
    main()
