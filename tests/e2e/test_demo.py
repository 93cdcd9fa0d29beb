"""``ugc demo`` from start to finish, smaller than the README's, on two companies' contracts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.model.loader import package_folder
from tests.support.processes_of import running_below
from tests.support.shop import shop_contracts

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


def demo(folder: Path, **env: str) -> str:
    """What the demo printed."""
    state = folder / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "ugc", "demo", "--visits=60", f"--state-dir={state}"],
        capture_output=True,
        text=True,
        timeout=220,
        cwd=folder,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the totals reconcile" in done.stdout
    assert "differs" not in done.stdout
    assert "data_invalid" in done.stdout
    assert running_below(state) == []
    return done.stdout


def test_the_demo_balances_and_leaves_nothing_running(tmp_path: Path) -> None:
    said = demo(tmp_path, CONTRACTS_DIR=str(package_folder()))
    assert said.count("202  {") == 6
    assert re.search(r"page_view: [1-9]\d* paired, [1-9]\d* unpaired", said)
    for table in ("element_click", "page_view", "quality_change", "search_filter"):
        assert re.search(rf"\b{table}: [1-9]\d* rows?", said)


def test_the_demo_of_a_shop_is_about_the_shop(tmp_path: Path) -> None:
    contracts = shop_contracts(tmp_path)
    said = demo(tmp_path)
    assert f"The contracts are those in {contracts}" in said.replace("\n", "")
    assert said.count("202  {") == 4
    assert re.search(r"checkout: [1-9]\d* paired, [1-9]\d* unpaired", said)
    for table in ("cart_changed", "checkout", "order_placed"):
        assert re.search(rf"\b{table}: [1-9]\d* rows?", said)
    assert "TEA-0042" in said
    assert not re.search("page_view|movie|video", said)
