"""Loaders killed at random moments under load: nothing acknowledged is lost, nothing doubled.

Over the local stack's Kafka, and over Apache Kafka.  How often in the long tests:
``UGC_TEST_KILLS`` (200).  Most of the time between two kills is the broker's, which waits for the
session of the dead; so several topics have their own traffic, loaders, Redis, ClickHouse and killer
at the same time.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ch_schema.client.connect import connect as connect_clickhouse
from etl.app import connect
from etl.config import EtlConfig
from etl.quality.objectives import range_faults
from etl.run.journal import INTERRUPTED
from etl.run.report import RunReport
from registry.client import connect as connect_registry
from registry.keys import KeyForm
from registry.serde import Encoder
from registry.subjects import resolve_ids
from tests.etl.killing import (
    ENDED,
    LoaderProcesses,
    Traffic,
    follow_until_killed,
    is_alive,
    kill,
    load_once,
    load_until_killed,
)
from tests.etl.world import CATALOG, CLICK
from tests.fullstack.apache_kafka import kafka_cluster
from tests.support.processes import wait_until
from ugc.init.run import initialise
from ugc.local.stack import PartName, Stack, StackConfig

pytestmark = pytest.mark.stack

PARTS = frozenset({PartName.KAFKA, PartName.REDIS, PartName.REGISTRY, PartName.CLICKHOUSE})
FEW, MANY = 6, int(os.environ.get("UGC_TEST_KILLS", "200"))
SEED = int(os.environ.get("UGC_TEST_SEED", "20260131"))
SHARED = ("KAFKA_BOOTSTRAP_SERVERS", "SCHEMA_REGISTRY_URL")
SESSION_MS = "600"
CHUNK = 50

BY_EVENT = (KeyForm.EVENT,)
ALL_KEYS = tuple(KeyForm)
BOTH_WAYS = (False, True)
_LONG = (pytest.mark.full, pytest.mark.timeout(3600))


@dataclass
class Lane:
    """One topic with its traffic, its group of loaders, and what became of them.

    ``anywhere``: loaders are also killed while they start or join, and have the company of another
    that lives on, and gets and loses partitions with every one that dies and comes.  The local
    stack's broker lets nobody into a group any more of which a member died while it was joining.
    """

    env: Mapping[str, str]
    traffic: Traffic
    processes: LoaderProcesses
    seeded: random.Random
    anywhere: bool
    follows: bool
    recoveries: list[float] = field(default_factory=list)
    killed_at: float | None = None

    @property
    def many_runs(self) -> Callable[..., None]:
        """What a loader does that is not killed at work."""
        return follow_until_killed if self.follows else load_until_killed

    def kill_loaders(self, kills: int) -> None:
        """Kills so many loaders at work, one after the other."""
        with ExitStack() as company, self.traffic.flowing(burst=60, pause_seconds=0.4):
            if self.anywhere:
                company.callback(kill, self.processes.start(self.many_runs)[0])
            while kills:
                if self.anywhere and self.seeded.randrange(4) == 0:
                    kills -= self.kill_anywhere()
                else:
                    kills -= self.kill_at_work()

    def kill_at_work(self) -> bool:
        """Whether it was: a run that ended before its moment came is none.

        Half of them have committed something by then, however slow the machine is: a loader reads
        one chunk ahead, so it reads a third one when the first is committed.
        """
        one_run = follow_until_killed if self.follows else load_once
        process, messages = self.processes.start(one_run)

        def reads() -> bool:
            assert is_alive(process), tail_of(self.processes.log)
            return bool(messages.value)

        try:
            wait_until(reads, f"a loader reads, see {self.processes.log}", 60)
            if self.killed_at is not None:
                self.recoveries.append(time.monotonic() - self.killed_at)
            if self.seeded.randrange(2):
                wait_until(lambda: not 0 < messages.value <= 2 * CHUNK, "a chunk is committed", 60)
            moment = time.monotonic() + self.seeded.uniform(0, 0.4)
            while time.monotonic() < moment and messages.value != ENDED:
                time.sleep(0.001)
            return bool(messages.value != ENDED)
        finally:
            kill(process)
            self.killed_at = time.monotonic()

    def kill_anywhere(self) -> bool:
        """Also while it starts or joins."""
        process, _ = self.processes.start(self.many_runs)
        time.sleep(self.seeded.uniform(0, 2))
        kill(process)
        self.killed_at = time.monotonic()
        return True

    def check(self) -> int:
        """Loads the rest and holds all against what was acknowledged; gives the number of rows."""
        numbers = self.last_run().numbers
        assert numbers
        assert (numbers.given, numbers.repeated) == (self.traffic.acknowledged, 0)
        assert numbers.awaited == numbers.missing == 0
        return assert_the_tables_hold_what_was_acknowledged(self.env, self.traffic)

    def last_run(self) -> RunReport:
        """Loads the rest; again while the group still counts on a worker that is dead."""
        reports: list[RunReport] = []

        def nothing_waits() -> bool:
            reports.append(etl.run_once())
            assert reports[-1].reconciled
            return reports[-1].pairs["page_view"].after.waiting == 0

        with closing(connect(EtlConfig.from_env(self.env))) as etl:
            wait_until(nothing_waits, "everything is loaded", 90)
            reports.append(etl.run_once())
        return reports[-1]


@pytest.mark.parametrize(
    ("kills", "lanes", "apache", "follows", "forms"),
    [
        pytest.param(FEW, 1, False, (False,), BY_EVENT, id="few"),
        pytest.param(FEW, 1, False, (True,), ALL_KEYS, id="few-that-follow-with-users-in-keys"),
        pytest.param(MANY, 4, False, BOTH_WAYS, ALL_KEYS, id="many", marks=_LONG),
        pytest.param(MANY, 4, True, BOTH_WAYS, ALL_KEYS, id="many-on-apache-kafka", marks=_LONG),
    ],
)
def test_loaders_that_are_killed_lose_and_double_nothing(
    tmp_path: Path,
    kills: int,
    lanes: int,
    *,
    apache: bool,
    follows: Sequence[bool],
    forms: tuple[KeyForm, ...],
) -> None:
    """``follows``: whether the loaders of a lane follow the topic, for one lane after the other."""
    with stacks(tmp_path, lanes, apache=apache) as running:
        group = [
            lane(stack, number, forms, anywhere=apache, follows=follows[number % len(follows)])
            for number, stack in enumerate(running)
        ]
        shares = [len(range(number, kills, lanes)) for number in range(lanes)]
        with ThreadPoolExecutor(lanes) as pool:
            list(pool.map(Lane.kill_loaders, group, shares))
        rows = sum(map(Lane.check, group))
    acknowledged = sum(each.traffic.acknowledged for each in group)
    longest = max(recovery for each in group for recovery in each.recoveries)
    print(
        f"kills: {kills}, acknowledged: {acknowledged}, rows: {rows}, lost: 0, doubled: 0,"
        f" longest recovery: {longest:.1f} s"
    )


@contextmanager
def stacks(folder: Path, number: int, *, apache: bool) -> Iterator[list[Stack]]:
    """So many, with one Kafka and one registry between them."""
    with ExitStack() as opened:
        env: dict[str, str] = {}
        if apache:
            kafka = opened.enter_context(kafka_cluster(folder / "kafka"))
            env = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
        running: list[Stack] = []
        for each in range(number):
            state = folder / f"stack-{each}"
            config = StackConfig(
                state_dir=state, ports=dict.fromkeys(PartName, 0), parts=PARTS, env=env
            )
            running.append(opened.enter_context(Stack.start(config)))
            env = {name: running[0].env[name] for name in SHARED}
        yield running


def lane(
    stack: Stack, number: int, forms: tuple[KeyForm, ...], *, anywhere: bool, follows: bool
) -> Lane:
    """A topic that holds some messages already."""
    topic = f"ugc.kills.{uuid.uuid4().hex[:8]}"
    env = {
        **stack.env,
        "KAFKA_TOPIC": topic,
        "KAFKA_DEAD_LETTER_TOPIC": f"{topic}.dead-letter",
        "KAFKA_GROUP_ID": topic,
        "KAFKA_SESSION_TIMEOUT_MS": SESSION_MS,
        "ETL_CHUNK_MESSAGES": str(CHUNK),
    }
    initialise(env, wait_seconds=30, say=lambda _line: None)
    with closing(connect_registry(env["SCHEMA_REGISTRY_URL"])) as registry:
        encoder = Encoder(CATALOG, resolve_ids(registry, CATALOG))
    traffic = Traffic(env["KAFKA_BOOTSTRAP_SERVERS"], topic, encoder, SEED + number, forms)
    traffic.burst(300)
    processes = LoaderProcesses(env, stack.config.state_dir / "loaders.log")
    return Lane(env, traffic, processes, random.Random(SEED + number), anywhere, follows)


def tail_of(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-40:])


def assert_the_tables_hold_what_was_acknowledged(env: Mapping[str, str], traffic: Traffic) -> int:
    """Gives the number of rows."""
    with closing(connect_clickhouse(env["CLICKHOUSE_URL"])) as clickhouse:
        rows = clickhouse.query(f"SELECT event_id FROM ugc.{CLICK} FINAL")
        assert len(rows) == len(traffic.clicks)
        assert {row["event_id"] for row in rows} == traffic.clicks
        rows = clickhouse.query("SELECT user_id, paired FROM ugc.page_view FINAL")
        assert len(rows) == len(traffic.views)
        found = {int(row["user_id"].removeprefix("kill")): row["paired"] for row in rows}
        assert found == traffic.views
        books = clickhouse.query("SELECT * FROM ugc.etl_runs FINAL")
    ranges = [
        each
        for run in books
        for each in zip(run["partitions"], run["from_offsets"], run["to_offsets"], strict=True)
    ]
    assert range_faults(ranges) == []
    assert sum(sum(run["consumed"]) for run in books) == traffic.acknowledged
    outcomes = Counter(run["outcome"] for run in books)
    assert outcomes[INTERRUPTED] > 0, "no loader was killed at work"
    return len(traffic.clicks) + len(traffic.views)
