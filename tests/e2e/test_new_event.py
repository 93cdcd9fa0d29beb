"""New events by contract files alone: the very file that a guide shows, and a second pairing."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import httpx2
import pytest

from contracts.model.loader import default_folder
from tests.etl.sessions.test_pairing import video_contracts
from tests.support.readme import json_blocks
from tests.support.stack import NO_SCHEDULE, Running, free_ports
from ugc.local.stack import Stack, StackConfig

pytestmark = pytest.mark.stack

GUIDE = "docs/guides/contract-author.md"


def test_one_file_makes_it_accepted_documented_encoded_tabled_and_loaded(tmp_path: Path) -> None:
    contracts = Path(shutil.copytree(default_folder(), tmp_path / "contracts"))
    (text,) = (
        block
        for block in json_blocks("docs/guides/contract-author.md")
        if "A trailer was played" in block
    )
    folder = contracts / "events" / "trailer_play"
    folder.mkdir()
    (folder / "v1.json").write_text(text)
    for event, contract in video_contracts(wait_seconds=1).items():
        (contracts / "events" / event).mkdir()
        (contracts / "events" / event / "v1.json").write_text(json.dumps(contract))
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
        pairs_and_sweeps_video_plays(running)


def pairs_and_sweeps_video_plays(running: Running) -> None:
    """``video_play`` out of ``video_start`` and ``video_stop``: no line of code knows them."""
    ended = {"player": "a", "video": "b", "quality": 720}
    running.accept("video_start", ended)
    running.accept("video_start", {**ended, "video": "left"})
    running.accept("video_stop", ended)
    report = running.load()
    assert report["pairs"]["video_play"]["paired"] == 1
    # The other one has waited for its second when a later run looks.
    deadline = time.monotonic() + 60
    while not report["pairs"]["video_play"]["unpaired"]:
        assert time.monotonic() < deadline
        report = running.load()
    rows = running.rows("SELECT quality, seconds, outcome FROM ugc.video_play FINAL")
    assert sorted((row["outcome"], row["seconds"] is None) for row in rows) == [
        ("left", True),
        ("stopped", False),
    ]
    assert {row["quality"] for row in rows} == {720}
