"""A look at the running stack every second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.faults.kit import Kit

_SECONDS = 1.0
_ASK_SECONDS = 0.5
_silent = logging.getLogger("tests.faults.soak.kafka")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


@dataclass(frozen=True, slots=True)
class Look:
    """``at_s`` is Unix time; ``lag`` in messages that are not loaded, None when Kafka is silent."""

    at_s: float
    lag: int | None
    spooled_bytes: int


@contextmanager
def watching(kit: Kit) -> Iterator[list[Look]]:
    """Looks that grow as long as the context lasts."""
    looks: list[Look] = []
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(kit, looks, stop))
    thread.start()
    try:
        yield looks
    finally:
        stop.set()
        thread.join()


def _watch(kit: Kit, looks: list[Look], stop: threading.Event) -> None:
    settings = {
        "bootstrap.servers": kit.env["KAFKA_BOOTSTRAP_SERVERS"],
        "group.id": "ugc-etl",
        "enable.auto.commit": False,
        "log_level": 0,
    }
    with closing(Consumer(settings, logger=_silent)) as consumer:
        partitions: list[TopicPartition] = []
        while not stop.is_set():
            at = time.time()
            lag = None
            try:
                partitions = partitions or _partitions(consumer)
                lag = _lag(consumer, partitions)
            except KafkaException:
                pass  # silent, which is what None says
            looks.append(Look(at, lag, kit.spooled_bytes()))
            stop.wait(max(0.0, _SECONDS - (time.time() - at)))


def _partitions(consumer: Consumer) -> list[TopicPartition]:
    found = consumer.list_topics("ugc.events", timeout=_ASK_SECONDS).topics["ugc.events"]
    return [TopicPartition("ugc.events", number) for number in found.partitions]


def _lag(consumer: Consumer, partitions: list[TopicPartition]) -> int:
    committed = consumer.committed(partitions, timeout=_ASK_SECONDS)
    ends = [consumer.get_watermark_offsets(p, timeout=_ASK_SECONDS)[1] for p in partitions]
    done = [max(0, each.offset) for each in committed]
    return sum(max(0, end - offset) for end, offset in zip(ends, done, strict=True))
