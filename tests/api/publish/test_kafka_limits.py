"""How large a record may be: what the topic says, and what is told when the limits do not fit."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.errors import RecordTooLargeError
from api.http.rsgi import HELD_LIMIT_BYTES
from api.publish.delivery import Delivery, Outcome
from api.publish.kafka import KafkaSender
from api.publish.kafka_limits import BESIDE_VALUE_BYTES, RecordLimit, misfit_of
from api.publish.sequencer import MOST_RANGES
from api.publish.spool.record import Record
from contracts.sequence import SequenceHeader
from registry.kafka_servers import KafkaServers
from registry.topics import LONGEST_RECORD_BYTES
from tests.api.servers import create_topic
from tests.fullstack.apache_kafka import apache_broker
from tests.support.processes import free_port, wait_until
from tests.support.variants import BROKERS, StartBroker

TOPIC = "ugc.events"

pytestmark = pytest.mark.stack


@contextmanager
def limit_at(address: str, *, body_limit_bytes: int = 65_536) -> Iterator[RecordLimit]:
    limit = RecordLimit(KafkaServers(address), TOPIC, body_limit_bytes=body_limit_bytes)
    limit.start()
    try:
        yield limit
    finally:
        limit.close()


@pytest.mark.parametrize("start", BROKERS)
def test_the_limit_is_the_topics_own(
    start: StartBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with start(tmp_path) as started:
        create_topic(started, TOPIC, settings={"max.message.bytes": "20000"})
        with caplog.at_level(logging.WARNING), limit_at(started.address) as limit:
            wait_until(lambda: limit.value_bytes == 20_000 - BESIDE_VALUE_BYTES, "it was told")
            expected = (
                "the topic takes records of 20,000 bytes (max.message.bytes) and BODY_LIMIT_BYTES"
                " is 65,536: events of more than 15,904 bytes are refused (413)"
            )
            assert limit.misfit == expected
    assert [
        each.getMessage() for each in caplog.records if each.name == "api.publish.kafka_limits"
    ] == [expected]


def test_a_topic_that_fits_is_no_misfit(tmp_path: Path) -> None:
    start: StartBroker = BROKERS[0].values[0]  # type: ignore[assignment]
    with start(tmp_path) as started:
        create_topic(started, TOPIC, settings={"max.message.bytes": "1048588"})
        with limit_at(started.address) as limit:
            wait_until(lambda: limit.value_bytes < 1_048_588, "it was told")
            assert limit.misfit is None


@pytest.mark.full
def test_a_kafka_that_does_not_tell_is_said_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Here because there is no such topic; the same when the right to ask is missing."""
    with apache_broker(tmp_path) as started, limit_at(started.address) as limit:
        wait_until(lambda: "does not tell how large" in caplog.text, "it was said")
        assert limit.value_bytes == LONGEST_RECORD_BYTES - BESIDE_VALUE_BYTES


def test_until_kafka_has_told_the_producers_limit_holds() -> None:
    with limit_at(f"127.0.0.1:{free_port()}") as limit:
        assert limit.value_bytes == LONGEST_RECORD_BYTES - BESIDE_VALUE_BYTES
        assert limit.misfit is None


@pytest.mark.parametrize(
    ("body_limit_bytes", "fits"), [(65_536, True), (1_044_492, True), (1_044_493, False)]
)
def test_a_body_fits_with_room_for_what_a_record_has_beside_it(
    body_limit_bytes: int, fits: bool
) -> None:
    assert (misfit_of(body_limit_bytes, 1_048_588) is None) == fits


def largest(value_bytes: int) -> Record:
    """A record with as much beside its value as there can be."""
    highest = 10**16 - 1
    skipped = ((highest - 1, highest),) * MOST_RANGES
    sequence = SequenceHeader(producer="f" * 32, number=highest, skipped=skipped)
    headers = {"correlation_id": "c" * 64, **sequence.headers()}
    return Record(
        event_id=uuid.UUID(int=1), key=b"k" * 63, value=bytes(value_bytes), headers=headers
    )


def test_the_longest_body_that_may_be_set_fits_the_producer() -> None:
    assert misfit_of(HELD_LIMIT_BYTES, LONGEST_RECORD_BYTES) is None


@pytest.mark.full
def test_kafka_takes_the_longest_value_with_the_longest_of_everything_else(tmp_path: Path) -> None:
    with apache_broker(tmp_path) as started:
        create_topic(started, TOPIC, settings={"max.message.bytes": "20000"})
        sender = KafkaSender(KafkaServers(started.address), TOPIC, delivery_seconds=20.0)
        try:
            assert outcome(sender, largest(20_000 - BESIDE_VALUE_BYTES)) is None
            assert isinstance(outcome(sender, largest(20_000)), RecordTooLargeError)
        finally:
            sender.close()


def outcome(sender: KafkaSender, record: Record) -> Outcome:
    ended = threading.Event()
    delivery = Delivery([record], ended.set)
    sender.send(delivery)
    assert ended.wait(60)
    return delivery.sent[0].outcome
