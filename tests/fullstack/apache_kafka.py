"""Apache Kafka in KRaft mode: one node, or several, on loopback and a folder that persists.

::

    with kafka_cluster(folder, nodes=3) as kafka:
        kafka.bootstrap_servers
        kafka.node(0).kill()      # also stop, pause, resume, start, restart

Every node is broker and controller.  A topic has as many replicas as there are nodes (three at
most), and a write with acks=all needs all of them but one.
"""

from __future__ import annotations

import base64
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from tests.api.servers import Broker
from tests.fullstack.cache import cached, program
from tests.support.processes import STOP_SECONDS, ServerProcess, free_port, wait_until

READY_SECONDS = 90.0
"""Three JVMs start on two busy cores."""

_JVM = ("-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.log.state.change=error",
)


class KafkaNode:
    """One broker and controller; its ports stay as long as the object lives."""

    def __init__(self, number: int, folder: Path, port: int | None = None) -> None:
        self.number = number
        self.port = port or free_port()
        self.controller_port = free_port()
        self.folder = folder
        self.log = folder / "server.log"
        self._process: ServerProcess | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> ServerProcess:
        assert self._process is not None, "the node was never started"
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running

    def launch(self) -> None:
        """Starts the process and does not wait: alone it may lack a quorum."""
        assert not self.is_running
        command = _java(*_LOGGING, "kafka.Kafka", str(self.properties))
        self._process = ServerProcess(command, self.log, None, at_our_end=signal.SIGKILL)

    def wait_ready(self) -> None:
        """Waits until the node itself counts among the brokers."""
        self.process.wait_ready(self.is_ready, READY_SECONDS)

    def start(self) -> None:
        """Returns when the node serves; needs a quorum of the others."""
        self.launch()
        self.wait_ready()

    def stop(self) -> None:
        """Asks it to end: it hands its partitions over and closes its files."""
        if self.is_running:
            self.resume()
            self.process.send(signal.SIGTERM)
            try:
                self.process.wait_exit(STOP_SECONDS)
            except subprocess.TimeoutExpired:  # without a quorum it cannot hand over
                self.kill()

    def kill(self) -> None:
        """SIGKILL, if it runs."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self.process.send(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self.process.send(signal.SIGCONT)

    def restart(self) -> None:
        """Stops it if it runs, and starts it on its files and ports."""
        self.stop()
        self.start()

    def is_ready(self) -> bool:
        """Whether the node, asked itself, knows itself as a broker."""
        return self.number in brokers_of(self.address)

    @property
    def properties(self) -> Path:
        return self.folder / "server.properties"


class KafkaCluster:
    """All nodes of one cluster."""

    def __init__(
        self, folder: Path, nodes: int, settings: Mapping[str, str], port: int | None = None
    ) -> None:
        """``port`` is that of the first node."""
        ports = [port, *[None] * (nodes - 1)]
        self.nodes: Sequence[KafkaNode] = [
            KafkaNode(number, folder / f"node-{number}", each)
            for number, each in enumerate(ports, start=1)
        ]
        cluster_id = _cluster_id(folder)
        for node in self.nodes:
            node.folder.mkdir(parents=True, exist_ok=True)
            lines = {**self._properties(node), **settings}
            text = "".join(f"{name}={value}\n" for name, value in lines.items())
            node.properties.write_text(text)
            _format(node, cluster_id)

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(node.address for node in self.nodes)

    def node(self, index: int) -> KafkaNode:
        """From 0 on."""
        return self.nodes[index]

    def start(self) -> None:
        """Returns when every node serves and knows all the others."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_ready()
        wait_until(self._is_whole, "every broker knows all of them", READY_SECONDS)

    def create_topic(self, topic: str, partitions: int = 3) -> None:
        """Returns when every broker knows the topic, and a leader for each partition."""
        settings = {"bootstrap.servers": self.bootstrap_servers, "log_level": 0}
        admin = AdminClient(settings)
        admin.create_topics([NewTopic(topic, partitions)])[topic].result(READY_SECONDS)
        wait_until(
            lambda: all(_leads(node.address, topic, partitions) for node in self.nodes),
            f"every broker knows {topic}",
        )

    def kill(self) -> None:
        """SIGKILL to every node that runs."""
        for node in self.nodes:
            node.kill()

    def _is_whole(self) -> bool:
        everyone = {node.number for node in self.nodes}
        return all(brokers_of(node.address) == everyone for node in self.nodes)

    def _properties(self, node: KafkaNode) -> dict[str, str]:
        replicas = min(3, len(self.nodes))
        in_sync = max(1, replicas - 1)
        voters = ",".join(f"{n.number}@127.0.0.1:{n.controller_port}" for n in self.nodes)
        return {
            "node.id": str(node.number),
            "process.roles": "broker,controller",
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{node.address},"
            f"CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{node.address}",
            "log.dirs": str(node.folder / "data"),
            "num.partitions": "3",
            "default.replication.factor": str(replicas),
            "min.insync.replicas": str(in_sync),
            "offsets.topic.num.partitions": "3",
            "offsets.topic.replication.factor": str(replicas),
            "transaction.state.log.num.partitions": "3",
            "transaction.state.log.replication.factor": str(replicas),
            "transaction.state.log.min.isr": str(in_sync),
            "share.coordinator.state.topic.replication.factor": str(replicas),
            "share.coordinator.state.topic.min.isr": str(in_sync),
            # A node that is gone is noticed in seconds, and tests may use short sessions.
            "broker.session.timeout.ms": "4000",
            "broker.heartbeat.interval.ms": "500",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "500",
            "num.network.threads": "2",
            "num.io.threads": "2",
            "background.threads": "2",
            "log.cleaner.enable": "false",
        }


@contextmanager
def kafka_cluster(
    folder: Path,
    nodes: int = 1,
    settings: Mapping[str, str] | None = None,
    *,
    port: int | None = None,
) -> Iterator[KafkaCluster]:
    """A running cluster over ``folder``, with what an earlier one left there.

    Args:
        folder: must have had as many nodes, if it is not empty.
        nodes: how many.
        settings: properties of the broker that go before those here.
        port: that of the first node.
    """
    cluster = KafkaCluster(folder, nodes, settings or {}, port)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()


def brokers_of(address: str) -> set[int]:
    """The numbers of all brokers that the one at ``address`` knows; empty when it is silent."""
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    try:
        return set(admin.list_topics(timeout=1).brokers)
    except KafkaException:
        return set()


@contextmanager
def apache_broker(folder: Path, *, port: int | None = None) -> Iterator[Broker]:
    """One node without a memory, where else :func:`tests.api.servers.broker` runs."""
    cluster = KafkaCluster(Path(tempfile.mkdtemp(dir=folder)), 1, {}, port)
    try:
        cluster.start()
        yield Broker(cluster.node(0).process, cluster.bootstrap_servers)
    finally:
        cluster.kill()


def _leads(address: str, topic: str, partitions: int) -> bool:
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    try:
        found = admin.list_topics(topic, timeout=1).topics[topic].partitions
    except KafkaException:
        return False
    return len(found) == partitions and all(each.leader > 0 for each in found.values())


def _java(*arguments: str) -> list[str]:
    jars = cached("kafka", "kafka.xml")
    return [program("java"), *_JVM, "-cp", f"{jars}/*", *arguments]


def _cluster_id(folder: Path) -> str:
    file = folder / "cluster-id"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
    return file.read_text()


def _format(node: KafkaNode, cluster_id: str) -> None:
    if (node.folder / "data" / "meta.properties").exists():
        return
    arguments = (
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={cluster_id}",  # one word: an id may begin with a dash
        f"--config={node.properties}",
    )
    done = subprocess.run(_java(*arguments), capture_output=True, text=True, timeout=READY_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
