"""Publishing, in memory and to a real broker: acknowledged or an error, within a bounded time."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.errors import StoreUnavailableError
from api.model import PartStatus
from api.pipeline import Publisher
from api.publisher import InMemoryPublisher, KafkaPublisher, Published
from contracts.stamps import NUMBER, PRODUCER, VOID, Stamp, stamp_in
from tests.api.servers import Broker, broker, create_topic, read_topic
from tests.support.processes import free_port, wait_until
from tests.support.variants import BROKERS, StartBroker

TOPIC = "ugc.events"
LONG_SECONDS = 20.0
SHORT_SECONDS = 0.5

pytestmark = pytest.mark.stack


@dataclass
class Target:
    publisher: Publisher
    stored: Callable[[], list[Published]]
    stop: Callable[[], None]


@pytest.fixture(params=[pytest.param(None, id="memory"), *BROKERS])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """A publisher, what it has stored, and a way to take its store away."""
    if request.param is None:
        in_memory = InMemoryPublisher()
        yield Target(
            in_memory,
            lambda: list(in_memory.published),
            lambda: setattr(in_memory, "available", False),
        )
        return
    with request.param(tmp_path) as running, closing(kafka(running.address)) as publisher:
        create_topic(running, TOPIC)
        yield Target(publisher, lambda: stored(running), running.process.kill)


def kafka(address: str) -> KafkaPublisher:
    return KafkaPublisher(address, TOPIC, timeout_seconds=1.0)


def stored(running: Broker) -> list[Published]:
    return [
        Published(
            key=message.key(),
            value=message.value(),
            headers={
                name: value.decode()
                for name, value in message.headers() or ()
                if name not in {PRODUCER, NUMBER, VOID}
            },
        )
        for message in read_topic(running, TOPIC)
    ]


def stamps(running: Broker) -> dict[bytes, Stamp]:
    """The stamp of each message in the topic, by its value."""
    found = {
        message.value(): stamp_in(dict(message.headers() or ()))
        for message in read_topic(running, TOPIC)
    }
    return {value: stamp for value, stamp in found.items() if stamp is not None}


def publish(publisher: Publisher, value: bytes = b"v", timeout_seconds: float = 5.0) -> None:
    publisher.publish(
        key=b"k", value=value, headers={"correlation_id": "c"}, timeout_seconds=timeout_seconds
    )


def seconds_to_fail(publisher: Publisher, timeout_seconds: float = 5.0) -> float:
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        publish(publisher, timeout_seconds=timeout_seconds)
    return time.monotonic() - began


def test_what_was_published_is_stored_when_it_returns(target: Target) -> None:
    publish(target.publisher, b"\0\xff binary")
    assert target.stored() == [
        Published(key=b"k", value=b"\0\xff binary", headers={"correlation_id": "c"})
    ]


def test_many_threads_publish_at_once(target: Target) -> None:
    values = {str(number).encode() for number in range(200)}
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda value: publish(target.publisher, value), values))
    found = target.stored()
    assert len(found) == 200
    assert {each.value for each in found} == values


def test_without_its_store_it_fails_in_a_bounded_time(target: Target) -> None:
    publish(target.publisher)
    target.stop()
    assert seconds_to_fail(target.publisher, SHORT_SECONDS) < 4 * SHORT_SECONDS


@pytest.fixture
def nowhere() -> Iterator[KafkaPublisher]:
    """A publisher whose broker is not there."""
    with closing(kafka(f"127.0.0.1:{free_port()}")) as publisher:
        yield publisher


def test_after_failures_in_a_row_it_does_not_wait_for_kafka(nowhere: KafkaPublisher) -> None:
    took = [seconds_to_fail(nowhere, 0.05) for _ in range(12)]
    assert all(0.05 <= each < 0.5 for each in took[:5])
    assert all(each < 0.05 for each in took[5:])


def test_health_of_a_broker_that_is_not_there(nowhere: KafkaPublisher) -> None:
    began = time.monotonic()
    health = nowhere.health()
    assert time.monotonic() - began < 3
    assert (health.status, health.required) == (PartStatus.DOWN, True)


@pytest.mark.parametrize("start", BROKERS)
def test_health_knows_whether_the_topic_is_there(start: StartBroker, tmp_path: Path) -> None:
    with start(tmp_path) as running, closing(kafka(running.address)) as publisher:
        for _ in range(2):
            assert publisher.health().detail == "there is no topic ugc.events"
        assert publisher.health().status is PartStatus.DOWN
        create_topic(running, TOPIC)
        wait_until(lambda: publisher.health().status is PartStatus.UP, "topic is known")
        assert publisher.health().required


@pytest.mark.parametrize("start", BROKERS)
def test_a_paused_broker_is_waited_for_and_then_given_up(
    start: StartBroker, tmp_path: Path
) -> None:
    with start(tmp_path) as running, closing(kafka(running.address)) as publisher:
        create_topic(running, TOPIC)
        publish(publisher, b"before")
        running.process.send(signal.SIGSTOP)
        took = seconds_to_fail(publisher, SHORT_SECONDS)
        assert SHORT_SECONDS <= took < 2 * SHORT_SECONDS
        running.process.send(signal.SIGCONT)
        wait_until(lambda: publishes(publisher, b"after"), "Kafka is used again")
        values = [each.value for each in stored(running)]
        found = stamps(running)
    assert values[0] == b"before"
    assert b"after" in values
    assert found[b"before"].number == 1
    assert found[b"after"].producer == found[b"before"].producer
    (void,) = found[b"after"].voids
    assert void == (2, found[b"after"].number - 1)


@pytest.mark.parametrize("start", BROKERS)
def test_a_broker_that_comes_back_is_used_again(start: StartBroker, tmp_path: Path) -> None:
    port = free_port()
    with closing(kafka(f"127.0.0.1:{port}")) as publisher:
        assert seconds_to_fail(publisher, SHORT_SECONDS) >= SHORT_SECONDS
        with start(tmp_path, port=port) as running:
            wait_until(lambda: publishes(publisher, b"again"), "Kafka is used again")
            assert b"again" in [each.value for each in stored(running)]


def test_a_fatal_error_of_the_producer_is_reported_and_refuses_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A broker that lost its memory does not know the producer: no retry is safe any more.

    The topic is left to the broker, which makes it when the producer asks; a second maker beside
    the producer would race with it.
    """
    port = free_port()
    with closing(kafka(f"127.0.0.1:{port}")) as publisher:
        with broker(tmp_path, port=port):
            wait_until(lambda: publishes(publisher, b"v"), "Kafka is used")
            publish(publisher)
        with broker(tmp_path, port=port):

            def given_up() -> bool:
                publishes(publisher, b"lost")
                return "cannot go on" in publisher.health().detail

            wait_until(given_up, "the producer gives up")
            assert publisher.health().status is PartStatus.DOWN
            assert seconds_to_fail(publisher, LONG_SECONDS) < 1
    assert [r.levelname for r in caplog.records if "cannot go on" in r.message] == ["CRITICAL"]


def publishes(publisher: Publisher, value: bytes) -> bool:
    try:
        publish(publisher, value, timeout_seconds=1.0)
    except StoreUnavailableError:
        return False
    return True


def test_closing_leaves_no_thread_behind(nowhere: KafkaPublisher) -> None:
    began = time.monotonic()
    nowhere.close(0.2)
    assert time.monotonic() - began < 2
    assert "kafka-poll" not in {thread.name for thread in threading.enumerate()}
