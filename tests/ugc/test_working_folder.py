"""A working folder that holds packages named as ours: nothing is imported from it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from tests.support.processes import ServerProcess, free_port

pytestmark = pytest.mark.stack

PACKAGES = ("api", "ch_schema", "contracts", "etl", "registry")
WAYS = {
    "ugc": [str(Path(sys.executable).with_name("ugc"))],
    "python -m ugc": [sys.executable, "-m", "ugc"],
}
UNSET = (
    *("PYTHONPATH", "PYTHONSAFEPATH", "KAFKA_BOOTSTRAP_SERVERS", "REDIS_URL"),
    *("SCHEMA_REGISTRY_URL", "CLICKHOUSE_URL", "AUTH_SERVICE_URL", "JWT_SECRET"),
)
NOTHING_SET = dict.fromkeys(UNSET, "")


@pytest.fixture
def poisoned(tmp_path: Path) -> Path:
    """A folder in which importing one of our packages ends the program."""
    for name in PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('raise SystemExit("poisoned")\n')
    return tmp_path


def run(folder: Path, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | NOTHING_SET,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_command_imports_nothing_from_there(way: str, poisoned: Path) -> None:
    ended = run(poisoned, [*WAYS[way], "registry", "avro", "element_click"])
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["type"] == "record"


@pytest.mark.parametrize("way", WAYS)
def test_a_servers_workers_import_nothing_from_there(way: str, poisoned: Path) -> None:
    port = free_port()
    process = ServerProcess(
        [
            *("env", "-C", str(poisoned), *WAYS[way]),
            *("registry", "serve", "--data-dir", "subjects", "--port", str(port)),
        ],
        poisoned / "log",
        NOTHING_SET,
    )

    def answers() -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/subjects", timeout=5).json() == []
        except httpx2.HTTPError:
            return False

    try:
        process.wait_ready(answers)
    finally:
        process.kill()


@pytest.mark.parametrize("way", WAYS)
def test_a_round_trips_child_imports_nothing_from_there(way: str, poisoned: Path) -> None:
    (poisoned / "schemas").mkdir()
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    (poisoned / "schemas" / "thing.json").write_text(json.dumps(schema))
    ended = run(poisoned, [*WAYS[way], "contracts", "roundtrip", "schemas"])
    assert "poisoned" not in ended.stdout + ended.stderr
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_whole_stack_imports_nothing_from_there(poisoned: Path) -> None:
    command = [*WAYS["python -m ugc"], "up", "--state-dir", "state"]
    ports = dict.fromkeys(
        [f"{part}_PORT" for part in ("API", "AUTH", "CLICKHOUSE", "KAFKA", "REDIS", "REGISTRY")],
        "0",
    )
    stack = ServerProcess(
        ["env", "-C", str(poisoned), *command], poisoned / "log", NOTHING_SET | ports
    )
    log = poisoned / "log"
    try:
        stack.wait_ready(lambda: "ready; Ctrl-C" in log.read_text(), 100)
        found = re.search(r"^api\s+(http://\S+)", log.read_text(), re.MULTILINE)
        assert found, log.read_text()
        event = {
            "event": "element_click",
            "token": None,
            "data": {"element_type": "movie", "page_type": "category"},
        }
        assert httpx2.post(f"{found[1]}/api/v1/events", json=event, timeout=30).status_code == 202
        loaded = run(poisoned, [*WAYS["ugc"], "etl", "run", "--state-dir", "state", "--json"])
        assert loaded.returncode == 0, loaded.stderr
        stack.send(signal.SIGINT)
        assert stack.wait_exit(60) == 0
    finally:
        stack.kill()
    logs = "".join(each.read_text() for each in (poisoned / "state" / "logs").glob("*.log"))
    assert "poisoned" not in logs + log.read_text()
