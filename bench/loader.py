"""The loader beside the obvious ways of doing its work, on one backlog of a real broker.

Each way is a process of its own, which reads the whole topic once, to its end: messages per second
by the clock, microseconds of its own processor for each message (Redis and ClickHouse are beside it),
peak memory, and its rate by processor time as a multiple of ``fastavro + clickhouse-driver``.

    python -m bench.loader --messages 200000 --rounds 3

Two backlogs: clicks alone, and four clicks to each view of a page (a start and an end); one click in
fifty is sent twice.  ClickHouse is chDB for the loader, whose tables Debian's server of 2018 does not
know; clickhouse-driver writes into that server (``--clickhouse none``: into nothing, encoded all the
same), in types that it knows.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import fastavro
from clickhouse_driver import Client
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from confluent_kafka import Producer as KafkaProducer

from bench.etl_memory import Nowhere, kafka_config
from ch_schema.client.connect import connect
from ch_schema.migrate.run import ensure_tables
from etl.app import never, utc_now
from etl.config import RunPolicy
from etl.kafka.consumer import KafkaSource
from etl.run.context import RunContext
from etl.run.load import Loader
from etl.run.runner import run
from etl.run.runs_table import RUNS
from etl.sequence.redis_ledger import RedisLedger
from etl.sessions.pairing import plan_for
from etl.sessions.redis_store import RedisSessionStore
from etl.testing.kafka import MemoryDeadLetters
from registry.avro import avro_schema
from registry.serde import Decoder
from tests.api.servers import broker, create_topic, redis_server
from tests.etl.world import CATALOG, CLICK, CLICK_DATA, END, START, Producer
from tests.fullstack.clickhouse_server import clickhouse_server

TOPIC = "ugc.events"
PARTITIONS = 3
_BATCH = 1_000
_BLOCK = 20_000
_OLD_TABLE = """CREATE TABLE IF NOT EXISTS {} (event_id UUID, user_id String, timestamp DateTime,
    contract_version UInt32, element_type String, page_type String)
    ENGINE = MergeTree ORDER BY (page_type, element_type, event_id)"""
_OLD_COLUMNS = "event_id, user_id, timestamp, contract_version, element_type, page_type"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlogs", nargs="+", default=["clicks", "mixed"])
    parser.add_argument("--ways", nargs="+", default=list(WAYS))
    parser.add_argument("--clickhouse", choices=["debian", "none"], default="debian")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(json.loads(options.one))))
        return
    for backlog in options.backlogs:
        with ExitStack() as opened:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
            kafka = opened.enter_context(broker(folder))
            native = ""
            if options.clickhouse == "debian":
                native = opened.enter_context(clickhouse_server(made(folder / "ch"))).url()
            create_topic(kafka, TOPIC, partitions=PARTITIONS)
            sent = fill(kafka.address, backlog, options.messages)
            found: dict[str, list[dict[str, float]]] = {way: [] for way in options.ways}
            for _ in range(options.rounds):
                for way in options.ways:
                    found[way].append(measured(folder, way, kafka.address, native, sent))
            print(f"\n{backlog}: {sum(sent)} messages\n\n" + table(found), flush=True)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def fill(address: str, backlog: str, size: int) -> list[int]:
    """Puts the messages into the topic, as one API worker would; how many are in each partition."""
    producer = KafkaProducer({"bootstrap.servers": address, "linger.ms": 20})
    sent = [0] * PARTITIONS
    for number, (event, value) in enumerate(messages(backlog, size), 1):
        partition = sum(event.encode()) % PARTITIONS
        headers = {"ugc-producer": uuid.UUID(int=1).hex, "ugc-seq": str(number)}
        sent[partition] += 1
        while True:
            try:
                producer.produce(TOPIC, value, event, partition=partition, headers=headers)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(60) == 0
    return sent


def messages(backlog: str, size: int) -> Iterator[tuple[str, bytes]]:
    encoded = Producer(CATALOG, utc_now)
    last = b""
    for number in range(size):
        user = str(uuid.UUID(int=number % 5_000))
        place = number % 6 if backlog == "mixed" else 0
        if place >= 4:
            view = {"page_view_id": str(uuid.UUID(int=number // 6)), "page_type": "movie"}
            event = START if place == 4 else END
            yield event, encoded.value(event, view, user_id=user)
        elif number % 50 == 1:
            yield CLICK, last
        else:
            last = encoded.value(CLICK, CLICK_DATA, user_id=user, event_id=uuid.uuid4())
            yield CLICK, last


def measured(
    folder: Path, way: str, kafka: str, native: str, sent: Sequence[int]
) -> dict[str, float]:
    """One way, in a process of its own, with a Redis and a folder of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as name, redis_server(Path(name)) as redis:
        arguments = {
            "way": way,
            "kafka": kafka,
            "native": native,
            "redis": redis.url,
            "folder": str(Path(name) / "chdb"),
            "sent": list(sent),
        }
        command = [sys.executable, "-m", "bench.loader", "--one", json.dumps(arguments)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found


def one(arguments: dict[str, Any]) -> dict[str, float]:
    """Figures of one way; what it prepares before it reads does not count."""
    go = WAYS[arguments["way"]](arguments)
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    go()
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    count = sum(arguments["sent"])
    return {
        "per_second": count / seconds,
        "cpu_us": cpu / count * 1e6,
        "memory_mb": after.ru_maxrss / 1024,
    }


def table(found: dict[str, list[dict[str, float]]]) -> str:
    median = {
        way: {name: statistics.median(each[name] for each in all_) for name in all_[0]}
        for way, all_ in found.items()
    }
    base = median.get("fastavro + clickhouse-driver", {}).get("cpu_us")
    lines = [
        "| way | messages/s | CPU µs per message | messages/s per core | ratio | peak MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for way, each in median.items():
        ratio = f"{base / each['cpu_us']:.2f}" if base else ""
        lines.append(
            f"| {way} | {each['per_second']:,.0f} | {each['cpu_us']:.1f} |"
            f" {1e6 / each['cpu_us']:,.0f} | {ratio} | {each['memory_mb']:.0f} |"
        )
    return "\n".join(lines)


Go = Callable[[], object]


def loader(arguments: dict[str, Any], *, into: str = "chdb") -> Go:
    """The real runner, with duplicates, pairing and books."""
    tables: Any = Nowhere()
    if into == "chdb":
        tables = connect(f"chdb://{arguments['folder']}")
        ensure_tables(tables, CATALOG, (RUNS,))
    topic, redis = TOPIC, arguments["redis"]
    context = RunContext(
        topic=topic,
        decoder=Decoder(CATALOG, Producer(CATALOG, utc_now).registry),
        plan=plan_for(CATALOG),
        store=RedisSessionStore.connect(redis, topic, dedup_window_seconds=900, timeout_seconds=30),
        ledger=RedisLedger.connect(redis, topic, timeout_seconds=30),
        runs=tables,
        loader=Loader(tables, CATALOG, sleep=time.sleep),
        dead_letters=MemoryDeadLetters(),
        policy=RunPolicy(chunk_messages=_BLOCK),
        clock=utc_now,
    )
    config = kafka_config(arguments["kafka"], group=arguments["folder"])

    def go() -> None:
        with closing(KafkaSource(config)) as source:
            report = run(context, source, never)
        assert report.reconciled
        assert report.consumed == sum(arguments["sent"])

    return go


def consumed(arguments: dict[str, Any]) -> Iterator[list[Message]]:
    """All messages, as many at a time as suits a simple loader."""
    consumer = Consumer(
        {
            "bootstrap.servers": arguments["kafka"],
            "group.id": "bench",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 100,
        }
    )
    left = {p: count for p, count in enumerate(arguments["sent"]) if count}
    consumer.assign([TopicPartition(TOPIC, partition, 0) for partition in left])
    with closing(consumer):
        count = sum(left.values())
        while count:
            batch = consumer.consume(_BATCH, 1.0)
            real = [message for message in batch if message.error() is None]
            wrong = (m.error() for m in batch if m.error() is not None)
            assert all(error.code() == KafkaError._PARTITION_EOF for error in wrong if error)
            count -= len(real)
            yield real


def consume_only(arguments: dict[str, Any]) -> Go:
    """The floor: nothing is looked at."""
    return lambda: sum(map(len, consumed(arguments)))


def consume_fields(arguments: dict[str, Any]) -> Go:
    """Key, value, headers, time and place of each message."""

    def go() -> None:
        for batch in consumed(arguments):
            for each in batch:
                each.key()
                each.value()
                each.headers()
                each.timestamp()
                each.offset()

    return go


def driver(arguments: dict[str, Any], decode: Callable[[bytes], Any]) -> Go:
    """Decodes each message and inserts rows of the clicks: no duplicates, no books, no pairs."""
    client, name = None, f"x{uuid.uuid4().hex}"
    if arguments["native"]:
        client = Client.from_url(arguments["native"])
        client.execute(_OLD_TABLE.format(name))

    def insert(rows: list[tuple[Any, ...]]) -> None:
        if client is not None and rows:
            client.execute(f"INSERT INTO {name} ({_OLD_COLUMNS}) VALUES", rows)  # noqa: S608

    def go() -> None:
        rows: list[tuple[Any, ...]] = []
        for batch in consumed(arguments):
            for message in batch:
                record, data = decoded(decode, message)
                row = (record["event_id"], record["user_id"], record["timestamp"])
                kind = data.get("element_type", "")
                rows.append((*row, record["contract_version"], kind, data["page_type"]))
            if len(rows) >= _BLOCK:
                insert(rows)
                rows = []
        insert(rows)

    return go


def decoded(decode: Callable[[bytes], Any], message: Message) -> tuple[Any, Any]:
    record = decode(message.value() or b"")
    return record, record["data"]


def fastavro_driver(arguments: dict[str, Any]) -> Go:
    """Each schema parsed once; no resolution."""
    registry = Producer(CATALOG, utc_now).registry
    schemas: dict[bytes, Any] = {}

    def decode(value: bytes) -> Any:
        head = value[:5]
        if head not in schemas:
            text = registry.schema(int.from_bytes(head[1:], "big"))
            schemas[head] = fastavro.parse_schema(json.loads(text))
        body = io.BytesIO(value)
        body.seek(5)
        return fastavro.schemaless_reader(body, schemas[head], None)

    return driver(arguments, decode)


def stock_driver(arguments: dict[str, Any]) -> Go:
    """What confluent-kafka's AvroDeserializer does: it resolves to a reader's schema."""
    registry = Producer(CATALOG, utc_now).registry
    readers = {
        f"ugc.events.{contract.event}": fastavro.parse_schema(avro_schema(CATALOG, contract))
        for contract in CATALOG.newest
    }
    schemas: dict[int, Any] = {}

    def decode(value: bytes) -> Any:
        with io.BytesIO(value) as body:
            number = int.from_bytes(body.read(5)[1:], "big")
            if number not in schemas:
                schemas[number] = fastavro.parse_schema(json.loads(registry.schema(number)))
            writer = schemas[number]
            return fastavro.schemaless_reader(body, writer, readers[writer["name"]], False)

    return driver(arguments, decode)


def reframed(arguments: dict[str, Any]) -> Go:
    """Avro bodies into files of Avro blocks, as ClickHouse's FORMAT Avro takes them; not sent."""

    def go() -> None:
        for batch in consumed(arguments):
            by_schema: dict[bytes, list[bytes]] = {}
            for message in batch:
                value = message.value() or b""
                by_schema.setdefault(value[:5], []).append(value[5:])
            for bodies in by_schema.values():
                b"".join(bodies)

    return go


WAYS: dict[str, Callable[[dict[str, Any]], Go]] = {
    "ugc etl, into chDB": loader,
    "ugc etl, rows encoded and thrown away": lambda arguments: loader(arguments, into=""),
    "fastavro + clickhouse-driver": fastavro_driver,
    "resolving as AvroDeserializer + clickhouse-driver": stock_driver,
    "raw Avro re-framed, not sent": reframed,
    "consumed, each field looked at": consume_fields,
    "consumed": consume_only,
}


if __name__ == "__main__":
    main()
