"""Refused events into Kafka, best effort: a plain producer with a small queue.

It shares nothing with the producer of the events, whose delivery a flood of rejections must not
hurt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from registry.kafka_servers import KafkaServers

_log = logging.getLogger(__name__)

_QUEUED_MESSAGES = 1_000
_QUEUED_KIBIBYTES = 8_192
_DELIVERY_MS = 10_000


class KafkaSink:
    """A :class:`~api.rejections.reporter.Sink`. The topic has to exist; until then all is lost."""

    def __init__(self, servers: KafkaServers, topic: str) -> None:
        """Connects in the background. Make it in the process that uses it."""
        self._topic = topic
        self._producer = Producer(
            {
                **servers.settings(),
                "client.id": "ugc-api-rejected",
                "acks": 1,
                "linger.ms": 50,
                # A broker refuses batches; so none is lost for another.
                "batch.num.messages": 1,
                "delivery.timeout.ms": _DELIVERY_MS,
                "request.timeout.ms": _DELIVERY_MS // 2,
                "queue.buffering.max.messages": _QUEUED_MESSAGES,
                "queue.buffering.max.kbytes": _QUEUED_KIBIBYTES,
                "reconnect.backoff.max.ms": 1_000,
                "error_cb": _log_trouble,
            },
            logger=logging.getLogger(f"{__name__}.librdkafka"),
        )

    def put(self, key: bytes | None, value: bytes, done: Callable[[bool], None]) -> None:
        """See :meth:`api.rejections.reporter.Sink.put`."""

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                _log.debug("a refused event is lost: %s", error.str())
            done(error is None)

        try:
            self._producer.produce(self._topic, value, key, on_delivery=delivered)
        except (BufferError, KafkaException) as error:
            _log.debug("a refused event is lost: %s", error)
            done(False)

    def serve(self) -> None:
        """See :meth:`api.rejections.reporter.Sink.serve`."""
        self._producer.poll(0)

    def close(self, timeout_seconds: float) -> None:
        """See :meth:`api.rejections.reporter.Sink.close`."""
        if self._producer.flush(timeout_seconds):
            self._producer.purge(in_queue=True, in_flight=True, blocking=True)
            self._producer.flush(timeout_seconds)


def _log_trouble(error: KafkaError) -> None:
    """The events' producer reports the same troubles, where they matter."""
    _log.debug("Kafka: %s", error.str())
