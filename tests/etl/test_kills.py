"""Loaders killed at random moments under load: nothing acknowledged is lost, nothing doubled.

Which Kafka: that of the local stack, or the one at ``UGC_TEST_KAFKA`` (``host:port``), whose
topics are made here.  How often in the long test: ``UGC_TEST_KILLS`` (200).
"""

from __future__ import annotations

import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ch_schema.client import connect as connect_clickhouse
from etl.app import connect
from etl.config import EtlConfig
from etl.journal import INTERRUPTED
from etl.quality import range_faults
from etl.report import RunReport
from registry.client import connect as connect_registry
from registry.serde import Encoder
from registry.subjects import resolve_ids
from tests.etl.killing import (
    ENDED,
    LoaderProcesses,
    Traffic,
    kill,
    load_once,
    load_until_killed,
)
from tests.etl.world import CATALOG, CLICK
from tests.support.processes import wait_until
from ugc.initialise import initialise
from ugc.stack import PartName, Stack, StackConfig

pytestmark = pytest.mark.stack

PARTS = frozenset({PartName.KAFKA, PartName.REDIS, PartName.REGISTRY, PartName.CLICKHOUSE})
FEW, MANY = 6, int(os.environ.get("UGC_TEST_KILLS", "200"))
SEED = int(os.environ.get("UGC_TEST_SEED", "20260131"))
KAFKA = os.environ.get("UGC_TEST_KAFKA", "")

_LONG = (pytest.mark.full, pytest.mark.timeout(3600))
CASES = [
    pytest.param(FEW, 1, id="few"),
    pytest.param(MANY, 1, id="many", marks=_LONG),
    # The local stack's broker lets nobody into a group any more of which a member died while
    # it was joining; so only another's loaders are also killed then, and have company.
    *([pytest.param(MANY // 4, 2, id="many-of-two", marks=_LONG)] if KAFKA else []),
]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    env = {"KAFKA_BOOTSTRAP_SERVERS": KAFKA} if KAFKA else {}
    config = StackConfig(state_dir=tmp_path, ports=dict.fromkeys(PartName, 0), parts=PARTS, env=env)
    with Stack.start(config) as stack:
        yield stack


@pytest.mark.parametrize(("kills", "workers"), CASES)
def test_loaders_that_are_killed_lose_and_double_nothing(
    stack: Stack, tmp_path: Path, kills: int, workers: int
) -> None:
    topic = f"ugc.kills.{uuid.uuid4().hex[:8]}"
    env = {
        **stack.env,
        "KAFKA_TOPIC": topic,
        "KAFKA_DEAD_LETTER_TOPIC": f"{topic}.dead-letter",
        "KAFKA_GROUP_ID": topic,
        # Brokers other than the local stack's refuse sessions below six seconds by default.
        "KAFKA_SESSION_TIMEOUT_MS": "6000" if KAFKA else "1000",
        "ETL_CHUNK_MESSAGES": "50",
    }
    initialise(env, wait_seconds=30, say=lambda _line: None)
    with closing(connect_registry(env["SCHEMA_REGISTRY_URL"])) as registry:
        encoder = Encoder(CATALOG, resolve_ids(registry, CATALOG))
    traffic = Traffic(env["KAFKA_BOOTSTRAP_SERVERS"], topic, encoder, SEED)
    traffic.burst(300)
    with traffic.flowing(burst=60, pause_seconds=0.2):
        kill_loaders(
            LoaderProcesses(env, tmp_path / "loaders.log"), random.Random(SEED), kills, workers
        )
    report = last_run(env)
    assert report.numbers
    assert (report.numbers.given, report.numbers.repeated) == (traffic.acknowledged, 0)
    assert report.numbers.awaited == report.numbers.missing == 0
    assert_the_tables_hold_what_was_acknowledged(env, traffic)


def last_run(env: dict[str, str]) -> RunReport:
    """Loads the rest; again while the group still counts on a worker that is dead."""
    reports: list[RunReport] = []

    def nothing_waits() -> bool:
        reports.append(etl.run_once())
        assert reports[-1].balanced
        return reports[-1].pairs["page_view"].after.waiting == 0

    with closing(connect(EtlConfig.from_env(env))) as etl:
        wait_until(nothing_waits, "everything is loaded", 90)
        reports.append(etl.run_once())
    return reports[-1]


def kill_loaders(
    processes: LoaderProcesses, seeded: random.Random, kills: int, workers: int
) -> None:
    """Kills so many loaders at work, one after the other.

    Other workers live on, and get and lose partitions with every one that dies and comes.
    """
    others = [processes.start(load_until_killed)[0] for _ in range(workers - 1)]
    try:
        done = 0
        while done < kills:
            if KAFKA and seeded.randrange(4) == 0:
                done += kill_anywhere(processes, seeded)
            else:
                done += kill_at_work(processes, seeded)
    finally:
        for other in others:
            kill(other)


def kill_at_work(processes: LoaderProcesses, seeded: random.Random) -> bool:
    """Whether it was: a run that ended before its moment came is none."""
    process, messages = processes.start(load_once)

    def reads() -> bool:
        assert process.is_alive(), tail_of(processes.log)
        return bool(messages.value)

    try:
        wait_until(reads, f"a loader reads, see {processes.log}", 60)
        moment = time.monotonic() + seeded.uniform(0, 0.4)
        while time.monotonic() < moment and messages.value != ENDED:
            time.sleep(0.001)
        return bool(messages.value != ENDED)
    finally:
        kill(process)


def kill_anywhere(processes: LoaderProcesses, seeded: random.Random) -> bool:
    """Also while it starts or joins."""
    process, _ = processes.start(load_until_killed)
    time.sleep(seeded.uniform(0, 4))
    kill(process)
    return True


def tail_of(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-40:])


def assert_the_tables_hold_what_was_acknowledged(env: dict[str, str], traffic: Traffic) -> None:
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
    print(f"runs: {dict(outcomes)}; messages: {traffic.acknowledged}")
    assert outcomes[INTERRUPTED] > 0, "no loader was killed at work"
