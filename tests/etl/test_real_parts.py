"""The loader on real servers: a broker, Redis, a registry and ClickHouse; and killed processes."""

from __future__ import annotations

import datetime as dt
import json
import random
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition

from ch_schema.client.connect import connect as connect_clickhouse
from ch_schema.client.protocol import ClickHouse
from contracts.reasons import Reason
from etl.app import Etl, connect
from etl.config import EtlConfig
from etl.errors import StoreUnavailableError
from registry.client import connect as connect_registry
from registry.serde import Encoder
from registry.subjects import resolve_ids
from tests.etl.world import CATALOG, CLICK, CLICK_DATA, END, START
from tests.support.processes import ServerProcess, wait_until
from tests.support.variants import STACKS
from ugc.init.run import initialise
from ugc.local.stack import PartName, Stack, StackConfig

pytestmark = pytest.mark.stack

PARTS = frozenset({PartName.KAFKA, PartName.REDIS, PartName.REGISTRY, PartName.CLICKHOUSE})
LONG_AGO = dt.timedelta(hours=13)
PARTITION_OF_KEY = -1
KILLS = 3
VIEWS = 200


class Parts:
    """The running servers, and short words for what tests do with them."""

    def __init__(self, stack: Stack, topic: str) -> None:
        self.env: Mapping[str, str] = {
            **stack.env,
            "KAFKA_TOPIC": topic,
            "KAFKA_DEAD_LETTER_TOPIC": f"{topic}.dead-letter",
            "KAFKA_GROUP_ID": topic,
            "KAFKA_SESSION_TIMEOUT_MS": "1000",
            "ETL_CHUNK_MESSAGES": "100",
        }
        initialise(self.env, wait_seconds=30, say=lambda _line: None)
        with closing(connect_registry(self.env["SCHEMA_REGISTRY_URL"])) as registry:
            self._encoder = Encoder(CATALOG, resolve_ids(registry, CATALOG))
        self._producer = Producer(
            {
                "bootstrap.servers": self.env["KAFKA_BOOTSTRAP_SERVERS"],
                "partitioner": "murmur2_random",
                "linger.ms": 20,
            }
        )

    def send(
        self,
        event: str,
        data: dict[str, Any],
        *,
        user_id: str,
        ago: dt.timedelta = dt.timedelta(),
        event_id: uuid.UUID | None = None,
        partition: int = PARTITION_OF_KEY,
    ) -> bytes:
        value = self._encoder.encode(
            CATALOG.get(event),
            event_id=event_id or uuid.uuid4(),
            user_id=user_id,
            timestamp=dt.datetime.now(dt.UTC) - ago,
            data=data,
        )
        self.send_value(event.encode(), value, partition)
        return value

    def send_value(
        self, key: bytes | None, value: bytes | None, partition: int = PARTITION_OF_KEY
    ) -> None:
        self._producer.produce(self.env["KAFKA_TOPIC"], value, key, partition=partition)
        self._producer.poll(0)

    def sent(self) -> None:
        assert self._producer.flush(20) == 0

    def etl(self) -> Etl:
        return connect(EtlConfig.from_env(self.env))

    def rows(self, clickhouse: ClickHouse, event: str, user_id: str) -> list[dict[str, Any]]:
        """The rows of one test's users, as FINAL gives them."""
        query = f"SELECT * FROM ugc.{event} FINAL WHERE startsWith(user_id, {{user:String}})"
        return clickhouse.query(query, parameters={"user": user_id})

    def dead_letters(self, at_least: int) -> list[tuple[bytes | None, dict[str, bytes | None]]]:
        settings = {
            "bootstrap.servers": self.env["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": "test",
            "enable.auto.commit": False,
        }
        found: list[tuple[bytes | None, dict[str, bytes | None]]] = []
        with closing(Consumer(settings)) as consumer:
            consumer.assign([TopicPartition(self.env["KAFKA_DEAD_LETTER_TOPIC"], 0, 0)])

            def enough() -> bool:
                for message in consumer.consume(500, 0.2):
                    assert message.error() is None
                    found.append((message.value(), dict(message.headers() or ())))
                return len(found) >= at_least

            wait_until(enough, f"{at_least} dead letters")
        return found

    def process(self, log: Path) -> ServerProcess:
        """``ugc etl run`` as cron would start it."""
        return ServerProcess([sys.executable, "-m", "ugc", "etl", "run", "--json"], log, self.env)


@pytest.fixture(scope="module", params=STACKS)
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    config = StackConfig(state_dir=folder, ports=dict.fromkeys(PartName, 0), parts=PARTS)
    with request.param(config) as stack:
        yield stack


@pytest.fixture
def parts(stack: Stack, request: pytest.FixtureRequest) -> Parts:
    """A topic, a group and a store of the test's own."""
    with redis.Redis.from_url(stack.env["REDIS_URL"]) as client:
        client.flushall()
    return Parts(stack, f"ugc.{request.node.originalname}")


@pytest.fixture
def clickhouse(stack: Stack) -> Iterator[ClickHouse]:
    with closing(connect_clickhouse(stack.env["CLICKHOUSE_URL"])) as client:
        yield client


def view(number: int = 0) -> dict[str, str]:
    return {"page_view_id": str(uuid.UUID(int=number)), "page_type": "movie"}


def test_the_whole_way(parts: Parts, clickhouse: ClickHouse) -> None:
    click = parts.send(CLICK, CLICK_DATA, user_id="way")
    poison = {
        Reason.VALUE_NULL: None,
        Reason.VALUE_TOO_SHORT: click[:4],
        Reason.MAGIC_BYTE_WRONG: b"\x01" + click[1:],
        Reason.SCHEMA_ID_UNKNOWN: b"\0\0\0\xff\xff" + click[5:],
        Reason.AVRO_UNREADABLE: click[:-3],
        Reason.TRAILING_BYTES: click + b"\0",
    }
    for value in poison.values():
        parts.send_value(CLICK.encode(), value)
    parts.send_value(b"quality_change", click)
    parts.send(START, view(1), user_id="way", ago=dt.timedelta(seconds=90))
    parts.send(END, view(1), user_id="way", ago=dt.timedelta(seconds=30))
    parts.send(START, view(2), user_id="way", ago=LONG_AGO)
    orphan = parts.send(END, view(3), user_id="way", ago=LONG_AGO)
    parts.send(START, view(4), user_id="way")
    parts.sent()
    with closing(parts.etl()) as etl:
        report = etl.run_once()
        assert report.reconciled
        assert report.consumed == 13
        counts = report.pairs["page_view"]
        assert (counts.paired, counts.unpaired, counts.orphan_ends) == (1, 1, 1)
        assert counts.after.starts_waiting == 1
        assert etl.run_once().consumed == 0
    assert len(parts.rows(clickhouse, CLICK, "way")) == 1
    durations = {row["duration_seconds"] for row in parts.rows(clickhouse, "page_view", "way")}
    assert len(durations) == 2
    assert None in durations
    assert any(duration and abs(duration - 60) < 5 for duration in durations)
    letters = parts.dead_letters(8)
    expected = {
        (reason.value.encode(), value)
        for reason, value in (*poison.items(), (Reason.KEY_MISMATCH, click))
    } | {(b"orphan_end", orphan)}
    assert {(headers["reason"], value) for value, headers in letters} == expected


def test_a_flushed_redis_loses_no_view(stack: Stack, parts: Parts, clickhouse: ClickHouse) -> None:
    parts.send(START, view(1), user_id="flush")
    parts.sent()
    with closing(parts.etl()) as etl:
        etl.run_once()
        with redis.Redis.from_url(stack.env["REDIS_URL"]) as client:
            client.flushall()
        assert etl.run_once().pairs["page_view"].rebuilt == 1
        parts.send(END, view(1), user_id="flush")
        parts.sent()
        assert etl.run_once().pairs["page_view"].paired == 1
    assert [row["paired"] for row in parts.rows(clickhouse, "page_view", "flush")] == [True]


def test_without_redis_nothing_is_committed(parts: Parts, clickhouse: ClickHouse) -> None:
    parts.send(CLICK, CLICK_DATA, user_id="away")
    parts.sent()
    parts.env = {**parts.env, "REDIS_URL": "redis://127.0.0.1:1"}
    with closing(parts.etl()) as etl, pytest.raises(StoreUnavailableError):
        etl.run_once()
    assert parts.rows(clickhouse, CLICK, "away") == []


def test_processes_that_are_killed_lose_and_double_nothing(
    parts: Parts, clickhouse: ClickHouse, tmp_path: Path
) -> None:
    seeded = random.Random(20260131)
    clicks: list[uuid.UUID] = []
    killed = 0
    for number in range(KILLS):
        before = stored_rows(clickhouse)
        clicks += send_traffic(parts, seeded, first_view=number * VIEWS)
        process = parts.process(tmp_path / f"{number}.log")
        try:
            wait_until(lambda before=before: stored_rows(clickhouse) > before, "rows are stored")
            time.sleep(seeded.uniform(0, 0.2))
        finally:
            process.kill()
        killed += process.wait_exit() == -signal.SIGKILL
    assert killed >= 2, "the runs ended before they were killed"
    with closing(parts.etl()) as etl:
        report = etl.run_once()
    assert report.reconciled
    assert report.pairs["page_view"].after.waiting == 0
    rows = parts.rows(clickhouse, CLICK, "kill")
    assert sorted(row["event_id"] for row in rows) == sorted(clicks)
    views = parts.rows(clickhouse, "page_view", "kill")
    assert len(views) == len({row["event_id"] for row in views}) == KILLS * VIEWS
    for row in views:
        number = int(row["user_id"].removeprefix("kill"))
        assert row["paired"] is bool(number % 4)
        assert row["duration_seconds"] == (pytest.approx(7, abs=2) if number % 4 else None)


def send_traffic(parts: Parts, seeded: random.Random, *, first_view: int) -> list[uuid.UUID]:
    """Clicks, some of them twice, and views, a fourth of them never ended; gives the clicks."""
    clicks = [uuid.UUID(int=seeded.getrandbits(128)) for _ in range(400)]
    for number, event_id in enumerate(clicks):
        for _ in range(1 + (number % 9 == 0)):
            parts.send(CLICK, CLICK_DATA, user_id="kill", event_id=event_id)
    for number in range(first_view, first_view + VIEWS):
        user_id = f"kill{number}"
        parts.send(START, view(number), user_id=user_id, ago=LONG_AGO)
        if number % 4:
            parts.send(END, view(number), user_id=user_id, ago=LONG_AGO - dt.timedelta(seconds=7))
    parts.sent()
    return clicks


def stored_rows(clickhouse: ClickHouse) -> int:
    tables = ", ".join(f"(SELECT count() FROM ugc.{table})" for table in (CLICK, "page_view"))
    (row,) = clickhouse.query(f"SELECT plus({tables}) AS n")
    return int(row["n"])


def test_a_process_that_is_asked_to_stop_ends_its_chunk(
    parts: Parts, clickhouse: ClickHouse, tmp_path: Path
) -> None:
    for _ in range(3_000):
        parts.send(CLICK, CLICK_DATA, user_id="stop")
    parts.sent()
    log = tmp_path / "stop.log"
    process = parts.process(log)
    try:
        wait_until(lambda: parts.rows(clickhouse, CLICK, "stop") != [], "the run stores something")
        assert process.terminate() == 0
    finally:
        process.kill()
    told = json.loads(log.read_text().splitlines()[-1])
    assert not told["finished"]
    assert told["balanced"]
    assert 0 < told["consumed"] < 3_000
    with closing(parts.etl()) as etl:
        assert etl.run_once().consumed == 3_000 - told["consumed"]
    assert len(parts.rows(clickhouse, CLICK, "stop")) == 3_000
