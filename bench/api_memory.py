"""What a worker of the API holds in memory under requests that are refused.

::

    python -m bench.api_memory [--requests 60000] [--senders 8] [--arenas 2]

The real API over real parts; the requests are those of ``tests/api/http/test_wire.py``, good and
broken HTTP, and a batch of three hundred events each of which breaks its contract. A tenth at a
time, the resident memory of the worker and its threads are printed. ``--arenas`` sets
MALLOC_ARENA_MAX, the number of heaps that glibc keeps for threads.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tests.api.http.test_wire import BODY, CASES
from tests.api.servers import Server
from tests.api.test_stack import api_over, running_stack
from tests.api.world import CLICK

_STEPS = 10
_TIMEOUT_SECONDS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=60_000)
    parser.add_argument("--senders", type=int, default=8)
    parser.add_argument("--arenas", type=int)
    options = parser.parse_args()
    settings = {} if options.arenas is None else {"MALLOC_ARENA_MAX": str(options.arenas)}
    with (
        tempfile.TemporaryDirectory() as name,
        running_stack(Path(name)) as stack,
        api_over(stack, **settings) as api,
    ):
        print(f"at the start: {_used(api)}", flush=True)
        each = options.requests // _STEPS // options.senders
        for step in range(1, _STEPS + 1):
            with ThreadPoolExecutor(options.senders) as threads:
                list(threads.map(lambda seed: _send(api, each, seed), range(options.senders)))
            print(f"{step * each * options.senders:,} requests: {_used(api)}", flush=True)


def _used(api: Server) -> str:
    (worker,) = api.process.children()
    status = Path(f"/proc/{worker}/status").read_text()
    found = dict(re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE))
    return f"{int(found['VmRSS']) / 1024:.0f} MB, {found['Threads']} threads"


def _send(api: Server, number: int, seed: int) -> None:
    rng = random.Random(seed)
    requests = [case.sent.replace(BODY, json.dumps(CLICK).encode()) for case in CASES.values()]
    requests.append(_bad_batch())
    host, port = api.url.removeprefix("http://").split(":")
    for _ in range(number):
        with (
            suppress(OSError),
            socket.create_connection((host, int(port)), timeout=_TIMEOUT_SECONDS) as connection,
        ):
            connection.sendall(rng.choice(requests))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass


def _bad_batch() -> bytes:
    event = {**CLICK, "data": {"a" * 200: [1] * 50}}
    body = json.dumps([event] * 300).encode()
    head = b"POST /api/v1/events/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


if __name__ == "__main__":
    main()
