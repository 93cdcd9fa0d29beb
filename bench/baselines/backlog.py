"""What the loader baselines have in common: where things are, and a topic read to its end."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

REGISTRY = os.environ.get("SCHEMA_REGISTRY_URL", "")
CLICKHOUSE = os.environ.get("BASELINE_CLICKHOUSE_URL", "")
_CHUNK_MESSAGES = 20_000

_TYPES = {"string": "String", "long": "Int64", "int": "Int32", "double": "Float64"}
_TYPES |= {"boolean": "UInt8", "uuid": "UUID", "timestamp-millis": "DateTime", "date": "Date"}


def blocks() -> Iterator[Mapping[bytes, list[Message]]]:
    """What is in the topic at the beginning, by key; what was yielded is committed afterwards."""
    topic = os.environ["KAFKA_TOPIC"]
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": os.environ["KAFKA_GROUP_ID"],
            "enable.auto.commit": False,
        }
    )
    with closing(consumer):
        numbers = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        ends = {}
        for number in numbers:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), 30)
            ends[number] = low, high
        consumer.assign([TopicPartition(topic, each, low) for each, (low, _) in ends.items()])
        left = sum(high - low for low, high in ends.values())
        while left > 0:
            messages = consumer.consume(min(left, _CHUNK_MESSAGES), timeout=1.0)
            left -= len(messages)
            found: dict[bytes, list[Message]] = defaultdict(list)
            reached: dict[int, int] = {}
            for message in messages:
                assert message.error() is None, message.error()
                found[message.key()].append(message)
                reached[message.partition()] = message.offset() + 1
            yield found
            if reached:
                places = [TopicPartition(topic, *place) for place in reached.items()]
                consumer.commit(offsets=places, asynchronous=False)


def columns(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Name and ClickHouse type of a record's fields; those of ``data`` as ``data.<name>``."""
    for field in schema["fields"]:
        name, kind = f"{path}{field['name']}", field["type"]
        if isinstance(kind, list):
            inner = kind[1]
            yield name, f"Nullable({_TYPES[_kind(inner)]})"
        elif isinstance(kind, dict) and kind["type"] == "record":
            yield from columns(kind, f"{name}.")
        else:
            yield name, _TYPES[_kind(kind)]


def _kind(avro: Any) -> str:
    return avro if isinstance(avro, str) else avro.get("logicalType", avro["type"])


def table_statement(table: str, found: Iterable[tuple[str, str]]) -> str:
    """CREATE TABLE for the columns of an event."""
    body = ", ".join(f"`{name}` {kind}" for name, kind in found)
    return (
        f"CREATE TABLE IF NOT EXISTS {table} ({body}) ENGINE = MergeTree "
        "PARTITION BY toYYYYMM(timestamp) ORDER BY (timestamp, event_id)"
    )


def row(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """A decoded record's values, in the order of :func:`columns`."""
    *envelope, data = record.values()
    return (*envelope, *data.values())
