"""Schemas that others published, through Avro and ClickHouse and back; the fetched ones only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fullstack.cache import cached

SOURCES = {
    "asyncapi": ("@asyncapi/specs/schemas", "[0-9]*[0-9].json"),
    "cyclonedx": ("@cyclonedx/cyclonedx-library/res/schema", "*.json"),
    "geojson": ("geojson-schema", "[A-Z]*.json"),
    "vega-lite": ("vega-lite/build", "*schema.json"),
    "webhooks": ("@octokit/webhooks-schemas", "schema.json"),
    "schemastore": ("schemastore/schemas", "**/*.json"),
}
"""Source → its folder among the modules, and its schemas in there."""

FEWEST_EQUAL = {
    "asyncapi": 14,
    "cyclonedx": 11,
    "geojson": 11,
    "vega-lite": 1,
    "webhooks": 0,
    "schemastore": 675,
}
"""Of those in the table of ``docs/contract-language.md``; large ones may run out of time."""


def case(source: str, path: Path) -> str:
    schema = json.loads(path.read_text(encoding="utf-8-sig"))
    return json.dumps({"id": f"{source}: {path.name}", "schema": schema})


def results(source: str, tmp_path: Path) -> list[dict[str, Any]]:
    folder, pattern = SOURCES[source]
    root = cached("real-world", "real-world/package-lock.json") / "node_modules" / folder
    files = sorted(path for path in root.glob(pattern) if path.is_file())
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(case(source, path) for path in files), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ugc", "contracts", "roundtrip", str(cases), "--json",
         "-n", "3", "--timeout", "10", "--memory", "2048"],
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    found: list[dict[str, Any]] = json.loads(done.stdout)["results"]
    assert len(found) == len(files)
    return found


@pytest.mark.full
@pytest.mark.parametrize("source", SOURCES)
def test_what_is_published_comes_back_equal(source: str, tmp_path: Path) -> None:
    found = results(source, tmp_path)
    assert [each["id"] for each in found if each["differences"]] == []
    # Those without an instance, whose "equal" is None, failed in nothing.
    assert sum(each["equal"] is not False for each in found) >= FEWEST_EQUAL[source]
