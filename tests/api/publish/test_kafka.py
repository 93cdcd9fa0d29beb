"""The sender to a real broker: acknowledged or an error, and a new producer for a broken one."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
from confluent_kafka import KafkaError

from api.config import Publishing
from api.errors import RecordTooLargeError, StoreUnavailableError
from api.model import ComponentStatus
from api.publish.delivery import Delivery
from api.publish.kafka import KafkaSender
from api.publish.spool import slots
from api.publish.spool.record import Record
from api.publishing import open_log, spooling
from registry.kafka_servers import KafkaServers
from registry.topics import LONGEST_RECORD_BYTES
from tests.api.servers import Broker, broker, create_topic, read_topic
from tests.fullstack.apache_kafka import apache_broker
from tests.support.processes import free_port, wait_until
from tests.support.variants import BROKERS, StartBroker

TOPIC = "ugc.events"

pytestmark = pytest.mark.stack


def sender_to(address: str, delivery_seconds: float = 20.0) -> KafkaSender:
    return KafkaSender(KafkaServers(address), TOPIC, delivery_seconds=delivery_seconds)


def record(value: bytes) -> Record:
    return Record(
        event_id=uuid.UUID(int=1), key=b"k", value=value, headers={"ugc-seq": "1", "é": "ü"}
    )


class Sending:
    """A delivery, and a way to wait for its end."""

    def __init__(self, sender: KafkaSender, *values: bytes) -> None:
        self._ended = threading.Event()
        self._sent = Delivery([record(value) for value in values], self._ended.set)
        sender.send(self._sent)

    @property
    def is_done(self) -> bool:
        return self._ended.is_set()

    def errors(self, seconds: float = 60) -> list[StoreUnavailableError | None]:
        """What became of each record; an error here if that is not known in time."""
        assert self._ended.wait(seconds), "nothing was heard of a record"
        return [each.outcome for each in self._sent.sent]


def send_each(sender: KafkaSender, *values: bytes) -> list[Sending]:
    return [Sending(sender, value) for value in values]


def taken(sender: KafkaSender, value: bytes = b"v") -> bool:
    sent = Sending(sender, value)
    wait_until(lambda: sent.is_done, "the record has ended")
    return sent.errors() == [None]


def values(running: Broker) -> list[bytes]:
    return [message.value() for message in read_topic(running, TOPIC)]


@pytest.fixture(params=BROKERS)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    start: StartBroker = request.param
    with start(tmp_path) as started:
        create_topic(started, TOPIC)
        yield started


def test_where_kafka_has_put_a_record_is_told_before_its_end(running: Broker) -> None:
    placed: list[tuple[uuid.UUID, int, int]] = []
    sender = KafkaSender(
        KafkaServers(running.address),
        TOPIC,
        delivery_seconds=20.0,
        placed=lambda *place: placed.append(place),
    )
    with closing(sender):
        for value in (b"a", b"b", b"c"):
            assert taken(sender, value)
            assert placed[-1][0] == uuid.UUID(int=1)
    found = {(each.partition(), each.offset()) for each in read_topic(running, TOPIC)}
    assert {(partition, offset) for _, partition, offset in placed} == found


def test_who_looks_hears_of_records_and_the_thread_does_when_nobody_looks(running: Broker) -> None:
    with closing(sender_to(running.address)) as sender:
        assert taken(sender)
        heard_by: set[int] = set()
        ended = threading.Event()

        def end() -> None:
            heard_by.add(threading.get_ident())
            ended.set()

        def looked() -> bool:
            sender.hear()
            return ended.is_set()

        # One look tells the thread to stand aside, once it has ended the look it may be in.
        sender.hear()
        wait_until(lambda: sender.hear() is None and sender.is_aside, "the thread stands aside")
        sender.send(Delivery([record(b"looked for")], end))
        wait_until(looked, "it is heard where somebody looks")
        assert heard_by == {threading.get_ident()}

        sender.leave()
        assert taken(sender)
        sender.hear()  # and then never again
        assert taken(sender)


def test_what_has_ended_well_is_in_kafka_whole(running: Broker) -> None:
    with closing(sender_to(running.address)) as sender:
        sent = Sending(sender, *(b"\0\xff%d" % number for number in range(200)))
        more = send_each(sender, *(b"\0\xff%d" % number for number in range(200, 300)))
        assert sent.errors() == [None] * 200
        assert [each.errors() for each in more] == [[None]] * 100
    messages = read_topic(running, TOPIC)
    assert sorted(each.value() for each in messages) == sorted(
        b"\0\xff%d" % number for number in range(300)
    )
    assert {each.key() for each in messages} == {b"k"}
    assert messages[0].headers() == [("ugc-seq", b"1"), ("é", "ü".encode())]


def test_a_paused_broker_is_heard_of_when_it_goes_on(running: Broker) -> None:
    with closing(sender_to(running.address)) as sender:
        assert Sending(sender, b"before").errors() == [None]
        running.process.send(signal.SIGSTOP)
        sent = Sending(sender, b"meanwhile")
        wait_until(lambda: sender.silent_seconds > 0.3, "Kafka is silent")
        assert not sent.is_done
        running.process.send(signal.SIGCONT)
        assert sent.errors() == [None]
        assert sender.silent_seconds == 0
        assert sorted(values(running)) == [b"before", b"meanwhile"]


def test_what_is_not_acknowledged_ends_with_an_error_in_time() -> None:
    nowhere = sender_to(f"127.0.0.1:{free_port()}", delivery_seconds=1.0)
    with closing(nowhere) as sender:
        (error,) = Sending(sender, b"v").errors()
    assert isinstance(error, StoreUnavailableError)


def test_a_full_queue_is_an_error_and_not_a_wait() -> None:
    with closing(sender_to(f"127.0.0.1:{free_port()}")) as sender:
        most = Sending(sender, *[b"v"] * 9_999)
        too_many = Sending(sender, b"v", b"v")
        assert [str(each) for each in too_many.errors(0)] == ["the producer's queue is full"] * 2
        last = Sending(sender, b"v")
        sender.close(0.1)
        errors = [*most.errors(), *last.errors()]
        assert all(isinstance(error, StoreUnavailableError) for error in errors)


def test_what_is_too_large_is_refused_for_good(running: Broker) -> None:
    with closing(sender_to(running.address)) as sender:
        (error,) = Sending(sender, bytes(LONGEST_RECORD_BYTES)).errors()
        assert isinstance(error, RecordTooLargeError)
        assert "too large" in str(error)
        assert Sending(sender, b"next").errors() == [None]


@pytest.mark.full
def test_what_a_broker_refuses_for_the_size_of_the_batch_is_taken(tmp_path: Path) -> None:
    """Kafka itself; the broker from PyPI knows the topic's limit and does not hold to it."""
    with apache_broker(tmp_path) as started:
        create_topic(started, TOPIC, settings={"max.message.bytes": "10000"})
        with closing(sender_to(started.address)) as sender:
            assert Sending(sender, b"first").errors() == [None]
            errors = Sending(
                sender,
                *(
                    b"%03d" % number + bytes(20_000 if number == 70 else 500)
                    for number in range(200)
                ),
            ).errors()
            assert Sending(sender, b"next").errors() == [None]
        assert [at for at, error in enumerate(errors) if error is not None] == [70]
        assert isinstance(errors[70], RecordTooLargeError)
        found = sorted(value[:3] for value in values(started) if value[:1].isdigit())
        assert found == [b"%03d" % number for number in range(200) if number != 70]


class ScriptedProducer:
    """Stands for librdkafka's where a real one cannot be made to say a certain thing.

    Each record is reported with ``says``, or never when that is ``None``.
    """

    says: KafkaError | None = None
    polls = 0

    def __init__(self, _settings: object, logger: object) -> None:
        self._reports: list[Callable[[KafkaError | None, object], None]] = []

    def produce(self, *_: object, on_delivery: Callable[..., None], **__: object) -> None:
        self._reports.append(on_delivery)

    def poll(self, seconds: float) -> None:
        time.sleep(seconds / 10)  # as the real one does that has nothing to say
        type(self).polls += 1
        while self.says is not None and self._reports:
            self._reports.pop(0)(self.says, None)

    def purge(self, **_: object) -> None:
        self._reports.clear()

    def __len__(self) -> int:
        return len(self._reports)


class JudgesBatches(ScriptedProducer):
    """Reports what it holds as one batch: refused whole when it is longer than the limit."""

    LIMIT_BYTES = 10_000
    REJECTION = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
    sizes: ClassVar[list[list[int]]] = []

    def __init__(self, _settings: object, logger: object) -> None:
        super().__init__(_settings, logger)
        self._held: list[tuple[int, Callable[..., None]]] = []

    def produce(
        self, _topic: str, value: bytes, *_: object, on_delivery: Callable[..., None], **__: object
    ) -> None:
        self._held.append((len(value), on_delivery))

    def poll(self, seconds: float) -> None:
        time.sleep(seconds / 100)
        held, self._held = self._held, []
        sizes = [size for size, _ in held]
        self.sizes.append(sizes)
        for _, report in held:
            report(self.REJECTION if sum(sizes) > self.LIMIT_BYTES else None, None)


@pytest.fixture
def judges_batches(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The sizes of the records in each batch that was judged."""
    monkeypatch.setattr("api.publish.kafka.Producer", JudgesBatches)
    monkeypatch.setattr(JudgesBatches, "sizes", [])
    return JudgesBatches.sizes


def test_records_that_are_refused_together_are_taken_in_smaller_batches(
    judges_batches: list[list[int]],
) -> None:
    with closing(sender_to("nowhere:1")) as sender:
        assert Sending(sender, *[bytes(500)] * 200).errors() == [None] * 200
    judged = list(filter(None, judges_batches))
    assert max(map(len, judged)) > JudgesBatches.LIMIT_BYTES / 500, "some were refused together"


def test_only_the_record_that_is_refused_alone_is_refused(
    judges_batches: list[list[int]],
) -> None:
    with closing(sender_to("nowhere:1")) as sender:
        sent = send_each(sender, *(bytes(20_000 if at == 70 else 10) for at in range(200)))
        errors = [each.errors()[0] for each in sent]
    assert [at for at, error in enumerate(errors) if error is not None] == [70]
    assert isinstance(errors[70], RecordTooLargeError)
    assert [20_000] in judges_batches


def test_what_is_refused_together_leaves_the_spool_and_is_not_set_aside(
    judges_batches: list[list[int]], tmp_path: Path
) -> None:
    settings = Publishing(
        spool_dir=tmp_path, spool_max_bytes=10_000_000, wait_seconds=1.0, delivery_seconds=30.0
    )
    slot = slots.take(tmp_path)
    with closing(open_log(slot.folder, settings)) as spool:
        spool.append([record(bytes(500)) for _ in range(60)])
    slot.release()
    with closing(sender_to("nowhere:1")) as sender, spooling(sender, settings) as publisher:
        wait_until(lambda: publisher.spool_state().bytes_used == 0, "the spool is empty")
        counts = publisher.counts().replay
    assert (counts.replayed, counts.set_aside) == (60, 0)
    assert max(map(sum, judges_batches)) > JudgesBatches.LIMIT_BYTES, "some were refused together"


def test_a_refusal_in_company_that_goes_on_for_too_long_is_none(
    monkeypatch: pytest.MonkeyPatch, judges_batches: list[list[int]]
) -> None:
    """Whoever sent the records learns that they are not stored, and sends them again."""
    monkeypatch.setattr(JudgesBatches, "LIMIT_BYTES", 0)
    with closing(sender_to("nowhere:1", delivery_seconds=0.000_001)) as sender:
        errors = Sending(sender, b"v", b"v").errors()
    assert {type(each) for each in errors} == {StoreUnavailableError}


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
        under_way: list[Sending] = []
        with broker(tmp_path, port=port) as second:

            def replaced() -> bool:
                under_way.append(Sending(sender, b"under way"))
                return sender.rebuilt > 0

            wait_until(replaced, "the producer is replaced")
            wait_until(lambda: taken(sender, b"after"), "the new one is used")
            assert b"after" in values(second)
            wait_until(lambda: all(each.is_done for each in under_way), "everything has ended")
    assert "the producer is replaced" in caplog.text


@pytest.mark.parametrize(
    "says",
    [
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        None,
    ],
)
def test_a_producer_is_replaced_that_is_disowned_or_silent_for_too_long(
    monkeypatch: pytest.MonkeyPatch, says: int | None
) -> None:
    monkeypatch.setattr("api.publish.kafka.Producer", ScriptedProducer)
    monkeypatch.setattr(ScriptedProducer, "says", None if says is None else KafkaError(says))
    with closing(sender_to("nowhere:1", delivery_seconds=0.2)) as sender:
        errors = Sending(sender, b"v", b"v", b"v").errors()
        assert all(isinstance(each, StoreUnavailableError) for each in errors)
        wait_until(lambda: sender.rebuilt > 0, "the producer is replaced")


def test_a_producer_stays_whose_records_the_broker_refuses_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.publish.kafka.Producer", ScriptedProducer)
    says = KafkaError(KafkaError.NOT_ENOUGH_REPLICAS)
    monkeypatch.setattr(ScriptedProducer, "says", says)
    with closing(sender_to("nowhere:1", delivery_seconds=600)) as sender:
        errors = Sending(sender, b"v", b"v", b"v").errors()
        assert all(isinstance(each, StoreUnavailableError) for each in errors)
        told = ScriptedProducer.polls
        # After each poll it is decided whether the producer is replaced.
        wait_until(lambda: ScriptedProducer.polls > told + 2, "the producer is polled on")
        assert sender.rebuilt == 0


def test_health_knows_whether_the_topic_is_there(tmp_path: Path) -> None:
    with broker(tmp_path) as started, closing(sender_to(started.address)) as sender:
        for _ in range(2):
            assert sender.health().detail == "there is no topic ugc.events"
        assert sender.health().status is ComponentStatus.DOWN
        create_topic(started, TOPIC)
        wait_until(lambda: sender.health().status is ComponentStatus.UP, "topic is known")


def test_health_of_a_broker_that_is_not_there() -> None:
    with closing(sender_to(f"127.0.0.1:{free_port()}")) as sender:
        health = sender.health()
        assert (health.status, health.required) == (ComponentStatus.DOWN, True)


def test_closing_ends_what_is_under_way_and_leaves_no_thread_behind() -> None:
    """Were it to wait for the delivery, the test would be given up before."""
    sender = sender_to(f"127.0.0.1:{free_port()}", delivery_seconds=600)
    sent = Sending(sender, b"v")
    sender.close(0.2)
    assert isinstance(sent.errors(0)[0], StoreUnavailableError)
    assert not sender.is_alive
    assert "kafka-poll" not in {thread.name for thread in threading.enumerate()}
