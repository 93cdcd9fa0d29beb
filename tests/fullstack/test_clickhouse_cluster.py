"""``ON CLUSTER``, replicas and shards on servers of their own, which Debian's are.

They are of version 18.16 and so do not know all of the words of our statements: :func:`older`
leaves out or replaces those, and nothing that is about the cluster. What our statements do as they
are is shown on an engine of today by ``tests/ch_schema/migrate/test_cluster.py``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.layout import Layout
from ch_schema.ddl.tables import create_database_statement
from ch_schema.ddl.targets import Targets, targets_for
from ch_schema.ddl.views import View
from ch_schema.migrate.diff import table_changes
from contracts.model.loader import Catalog
from tests.fullstack.clickhouse_cluster import NAME, clickhouse_cluster
from tests.support.cluster import NARROW, WIDE, counted, insert
from tests.support.processes import wait_until

pytestmark = pytest.mark.full

EVENTS = 40

OLDER = (
    (r" CODEC\((?:[^()]|\([^()]*\))*\)", ""),
    (r",?\n    INDEX [^\n]*", ""),
    (r"\nTTL [^\n]*", ""),
    # With comments its replicas say "Table structure in ZooKeeper is too different" of themselves.
    (r"\s+COMMENT '(?:[^'\\]|\\.)*'", ""),
    (r"\nSETTINGS do_not_merge_across_partitions_select_final = 0", ""),
    (r"DateTime64\(3, 'UTC'\)", "DateTime('UTC')"),
    (r"LowCardinality\((\w+)\)", r"\1"),
    (r"toUInt128\((\w+)\)", r"\1"),
    (r"cityHash64\((`event_id`)\)", r"cityHash64(toString(\1))"),
    (r"CREATE OR REPLACE (TABLE|VIEW)", r"CREATE \1 IF NOT EXISTS"),
    (r"ADD COLUMN IF NOT EXISTS", "ADD COLUMN"),
)
"""What is said in other words, or not said."""


def older(statement: str) -> str:
    for pattern, words in OLDER:
        statement = re.sub(pattern, words, statement)
    return statement


@dataclass(frozen=True)
class Cluster:
    """Clients of every server: two replicas of the first shard, one server of the second."""

    first: ClickHouse
    replica: ClickHouse
    second: ClickHouse

    @property
    def all(self) -> tuple[ClickHouse, ...]:
        return (self.first, self.replica, self.second)

    def execute(self, statement: str) -> None:
        self.first.execute(older(statement))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ExitStack() as running:
        folder = tmp_path_factory.mktemp("cluster")
        shards = running.enter_context(clickhouse_cluster(folder, (2, 1)))
        clients = [
            running.enter_context(closing(connect(server.url())))
            for shard in shards
            for server in shard
        ]
        yield Cluster(*clients)


@pytest.fixture
def cluster(servers: Cluster) -> Iterator[Cluster]:
    """With the tables of the narrow contract."""
    found = wanted(NARROW)
    for name in found.all_databases:
        servers.execute(create_database_statement(name, found.layout))
    for table in found.tables:
        servers.execute(table.create_statement())
    for spread in found.spread:
        servers.execute(spread.create_statement())
    servers.execute(unique(found).create_statement())
    yield servers
    for name in reversed(found.all_databases):
        servers.execute(f"DROP DATABASE IF EXISTS `{name}`{found.layout.on_cluster}")


def wanted(contracts: Catalog) -> Targets:
    return targets_for(contracts, layout=Layout.of(NAME))


def unique(targets: Targets) -> View:
    return next(view for view in targets.views if view.database == targets.databases.unique)


def wait_for_rows(cluster: Cluster, source: str, count: int) -> None:
    """A replica has the rows that another took a moment later."""
    wait_until(
        lambda: [counted(client, source) for client in cluster.all] == [count] * 3,
        f"every server tells of {count} rows in {source}",
    )


def test_one_statement_makes_the_tables_on_every_server(cluster: Cluster) -> None:
    found = [
        client.query("SELECT database, name FROM system.tables WHERE database LIKE 'ugc%'")
        for client in cluster.all
    ]
    assert found[0] == found[1] == found[2]
    assert {"database": "ugc_shard", "name": "visit"} in found[0]
    paths = [
        client.query("SELECT zookeeper_path FROM system.replicas WHERE table = 'visit'")
        for client in cluster.all
    ]
    shards = [each["zookeeper_path"] for (each,) in paths]
    assert shards == [f"/clickhouse/tables/{shard}/ugc_shard/visit" for shard in (1, 1, 2)]


def test_rows_are_spread_over_the_shards_and_kept_by_each_replica(cluster: Cluster) -> None:
    for number in range(EVENTS):
        insert(cluster.first, f"t{number}", event_id=uuid.UUID(int=number))
    wait_for_rows(cluster, "ugc.visit", EVENTS)
    first, second = (counted(c, "ugc_shard.visit") for c in (cluster.first, cluster.second))
    assert first + second == EVENTS
    assert min(first, second) > EVENTS / 5
    assert counted(cluster.replica, "ugc_shard.visit") == first


def test_a_block_that_is_sent_again_to_any_server_is_stored_once(cluster: Cluster) -> None:
    """This version knows a block by its rows, as later ones know it by its token."""
    for client in (cluster.first, cluster.first, cluster.replica, cluster.second):
        insert(client, "same")
    insert(cluster.replica, "other", kafka_offset=1)
    wait_for_rows(cluster, "ugc.visit", 2)


def test_an_event_that_comes_again_lies_on_the_same_shard_and_is_one(cluster: Cluster) -> None:
    for number in range(EVENTS):
        event_id = uuid.UUID(int=number)
        insert(cluster.first, f"a{number}", event_id=event_id)
        insert(cluster.second, f"b{number}", event_id=event_id, kafka_offset=7)
    wait_for_rows(cluster, "ugc_unique.visit", EVENTS)
    first, second = (
        {row["event_id"] for row in client.query("SELECT event_id FROM ugc_shard.visit")}
        for client in (cluster.first, cluster.second)
    )
    assert not first & second
    assert len(first | second) == EVENTS


def test_a_new_column_comes_to_every_server(cluster: Cluster) -> None:
    insert(cluster.first, "a")
    before, after = wanted(NARROW), wanted(WIDE)
    (old,), (new,) = (
        [table for table in each.tables if table.name == "visit"] for each in (before, after)
    )
    steps = [step for step in table_changes(old, new) if step.column is not None]
    assert [step.column for step in steps] == ["from_page"]
    cluster.execute(steps[0].statement or "")
    # This version has no CREATE OR REPLACE.
    on_cluster = after.layout.on_cluster
    spread = next(each for each in after.spread if each.name == "visit")
    for made in (spread, unique(after)):
        cluster.execute(f"DROP TABLE `{made.database}`.`visit`{on_cluster}")
        cluster.execute(made.create_statement())
    insert(cluster.second, "b", event_id=uuid.UUID(int=2), from_page="/x")
    wait_for_rows(cluster, "ugc.visit", 2)
    for client in cluster.all:
        rows = client.query("SELECT from_page FROM ugc_unique.visit ORDER BY event_id")
        assert [row["from_page"] for row in rows] == [None, "/x"]
