"""The sender to a real broker: acknowledged or an error, and a new producer for a broken one."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from api.errors import RecordRefusedError, StoreUnavailableError
from api.model import PartStatus
from api.publish.kafka import KafkaSender
from api.publish.spool.record import Record
from tests.api.servers import Broker, broker, create_topic, read_topic
from tests.support.processes import free_port, wait_until
from tests.support.variants import BROKERS, StartBroker

TOPIC = "ugc.events"

pytestmark = pytest.mark.stack


def sender_to(address: str, delivery_seconds: float = 20.0) -> KafkaSender:
    return KafkaSender(address, TOPIC, delivery_seconds=delivery_seconds)


def record(value: bytes) -> Record:
    return Record(
        event_id=uuid.UUID(int=1), key=b"k", value=value, headers={"ugc-seq": "1", "é": "ü"}
    )


def taken(sender: KafkaSender, value: bytes = b"v") -> bool:
    try:
        sender.send(record(value)).result(1.0)
    except (StoreUnavailableError, TimeoutError):
        return False
    return True


def values(running: Broker) -> list[bytes]:
    return [message.value() for message in read_topic(running, TOPIC)]


@pytest.fixture(params=BROKERS)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    start: StartBroker = request.param
    with start(tmp_path) as started:
        create_topic(started, TOPIC)
        yield started


def test_what_has_ended_well_is_in_kafka_whole(running: Broker) -> None:
    with closing(sender_to(running.address)) as sender:
        outcomes = [sender.send(record(b"\0\xff%d" % number)) for number in range(300)]
        for outcome in outcomes:
            outcome.result(60)
    messages = read_topic(running, TOPIC)
    assert sorted(each.value() for each in messages) == sorted(
        b"\0\xff%d" % number for number in range(300)
    )
    assert {each.key() for each in messages} == {b"k"}
    assert messages[0].headers() == [("ugc-seq", b"1"), ("é", "ü".encode())]


def test_a_paused_broker_is_heard_of_when_it_goes_on(running: Broker) -> None:
    with closing(sender_to(running.address)) as sender:
        sender.send(record(b"before")).result(60)
        running.process.send(signal.SIGSTOP)
        outcome = sender.send(record(b"meanwhile"))
        with pytest.raises(TimeoutError):
            outcome.result(0.3)
        running.process.send(signal.SIGCONT)
        outcome.result(60)
        assert sorted(values(running)) == [b"before", b"meanwhile"]


def test_what_is_not_acknowledged_ends_with_an_error_in_time() -> None:
    with closing(sender_to(f"127.0.0.1:{free_port()}", delivery_seconds=1.0)) as sender:
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            sender.send(record(b"v")).result(60)
        assert time.monotonic() - began < 10


def test_a_full_queue_is_an_error_and_not_a_wait() -> None:
    with closing(sender_to(f"127.0.0.1:{free_port()}")) as sender:
        outcomes = [sender.send(record(b"v")) for _ in range(10_001)]
        with pytest.raises(StoreUnavailableError, match="queue is full"):
            outcomes[-1].result(0)
        sender.close(0.1)
        ended = [outcome.exception(60) for outcome in outcomes]
        assert all(isinstance(error, StoreUnavailableError) for error in ended)


def test_what_is_too_large_is_refused_for_good(running: Broker) -> None:
    with closing(sender_to(running.address)) as sender:
        with pytest.raises(RecordRefusedError, match="too large"):
            sender.send(record(bytes(2_000_000))).result(60)
        sender.send(record(b"next")).result(60)


@pytest.mark.parametrize("delivery_seconds", [1.0, 3.0], ids=["fatal", "caught in a loop"])
def test_a_broken_producer_is_replaced_and_what_was_under_way_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, delivery_seconds: float
) -> None:
    """A broker that lost its memory does not know the producer: no retry of it is safe any more.

    Whether that is fatal or goes round for ever depends on whether something timed out before.

    The topic is left to the broker, which makes it when the producer asks; a second maker beside
    the producer would race with it.
    """
    port = free_port()
    with closing(sender_to(f"127.0.0.1:{port}", delivery_seconds)) as sender:
        with broker(tmp_path, port=port):
            wait_until(lambda: taken(sender), "Kafka is used")
        under_way: list[Future[None]] = []
        with broker(tmp_path, port=port) as second:

            def replaced() -> bool:
                under_way.append(sender.send(record(b"under way")))
                return sender.rebuilt > 0

            wait_until(replaced, "the producer is replaced")
            wait_until(lambda: taken(sender, b"after"), "the new one is used")
            assert b"after" in values(second)
            wait_until(lambda: all(each.done() for each in under_way), "everything has ended")
    assert "the producer is replaced" in caplog.text


class ScriptedProducer:
    """Stands for librdkafka's where a real one cannot be made to say a certain thing.

    Each record is reported with ``says``, or never when that is ``None``.
    """

    says: KafkaError | None = None

    def __init__(self, _settings: object, logger: object) -> None:
        self._reports: list[Callable[[KafkaError | None, object], None]] = []

    def produce(self, *_: object, on_delivery: Callable[..., None], **__: object) -> None:
        self._reports.append(on_delivery)

    def poll(self, seconds: float) -> None:
        time.sleep(seconds / 10)
        while self.says is not None and self._reports:
            self._reports.pop(0)(self.says, None)

    def purge(self, **_: object) -> None:
        self._reports.clear()

    def __len__(self) -> int:
        return len(self._reports)


@pytest.mark.parametrize(
    ("says", "is_replaced"),
    [
        (KafkaError.PRODUCER_FENCED, True),
        (KafkaError.INVALID_PRODUCER_EPOCH, True),
        (KafkaError.UNKNOWN_PRODUCER_ID, True),
        (KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, True),
        (None, True),
        (KafkaError.NOT_ENOUGH_REPLICAS, False),
    ],
)
def test_a_producer_is_replaced_that_is_disowned_or_silent_for_too_long(
    monkeypatch: pytest.MonkeyPatch, says: int | None, is_replaced: bool
) -> None:
    monkeypatch.setattr("api.publish.kafka.Producer", ScriptedProducer)
    monkeypatch.setattr(ScriptedProducer, "says", None if says is None else KafkaError(says))
    with closing(sender_to("nowhere:1", delivery_seconds=0.2)) as sender:
        sent = [sender.send(record(b"v")) for _ in range(3)]
        assert all(isinstance(each.exception(60), StoreUnavailableError) for each in sent)
        if is_replaced:
            wait_until(lambda: sender.rebuilt > 0, "the producer is replaced")
        else:
            time.sleep(0.5)
            assert sender.rebuilt == 0


def test_health_knows_whether_the_topic_is_there(tmp_path: Path) -> None:
    with broker(tmp_path) as started, closing(sender_to(started.address)) as sender:
        for _ in range(2):
            assert sender.health().detail == "there is no topic ugc.events"
        assert sender.health().status is PartStatus.DOWN
        create_topic(started, TOPIC)
        wait_until(lambda: sender.health().status is PartStatus.UP, "topic is known")


def test_health_of_a_broker_that_is_not_there() -> None:
    with closing(sender_to(f"127.0.0.1:{free_port()}")) as sender:
        began = time.monotonic()
        health = sender.health()
        assert time.monotonic() - began < 3
        assert (health.status, health.required) == (PartStatus.DOWN, True)


def test_closing_ends_what_is_under_way_and_leaves_no_thread_behind() -> None:
    sender = sender_to(f"127.0.0.1:{free_port()}")
    outcome = sender.send(record(b"v"))
    began = time.monotonic()
    sender.close(0.2)
    assert time.monotonic() - began < 10
    with pytest.raises(StoreUnavailableError):
        outcome.result(0)
    assert not sender.is_alive
    assert "kafka-poll" not in {thread.name for thread in threading.enumerate()}
