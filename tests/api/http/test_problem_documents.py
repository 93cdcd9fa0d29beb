"""The whole problem document that a front-end developer gets for each invalid example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.model.loader import default_folder, load_catalog
from tests.api.world import World, post
from tests.support.golden import Golden

ROOT = default_folder()
CATALOG = load_catalog()
EVENTS = [
    path
    for path in sorted((ROOT / "examples").glob("*/v*/invalid/*.json"))
    if CATALOG.get(path.parts[-4]).origin == "client"
]
REQUESTS = sorted((ROOT / "envelopes/examples/request").glob("v*/invalid/*.json"))


def golden_name(path: Path) -> str:
    return f"problems/{path.parts[-4]}-{path.parts[-3]}/{path.name}"


def document(path: Path) -> dict[str, Any]:
    """The request that brings an example: for an event's, its data in the smallest envelope."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if path in REQUESTS:
        return found
    version = int(path.parts[-3].removeprefix("v"))
    return {"event": path.parts[-4], "version": version, "token": None, "data": found}


@pytest.mark.parametrize("path", [*EVENTS, *REQUESTS], ids=golden_name)
def test_the_answer_is_this(path: Path, golden: Golden) -> None:
    world = World()
    answer = post(world.client(), document(path), headers={"X-Correlation-Id": "from-the-client"})
    assert answer.content_type == "application/problem+json"
    assert 400 <= answer.status_code < 500
    assert world.publisher.published == []
    told = json.dumps(answer.get_json(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    golden(golden_name(path), told)


def test_no_golden_file_is_an_orphan(golden: Golden) -> None:
    golden.nothing_but("problems", map(golden_name, [*EVENTS, *REQUESTS]))
