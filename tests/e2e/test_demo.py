"""``ugc demo`` from start to finish, smaller than the README's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes_of import running_below

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


def test_the_demo_balances_and_leaves_nothing_running(tmp_path: Path) -> None:
    state = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "ugc", "demo", "--visits=60", f"--state-dir={state}"],
        capture_output=True,
        text=True,
        timeout=220,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("202  {") == 6
    assert "the totals reconcile" in done.stdout
    assert "differs" not in done.stdout
    assert re.search(r"page_view: [1-9]\d* paired, [1-9]\d* unpaired", done.stdout)
    assert "data_invalid" in done.stdout
    for table in ("element_click", "page_view", "quality_change", "search_filter"):
        assert re.search(rf"ugc\.{table}: [1-9]\d* rows?", done.stdout)
    assert running_below(state) == []
