"""Reading and dead letters over Kafka's protocol and in memory, under the same suites."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from contracts.reasons import Reason
from etl.config import KafkaConfig
from etl.decode.dead_letters import DeadLetter
from etl.errors import (
    DeadLettersUnavailableError,
    OffsetOutOfRangeError,
    RebalancedError,
    SourceUnavailableError,
)
from etl.kafka.consumer import KafkaSource
from etl.kafka.dead_letters import KafkaDeadLetters
from etl.source import AssignedPartition, Chunk, Headers, RawMessage, Source, Span, pieces
from etl.testing.kafka import MemoryDeadLetters, MemorySource, MemoryTopic
from registry.kafka_servers import KafkaServers
from tests.api.servers import Broker, create_topic, read_topic
from tests.support.processes import wait_until
from tests.support.variants import BROKERS, StartBroker

pytest.register_assert_rewrite("tests.etl.source_suite")

from tests.etl.source_suite import PARTITIONS, WAIT_SECONDS, Log, SourceSuite, read_all  # noqa: E402

TOPIC = "ugc.events"
SESSION_MS = 1_000
SILENCE_SECONDS = 1.0
CHUNK_SECONDS = 3.0
"""One worker is not served while the suite reads with another, on a busy machine."""


class MemoryLog:
    def __init__(self) -> None:
        self.topic = MemoryTopic(TOPIC, PARTITIONS, self.now_ms)

    def append(
        self, partition: int, *values: bytes | None, key: bytes | None = b"k", headers: Headers = ()
    ) -> None:
        for value in values:
            self.topic.append(partition, key, value, headers)

    def source(self) -> Source:
        return MemorySource(self.topic)

    def commit(self, partition: int, offset: int) -> None:
        self.topic.committed[partition] = offset, ""

    def now_ms(self) -> int:
        return int(time.time() * 1000)


class TestMemory(SourceSuite):
    @pytest.fixture
    def log(self) -> MemoryLog:
        return MemoryLog()

    def claims_of_both(self, first: Source, second: Source) -> list[tuple[AssignedPartition, ...]]:
        second.assign()
        with pytest.raises(RebalancedError):
            first.read(1)
        return [source.assign().partitions for source in (first, second)]

    def join(self, second: Source, first: Source) -> None:
        second.assign()
        with pytest.raises(RebalancedError):
            first.read_on(1, 0.0, lambda: False)

    def give_up(self, log: Log, stale: Source) -> None:
        with closing(log.source()) as other:
            other.assign()

    def test_offsets_of_a_time(self) -> None:
        clock = iter([1, 5, 5, 9])
        topic = MemoryTopic(TOPIC, 1, lambda: next(clock))
        for _ in range(4):
            topic.append(0, b"k", b"v")
        source = MemorySource(topic)
        assert [source.offsets_at([0], at)[0] for at in (0, 1, 2, 5, 6, 10)] == [0, 0, 1, 1, 3, 4]

    def test_notes_lie_with_the_offsets(self) -> None:
        log = MemoryLog()
        with closing(log.source()) as source:
            source.assign()
            source.commit({0: 0, 2: 0}, "hello")
            assert source.assign().metadata == {0: "hello", 2: "hello"}


class KafkaLog:
    """A topic on a broker of its own."""

    def __init__(self, server: Broker) -> None:
        create_topic(server, TOPIC, partitions=PARTITIONS)
        self.config = config_of(server)
        self._producer = Producer(
            {"bootstrap.servers": server.address, "linger.ms": 100, "partitioner": "random"}
        )

    def append(
        self, partition: int, *values: bytes | None, key: bytes | None = b"k", headers: Headers = ()
    ) -> None:
        for value in values:
            self._producer.produce(
                TOPIC, value, key, partition=partition, headers=list(headers) or None
            )
        assert self._producer.flush(10) == 0

    def source(self) -> Source:
        return KafkaSource(
            replace(self.config, chunk_seconds=CHUNK_SECONDS),
            silence_seconds=SILENCE_SECONDS,
            join_seconds=15,
        )

    def commit(self, partition: int, offset: int) -> None:
        settings = {
            "bootstrap.servers": self.config.servers.addresses,
            "group.id": self.config.group_id,
        }
        with closing(Consumer(settings)) as consumer:
            consumer.commit(offsets=[TopicPartition(TOPIC, partition, offset)], asynchronous=False)

    def now_ms(self) -> int:
        return int(time.time() * 1000)


def config_of(server: Broker) -> KafkaConfig:
    return KafkaConfig(
        servers=KafkaServers(server.address),
        topic=TOPIC,
        dead_letter_topic="ugc.events.dead-letter",
        rejected_topic="ugc.events.rejected",
        group_id="ugc-etl",
        session_timeout_ms=SESSION_MS,
    )


def in_background(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


def claim_until(
    source: Source, done: Callable[[tuple[AssignedPartition, ...]], bool]
) -> tuple[AssignedPartition, ...]:
    """Assignment, and serves the group by reading, until the assignment are as wanted."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        claimed = source.assign().partitions
        try:
            read_all(source)
        except RebalancedError:
            continue
        if done(claimed):
            return source.assign().partitions
    raise AssertionError(f"the partitions were not handed out: {claimed}")


@pytest.mark.stack
class TestKafka(SourceSuite):
    @pytest.fixture(params=BROKERS)
    def server(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
        with request.param(tmp_path) as server:
            yield server

    @pytest.fixture
    def log(self, server: Broker) -> KafkaLog:
        return KafkaLog(server)

    def claims_of_both(self, first: Source, second: Source) -> list[tuple[AssignedPartition, ...]]:
        found: list[tuple[AssignedPartition, ...]] = []
        joining = in_background(
            lambda: found.append(claim_until(second, lambda claimed: len(claimed) < PARTITIONS))
        )
        found.append(claim_until(first, lambda claimed: len(claimed) < PARTITIONS))
        joining.join(20)
        return [first.assign().partitions, second.assign().partitions]

    def join(self, second: Source, first: Source) -> None:
        joining = in_background(second.assign)
        with pytest.raises(RebalancedError):
            first.read_on(1, WAIT_SECONDS, lambda: False)
        first.assign()
        joining.join(20)
        assert not joining.is_alive()

    def give_up(self, log: Log, stale: Source) -> None:
        """It does not come back from its chunk."""

        def is_member() -> bool:
            try:
                stale.commit({2: 0}, "")
            except RebalancedError:
                return False
            return True

        wait_until(lambda: not is_member(), "the group gives the worker up", 15)

    def test_notes_are_texts(self, log: KafkaLog) -> None:
        """Not every broker keeps them: an absent one counts as empty."""
        with closing(log.source()) as source:
            source.assign()
            source.commit({0: 0}, "17")
            assert source.assign().metadata in ({0: "17"}, {0: ""})

    def test_an_offset_of_a_time_is_not_too_late(self, log: KafkaLog) -> None:
        log.append(0, b"a")
        time_ms = log.now_ms() + 1
        wait_until(lambda: log.now_ms() >= time_ms, "the next millisecond")
        log.append(0, b"b")
        with closing(log.source()) as source:
            source.assign()
            assert source.offsets_at([0], 0)[0] == 0
            assert source.offsets_at([0], time_ms)[0] <= 1
            assert source.offsets_at([0], time_ms + 3_600_000)[0] <= 2

    def test_a_topic_that_is_missing(self, server: Broker) -> None:
        source = KafkaSource(replace(config_of(server), topic="no.such.topic"))
        with closing(source), pytest.raises(SourceUnavailableError, match=r"no\.such\.topic"):
            source.assign()


@pytest.mark.stack
@pytest.mark.parametrize("start", BROKERS)
def test_a_broker_that_goes_away(start: StartBroker, tmp_path: Path) -> None:
    with start(tmp_path) as server:
        KafkaLog(server).append(0, b"a")
        patient = replace(config_of(server), session_timeout_ms=6_000)
        with closing(KafkaSource(patient, silence_seconds=SILENCE_SECONDS)) as source:
            source.assign()
            server.process.kill()
            with pytest.raises(SourceUnavailableError, match="nothing comes from partition"):
                read_all(source)


@pytest.mark.stack
@pytest.mark.parametrize("start", BROKERS)
def test_a_broker_that_goes_away_while_nothing_comes(start: StartBroker, tmp_path: Path) -> None:
    with start(tmp_path) as server:
        KafkaLog(server)
        patient = replace(config_of(server), session_timeout_ms=12_000)
        with closing(KafkaSource(patient, silence_seconds=SILENCE_SECONDS)) as source:
            source.assign()
            read_all(source)
            for _ in range(3):  # silence alone is no fault
                assert not source.read_on(1, SILENCE_SECONDS, lambda: False).messages
            server.process.kill()
            with pytest.raises(SourceUnavailableError, match="the topic's partitions"):
                source.read_on(1, WAIT_SECONDS, lambda: False)


@pytest.mark.stack
def test_what_apache_kafka_also_does() -> None:
    """librdkafka's own mock broker keeps notes and refuses offsets beyond the end."""
    mock = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1})
    (found,) = mock.list_topics(timeout=10).brokers.values()
    for _ in range(2):
        mock.produce(TOPIC, b"a", b"k", partition=0)
    assert mock.flush(10) == 0
    server = f"{found.host}:{found.port}"
    config = KafkaConfig(
        servers=KafkaServers(server),
        topic=TOPIC,
        dead_letter_topic="unused",
        rejected_topic="unused",
        group_id="g",
        session_timeout_ms=6_000,
    )
    with closing(KafkaSource(config)) as source:
        source.assign()
        source.commit({0: 1, 2: 0}, "17")
        assignment = source.assign()
        assert assignment.metadata == {0: "17", 2: "17"}
        assert [assigned.committed for assigned in assignment.partitions] == [1, None, 0, None]
        _, spans = read_all(source)
        assert spans == {0: Span(1, 2)}
        source.commit({0: 77}, "")
        source.assign()
        with pytest.raises(OffsetOutOfRangeError, match=r"partition 0: .* offset 77 .* 0 to 2"):
            read_all(source)


# Dead letters

ORIGINAL = RawMessage(
    TOPIC, 3, 41, b"element_click", b"\1\0\xff", 1_769_860_800_000, (("producer", b"7"),)
)
LETTERS = [
    DeadLetter(ORIGINAL, Reason.MAGIC_BYTE_WRONG, "the first byte is 0x1"),
    DeadLetter(RawMessage(TOPIC, 0, 0, None, None, 0), Reason.VALUE_NULL, "no value"),
    DeadLetter(ORIGINAL, Reason.ORPHAN_END, "nö", 5),
]


def test_a_letter_tells_everything() -> None:
    assert LETTERS[0].headers() == (
        ("producer", b"7"),
        ("reason", b"magic_byte_wrong"),
        ("detail", b"the first byte is 0x1"),
        ("original-topic", b"ugc.events"),
        ("original-partition", b"3"),
        ("original-offset", b"41"),
        ("original-timestamp-ms", b"1769860800000"),
        ("original-key", b"element_click"),
    )
    assert ("schema-id", b"5") in LETTERS[2].headers()
    assert ("original-key", None) in LETTERS[1].headers()


def test_letters_in_memory() -> None:
    letters = MemoryDeadLetters()
    letters.send(LETTERS)
    letters.send([])
    assert letters.letters == LETTERS


@pytest.mark.stack
@pytest.mark.parametrize("start", BROKERS)
def test_letters_in_kafka(start: StartBroker, tmp_path: Path) -> None:
    with start(tmp_path) as server:
        config = config_of(server)
        create_topic(server, config.dead_letter_topic, partitions=1)
        letters = KafkaDeadLetters(config)
        letters.send(LETTERS)
        letters.send([])
        letters.close()
        found = read_topic(server, config.dead_letter_topic)
    assert [(message.key(), message.value()) for message in found] == [
        (letter.original.key, letter.original.value) for letter in LETTERS
    ]
    assert [tuple(message.headers() or ()) for message in found] == [
        letter.headers() for letter in LETTERS
    ]


@pytest.mark.stack
@pytest.mark.parametrize("start", BROKERS)
def test_letters_that_are_not_acknowledged(start: StartBroker, tmp_path: Path) -> None:
    with start(tmp_path) as server:
        config = config_of(server)
        create_topic(server, config.dead_letter_topic, partitions=1)
        letters = KafkaDeadLetters(config, timeout_seconds=8.0)
        letters.send(LETTERS)
        server.process.kill()
        with pytest.raises(DeadLettersUnavailableError, match="2 of 2 messages"):
            letters.send(LETTERS[:2])
        letters.close()


# Chunks in pieces


def test_pieces_join_without_a_gap() -> None:
    places = [(0, 0), (1, 5), (0, 1), (1, 7), (1, 8)]
    messages = [RawMessage(TOPIC, p, offset, None, None, 0) for p, offset in places]
    chunk = Chunk(messages, {0: Span(0, 4), 1: Span(5, 9), 2: Span(3, 6)})
    first, second, third = pieces(chunk, 2)
    assert first.spans == {0: Span(0, 1), 1: Span(5, 6)}
    assert second.spans == {0: Span(1, 2), 1: Span(6, 8)}
    assert third.spans == {0: Span(2, 4), 1: Span(8, 9), 2: Span(3, 6)}
    assert [*first.messages, *second.messages, *third.messages] == messages


def test_a_chunk_without_messages_is_one_piece() -> None:
    chunk = Chunk([], {0: Span(0, 4)})
    assert list(pieces(chunk, 10)) == [chunk]
