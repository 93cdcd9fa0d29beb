"""The loader as a process, killed at a chosen step, in company, and without its parts."""

from __future__ import annotations

import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import redis

from ch_schema.client.connect import connect
from tests.faults.conftest import Noted
from tests.faults.kit import Kit
from tests.faults.proof import load_all, row_id
from tests.faults.test_lines import accept, check
from tests.support.processes import ServerProcess, wait_until
from ugc.local.stack import PartName

pytestmark = [pytest.mark.stack, pytest.mark.full]

STORE_DB = 2
DONE = "pv:done"
DELAY_MS = 1_500
"""So long the loader waits for ClickHouse, and a test has time to see that it does."""


@contextmanager
def loader(kit: Kit, log: Path) -> Iterator[ServerProcess]:
    """``ugc etl run`` as cron starts it, with a lot of patience."""
    env = {**kit.env, "REDIS_TIMEOUT_SECONDS": "60"}
    process = ServerProcess([sys.executable, "-m", "ugc", "etl", "run", "--json"], log, env)
    try:
        yield process
    finally:
        process.kill()


def start_view(kit: Kit) -> str:
    """Begins a page view; gives its page_view_id."""
    view = str(uuid.uuid4())
    kit.running.accept("page_view_start", {"page_view_id": view, "page_type": "movie"})
    return view


def end_view(kit: Kit, view: str) -> None:
    kit.running.accept("page_view_end", {"page_view_id": view, "page_type": "movie"})


def in_redis(kit: Kit, key: str) -> int:
    """How large something is in the store of views: 0 when it is not there."""
    with redis.Redis.from_url(kit.direct_url(PartName.REDIS), db=STORE_DB) as client:
        return int(client.zcard(key) if key == DONE else client.exists(key))


def stored(kit: Kit, event_id: str) -> int:
    """How many rows there are, asked past the proxy."""
    with closing(connect(kit.direct_url(PartName.CLICKHOUSE))) as clickhouse:
        query = "SELECT count() AS n FROM ugc.element_click WHERE event_id = {id:UUID}"
        (row,) = clickhouse.query(query, parameters={"id": uuid.UUID(event_id)})
    return int(row["n"])


def recover(kit: Kit, noted: Noted, ids: list[str]) -> None:
    """Everything is whole again, and the next run gives each event one row."""
    kit.mend()
    noted.fault_ends()
    check(kit, noted, ids)
    noted.recovered()


@pytest.mark.fault("etl_killed_after_redis")
def test_it_is_killed_after_redis(proxied: Kit, noted: Noted, tmp_path: Path) -> None:
    noted.done = "SIGKILL when Redis had the view, and no insert came through"
    ids, view = accept(proxied), start_view(proxied)
    proxied.line(PartName.CLICKHOUSE).delay_requests(DELAY_MS)
    with loader(proxied, tmp_path / "loader.log") as process:
        wait_until(lambda: in_redis(proxied, f"pv:{view}.anonymous") > 0, "Redis has the view", 60)
        process.kill()
    assert stored(proxied, ids[-1]) == 0
    recover(proxied, noted, ids)


@pytest.mark.fault("etl_killed_after_insert")
def test_it_is_killed_after_the_insert(proxied: Kit, noted: Noted, tmp_path: Path) -> None:
    noted.done = "SIGKILL when the rows were there, before it knew"
    ids = accept(proxied)
    proxied.line(PartName.CLICKHOUSE).delay_answers(DELAY_MS)
    with loader(proxied, tmp_path / "loader.log") as process:
        wait_until(lambda: stored(proxied, ids[-1]) > 0, "the rows are there", 60)
        assert process.is_running, "it has been told"
    recover(proxied, noted, ids)


@pytest.mark.fault("etl_killed_before_commit")
def test_it_is_killed_before_the_commit(proxied: Kit, noted: Noted, tmp_path: Path) -> None:
    noted.done = "SIGKILL when Redis was settled, and no commit came through"
    ids = accept(proxied)
    end_view(proxied, start_view(proxied))
    settled = in_redis(proxied, DONE)
    proxied.line(PartName.CLICKHOUSE).delay_answers(DELAY_MS)
    with loader(proxied, tmp_path / "loader.log") as process:
        wait_until(lambda: stored(proxied, ids[-1]) > 0, "the rows are there", 60)
        proxied.line(PartName.KAFKA).swallow()
        wait_until(lambda: in_redis(proxied, DONE) > settled, "the view is settled", 60)
        assert process.is_running
    recover(proxied, noted, ids)


@pytest.mark.fault("clickhouse_timeout_after_insert")
def test_clickhouse_inserts_and_its_answer_is_lost(
    proxied: Kit, noted: Noted, tmp_path: Path
) -> None:
    noted.done = "connection cut when the rows were there, before the loader knew"
    ids = accept(proxied)
    line = proxied.line(PartName.CLICKHOUSE)
    line.delay_answers(DELAY_MS)
    with loader(proxied, tmp_path / "loader.log") as process:
        wait_until(lambda: stored(proxied, ids[-1]) > 0, "the rows are there", 60)
        assert process.is_running, "it has been told"
        line.mend()
        noted.fault_ends()
        assert process.wait_exit(60) == 0, "it has inserted them again"
    noted.recovered()
    check(proxied, noted, ids)


@pytest.mark.fault("two_loaders")
def test_one_of_two_loaders_freezes(proxied: Kit, noted: Noted, tmp_path: Path) -> None:
    noted.done = "a loader frozen between insert and commit while another loads, then awake again"
    ids = accept(proxied)
    proxied.line(PartName.CLICKHOUSE).delay_answers(DELAY_MS)
    with loader(proxied, tmp_path / "stale.log") as stale:
        wait_until(lambda: stored(proxied, ids[-1]) > 0, "the rows are there", 60)
        stale.send(signal.SIGSTOP)
        proxied.line(PartName.CLICKHOUSE).mend()
        load_all(proxied.running)
        ids += accept(proxied)
        stale.send(signal.SIGCONT)
        noted.fault_ends()
        stale.wait_exit(60)
    check(proxied, noted, ids)
    noted.recovered()
    assert proxied.running.load()["consumed"] == 0


@pytest.mark.fault("redis_down_etl")
@pytest.mark.parametrize("how", ["killed", "cut"])
def test_redis_is_away(proxied: Kit, noted: Noted, how: str) -> None:
    noted.done = f"Redis {how} before a run"
    ids, view = accept(proxied), start_view(proxied)
    if how == "killed":
        proxied.kill(PartName.REDIS)
    else:
        proxied.line(PartName.REDIS).cut()
    assert "Redis" in proxied.running.ugc("etl", "run", code=75)
    assert stored(proxied, ids[-1]) == 0
    recover(proxied, noted, ids)
    assert in_redis(proxied, f"pv:{view}.anonymous") > 0


@pytest.mark.fault("clickhouse_down")
@pytest.mark.parametrize("how", ["killed", "silent"])
def test_clickhouse_is_away(proxied: Kit, noted: Noted, how: str) -> None:
    noted.done = f"ClickHouse {how} before a run"
    ids = accept(proxied)
    if how == "killed":
        proxied.kill(PartName.CLICKHOUSE)
    else:
        proxied.pause(PartName.CLICKHOUSE)
    url = f"{proxied.env['CLICKHOUSE_URL']}?connect_timeout=1&send_receive_timeout=1"
    proxied.running.ugc("etl", "run", code=75, env={**proxied.env, "CLICKHOUSE_URL": url})
    recover(proxied, noted, ids)


@pytest.mark.fault("wrong_time")
def test_an_end_comes_before_its_start(proxied: Kit, noted: Noted) -> None:
    noted.done = "end loaded a run before its start; a second start and end after them"
    view = str(uuid.uuid4())
    end_view(proxied, view)
    load_all(proxied.running)
    for _ in range(2):
        data = {"page_view_id": view, "page_type": "movie"}
        proxied.running.accept("page_view_start", data)
    end_view(proxied, view)
    load_all(proxied.running)
    rows = proxied.running.rows(
        "SELECT paired, duration_seconds FROM ugc.page_view FINAL"
        f" WHERE event_id = '{row_id(view, 'anonymous')}'"
    )
    noted.acknowledged, noted.arrived = 1, len(rows)
    (row,) = rows
    assert row["paired"]
    assert row["duration_seconds"] >= 0
