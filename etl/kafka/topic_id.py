"""Whose offsets these are: the id that Kafka gives a topic when it is made (KIP-516)."""

from __future__ import annotations

import logging
import uuid

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from etl.config import KafkaConfig

_log = logging.getLogger(__name__)

_ANSWER_SECONDS = 3.0


def administrator(config: KafkaConfig) -> AdminClient:
    """What asks for it. Connects in the background."""
    return AdminClient({**config.servers.settings(), "client.id": "ugc-etl"}, logger=_log)


def topic_id(admin: AdminClient, topic: str) -> uuid.UUID | None:
    """The id of a topic; brokers before Kafka 2.8 give none.

    It tells a topic from one that had its name, and nothing is read by it: who cannot get it in
    time goes on without.
    """
    asked = admin.describe_topics(TopicCollection([topic]), request_timeout=_ANSWER_SECONDS)
    try:
        found = asked[topic].result().topic_id
    except KafkaException as error:
        _log.info("Kafka does not tell the id of the topic %s: %s", topic, error)
        return None
    halves = found.get_most_significant_bits(), found.get_least_significant_bits()
    high, low = (half % 2**64 for half in halves)
    return uuid.UUID(int=high << 64 | low) if high or low else None
