"""The full parts start, end, and come back with what they had; nothing outlives its test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource

from tests.fullstack.apache_kafka import KafkaCluster, brokers_of, kafka_cluster
from tests.fullstack.debian_redis import debian_redis
from tests.fullstack.foreign_registry import foreign_registry
from tests.support.processes import wait_until

pytestmark = [pytest.mark.full, pytest.mark.stack]


def produce(kafka: KafkaCluster, value: bytes) -> None:
    """One message that all in-sync replicas have."""
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "acks": "all", "log_level": 0}
    producer = Producer(settings)
    errors: list[object] = []
    producer.produce("kept", value, partition=0, on_delivery=lambda e, _m: errors.append(e))
    assert producer.flush(30) == 0
    (error,) = errors
    assert error is None


def values(kafka: KafkaCluster, count: int) -> list[bytes | None]:
    settings = {"bootstrap.servers": kafka.bootstrap_servers, "group.id": "g", "log_level": 0}
    consumer = Consumer(settings)
    try:
        consumer.assign([TopicPartition("kept", 0, 0)])
        return [message.value() for message in consumer.consume(count, 30)]
    finally:
        consumer.close()


def test_one_node_keeps_its_messages_over_every_kind_of_end(tmp_path: Path) -> None:
    with kafka_cluster(tmp_path) as kafka:
        kafka.create_topic("kept")
        node = kafka.node(0)
        produce(kafka, b"1")
        node.restart()
        produce(kafka, b"2")
        node.pause()
        assert not node.is_ready()
        node.resume()
        wait_until(node.is_ready, "the node answers again")
        node.kill()
        node.start()
        produce(kafka, b"3")
    with kafka_cluster(tmp_path) as kafka:
        assert values(kafka, 3) == [b"1", b"2", b"3"]


def test_three_nodes_take_writes_without_one_and_not_without_two(tmp_path: Path) -> None:
    with kafka_cluster(tmp_path, nodes=3) as kafka:
        kafka.create_topic("kept")
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
        (partition, *_) = admin.list_topics("kept").topics["kept"].partitions.values()
        assert len(partition.replicas) == 3
        resource = ConfigResource(ConfigResource.Type.TOPIC, "kept")
        config = admin.describe_configs([resource])[resource].result(30)
        assert config["min.insync.replicas"].value == "2"
        produce(kafka, b"1")
        kafka.node(partition.leader - 1).kill()
        produce(kafka, b"2")
        kafka.node(partition.leader - 1).start()
        assert values(kafka, 2) == [b"1", b"2"]
        (other, third) = [n for n in kafka.nodes if n.number != partition.leader]
        other.kill()
        third.kill()
        producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0,
                             "message.timeout.ms": 3_000})  # fmt: skip
        failed: list[object] = []
        producer.produce("kept", b"3", partition=0, on_delivery=lambda e, _m: failed.append(e))
        assert producer.flush(30) == 0
        (error,) = failed
        assert error is not None


def test_the_registry_and_redis_start(tmp_path: Path) -> None:
    with foreign_registry(tmp_path) as registry:
        assert registry.url.endswith("/apis/ccompat/v7")
    with debian_redis(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.set("a", b"b")
    with debian_redis(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        assert client.get("a") == b"b"


STARTS_ALL = """
import json, sys, time
from contextlib import ExitStack
from pathlib import Path
from tests.fullstack.apache_kafka import kafka_cluster
from tests.fullstack.debian_redis import debian_redis
from tests.fullstack.foreign_registry import foreign_registry
folder = Path(sys.argv[1])
with ExitStack() as stack:
    kafka = stack.enter_context(kafka_cluster(folder))
    registry = stack.enter_context(foreign_registry(folder))
    redis = stack.enter_context(debian_redis(folder))
    pids = [kafka.node(0).process.pid, registry.process.pid, redis.process.pid]
    (folder / "pids").write_text(json.dumps(pids))
    time.sleep(600)
"""


def test_nothing_outlives_a_test_process_that_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with ExitStack() as stack:
        starter = stack.enter_context(
            subprocess.Popen([sys.executable, "-c", STARTS_ALL, str(tmp_path)], env=os.environ)
        )
        stack.callback(starter.kill)
        wait_until(lambda: pids.exists() and pids.read_text() != "", "all parts run", 100)
        started = json.loads(pids.read_text())
        assert all(map(is_alive, started))
        starter.send_signal(signal.SIGKILL)
        starter.wait(10)
        wait_until(lambda: not any(map(is_alive, started)), "all parts have ended")


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and is only not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_node_that_is_not_there_has_no_brokers() -> None:
    assert brokers_of("127.0.0.1:1") == set()
