"""The loader's way into topics: each message is judged alone, and what is not stored is told."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from etl.errors import DeadLettersUnavailableError
from etl.kafka.producer import KafkaProducer
from etl.producer import Record
from registry.kafka_servers import KafkaServers
from tests.api.servers import Broker, broker, create_topic, read_topic
from tests.fullstack.apache_kafka import apache_broker

TOPIC = "ugc.events.dead-letter"

pytestmark = pytest.mark.stack


def record(value: bytes) -> Record:
    return Record(key=b"k", value=value)


def producer_at(started: Broker) -> closing[KafkaProducer]:
    return closing(KafkaProducer(KafkaServers(started.address)))


@pytest.mark.full
def test_messages_that_are_too_large_together_are_stored(tmp_path: Path) -> None:
    """Kafka itself; the broker from PyPI does not hold to the topic's limit."""
    with (
        apache_broker(tmp_path) as started,
        producer_at(started) as producer,
    ):
        create_topic(started, TOPIC, settings={"max.message.bytes": "10000"})
        producer.publish(TOPIC, [record(bytes(500)) for _ in range(200)])
        assert len(read_topic(started, TOPIC)) == 200
        with pytest.raises(DeadLettersUnavailableError, match=r"1 of 3 messages .* too large"):
            producer.publish(TOPIC, [record(b"1"), record(bytes(20_000)), record(b"2")])
        assert len(read_topic(started, TOPIC)) == 202


def test_a_message_is_as_large_as_its_topic_takes(tmp_path: Path) -> None:
    """A dead letter is as large as the message that it keeps, and some headers more."""
    with (
        broker(tmp_path) as started,
        producer_at(started) as producer,
    ):
        create_topic(started, TOPIC)
        producer.publish(TOPIC, [record(bytes(2_000_000))])
        assert [len(each.value() or b"") for each in read_topic(started, TOPIC)] == [2_000_000]
