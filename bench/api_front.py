"""What an event costs the API's own code, all its threads, without the server and the sockets.

::

    python -m bench.api_front [--tree before=/tmp/before] [--only paced-known,closed-64]

The front is called in a process of its own, on uvloop, as granian calls it, over a real broker,
Redis, registry and auth_service; its processor time hardly depends on what else the machine does.
``--tree`` measures the code of another tree in turns with this one.  *Paced* sends each event
alone, a millisecond after the answer to the one before; *closed* so many at a time; *known* events
bear an id and one of 200 tokens.  Redis and Kafka are waited for longer than by default, so that
neither a breaker nor the spool comes into it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_PAUSE_SECONDS = 0.001
_CLICK = {"event": "element_click", "data": {"element_type": "trailer", "page_type": "movie"}}
_HOLE = "11111111-2222-4333-8444-555555555555"
_LOADS: Mapping[str, tuple[int, int, bool, int]] = {
    # name: at a time (0: paced), events in a request, known, requests
    "paced": (0, 1, False, 1_000),
    "paced-known": (0, 1, True, 1_000),
    "closed-1": (1, 1, False, 1_500),
    "closed-64": (64, 1, False, 8_000),
    "closed-known-64": (64, 1, True, 8_000),
    "batch-1": (1, 500, False, 40),
    "batch-4": (4, 500, False, 60),
    "batch-known-4": (4, 500, True, 40),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--only", default=",".join(_LOADS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--drive", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        drive()
        return
    trees = {**dict(each.split("=", 1) for each in options.tree), "this": str(_ROOT)}
    found: dict[tuple[str, str], list[list[float]]] = {}
    with ExitStack() as running:
        drivers = dict(started(running, trees))
        for _, load in itertools.product(range(options.rounds), options.only.split(",")):
            for name, each in drivers.items():
                found.setdefault((load, name), []).append(asked(each, load))
    print(f"{'load':16} {'tree':8} {'µs/event':>9} {'switches':>9} {'p50 ms':>7}")
    for (load, name), rounds in found.items():
        cpu, switches, p50 = (statistics.median(each) for each in zip(*rounds, strict=True))
        print(f"{load:16} {name:8} {cpu:9.1f} {switches:9.2f} {p50:7.2f}")


def started(running: ExitStack, trees: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """A driver for each tree, over the same parts."""
    from bench.harness.stack import parts

    folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
    components = running.enter_context(parts(folder))
    for name, tree in trees.items():
        (metrics := folder / f"metrics-{name}").mkdir()
        env = {
            **os.environ,
            **components.env,
            "KAFKA_TOPIC": components.topic("bench.api"),
            "SPOOL_DIR": str(folder / f"spool-{name}"),
            "DUPLICATE_TIMEOUT_SECONDS": "1",
            "PUBLISH_TIMEOUT_SECONDS": "1",
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "PYTHONPATH": tree,
            "PYTHONSAFEPATH": "1",
        }
        command = [sys.executable, __file__, "--drive"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, text=True)
        running.callback(process.wait, 30)
        assert process.stdin is not None
        running.callback(process.stdin.close)
        yield name, process


def asked(process: Any, load: str) -> list[float]:
    """µs of processor and switches for each event, and the median latency of requests in ms."""
    process.stdin.write(load + "\n")
    process.stdin.flush()
    found: list[float] = json.loads(process.stdout.readline())
    return found


def drive() -> None:
    """Does what each line of standard input says; the answers are lines, too."""
    import uvloop

    from api.wsgi import create_front_from_env

    front = create_front_from_env()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            print(json.dumps(runner.run(measured(front, line.strip()))), flush=True)
        front.__rsgi_del__(runner.get_loop())


async def measured(front: Any, load: str) -> list[float]:
    together, events, is_known, number = _LOADS[load]
    send = sender(front, events, is_known)
    for _ in range(250 if is_known and events == 1 else 20):
        await send()
    latencies: list[float] = []

    async def one() -> None:
        began = time.perf_counter()
        await send()
        latencies.append(time.perf_counter() - began)

    async def line(count: int) -> None:
        for _ in range(count):
            await one()

    before = used()
    if together:
        await asyncio.gather(*(line(number // together) for _ in range(together)))
    else:
        for _ in range(number):
            await one()
            await asyncio.sleep(_PAUSE_SECONDS)
    done = len(latencies) * events
    cpu, switches = (after - was for after, was in zip(used(), before, strict=True))
    return [cpu / done * 1e6, switches / done, statistics.median(latencies) * 1e3]


def used() -> tuple[float, float]:
    """Processor seconds and context switches of this process so far."""
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime, found.ru_nvcsw + found.ru_nivcsw


class Headers(dict[str, str]):
    """Of a request; granian's give a list of pairs."""


class Request:
    """A request as granian gives it, scope and protocol in one, and its answer."""

    http_version, method, query_string, scheme = "1", "POST", "", "http"
    client, server = "127.0.0.1:1", "127.0.0.1:80"

    def __init__(self, path: str, body: bytes, ended: asyncio.Future[int]) -> None:
        self.path, self._body, self._ended = path, body, ended
        self._loop = ended.get_loop()
        length = str(len(body))
        self.headers = Headers(
            {"host": "bench", "content-type": "application/json", "content-length": length}
        )

    async def __call__(self) -> bytes:
        return self._body

    async def __aiter__(self) -> Any:
        yield self._body
        yield b""

    def response_bytes(self, status: int, _headers: list[tuple[str, str]], _body: bytes) -> None:
        self._loop.call_soon_threadsafe(self._ended.set_result, status)


def sender(front: Any, events: int, is_known: bool) -> Callable[[], Any]:
    """What sends one request and waits for its answer."""
    import random

    import jwt

    secret = os.environ["JWT_SECRET"]
    now = int(time.time()) // 86_400 * 86_400
    times = {"iat": now - 86_400, "exp": now + 2 * 86_400}
    tokens: list[str | None] = [None]
    if is_known:
        users = [f"00000000-0000-4000-8000-{number:012x}" for number in range(200)]
        tokens = [
            jwt.encode({"sub": u, "iss": "ugc-auth", **times}, secret, "HS256") for u in users
        ]
    shown = [
        {**_CLICK, "token": each, **({"event_id": _HOLE} if is_known else {})} for each in tokens
    ]
    documents = [[each] * events if events > 1 else each for each in shown]
    bodies = [
        json.dumps(each, separators=(",", ":")).encode().split(_HOLE.encode()) for each in documents
    ]
    turns = itertools.cycle(bodies)
    path = "/api/v1/events/batch" if events > 1 else "/api/v1/events"
    front_id, numbers = f"{random.getrandbits(32):08x}-1111-4000-8000-".encode(), itertools.count()

    async def send() -> None:
        first, *others = next(turns)
        body = first + b"".join(b"%b%012x%b" % (front_id, next(numbers), each) for each in others)
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        request = Request(path, body, ended)
        await front(request, request)
        assert await ended in (202, 207), ended.result()

    return send


if __name__ == "__main__":
    main()
