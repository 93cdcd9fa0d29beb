"""Memory of a loader run, by size of the backlog.

Each size is a process of its own, whose peak RSS is read at its end; the smallest is the baseline.
The backlog comes out of a generator behind the ``Source`` Protocol (`python -m bench.etl_memory`),
or out of a real broker that holds it in its memory (`--broker`).  Views and event ids go to a real
Redis; rows are encoded and thrown away.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from confluent_kafka import Producer as KafkaProducer

from ch_schema.columns import ColumnBlock
from etl.app import never, utc_now
from etl.config import KafkaConfig, RunPolicy
from etl.kafka.consumer import KafkaSource
from etl.run.context import RunContext
from etl.run.lanes import Threads
from etl.run.load import Loader
from etl.run.runner import run
from etl.sequence.redis_ledger import RedisLedger
from etl.sessions.pairing import plan_for
from etl.sessions.redis_store import RedisSessionStore
from etl.source import AssignedPartition, Assignment, Chunk, RawMessage, Source, Span
from etl.testing.kafka import MemoryDeadLetters
from registry.kafka_servers import KafkaServers
from registry.serde import Decoder
from tests.api.servers import broker, create_topic, redis_server
from tests.etl.world import CATALOG, CLICK, CLICK_DATA, END, START, Producer

SIZES = (100_000, 1_000_000, 5_000_000)
BROKER_SIZES = (100_000, 1_000_000)
PARTITIONS = 3
TOPIC = "ugc.events"
PRODUCER_ID = uuid.UUID(int=1).hex.encode()


class Generated:
    """Messages as an API would have sent them: four clicks, then a start and its end."""

    def __init__(self) -> None:
        self.producer = Producer(CATALOG, utc_now)

    def message(self, number: int) -> tuple[bytes, bytes]:
        """Key and value of the message with that number."""
        place = number % 6
        if place < 4:
            value = self.producer.value(CLICK, CLICK_DATA, event_id=uuid.UUID(int=number))
            return CLICK.encode(), value
        event = START if place == 4 else END
        view = {"page_view_id": str(uuid.UUID(int=number // 6)), "page_type": "movie"}
        return event.encode(), self.producer.value(event, view)


class LazySource:
    """:class:`etl.source.Source` that makes its messages when they are read."""

    def __init__(self, generated: Generated, size: int) -> None:
        self._generated = generated
        self._each = size // PARTITIONS
        self._positions = dict.fromkeys(range(PARTITIONS), 0)

    def assign(self) -> Assignment:
        claimed = tuple(AssignedPartition(partition, None, 0) for partition in self._positions)
        return Assignment(claimed, PARTITIONS, {})

    def rewind(self, starts: Mapping[int, int]) -> None:
        raise NotImplementedError

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        raise NotImplementedError

    def read(self, max_messages: int) -> Chunk | None:
        partition = min(self._positions, key=lambda each: self._positions[each])
        start = self._positions[partition]
        stop = min(self._each, start + max_messages)
        if start == stop:
            return None
        self._positions[partition] = stop
        messages = [self._message(partition, offset) for offset in range(start, stop)]
        return Chunk(messages, {partition: Span(start, stop)})

    def read_on(
        self, max_messages: int, _seconds: float, _should_stop: Callable[[], bool]
    ) -> Chunk:
        return self.read(max_messages) or Chunk([], {})

    def commit(self, positions: Mapping[int, int], note: str) -> None:
        """Nobody asks for it again."""

    def lag(self) -> Mapping[int, int]:
        return {}

    def close(self) -> None:
        """Nothing to release."""

    def _message(self, partition: int, offset: int) -> RawMessage:
        number = offset * PARTITIONS + partition
        key, value = self._generated.message(number)
        stamp = (("ugc-producer", PRODUCER_ID), ("ugc-seq", b"%d" % (number + 1)))
        return RawMessage(TOPIC, partition, offset, key, value, int(time.time() * 1000), stamp)


class Nowhere:
    """Takes rows and keeps none."""

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        deduplication_token: str,
    ) -> None:
        assert rows

    def insert_columns(self, block: ColumnBlock, *, deduplication_token: str) -> None:
        assert block.row_count


def load(size: int, redis_url: str, broker_address: str | None) -> dict[str, float]:
    """One run over a backlog of so many messages."""
    generated = Generated()
    with (
        closing(
            RedisSessionStore.connect(redis_url, TOPIC, dedup_window_seconds=60, timeout_seconds=30)
        ) as store,
        closing(RedisLedger.connect(redis_url, TOPIC, timeout_seconds=30)) as ledger,
        closing(Threads()) as lanes,
    ):
        context = RunContext(
            topic=TOPIC,
            decoder=Decoder(CATALOG, generated.producer.registry),
            plan=plan_for(CATALOG),
            store=store,
            ledger=ledger,
            runs=Nowhere(),
            loader=Loader(Nowhere(), CATALOG, sleep=time.sleep),
            dead_letters=MemoryDeadLetters(),
            policy=RunPolicy(),
            clock=utc_now,
            lanes=lanes,
        )
        source: Source = LazySource(generated, size)
        if broker_address is not None:
            source = KafkaSource(kafka_config(broker_address))
        began, cpu = time.monotonic(), time.process_time()
        with closing(source):
            report = run(context, source, never)
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    assert report.reconciled
    return {
        "messages": report.consumed,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "seconds": seconds,
        "cpu_us": cpu / report.consumed * 1e6,
    }


def kafka_config(address: str, group: str = "bench") -> KafkaConfig:
    return KafkaConfig(
        servers=KafkaServers(address),
        topic=TOPIC,
        dead_letter_topic="ugc.events.dead-letter",
        rejected_topic="ugc.events.rejected",
        group_id=group,
        session_timeout_ms=3_000,
    )


def fill(address: str, size: int) -> None:
    generated = Generated()
    producer = KafkaProducer({"bootstrap.servers": address, "linger.ms": 20})
    for number in range(size):
        key, value = generated.message(number)
        while True:
            try:
                producer.produce(TOPIC, value, key, partition=number % PARTITIONS)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(60) == 0


def measure(size: int, *, with_broker: bool) -> dict[str, float]:
    """In a process of its own, with servers of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with redis_server(folder) as redis:
            command = [sys.executable, "-m", "bench.etl_memory", "--one", str(size), redis.url]
            if not with_broker:
                return told_by(command)
            with broker(folder) as kafka:
                create_topic(kafka, TOPIC, partitions=PARTITIONS)
                fill(kafka.address, size)
                return told_by([*command, kafka.address])


def told_by(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", action="store_true", help="a real broker's backlog")
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--sample", action="store_true", help="the last size, as JSON")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        size, redis_url, *address = options.one
        print(json.dumps(load(int(size), redis_url, address[0] if address else None)))
        return
    sizes = options.sizes or (BROKER_SIZES if options.broker else SIZES)
    baseline, found = 0.0, {"rss_mb": 0.0}
    for size in sizes:
        found = measure(size, with_broker=options.broker)
        baseline = baseline or found["rss_mb"]
        print(
            f"{found['messages']:>9.0f} messages: peak RSS {found['rss_mb']:6.1f} MB,"
            f" {found['rss_mb'] / baseline:.3f} of the one at {sizes[0]};"
            f" {found['messages'] / found['seconds']:8.0f} messages/s",
            flush=True,
        )
    if options.sample:
        told = {
            "memory_mb": found["rss_mb"],
            "memory_ratio": found["rss_mb"] / baseline,
            "events_per_s": found["messages"] / found["seconds"],
            "cpu_us": found["cpu_us"],
        }
        print(json.dumps(told))


if __name__ == "__main__":
    main()
