"""A seventh event, by a contract file alone: the very file that the README shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import httpx2
import pytest

from contracts.loader import default_folder
from tests.support.readme import json_blocks
from tests.support.stack import NO_SCHEDULE, Running, free_ports
from ugc.stack import Stack, StackConfig

pytestmark = pytest.mark.stack


def test_one_file_makes_it_accepted_documented_encoded_tabled_and_loaded(tmp_path: Path) -> None:
    contracts = Path(shutil.copytree(default_folder(), tmp_path / "contracts"))
    (text,) = (block for block in json_blocks() if "A trailer was played" in block)
    folder = contracts / "events" / "trailer_play"
    folder.mkdir()
    (folder / "v1.json").write_text(text)
    config = StackConfig(
        state_dir=tmp_path / "state",
        ports=free_ports(),
        parts=NO_SCHEDULE,
        alone=True,
        env={"CONTRACTS_DIR": str(contracts)},
    )
    with Stack.start(config) as stack:
        running = Running(stack)
        # accepted, and held against its contract
        running.accept("trailer_play", json.loads(text)["examples"][0])
        bad = {"event": "trailer_play", "token": None, "data": {"video_id": "x", "muted": "no"}}
        refused = running.post(bad)
        assert refused.status_code == 422
        assert refused.json()["violations"][0]["pointer"] == "/data/muted"
        # documented
        document = httpx2.get(f"{running.api}/openapi.json").text
        assert "A user started a trailer." in document
        # encoded under a subject of its own
        subjects = httpx2.get(f"{stack.env['SCHEMA_REGISTRY_URL']}/subjects").json()
        assert "ugc.events.trailer_play" in subjects
        # tabled and loaded
        assert running.load()["events"]["trailer_play"]["loaded"] == 1
        (row,) = running.rows("SELECT video_id, muted FROM ugc.trailer_play FINAL")
        assert row == {"video_id": "tt0111161", "muted": True}
