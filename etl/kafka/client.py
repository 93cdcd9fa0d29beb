"""A consumer of this project: its settings, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from etl.config import KafkaConfig
from etl.errors import RebalancedError, SourceUnavailableError

_NO_LONGER_OURS = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError._ASSIGNMENT_LOST,
        KafkaError._STATE,
        KafkaError._FENCED,
    }
)


def consumer_settings(config: KafkaConfig) -> dict[str, Any]:
    """For reading from chosen offsets, with little in memory beside what is handed on."""
    return {
        **config.servers.settings(),
        "client.id": "ugc-etl",
        "group.id": config.group_id,
        "session.timeout.ms": config.session_timeout_ms,
        "heartbeat.interval.ms": max(1, config.session_timeout_ms // 3),
        "max.poll.interval.ms": int(config.chunk_seconds * 1000),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 100,
        # What is fetched ahead is in memory beside the chunk: by default up to 100,000
        # messages of each partition, of which the kilobytes count the values alone.
        "queued.min.messages": 5_000,
        "queued.max.messages.kbytes": 2_048,
        # So that little of a partition has to wait until the others have come.  A message
        # may be larger than that: Kafka sends one at least.
        "fetch.max.bytes": 384 * 2**10,
        "message.max.bytes": 384 * 2**10,
        "max.partition.fetch.bytes": 64 * 2**10,
        # A full queue is looked at again after that; by default a second.
        "fetch.queue.backoff.ms": 20,
        "partition.assignment.strategy": "range",
    }


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Kafka's errors as this project's: a lost membership, or no answer."""
    try:
        yield
    except KafkaException as error:
        cause = error.args[0]
        if cause.code() in _NO_LONGER_OURS:
            raise RebalancedError(f"{what}: {cause.str()}") from error
        raise SourceUnavailableError(f"{what}: {cause.str()}") from error
