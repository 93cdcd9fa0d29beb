"""The guide for contract authors, from an empty folder on: its commands, one after the other."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.readme import blocks, shell

GUIDE = "docs/guides/contract-author.md"


def test_its_commands_work_in_order(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "COLUMNS": "100"}
    done = shell("set -e\n" + "\n".join(blocks("bash", GUIDE)), cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    shop = tmp_path / "shop"
    assert (shop / "catalog/events/order_placed/index.html").is_file()
    assert (shop / "contracts/events/order_placed/v2.json").is_file()
    assert "order_placed" in done.stdout
