"""Pairs of page views in a backlog, through the loader's session step and a real Redis.

The baseline gives the store every start and every end by itself, whatever chunk they lie in. Ours
joins those that lie in one chunk first ("together"); "apart" is a backlog whose starts all lie in
chunks before those of their ends, so that nothing can be joined.  Messages are decoded beforehand,
and rows are made and thrown away.  Processor time of both processes, in µs per pair; the ways
take turns, and the median of the rounds counts.

    python -m bench.pairs [--pairs 50000] [--rounds 3] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import statistics
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import redis

from bench.etl_sweep import context_of, cpu_of
from contracts.message import Message
from etl.app import utc_now
from etl.run.derived import columns_of, loadables
from etl.run.report import Tally
from etl.run.sessions import Lost, SessionStep
from etl.sessions.redis_store import RedisSessionStore
from etl.source import Chunk, RawMessage, Span
from tests.api.servers import redis_server
from tests.etl.world import END, START

CHUNK = 20_000
NOTHING_LOST = Lost({}, None)
Backlog = list[tuple[RawMessage, Message]]


def backlog(pairs: int, *, together: bool) -> Backlog:
    """Starts and their ends: each behind the other, or all starts before all ends."""
    now = utc_now().replace(microsecond=0)
    at_ms = int(now.timestamp() * 1000)
    halves = [(number, event) for number in range(pairs) for event in (START, END)]
    if not together:
        halves.sort(key=lambda half: half[1] == END)
    found = []
    for offset, (number, event) in enumerate(halves):
        raw = RawMessage("t", 0, offset, event.encode(), b"\0" * 60, at_ms)
        message = Message(
            event_id=uuid.UUID(int=offset),
            event=event,
            user_id=f"user-{number % 1000}",
            timestamp=now,
            contract_version=1,
            data={"page_view_id": uuid.UUID(int=number), "page_type": "movie"},
        )
        found.append((raw, message))
    return found


def chunks(messages: Backlog) -> Sequence[tuple[Chunk, Backlog]]:
    return [
        (
            Chunk([raw for raw, _ in part], {0: Span(part[0][0].offset, part[-1][0].offset + 1)}),
            part,
        )
        for part in (messages[first : first + CHUNK] for first in range(0, len(messages), CHUNK))
    ]


class Way:
    """One way to give a backlog to a store, and what it cost."""

    def __init__(self, name: str, messages: Backlog, *, joins: bool) -> None:
        self.name = name
        self._chunks = chunks(messages)
        self._pairs = len(messages) / 2
        self._joins = joins
        self.loader: list[float] = []
        self.rows: list[float] = []
        self.server: list[float] = []
        self.wall: list[float] = []

    def go(self, store: RedisSessionStore, client: redis.Redis) -> None:
        client.flushall()
        store.adopt({0: 0})
        context, tally = context_of(store), Tally()
        step = SessionStep(context, joins=self._joins)
        server, wall, loader, rows_took = cpu_of(client), time.perf_counter(), 0.0, 0.0
        for chunk, messages in self._chunks:
            began = time.process_time()
            rows = step.apply(chunk, messages, NOTHING_LOST, tally)
            applied = time.process_time()
            if self._joins:
                context.loader.load_columns(columns_of(context.loader, rows), utc_now())
            else:
                context.loader.load(loadables(rows), utc_now())
            loaded = time.process_time()
            step.settle(rows, tally)
            loader += time.process_time() - loaded + applied - began
            rows_took += loaded - applied
        totals = store.totals("pv")
        assert totals.paired == self._pairs, totals
        for costs, seconds in (
            (self.loader, loader),
            (self.rows, rows_took),
            (self.server, cpu_of(client) - server),
            (self.wall, time.perf_counter() - wall),
        ):
            costs.append(seconds / self._pairs * 1e6)

    def told(self, baseline: Way) -> str:
        loader, rows, server, wall = map(
            statistics.median, (self.loader, self.rows, self.server, self.wall)
        )
        parts = (baseline.loader, baseline.rows, baseline.server)
        of_baseline = sum(map(statistics.median, parts))
        return (
            f"{self.name:26} loader {loader:5.1f}, Redis {server:5.1f}, rows {rows:5.1f} µs;"
            f" {1e6 / wall:6.0f} pairs/s; {(loader + rows + server) / of_baseline:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="profile our way, together")
    options = parser.parse_args()
    together = backlog(options.pairs, together=True)
    apart = backlog(options.pairs, together=False)
    ways = [
        Way("each by itself (baseline)", together, joins=False),
        Way("apart", apart, joins=True),
        Way("together", together, joins=True),
    ]
    gc.freeze()
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server(Path(folder)) as server,
        closing(
            RedisSessionStore.connect(server.url, "t", dedup_window_seconds=60, timeout_seconds=60)
        ) as store,
        redis.Redis.from_url(server.url, db=2) as client,
    ):
        if options.profile:
            for way in ways[1:]:
                profile = cProfile.Profile()
                profile.runcall(way.go, store, client)
                print(way.name)
                profile.print_stats("tottime")
            return
        for _ in range(options.rounds):
            for way in ways:
                way.go(store, client)
    for way in ways:
        print(way.told(ways[0]))


if __name__ == "__main__":
    main()
