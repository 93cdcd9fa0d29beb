"""Dead letters in a Kafka topic."""

from __future__ import annotations

from collections.abc import Sequence

from etl.config import KafkaConfig
from etl.decode.dead_letters import DeadLetter
from etl.kafka.producer import KafkaProducer
from etl.producer import Record


class KafkaDeadLetters:
    """:class:`etl.decode.dead_letters.DeadLetters` in a topic."""

    def __init__(self, config: KafkaConfig, *, timeout_seconds: float = 10.0) -> None:
        """Connects in the background. A dead letter is given up after ``timeout_seconds``."""
        self._topic = config.dead_letter_topic
        self._producer = KafkaProducer(config.servers, timeout_seconds=timeout_seconds)

    def send(self, dead_letters: Sequence[DeadLetter]) -> None:
        """See :meth:`etl.decode.dead_letters.DeadLetters.send`."""
        records = [
            Record(key=each.original.key, value=each.original.value, headers=each.headers())
            for each in dead_letters
        ]
        self._producer.publish(self._topic, records)

    def close(self) -> None:
        """See :meth:`etl.decode.dead_letters.DeadLetters.close`."""
        self._producer.close()
