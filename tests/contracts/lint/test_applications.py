"""Lint of ``applications.json``, and loading it: every finding has its line and its entry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import ContractLoadError, ContractSchemaError
from contracts.lint import lint_folder
from contracts.model.applications import EventRate
from contracts.model.loader import copy_contracts, load_catalog
from tests.support.contract_folder import CLICK, change
from tests.support.with_applications import FILE, PHONE, SLOW, WEB, contracts_with_applications

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_applications(tmp_path)


def entry(index: int, **changes: Any) -> Edit:
    return lambda document: document["applications"][index].update(changes)


BROKEN: list[tuple[Edit, str, str]] = [
    (entry(1, key=WEB["key"]), "/applications/1/key", "/applications/0"),
    (entry(1, key="short"), "/applications/1/key", "A-Za-z0-9_-"),
    (entry(1, name="other"), "/applications/1/name", ""),
    (entry(1, name="The Phone"), "/applications/1/name", "a-z"),
    (entry(1, events=["element_klick"]), "/applications/1/events/0", "'element_klick'"),
    (entry(1, events=["page_view"]), "/applications/1/events/0", "that clients send"),
    (entry(1, events=[]), "/applications/1/events", ""),
    (entry(0, origins=["https://Shop.example.com/"]), "/applications/0/origins/0", ""),
    (entry(0, origins=[]), "/applications/0/origins", ""),
    (entry(2, rate_limit="many"), "/applications/2/rate_limit", ""),
    (entry(2, colour="red"), "/applications/2/colour", ""),
    (lambda d: d["applications"][0].pop("name"), "/applications/0/name", ""),
    (lambda d: d.update(required="yes"), "/required", "boolean"),
    (lambda d: d.update(applications=[]), "/applications", ""),
]


@pytest.mark.parametrize(("edit", "pointer", "told"), BROKEN, ids=[b[1] for b in BROKEN])
def test_what_is_wrong_is_told_with_its_line_and_stops_the_load(
    folder: Path, edit: Edit, pointer: str, told: str
) -> None:
    change(folder / FILE, edit)
    (found,) = lint_folder(folder)
    assert (found.path, found.code, found.pointer) == (folder / FILE, "application", pointer)
    assert told in found.message
    assert found.line > 1
    with pytest.raises(ContractSchemaError, match=pointer):
        load_catalog(folder)


def test_a_file_that_is_no_object_is_told(folder: Path) -> None:
    (folder / FILE).write_text("[]")
    (found,) = lint_folder(folder)
    assert (found.path, found.code) == (folder / FILE, "json-invalid")
    with pytest.raises(ContractLoadError, match="is not a JSON object"):
        load_catalog(folder)


def test_a_good_file_has_no_findings_and_is_copied_with_the_contracts(
    folder: Path, tmp_path: Path
) -> None:
    assert lint_folder(folder) == ()
    applications = load_catalog(copy_contracts(folder, tmp_path / "copy")).applications
    assert applications is not None
    assert applications.names == ("old", "phone", "slow", "web")
    assert applications.by_key[SLOW["key"]].rate == EventRate(500, 3600)
    assert applications.senders_of("search_filter") == ("slow", "web")
    assert applications.senders_of("element_click") == ("phone", "slow", "web")
    assert PHONE["key"] not in repr(applications.by_key[PHONE["key"]])


def test_no_event_has_the_column_that_an_application_becomes(folder: Path) -> None:
    part = {
        "type": "object",
        "additionalProperties": False,
        "required": [],
        "description": "P.",
        "properties": {
            "sent_by": {
                "type": "string",
                "maxLength": 9,
                "description": "S.",
                "examples": ["a"],
            }
        },
    }
    change(folder / CLICK, lambda d: d["properties"].update(context=part))
    assert "column-reserved" in {each.code for each in lint_folder(folder)}


def test_a_context_has_no_field_of_that_name(tmp_path: Path) -> None:
    folder = contracts_with_applications(tmp_path, has_context=True)
    text = {"type": "string", "maxLength": 9, "description": "S.", "examples": ["a"]}
    change(folder / "context/v1.json", lambda d: d["properties"].update(sent_by=text))
    (found,) = [each for each in lint_folder(folder) if each.code == "context-field"]
    assert "where a project has applications" in found.message
