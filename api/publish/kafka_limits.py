"""How large a record may be: asked of Kafka beside the events, and held against the API's limit.

A record that Kafka will never take has to be refused while its sender still listens.  Kafka's own
rejection comes too late for that when it does not answer in time and the event goes to the spool.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaError, KafkaException

# Part of the library's interface, though its types do not say that it is exported.
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined]

from registry.kafka_servers import KafkaServers
from registry.topics import LONGEST_RECORD_BYTES

_log = logging.getLogger(__name__)

BESIDE_VALUE_BYTES = 4_096
"""More than what a record's key, headers and framing take, whatever is in them."""

_TOLD = ("max.message.bytes", "segment.bytes")
"""The settings of a topic that bound a batch, and so a record."""

_ASK_SECONDS = 60.0
_ASK_AGAIN_SECONDS = 5.0
_ANSWER_SECONDS = 5.0
_LOOK_SECONDS = 0.2

_Answer = Mapping[str, Any]
"""Setting → what has it as ``value``, a text."""


class RecordLimit:
    """What the topic takes, looked at once a minute by a thread of its own.

    Until Kafka has told, and where it does not, the producer's limit holds; an earlier answer
    holds while Kafka is away.
    """

    def __init__(self, servers: KafkaServers, topic: str, *, body_limit_bytes: int) -> None:
        """
        Args:
            servers: where Kafka is.
            topic: where the records go.
            body_limit_bytes: the longest body of an event that the API takes.
        """
        self._settings: dict[str, str | int | float | bool] = {
            **servers.settings(),
            "client.id": "ugc-api-limits",
            "socket.timeout.ms": int(_ANSWER_SECONDS * 1000),
            "log_level": 0,  # the events' producer reports the same troubles
        }
        self._topic = topic
        self._body_limit_bytes = body_limit_bytes
        self._record_bytes = LONGEST_RECORD_BYTES
        self._misfit: str | None = None
        self._rejection: str | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-limits", daemon=True)

    @property
    def value_bytes(self) -> int:
        """No record with a longer value is taken."""
        return max(0, self._record_bytes - BESIDE_VALUE_BYTES)

    @property
    def misfit(self) -> str | None:
        """Why an event that is within the API's limit may be too large for Kafka all the same."""
        return self._misfit

    def start(self) -> None:
        """Begins to ask; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stops asking."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        admin = AdminClient(self._settings)
        resource = ConfigResource("topic", self._topic)
        while not self._closing.is_set():
            asked = admin.describe_configs([resource], request_timeout=_ANSWER_SECONDS)[resource]
            has_answered = self._take_in(asked)
            self._closing.wait(_ASK_SECONDS if has_answered else _ASK_AGAIN_SECONDS)

    def _take_in(self, asked: Future[_Answer]) -> bool:
        """Whether Kafka has answered, be it that it does not tell."""
        while not wait([asked], _LOOK_SECONDS).done:
            if self._closing.is_set():
                return False
        try:
            self._judge(_least_bound(asked.result()))
        except KafkaException as error:
            why: KafkaError = error.args[0]
            has_answered = why.code() > 0  # the others are librdkafka's own
            if has_answered and why.str() != self._rejection:
                self._rejection = why.str()
                _log.warning("Kafka does not tell how large a record may be: %s", self._rejection)
            return has_answered
        return True

    def _judge(self, record_bytes: int) -> None:
        misfit = misfit_of(self._body_limit_bytes, record_bytes)
        if misfit is not None and misfit != self._misfit:
            _log.warning("%s", misfit)
        self._record_bytes, self._misfit = record_bytes, misfit


def _least_bound(answer: _Answer) -> int:
    bounds = [LONGEST_RECORD_BYTES]
    for name in _TOLD:
        with suppress(KeyError, TypeError, ValueError):  # not every broker tells all of them
            bounds.append(int(answer[name].value))
    return min(bounds)


def misfit_of(body_limit_bytes: int, record_bytes: int) -> str | None:
    """Says that the topic takes less than the API; ``None`` when it does not.

    How long an event is in Avro depends on its contract; mostly it is shorter than its JSON.
    """
    room_bytes = max(0, record_bytes - BESIDE_VALUE_BYTES)
    if body_limit_bytes <= room_bytes:
        return None
    return (
        f"the topic takes records of {record_bytes:,} bytes (max.message.bytes) and"
        f" BODY_LIMIT_BYTES is {body_limit_bytes:,}:"
        f" events of more than {room_bytes:,} bytes are refused (413)"
    )
