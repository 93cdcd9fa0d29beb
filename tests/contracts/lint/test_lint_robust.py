"""Lint ends with findings, never with an exception, whatever a contract file holds."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from contracts.lint import lint_folder
from contracts.model.loader import default_folder
from tests.contracts.samples.test_samples import EVERY_KEYWORD
from tests.support.contract_folder import copy_of_contracts

EVENTS = ("page_view", "page_view_start", "quality_change")

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    0.5,
    1e300,
    "",
    "text",
    "(",
    [],
    [None],
    ["page_type", 1],
    {},
    {"type": ["string", 3]},
    {"$ref": "#/$defs/nope"},
    {"$ref": 7},
    {"properties": []},
    {"properties": {"a": 1}, "required": {}},
    {"type": "array", "items": {"$ref": "#/$defs/word"}},
    {"enum": {}},
    {"type": "integer", "minimum": "1", "maximum": [2], "multipleOf": 0},
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a document with each of its keys or indexes."""
    found = []
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in members:
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += places(inner)
    return found


def spoiled(document: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    for _ in range(rng.randint(1, 3)):
        container, key = rng.choice(places(changed))
        if rng.random() < 0.2:
            del container[key]
        else:
            container[key] = copy.deepcopy(rng.choice(ODD))
        if not changed:
            break
    return changed


@pytest.mark.parametrize("seed", range(4))
def test_no_contract_makes_lint_fail(tmp_path: Path, seed: int) -> None:
    folder = copy_of_contracts(tmp_path)
    rng = random.Random(seed)
    originals = {
        event: json.loads((default_folder() / "events" / event / "v1.json").read_text())
        for event in EVENTS
    }
    originals["quality_change"]["properties"].update(EVERY_KEYWORD["properties"])
    originals["quality_change"]["$defs"] = EVERY_KEYWORD["$defs"]
    for _ in range(40):
        event = rng.choice(EVENTS)
        path = folder / "events" / event / "v1.json"
        path.write_text(json.dumps(spoiled(originals[event], rng)))
        assert all(finding.line >= 1 for finding in lint_folder(folder))
        path.write_text(json.dumps(originals[event]))
