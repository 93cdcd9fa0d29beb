"""Creates the Kafka topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from registry.kafka_servers import KafkaServers
from ugc.errors import PartAwayError, UgcError


class TopicError(UgcError):
    """Kafka does not answer, or will not create a topic."""


class KafkaAwayError(TopicError, PartAwayError):
    """Kafka does not answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic that has to exist.

    ``retention_bytes`` bounds each partition; -1 means that only the time does.
    ``max_message_bytes`` is the longest message with its key and headers; None: the broker's own.
    """

    name: str
    partitions: int
    retention_ms: int
    replication_factor: int = 1
    min_insync_replicas: int = 1
    retention_bytes: int = -1
    max_message_bytes: int | None = None


_REFUSALS = (KafkaError._AUTHENTICATION, KafkaError._SSL)
"""What no waiting mends: a wrong password, or a certificate that is not believed."""


def ensure_topics(
    servers: KafkaServers, topics: Sequence[Topic], *, timeout_seconds: float
) -> tuple[str, ...]:
    """Creates the topics that are missing and returns their names; leaves others as they are.

    Raises:
        TopicError: Kafka does not answer in time, or refuses.
    """
    troubles: list[KafkaError] = []
    settings = servers.settings()
    settings |= {"socket.timeout.ms": int(timeout_seconds * 1000), "error_cb": troubles.append}
    admin = AdminClient(settings)
    try:
        known = admin.list_topics(timeout=timeout_seconds).topics
    except KafkaException as error:
        admin.poll(0)  # hands on what was reported meanwhile
        if refusals := [each for each in troubles if each.code() in _REFUSALS]:
            told = f"Kafka at {servers.addresses} does not let us in: {refusals[-1].str()}"
            raise TopicError(told) from error
        raise KafkaAwayError(f"Kafka at {servers.addresses} does not answer: {error}") from error
    missing = [_new_topic(topic) for topic in topics if topic.name not in known]
    if not missing:
        return ()
    for name, future in admin.create_topics(missing, request_timeout=timeout_seconds).items():
        try:
            future.result()
        except KafkaException as error:
            found = error.args[0]
            if found.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                kind = KafkaAwayError if found.retriable() else TopicError
                raise kind(f"Kafka will not create the topic {name}: {error}") from error
    return tuple(topic.topic for topic in missing)


def _new_topic(topic: Topic) -> NewTopic:
    longest = topic.max_message_bytes
    return NewTopic(
        topic.name,
        num_partitions=topic.partitions,
        replication_factor=topic.replication_factor,
        config={
            "retention.ms": str(topic.retention_ms),
            "min.insync.replicas": str(topic.min_insync_replicas),
            "retention.bytes": str(topic.retention_bytes),
            **({} if longest is None else {"max.message.bytes": str(longest)}),
        },
    )
