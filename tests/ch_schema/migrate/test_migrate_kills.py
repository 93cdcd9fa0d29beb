"""``ugc schema apply`` against the local ClickHouse server, killed (SIGKILL) on either side."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.targets import targets_for
from ch_schema.migrate.run import Migrator
from contracts.model.loader import load_catalog
from tests.ch_schema.shared_folder import FolderServer, folder_server

ROWS = 300_000
REWRITE = "ALTER TABLE ugc.search_filter MODIFY COLUMN filters LowCardinality(String)"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FolderServer]:
    with folder_server(tmp_path / "data", tmp_path / "log") as running:
        yield running


def start_apply(server: FolderServer) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ugc", "schema", "apply", "--allow-rewrite"],
        env={**os.environ, "CLICKHOUSE_URL": server.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """The first so many: each is written before its step is run."""
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def assert_in_step(server: FolderServer) -> None:
    code, output = finish(start_apply(server))
    assert code == 0, output
    with closing(connect(server.url)) as client:
        assert Migrator(client, targets_for(load_catalog())).plan().tasks == ()
        states = client.query(
            "SELECT state, count() AS n FROM ugc.schema_migrations FINAL GROUP BY state"
        )
        assert [row["state"] for row in states] == ["done"]


def fill_and_drift(client: ClickHouse) -> None:
    """A table with rows, whose text column became a dictionary by hand."""
    client.execute(REWRITE)
    client.execute(
        "INSERT INTO ugc.search_filter (event_id, timestamp, filters)"
        " SELECT toUUID(reinterpretAsUUID(number + 1)), '2026-01-31 12:00:00', toString(number)"
        f" FROM numbers({ROWS})"
    )


def assert_rows_are_whole(client: ClickHouse) -> None:
    (row,) = client.query(
        "SELECT count() AS n, uniqExact(filters) AS different, toTypeName(any(filters)) AS type"
        " FROM ugc.search_filter"
    )
    assert row == {"n": ROWS, "different": ROWS, "type": "String"}


@pytest.mark.parametrize("step", [1, 6, 14])
def test_a_killed_apply_is_resumed(server: FolderServer, step: int) -> None:
    killed = start_apply(server)
    assert all(lines(killed, step))
    killed.kill()
    assert finish(killed)[0] == -signal.SIGKILL
    assert_in_step(server)


def test_a_rewrite_that_was_killed_is_whole_in_the_end(server: FolderServer) -> None:
    assert_in_step(server)
    with closing(connect(server.url)) as client:
        fill_and_drift(client)
        killed = start_apply(server)
        assert "rewriting" in lines(killed, 2)[1]
        killed.kill()
        finish(killed)
        assert_in_step(server)
        assert_rows_are_whole(client)


def test_two_programs_at_once(server: FolderServer) -> None:
    processes = [start_apply(server) for _ in range(2)]
    ended = [finish(process) for process in processes]
    assert [code for code, _ in ended] == [0, 0], ended
    assert_in_step(server)


def test_the_server_is_killed_under_a_rewrite(server: FolderServer) -> None:
    assert_in_step(server)
    with closing(connect(server.url)) as client:
        fill_and_drift(client)
    interrupted = start_apply(server)
    assert "rewriting" in lines(interrupted, 2)[1]
    server.process.kill()
    code, output = finish(interrupted)
    server.start_again()
    assert code in (0, 1, 75), output
    assert_in_step(server)
    with closing(connect(server.url)) as client:
        assert_rows_are_whole(client)
