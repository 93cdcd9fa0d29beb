"""How the events' producer is set, and how one is given up."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress

from confluent_kafka import KafkaError, KafkaException, Producer

from registry.kafka_servers import KafkaServers
from registry.topics import LONGEST_RECORD_BYTES

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_NETWORK_SECONDS = 5.0
_GIVE_UP_SECONDS = 10.0
_METADATA_SECONDS = 5.0


def producer_settings(
    servers: KafkaServers, *, delivery_seconds: float, queued_messages: int
) -> Mapping[str, object]:
    """librdkafka's settings; :mod:`api.publish.kafka` says why no message waits for another."""
    network_ms = int(_NETWORK_SECONDS * 1000)
    return {
        **servers.settings(),
        "client.id": "ugc-api",
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",
        "linger.ms": 0,
        "max.in.flight.requests.per.connection": 4,
        "delivery.timeout.ms": int(delivery_seconds * 1000),
        "request.timeout.ms": network_ms,
        "socket.timeout.ms": network_ms,
        "queue.buffering.max.messages": queued_messages,
        "message.max.bytes": LONGEST_RECORD_BYTES,
        "reconnect.backoff.max.ms": 1_000,
        # A topic that was once found missing is believed missing until the next look.
        "topic.metadata.refresh.interval.ms": int(_METADATA_SECONDS * 1000),
        "socket.keepalive.enable": True,
        "error_cb": _log_trouble,
    }


def _log_trouble(error: KafkaError) -> None:
    """librdkafka's report of a trouble that belongs to no single message."""
    _log.warning("Kafka: %s", error.str())


def give_up(producer: Producer) -> None:
    """Ends everything that is under way with an error, and serves the reports of that.

    librdkafka's threads make the reports, some after ``purge`` has returned.  What is not reported
    in time will never be.
    """
    producer.purge(in_queue=True, in_flight=True, blocking=True)
    until = time.monotonic() + _GIVE_UP_SECONDS
    while len(producer) and time.monotonic() < until:
        with suppress(KafkaException):  # it says once more that it is broken
            producer.poll(_POLL_SECONDS)
    if left := len(producer):
        _log.error("%d records that were given up were never reported", left)
