"""Other people's clients over real servers: kafkajs with its registry client, and Avro for Java.

Confluent's own Java serializers are not on Maven Central; ``Interop.java`` does what they do.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Producer
from fastavro.schema import to_parsing_canonical_form

from contracts.model.loader import load_catalog
from registry.client import ConfluentRegistry
from registry.framing import schema_id_of
from registry.options import RegistryOptions
from registry.serde import Decoder
from tests.api.servers import Broker, read_topic
from tests.fullstack.apache_kafka import KafkaCluster, kafka_cluster
from tests.fullstack.cache import PARTS, cached, program
from tests.support.variants import REGISTRIES
from tests.support.wire import wires

pytestmark = [pytest.mark.full, pytest.mark.stack]

CATALOG = load_catalog()
SECONDS = 100


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    with kafka_cluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster


@pytest.fixture(params=REGISTRIES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Decoder]]:
    """A registry's URL, and our decoder over it."""
    with (
        request.param(tmp_path) as server,
        closing(ConfluentRegistry(server.url, RegistryOptions())) as client,
    ):
        yield server.url, Decoder(CATALOG, client)


def test_kafkajs(
    kafka: KafkaCluster, registry: tuple[str, Decoder], request: pytest.FixtureRequest
) -> None:
    url, decoder = registry
    with closing(ConfluentRegistry(url, RegistryOptions())) as client:
        messages = wires(CATALOG, client)
    topic = f"there.{request.node.callspec.id}"
    back = f"back.{request.node.callspec.id}"
    kafka.create_topic(topic, partitions=1)
    kafka.create_topic(back, partitions=1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for message in messages:
        producer.produce(topic, message.value, message.key)
    assert producer.flush(20) == 0
    arguments = [kafka.bootstrap_servers, url, topic, back, str(len(messages))]
    done = subprocess.run(
        [program("node"), str(PARTS / "node" / "interop.cjs"), *arguments],
        env={
            **os.environ,
            "NODE_PATH": str(cached("node", "node/package-lock.json") / "node_modules"),
            "KAFKAJS_NO_PARTITIONER_WARNING": "1",
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    read = [json.loads(line) for line in done.stdout.splitlines()]
    expected = [decoder.decode(message.key, message.value) for message in messages]
    assert [(each["event_id"], each["user_id"], each["timestamp"]) for each in read] == [
        (str(each.event_id), each.user_id, int(each.timestamp.timestamp() * 1000))
        for each in expected
    ]
    returned = read_topic(Broker(kafka.node(0).process, kafka.bootstrap_servers), back)
    assert [decoder.decode(each.key(), each.value()) for each in returned] == expected


def test_avro_for_java(registry: tuple[str, Decoder]) -> None:
    url, decoder = registry
    with closing(ConfluentRegistry(url, RegistryOptions())) as client:
        messages = wires(CATALOG, client)
        texts = [client.schema(schema_id_of(message.value)) for message in messages]
    jars = cached("avro", "avro.xml")
    program("javac")
    done = subprocess.run(
        [program("java"), "-cp", f"{jars}/*", str(PARTS / "java" / "Interop.java"), url],
        input="".join(f"{base64.b64encode(each.value).decode()}\n" for each in messages),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split(" ", 2) for line in done.stdout.splitlines()]
    for (digest, again, read), message, text in zip(lines, messages, texts, strict=True):
        canonical = to_parsing_canonical_form(json.loads(text))
        assert base64.b64decode(digest) == hashlib.sha256(canonical.encode()).digest()
        assert base64.b64decode(again) == message.value
        assert str(decoder.decode(message.key, message.value).event_id) in read
