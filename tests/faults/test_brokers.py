"""Apache Kafka under load: three brokers, of which one is restarted, then the leader is killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.faults.conftest import Noted
from tests.faults.kit import Kit, KitConfig, kit
from tests.faults.load import Plan, lines_of, read_sent, sending
from tests.faults.proof import load_all, prove
from tests.faults.test_lines import accept, check
from tests.support.processes import wait_until

pytestmark = [pytest.mark.stack, pytest.mark.full, pytest.mark.timeout(300)]

RATE = 60
SECONDS = 10.0


@pytest.fixture(scope="module")
def _three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    config = KitConfig(workers=1, nodes=3)
    with kit(tmp_path_factory.mktemp("brokers"), config) as running:
        yield running


@pytest.fixture
def three(_three: Kit) -> Iterator[Kit]:
    """min.insync.replicas is two, and the API asks for acks=all."""
    _three.mend()
    _three.wait_whole()
    # One that has only just come back may not be counted on: two have to be left.
    wait_until(lambda: fewest_in_sync(_three) == 3, "all replicas are in sync", 60)
    yield _three
    _three.mend()


@pytest.mark.fault("broker_restart")
def test_a_broker_is_restarted(three: Kit, noted: Noted, tmp_path: Path) -> None:
    noted.done = f"the leader of three asked to stop and started again, at {RATE} events/s"
    with load(three, noted, tmp_path / "sent.jsonl"):
        node = three.nodes[most_leading(three)]
        node.stop()
        node.start()
        noted.fault_ends()


@pytest.mark.fault("leader_change")
def test_the_leader_is_killed(three: Kit, noted: Noted, tmp_path: Path) -> None:
    noted.done = f"SIGKILL to the leader of three, at {RATE} events/s; it stays away"
    with load(three, noted, tmp_path / "sent.jsonl"):
        killed = most_leading(three)
        three.nodes[killed].kill()
        noted.fault_ends()
        wait_until(lambda: most_leading(three) != killed, "another one leads", 60)


@contextmanager
def load(three: Kit, noted: Noted, output: Path) -> Iterator[None]:
    """Traffic around a fault; then everything acknowledged is one row."""
    plan = Plan(
        api=three.running.api,
        events_per_second=RATE,
        seconds=SECONDS,
        seed=int.from_bytes(noted.done.encode()[:4], "big"),
        users={},
        output=str(output),
    )
    with sending(plan) as sender:
        wait_until(lambda: lines_of(output) > RATE, "events are answered")
        yield
        assert sender.wait_exit(60) == 0, sender.log.read_text()
    three.wait_whole()
    noted.recovered()
    sent = read_sent(output)
    assert {each.status for each in sent} == {202}
    load_all(three.running)
    proof = prove(three.env, sent)
    assert proof.holds, proof
    noted.acknowledged, noted.arrived = proof.acknowledged, proof.arrived


def admin_of(three: Kit) -> AdminClient:
    servers = three.env["KAFKA_BOOTSTRAP_SERVERS"]
    return AdminClient({"bootstrap.servers": servers, "log_level": 0})


def fewest_in_sync(three: Kit) -> int:
    """Of all partitions, the loader's offsets among them."""
    topics = admin_of(three).list_topics(timeout=20).topics.values()
    return min(len(each.isrs) for topic in topics for each in topic.partitions.values())


def most_leading(three: Kit) -> int:
    """The place in the list of the broker that leads most partitions of the topic."""
    topic = admin_of(three).list_topics("ugc.events", timeout=20).topics["ugc.events"]
    leaders = Counter(each.leader for each in topic.partitions.values())
    return leaders.most_common(1)[0][0] - 1


@pytest.mark.fault("offset_lost")
def test_the_committed_offset_is_no_longer_there(three: Kit, noted: Noted) -> None:
    noted.done = "Kafka's retention deleted messages that were not loaded"
    accept(three)
    load_all(three.running)
    accept(three)
    settings = {
        "bootstrap.servers": three.env["KAFKA_BOOTSTRAP_SERVERS"],
        "group.id": "ugc-etl",
        "enable.auto.commit": False,
    }
    with closing(Consumer(settings)) as consumer:
        every = [TopicPartition("ugc.events", number) for number in range(6)]
        committed = {p.partition: p.offset for p in consumer.committed(every, timeout=20)}
        ends = {p.partition: consumer.get_watermark_offsets(p, timeout=20)[1] for p in every}
        (behind,) = (n for n, end in ends.items() if 0 <= committed[n] < end)
        gone = TopicPartition("ugc.events", behind, ends[behind])
        admin = admin_of(three)  # which has to live until it is done
        admin.delete_records([gone])[gone].result(20)
        told = three.running.ugc("etl", "run", code=1)
        assert f"offset {committed[behind]}" in told
        # A person has decided.
        consumer.commit(offsets=[gone], asynchronous=False)
    noted.fault_ends()
    check(three, noted, accept(three))
    noted.recovered()
