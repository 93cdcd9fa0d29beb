"""What a front-end developer is told about each invalid example, whole, as golden files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from contracts.model.loader import default_folder, load_catalog
from contracts.model.validation import Validator
from tests.support.golden import Golden

ROOT = default_folder()
CATALOG = load_catalog()
EVENT_EXAMPLES = sorted((ROOT / "examples").glob("*/v*/invalid/*.json"))
ENVELOPE_EXAMPLES = sorted((ROOT / "envelopes/examples").glob("*/v*/invalid/*.json"))


def golden_name(path: Path) -> str:
    name, version = path.parts[-4], path.parts[-3]
    return f"violations/{name}-{version}/{path.name}"


def told(validator: Validator, path: Path, at: str) -> str:
    found = validator.violations(json.loads(path.read_text(encoding="utf-8")), at=at)
    return json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("path", EVENT_EXAMPLES, ids=golden_name)
def test_violations_of_an_event_are_these(path: Path, golden: Golden) -> None:
    contract = CATALOG.get(path.parts[-4], int(path.parts[-3].removeprefix("v")))
    golden(golden_name(path), told(Validator(contract.schema), path, at="/data"))


@pytest.mark.parametrize("path", ENVELOPE_EXAMPLES, ids=golden_name)
def test_violations_of_an_envelope_are_these(path: Path, golden: Golden) -> None:
    schema = CATALOG.envelopes[path.parts[-4]].schema
    golden(golden_name(path), told(Validator(schema), path, at=""))


def test_no_golden_file_is_an_orphan(golden: Golden) -> None:
    golden.nothing_but("violations", map(golden_name, EVENT_EXAMPLES + ENVELOPE_EXAMPLES))
