"""``ugc etl follow`` as a process, on real servers: alone, in company, and without its parts."""

from __future__ import annotations

import json
import re
import signal
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis
from confluent_kafka import Consumer

from ch_schema.client.connect import connect as connect_clickhouse
from ch_schema.client.protocol import ClickHouse
from etl.config import EtlConfig
from etl.quality.objectives import range_faults
from registry.topics import topic_specs
from tests.api.servers import redis_server
from tests.etl.test_real_parts import PARTS, Parts, view
from tests.etl.world import CLICK, CLICK_DATA, END, START
from tests.support.processes import ServerProcess, free_port, wait_until
from ugc.local.stack import PartName, Stack, StackConfig

pytestmark = pytest.mark.stack

WAIT_SECONDS = 60.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    config = StackConfig(state_dir=folder, ports=dict.fromkeys(PartName, 0), parts=PARTS)
    with Stack.start(config) as stack:
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


class Loader:
    """A running ``ugc etl follow``."""

    def __init__(self, process: ServerProcess) -> None:
        self.process = process

    def said(self, message: str) -> list[dict[str, Any]]:
        """The lines of its log with this message."""
        lines = self.process.log.read_text().splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in told if re.search(message, line["message"])]

    def reports(self) -> list[dict[str, Any]]:
        return [line["report"] for line in self.said("^run$")]

    def figure(self, name: str) -> float:
        (line,) = self.said("metrics at ")
        port = line["message"].rpartition(":")[2].partition("/")[0]
        text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        (found,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found)


@contextmanager
def following(env: Mapping[str, str], log: Path, *options: str) -> Iterator[Loader]:
    command = [sys.executable, "-m", "ugc", "etl", "follow", "--max-delay=200ms"]
    listen = ["--metrics-host=127.0.0.1", "--metrics-port=0"]
    process = ServerProcess([*command, *listen, *options], log, env)
    try:
        yield Loader(process)
    finally:
        process.kill()


def test_it_loads_what_comes_until_it_is_asked_to_stop(
    parts: Parts, clickhouse: ClickHouse, tmp_path: Path
) -> None:
    with following(parts.env, tmp_path / "log", "--report-every=1s") as loader:
        for number in range(3):
            parts.send(CLICK, CLICK_DATA, user_id="come")
            parts.send(START, view(number), user_id="come")
            parts.send(END, view(number), user_id="come")
            parts.sent()
            wait_until(
                lambda number=number: (
                    len(parts.rows(clickhouse, CLICK, "come")) == number + 1
                    and len(parts.rows(clickhouse, "page_view", "come")) == number + 1
                ),
                "the rows are there",
                WAIT_SECONDS,
            )
        wait_until(lambda: len(loader.reports()) >= 3, "three reports", WAIT_SECONDS)
        assert loader.figure("ugc_etl_load_delay_seconds_count") >= 3
        assert loader.process.terminate() == 0
    reports = loader.reports()
    assert sum(report["consumed"] for report in reports) == 9
    assert all(report["balanced"] for report in reports)
    assert [report["finished"] for report in reports] == [True] * (len(reports) - 1) + [False]
    assert reports[0]["swept_to"] is not None
    assert len(loader.said("^stopped$")) == 1
    assert_books(clickhouse, since=reports[0]["started_at"], consumed=9)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_while_nothing_comes(parts: Parts, tmp_path: Path, number: signal.Signals) -> None:
    with following(parts.env, tmp_path / "log", "--max-delay=1h") as loader:
        wait_until(lambda: joined(parts) > 0, "it has a partition", WAIT_SECONDS)
        loader.process.send(number)
        assert loader.process.wait_exit(10) == 0


def test_it_stops_while_it_waits_for_its_partitions(parts: Parts, tmp_path: Path) -> None:
    """Another member does not answer, as one that stores a large chunk; the group waits for it."""
    kafka = EtlConfig.from_env(parts.env).kafka
    busy = Consumer(
        {
            "bootstrap.servers": kafka.servers.addresses,
            "group.id": kafka.group_id,
            "partition.assignment.strategy": "range",
            "max.poll.interval.ms": 300_000,
        }
    )
    with closing(busy):
        busy.subscribe([kafka.topic])
        wait_until(lambda: busy.poll(0.2) is None and busy.assignment() != [], "it has partitions")
        with following(parts.env, tmp_path / "log") as loader:
            wait_until(lambda: bool(loader.said("as messages come")), "it begins", WAIT_SECONDS)
            with pytest.raises(AssertionError):
                wait_until(lambda: joined(parts) > 0, "it has a partition", 5)
            loader.process.send(signal.SIGTERM)
            assert loader.process.wait_exit(20) == 0, "long before the group gives it any"


def test_two_share_the_partitions_and_one_goes_on_when_the_other_is_killed(
    parts: Parts, clickhouse: ClickHouse, tmp_path: Path
) -> None:
    sent: set[uuid.UUID] = set()
    partitions = topic_specs().events.partitions

    def send() -> None:
        for number in range(30):
            sent.add(event_id := uuid.uuid4())
            where = number % partitions
            parts.send(CLICK, CLICK_DATA, user_id="two", event_id=event_id, partition=where)
            parts.send(START, view(len(sent)), user_id=f"two{number}")
            parts.send(END, view(len(sent)), user_id=f"two{number}")
        parts.sent()

    def all_are_there() -> bool:
        rows = [row["event_id"] for row in parts.rows(clickhouse, CLICK, "two")]
        assert len(set(rows)) == len(rows)
        return set(rows) == sent and len(parts.rows(clickhouse, "page_view", "two")) == len(sent)

    with ExitStack() as opened:
        first, second = (
            opened.enter_context(
                following(parts.env, tmp_path / f"{name}.log", "--report-every=1s")
            )
            for name in ("first", "second")
        )
        for _ in range(20):
            send()
            wait_until(all_are_there, "all is loaded", WAIT_SECONDS)
            if all(read(loader) for loader in (first, second)):
                break
        assert read(first), "the first has no partition that something came in"
        assert read(second), "the second has none"
        send()
        first.process.kill()
        send()
        wait_until(all_are_there, "the other one has loaded the rest", WAIT_SECONDS)
        assert second.process.terminate() == 0
    with closing(parts.etl()) as etl:
        report = etl.run_once()
    assert report.consumed == 0
    assert report.pairs["page_view"].after.waiting == 0
    began = min(loader.reports()[0]["started_at"] for loader in (first, second))
    assert_books(clickhouse, since=began, consumed=3 * len(sent))


def test_it_waits_for_redis_and_goes_on(
    parts: Parts, clickhouse: ClickHouse, tmp_path: Path
) -> None:
    port = free_port()
    env = {**parts.env, "REDIS_URL": f"redis://127.0.0.1:{port}"}
    parts.send(CLICK, CLICK_DATA, user_id="away")
    parts.sent()
    away = 'ugc_etl_part_away{part="redis"}'
    with following(env, tmp_path / "log") as loader:
        wait_until(lambda: bool(loader.said("until it answers")), "it waits", WAIT_SECONDS)
        assert loader.figure(away) == 1
        with redis_server(tmp_path, port=port) as server:
            wait_until(lambda: bool(parts.rows(clickhouse, CLICK, "away")), "a row", WAIT_SECONDS)
            wait_until(lambda: loader.figure(away) == 0, "it says so", WAIT_SECONDS)
            parts.send(CLICK, CLICK_DATA, user_id="away")
            server.process.kill()
            parts.sent()
            wait_until(lambda: loader.figure(away) == 1, "it waits again", WAIT_SECONDS)
        with redis_server(tmp_path, port=port):
            wait_until(
                lambda: len(parts.rows(clickhouse, CLICK, "away")) == 2, "a row", WAIT_SECONDS
            )
            assert loader.process.terminate() == 0
    assert len(loader.said("until it answers")) == 2, "a line when an outage begins"
    assert len(loader.said("loading goes on after")) == 2


def test_what_waiting_does_not_cure_ends_it(parts: Parts, tmp_path: Path) -> None:
    with redis.Redis.from_url(parts.env["REDIS_URL"]) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with following(parts.env, tmp_path / "log") as loader:
                assert loader.process.wait_exit(WAIT_SECONDS) == 1
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert "maxmemory-policy" in loader.process.log.read_text()


def read(loader: Loader) -> int:
    return sum(report["consumed"] for report in loader.reports())


def joined(parts: Parts) -> int:
    """In Redis a worker notes the partitions that it has."""
    with redis.Redis.from_url(parts.env["REDIS_URL"], db=2) as client:
        return len(client.hkeys("etl:applied"))


def assert_books(clickhouse: ClickHouse, *, since: str, consumed: int) -> None:
    """The rows of the runs since then cover each offset once."""
    runs = clickhouse.query(
        "SELECT * FROM ugc.etl_runs FINAL WHERE started_at >= parseDateTime64BestEffort("
        "{since:String}, 3, 'UTC')",
        parameters={"since": since},
    )
    ranges = [
        each
        for run in runs
        for each in zip(run["partitions"], run["from_offsets"], run["to_offsets"], strict=True)
    ]
    assert range_faults(ranges) == []
    assert sum(sum(run["consumed"]) for run in runs) == consumed
