"""Walks the contract files: everything in them holds, and nothing lies beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.model.loader import default_folder, load_catalog
from contracts.model.types import Contract, JsonSchema
from contracts.model.validation import Validator

FOLDER = default_folder()
CATALOG = load_catalog()
CONTRACTS = list(CATALOG)


def example_files(folder: Path, kind: str) -> list[Path]:
    return sorted(folder.glob(f"*/v*/{kind}/*.json"))


def schema_of(path: Path) -> JsonSchema:
    name, version = path.parts[-4], int(path.parts[-3].removeprefix("v"))
    if "envelopes" in path.parts:
        return CATALOG.envelopes[name].schema
    return CATALOG.get(name, version).schema


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


EXAMPLES = {
    kind: example_files(FOLDER / "examples", kind)
    + example_files(FOLDER / "envelopes" / "examples", kind)
    for kind in ("valid", "invalid")
}


@pytest.mark.parametrize("path", EXAMPLES["valid"], ids=lambda p: "/".join(p.parts[-4:]))
def test_valid_examples_are_accepted(path: Path) -> None:
    assert Validator(schema_of(path)).violations(read(path)) == ()


@pytest.mark.parametrize("path", EXAMPLES["invalid"], ids=lambda p: "/".join(p.parts[-4:]))
def test_invalid_examples_are_refused(path: Path) -> None:
    assert Validator(schema_of(path)).violations(read(path)) != ()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.id)
def test_every_version_has_examples_of_both_kinds(contract: Contract) -> None:
    folder = FOLDER / "examples" / contract.event / f"v{contract.version}"
    assert list((folder / "valid").glob("*.json"))
    assert list((folder / "invalid").glob("*.json"))


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.id)
def test_a_contracts_own_examples_satisfy_it(contract: Contract) -> None:
    assert contract.examples
    validator = Validator(contract.schema)
    assert [validator.violations(example) for example in contract.examples] == [
        () for _ in contract.examples
    ]
    for name, schema in contract.schema["properties"].items():
        field = Validator(schema)
        for example in schema["examples"]:
            assert field.violations(example) == (), name


def test_no_example_is_an_orphan() -> None:
    listed = {path for paths in EXAMPLES.values() for path in paths}
    lying = {
        path
        for root in (FOLDER / "examples", FOLDER / "envelopes" / "examples")
        for path in root.rglob("*")
        if path.is_file()
    }
    assert lying == listed


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.id)
def test_every_field_says_what_it_is(contract: Contract) -> None:
    assert all(field.description for field in contract.data.fields)


def test_requirement_l1_fields_are_exactly_these() -> None:
    """An event beside those of L1 is no fault."""
    fields = {c.event: {f.json_name for f in c.own.fields} for c in CATALOG.newest}
    asked = {
        "element_click": {"element_type", "page_type"},
        "page_view_start": {"page_view_id", "page_type"},
        "page_view_end": {"page_view_id", "page_type"},
        "quality_change": {"video_id", "old_quality", "new_quality"},
        "video_complete": {"video_id", "duration_total"},
        "search_filter": {"search_query", "filters"},
        "page_view": {"duration_seconds", "page_type", "paired"},
    }
    assert {event: fields.get(event) for event in asked} == asked


def test_halves_of_a_pairing_have_no_table() -> None:
    halves = {event for each in CATALOG.pairings.values() for event in (each.start, each.end)}
    assert halves >= {"page_view_start", "page_view_end"}
    events = [contract.event for contract in CATALOG.newest]
    tables = [contract.event for contract in CATALOG.tables]
    assert tables == sorted(set(events) - halves)
