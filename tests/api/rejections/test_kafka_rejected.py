"""The topic of refused events on a real broker: best effort, and never in anybody's way."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.rejections.kafka import KafkaSink
from registry.kafka_servers import KafkaServers
from tests.api.servers import create_topic, read_topic
from tests.fullstack.apache_kafka import apache_broker
from tests.support.processes import free_port, wait_until
from tests.support.variants import BROKERS, StartBroker

TOPIC = "ugc.events.rejected"

pytestmark = pytest.mark.stack


class Reports:
    """Counts what became of messages, each of which is reported once."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[int, bool]] = Counter()

    def of(self, number: int) -> Callable[[bool], None]:
        def done(is_taken: bool) -> None:
            self.seen[number, is_taken] += 1

        return done

    def taken(self) -> int:
        return sum(is_taken for _, is_taken in self.seen)

    def lost(self) -> int:
        return len(self.seen) - self.taken()

    def each_once(self, number: int) -> bool:
        return sorted(n for n, _ in self.seen.elements()) == list(range(number))


@contextmanager
def sink_to(address: str) -> Iterator[KafkaSink]:
    sink = KafkaSink(KafkaServers(address), TOPIC)
    try:
        yield sink
    finally:
        sink.close(10)


def wait_served(sink: KafkaSink, condition: Callable[[], bool], what: str) -> None:
    def served() -> bool:
        sink.serve()
        return condition()

    wait_until(served, what)


def put(sink: KafkaSink, reports: Reports, numbers: range) -> None:
    for number in numbers:
        sink.put(b"element_click", json.dumps(number).encode(), reports.of(number))


@pytest.mark.parametrize("start", BROKERS)
def test_messages_are_in_the_topic(start: StartBroker, tmp_path: Path) -> None:
    reports = Reports()
    with start(tmp_path) as running:
        create_topic(running, TOPIC)
        with sink_to(running.address) as sink:
            put(sink, reports, range(100))
        messages = read_topic(running, TOPIC)
    assert sorted(json.loads(each.value() or b"") for each in messages) == list(range(100))
    assert {each.key() for each in messages} == {b"element_click"}
    assert (reports.taken(), reports.lost()) == (100, 0)
    assert reports.each_once(100)


@pytest.mark.full
def test_none_is_lost_because_many_are_too_large_together(tmp_path: Path) -> None:
    """Kafka itself; the broker from PyPI does not hold to the topic's limit."""
    reports = Reports()
    with apache_broker(tmp_path) as running:
        create_topic(running, TOPIC, settings={"max.message.bytes": "10000"})
        with sink_to(running.address) as sink:
            for number in range(200):
                value = bytes(20_000 if number == 70 else 500)
                sink.put(b"element_click", value, reports.of(number))
            wait_served(sink, lambda: len(reports.seen) == 200, "all is reported")
    assert (reports.taken(), reports.lost()) == (199, 1)
    assert reports.each_once(200)


@pytest.mark.parametrize("start", BROKERS)
def test_a_paused_broker_makes_nobody_wait(start: StartBroker, tmp_path: Path) -> None:
    reports = Reports()
    with start(tmp_path) as running:
        create_topic(running, TOPIC)
        with sink_to(running.address) as sink:
            put(sink, reports, range(10))
            wait_served(sink, lambda: reports.taken() == 10, "the topic is used")
            running.process.send(signal.SIGSTOP)
            # More than the queue holds: what does not fit is reported at once.
            put(sink, reports, range(10, 2_010))
            assert reports.lost() >= 1_000 - 10
            running.process.send(signal.SIGCONT)
            wait_served(sink, lambda: len(reports.seen) == 2_010, "all is reported")
    assert reports.taken() > 10
    assert reports.each_once(2_010)


def test_without_a_broker_everything_is_reported_as_lost_by_the_end() -> None:
    reports = Reports()
    sink = KafkaSink(KafkaServers(f"127.0.0.1:{free_port()}"), TOPIC)
    put(sink, reports, range(1_500))
    sink.close(0.1)
    assert (reports.taken(), reports.lost()) == (0, 1_500)
    assert reports.each_once(1_500)
