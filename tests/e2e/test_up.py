"""``ugc up`` as somebody at a terminal meets it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.support.processes_of import running_below
from ugc.local.stack import running_stack

pytestmark = pytest.mark.stack

DEADLINE_SECONDS = 60.0


def ugc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ugc", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )


def test_up_until_ctrl_c_with_a_second_terminal(tmp_path: Path) -> None:
    log = tmp_path / "up.log"
    with log.open("w") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "ugc", "up"],
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while "Ctrl-C stops everything" not in log.read_text():
            assert up.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        info = running_stack(tmp_path / ".ugc")
        assert info is not None
        assert f"begin here: {info.urls['api']}/demo" in log.read_text()
        for name, url in info.urls.items():
            assert url in log.read_text(), name
        for page in ("/catalog/", "/docs", "/debug"):
            assert f"{info.urls['api']}{page}" in log.read_text()

        body = {
            "event": "element_click",
            "token": None,
            "data": {"element_type": "trailer", "page_type": "movie"},
        }
        answer = httpx2.post(f"{info.urls['api']}/api/v1/events", json=body, timeout=10)
        assert answer.status_code == 202
        while True:  # the loader brings the row, and the second terminal sees it
            rows = ugc(tmp_path, "sql", "SELECT count() FROM ugc.element_click", "--format=TSV")
            assert rows.returncode == 0, rows.stderr
            if rows.stdout.strip() == "1":
                break
            assert time.monotonic() < deadline, (tmp_path / ".ugc/logs/etl.log").read_text()
        second = ugc(tmp_path, "up")
        assert second.returncode == 1
        assert "runs on .ugc already" in second.stderr
    finally:
        up.send_signal(signal.SIGINT)
        try:
            code = up.wait(DEADLINE_SECONDS)
        finally:
            up.kill()  # its parts end with it
    assert code == 0, log.read_text()
    assert log.read_text().rstrip().endswith("stopped")
    assert running_below(tmp_path) == []
    nowhere = ugc(tmp_path, "sql", "SELECT 1")
    assert nowhere.returncode == 78
    assert "CLICKHOUSE_URL is not set" in nowhere.stderr
