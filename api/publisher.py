"""Events into Kafka, acknowledged, and the same in memory.

librdkafka has a queue of its own, and what is only in that queue is lost with the process.  So
``publish`` comes back only after the brokers' acknowledgement.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from api.breaker import Breaker
from api.errors import StoreUnavailableError
from api.model import PartHealth, PartStatus
from api.numbering import Numbering

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_HEALTH_SECONDS = 1.0
_FAILURES_TO_OPEN = 5
_RETRY_SECONDS = 1.0
_QUEUED_MESSAGES = 10_000


class KafkaPublisher:
    """One idempotent producer, and the thread that serves its acknowledgements.

    Every message is stamped with the producer's name and a number (``contracts.stamps``).

    Make it in the process that uses it: librdkafka's threads do not survive a fork.
    """

    def __init__(self, bootstrap_servers: str, topic: str, *, timeout_seconds: float) -> None:
        """Starts the producer; it connects in the background.

        Args:
            bootstrap_servers: ``host:port``, several separated by commas.
            topic: where the events go; it has to exist.
            timeout_seconds: after that long an unacknowledged event is given up.
        """
        self._topic = topic
        self._numbering = Numbering(uuid.uuid4().hex)
        self._fatal: str | None = None
        self._closing = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "client.id": "ugc-api",
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "linger.ms": 2,
                "delivery.timeout.ms": int(timeout_seconds * 1000),
                "queue.buffering.max.messages": _QUEUED_MESSAGES,
                "reconnect.backoff.max.ms": 1_000,
                "socket.keepalive.enable": True,
                "error_cb": _log_trouble,
            },
            logger=logging.getLogger(f"{__name__}.librdkafka"),
        )
        self._breaker = Breaker(
            "Kafka", failures_to_open=_FAILURES_TO_OPEN, retry_seconds=_RETRY_SECONDS
        )
        self._poller = threading.Thread(target=self._poll, name="kafka-poll", daemon=True)
        self._poller.start()

    def publish(
        self, *, key: bytes, value: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> None:
        """Stores one event; blocks until every in-sync replica has it.

        Raises:
            StoreUnavailableError: not acknowledged in time, refused by Kafka, the queue is full,
                or Kafka did not answer lately and is not asked.
        """
        self._breaker.call(
            lambda: self._numbered(key, value, headers, timeout_seconds),
            StoreUnavailableError,
        )

    def health(self) -> PartHealth:
        """Whether Kafka answers now and knows the topic. Waits for up to a second."""
        problem = self._fatal or self._problem_with_topic()
        return PartHealth(
            status=PartStatus.DOWN if problem else PartStatus.UP,
            required=True,
            detail=problem or "answers",
        )

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Waits for what is under way, then stops."""
        deadline = time.monotonic() + timeout_seconds
        while (left := len(self._producer)) and time.monotonic() < deadline:
            self._closing.wait(_POLL_SECONDS)
        if left:
            _log.warning("%d events were still without acknowledgement at the end", left)
        self._closing.set()
        self._poller.join()

    def _numbered(
        self, key: bytes, value: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> None:
        stamp = self._numbering.next()
        try:
            self._acknowledged(key, value, {**headers, **stamp.headers()}, timeout_seconds)
        except StoreUnavailableError:
            self._numbering.refused(stamp)
            raise
        self._numbering.stored(stamp)

    def _acknowledged(
        self, key: bytes, value: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> None:
        acknowledgement: Future[None] = Future()

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is None:
                acknowledgement.set_result(None)
            else:
                acknowledgement.set_exception(StoreUnavailableError(error.str()))

        try:
            self._producer.produce(
                self._topic, value, key, headers=dict(headers), on_delivery=delivered
            )
        except BufferError as error:
            raise StoreUnavailableError("the producer's queue is full") from error
        except KafkaException as error:
            raise StoreUnavailableError(_text(error)) from error
        try:
            acknowledgement.result(timeout_seconds)
        except FutureTimeoutError as error:
            raise StoreUnavailableError(f"no answer within {timeout_seconds} s") from error

    def _problem_with_topic(self) -> str | None:
        """Asks for all topics: asking for one by name makes some brokers create it."""
        try:
            known = self._producer.list_topics(timeout=_HEALTH_SECONDS).topics
        except KafkaException as error:
            return _text(error)
        return None if self._topic in known else f"there is no topic {self._topic}"

    def _poll(self) -> None:
        """Serves acknowledgements until the end.

        A fatal error comes out of ``poll`` as an exception and never reaches ``error_cb``; what
        was under way is still reported afterwards.
        """
        while not self._closing.is_set():
            try:
                self._producer.poll(_POLL_SECONDS)
            except KafkaException as error:
                self._fatal = f"the producer cannot go on: {_text(error)}"
                _log.critical("Kafka: %s", self._fatal)


def _log_trouble(error: KafkaError) -> None:
    """librdkafka's report of a trouble that belongs to no single message."""
    _log.warning("Kafka: %s", error.str())


def _text(error: KafkaException) -> str:
    cause = error.args[0]
    return cause.str() if isinstance(cause, KafkaError) else str(cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One event as :class:`InMemoryPublisher` got it."""

    key: bytes
    value: bytes
    headers: Mapping[str, str]


class InMemoryPublisher:
    """Events in a list, for tests. While ``available`` is false nothing is acknowledged."""

    def __init__(self) -> None:
        self.published: list[Published] = []
        self.available = True

    def publish(
        self, *, key: bytes, value: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> None:
        if not self.available:
            raise StoreUnavailableError(f"no answer within {timeout_seconds} s")
        self.published.append(Published(key=key, value=value, headers=headers))
