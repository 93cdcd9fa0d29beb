"""The guide for analysts: its commands, and its program with a client that many of them use."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.readme import blocks, commands, shell
from tests.support.stack import Running

pytestmark = pytest.mark.stack

GUIDE = "docs/guides/analyst.md"


@pytest.fixture(scope="module")
def loaded(running: Running) -> Running:
    running.accept("element_click", {"element_type": "movie", "page_type": "main"})
    running.load()
    return running


def test_its_commands_answer(loaded: Running, tmp_path: Path) -> None:
    columns, users, views = (
        shell(command, cwd=tmp_path, env=loaded.stack.env) for command in commands(GUIDE)
    )
    assert "Whether both the start and the end were seen" in columns.stdout, columns.stderr
    assert "anonymous_events" in users.stdout, users.stderr
    assert views.returncode == 0, views.stderr


def test_clickhouse_connect_works_with_its_defaults(loaded: Running, tmp_path: Path) -> None:
    (program,) = blocks("python", GUIDE)
    address = urlsplit(loaded.stack.env["CLICKHOUSE_URL"])
    if address.scheme != "http":
        pytest.skip("this stack's ClickHouse is asked over another protocol")
    where = {"CLICKHOUSE_HOST": str(address.hostname), "CLICKHOUSE_PORT": str(address.port)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**loaded.stack.env, **where},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{datetime.now(UTC):%Y-}")
    assert "movie" in done.stdout
