"""Writing to Kafka: the one module of the ETL that does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from etl.errors import DeadLettersUnavailableError
from etl.producer import Record
from registry.kafka_servers import KafkaServers
from registry.topics import LONGEST_RECORD_BYTES

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2
_Delivered = Callable[[KafkaError | None, Message], None]


class KafkaProducer:
    """:class:`etl.producer.MessageProducer` at a broker."""

    def __init__(self, servers: KafkaServers, *, timeout_seconds: float = 10.0) -> None:
        """Connects in the background. A message is given up after ``timeout_seconds``."""
        self._timeout_seconds = timeout_seconds
        self._producer = Producer(
            {
                **servers.settings(),
                "client.id": "ugc-etl",
                "enable.idempotence": True,
                "acks": "all",
                # The API's, so that a message that goes back lies where its like lie.
                "partitioner": "murmur2_random",
                "delivery.timeout.ms": int(timeout_seconds * 1000),
                # A broker refuses batches, for their size too; so each message is judged alone.
                "batch.num.messages": 1,
                # The broker bounds messages. A dead letter is its original and some headers: with
                # a lower bound here one message would be too long, and stop every run.
                "message.max.bytes": LONGEST_RECORD_BYTES,
            },
            logger=_log,
        )

    def publish(self, topic: str, records: Sequence[Record]) -> None:
        """See :meth:`etl.producer.MessageProducer.publish`."""
        failures: list[str] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failures.append(error.str())

        for record in records:
            self._produce(topic, record, delivered)
        unanswered = self._producer.flush(2 * self._timeout_seconds)
        if failures or unanswered:
            cause = failures[0] if failures else "no answer in time"
            raise DeadLettersUnavailableError(
                f"{topic}: {len(failures) + unanswered} of {len(records)} messages"
                f" were not stored: {cause}"
            )

    def close(self) -> None:
        """See :meth:`etl.producer.MessageProducer.close`."""
        self._producer.flush(self._timeout_seconds)

    def _produce(self, topic: str, record: Record, delivered: _Delivered) -> None:
        where: dict[str, Any] = {} if record.partition is None else {"partition": record.partition}
        while True:
            try:
                self._producer.produce(
                    topic,
                    record.value,
                    record.key,
                    headers=list(record.headers),
                    on_delivery=delivered,
                    **where,
                )
            except BufferError:
                self._producer.poll(_POLL_SECONDS)
            except KafkaException as error:
                raise DeadLettersUnavailableError(f"{topic}: {error}") from error
            else:
                return
