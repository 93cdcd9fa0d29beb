"""Writing dead letters to Kafka: the one module of the ETL that does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from etl.config import KafkaConfig
from etl.dead_letters import DeadLetter
from etl.errors import DeadLettersUnavailableError

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2

_Delivered = Callable[[KafkaError | None, Message], None]


class KafkaDeadLetters:
    """:class:`etl.dead_letters.DeadLetters` in a topic."""

    def __init__(self, config: KafkaConfig, *, timeout_seconds: float = 10.0) -> None:
        """Connects in the background. A letter is given up after ``timeout_seconds``."""
        self._topic = config.dead_letter_topic
        self._timeout_seconds = timeout_seconds
        self._producer = Producer(
            {
                "bootstrap.servers": config.bootstrap_servers,
                "client.id": "ugc-etl",
                "enable.idempotence": True,
                "acks": "all",
                "delivery.timeout.ms": int(timeout_seconds * 1000),
            },
            logger=_log,
        )

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """See :meth:`etl.dead_letters.DeadLetters.send`."""
        failures: list[str] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failures.append(error.str())

        for letter in letters:
            self._produce(letter, delivered)
        unanswered = self._producer.flush(2 * self._timeout_seconds)
        if failures or unanswered:
            cause = failures[0] if failures else "no answer in time"
            raise DeadLettersUnavailableError(
                f"{self._topic}: {len(failures) + unanswered} of {len(letters)} dead letters"
                f" were not stored: {cause}"
            )

    def close(self) -> None:
        """See :meth:`etl.dead_letters.DeadLetters.close`."""
        self._producer.flush(self._timeout_seconds)

    def _produce(self, letter: DeadLetter, delivered: _Delivered) -> None:
        original = letter.original
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    original.value,
                    original.key,
                    headers=list(letter.headers()),
                    on_delivery=delivered,
                )
            except BufferError:
                self._producer.poll(_POLL_SECONDS)
            except KafkaException as error:
                raise DeadLettersUnavailableError(f"{self._topic}: {error}") from error
            else:
                return
