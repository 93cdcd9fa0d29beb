"""The sweep of open views in a real Redis, against scanning for them.

Few are due: the baseline is requirement L4 taken literally, which scans both dbs for keys of the
second that are absent from the first; ours is finding them by the index.

All are due: the baseline is the bare reading of the same keys, by pipelined commands, with nothing
made of them; ours is a whole sweep, with rows made and thrown away, and views booked.

    python -m bench.etl_sweep [--views 1000000]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import redis

from bench.etl_memory import Nowhere
from etl.app import never, utc_now
from etl.config import RunPolicy
from etl.run.context import RunContext
from etl.run.lanes import Threads
from etl.run.load import Loader
from etl.run.report import Tally
from etl.run.sessions import SessionStep
from etl.sessions.pairing import milliseconds, plan_for
from etl.sessions.redis_store import RedisSessionStore
from etl.sessions.store import SessionEvent, Side
from etl.source import Span
from etl.testing.kafka import MemoryDeadLetters
from etl.testing.ledger import MemoryLedger
from registry.serde import Decoder
from tests.api.servers import redis_server
from tests.etl.world import CATALOG, Producer

HOUR_MS = 3_600_000
DUE = 1_000
BATCH = 500


def half(number: int, due_ms: int) -> SessionEvent:
    payload = (
        b'{"at":%d,"partition":0,"offset":%d,"keys":["%032x"],"user":"u%d","carry":["movie"]}'
        % (due_ms - 12 * HOUR_MS, number, number, number)
    )
    return SessionEvent(
        prefix="pv",
        session=f"pv:{number:032x}.u{number}",
        side=Side.START,
        location=f"0:{number}",
        expires_ms=due_ms,
        forget_ms=due_ms + 12 * HOUR_MS,
        payload=payload,
    )


def timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def cpu_of(client: redis.Redis) -> float:
    """Seconds of processor that the server has used."""
    found = client.info("cpu")
    return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])


def fill(store: RedisSessionStore, views: int, due_ms: Callable[[int], int]) -> None:
    store.adopt({0: 0})
    for first in range(0, views, BATCH):
        last = min(views, first + BATCH)
        halves = [half(number, due_ms(number)) for number in range(first, last)]
        store.apply({0: Span(first, last)}, halves)


def scan_both(client: redis.Redis, markers: redis.Redis) -> None:
    """What the requirement says, read literally."""
    names = list(client.scan_iter("pv:*.*", count=1_000))
    for first in range(0, len(names), 1_000):
        with markers.pipeline(transaction=False) as together:
            for name in names[first : first + 1_000]:
                together.exists(name)
            together.execute()


def read_all(client: redis.Redis, markers: redis.Redis) -> None:
    """Every open view and its marker, one command each, in pipelines."""
    for first in range(0, client.zcard("pv:due:s"), BATCH):
        names = client.zrange("pv:due:s", first, first + BATCH - 1)
        with markers.pipeline(transaction=False) as together:
            for name in names:
                together.exists(name)
            together.execute()
        with client.pipeline(transaction=False) as together:
            for name in names:
                together.hgetall(name)
            together.execute()


def find_due(store: RedisSessionStore, now_ms: int) -> None:
    found, skip = 0, 0
    while True:
        page = store.expired("pv", Side.START, now_ms, skip=skip, limit=BATCH)
        found, skip = found + len(page.states), skip + page.looked_at
        if page.looked_at < BATCH:
            break
    assert found == DUE, found


def context_of(store: RedisSessionStore) -> RunContext:
    return RunContext(
        topic="ugc.events",
        decoder=Decoder(CATALOG, Producer(CATALOG, utc_now).registry),
        plan=plan_for(CATALOG),
        store=store,
        ledger=MemoryLedger(),
        runs=Nowhere(),
        loader=Loader(Nowhere(), CATALOG, sleep=time.sleep),
        dead_letters=MemoryDeadLetters(),
        policy=RunPolicy(),
        clock=utc_now,
    )


def swept(
    store: RedisSessionStore, client: redis.Redis, views: int, now_ms: int
) -> tuple[float, float, float]:
    """Sweeps all views, which are due; seconds by the clock, of the loader, and of Redis."""
    with closing(Threads()) as lanes:
        context, tally = replace(context_of(store), lanes=lanes), Tally()
        step = SessionStep(context)
        loader, server = time.process_time(), cpu_of(client)
        seconds = timed(lambda: step.expire(now_ms, tally, never))
    loader, server = time.process_time() - loader, cpu_of(client) - server
    totals = step.totals()
    assert tally.pairs(totals, totals)["page_view"].unpaired == views
    return seconds, loader, server


def sample(
    store: RedisSessionStore, client: redis.Redis, views: int, now_ms: int
) -> dict[str, float]:
    """What the harness takes."""
    fill(store, views, lambda _number: now_ms - HOUR_MS)
    seconds, loader, server = swept(store, client, views, now_ms)
    return {
        "events_per_s": views / seconds,
        "seconds_per_million": seconds / views * 1e6,
        "cpu_us": loader / views * 1e6,
        "redis_us": server / views * 1e6,
        "memory_mb": getrusage(RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=1_000_000)
    parser.add_argument("--sample", action="store_true", help="the sweep alone, as JSON")
    options = parser.parse_args()
    views: int = options.views
    now_ms = milliseconds(utc_now())
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server(Path(folder)) as server,
        closing(
            RedisSessionStore.connect(server.url, "t", dedup_window_seconds=60, timeout_seconds=60)
        ) as store,
        redis.Redis.from_url(server.url, db=2) as client,
        redis.Redis.from_url(server.url, db=1) as markers,
    ):
        if options.sample:
            print(json.dumps(sample(store, client, views, now_ms)))
            return
        fill(store, views, lambda n: now_ms - HOUR_MS if n < DUE else now_ms + 11 * HOUR_MS)
        scan = timed(lambda: scan_both(client, markers))
        print(f"{views} views open, {DUE} of them due")
        print(f"  scanning both dbs  {scan:9.3f} s  1 (baseline)")
        index = timed(lambda: find_due(store, now_ms))
        print(f"  by the index       {index:9.3f} s  {index / scan:.5f}")
        client.flushall(asynchronous=True)
        fill(store, views, lambda _number: now_ms - HOUR_MS)
        bare = timed(lambda: read_all(client, markers))
        print(f"{views} views open, all of them due")
        print(f"  bare reading       {bare:9.3f} s  1 (baseline)")
        sweep, loader_seconds, redis_seconds = swept(store, client, views, now_ms)
        print(f"  swept, with rows   {sweep:9.3f} s  {sweep / bare:.2f}")
        print(
            f"  processor time: loader {loader_seconds:.3f} s, Redis {redis_seconds:.3f} s;"
            f" peak RSS of the loader {getrusage(RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
        )


if __name__ == "__main__":
    main()
