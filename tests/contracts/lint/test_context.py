"""Lint of the context: each version, and what events may not be called beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import ContractSchemaError
from contracts.lint import lint_folder
from contracts.model.loader import load_catalog
from registry.lock import lock_of
from tests.support.contract_folder import CLICK, VIEW, change
from tests.support.with_context import CONTEXT, contracts_with_context, next_context

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_context(tmp_path)


def field(**changes: Any) -> Edit:
    return lambda document: document["properties"].update(changes)


TEXT = {"type": "string", "maxLength": 9, "description": "A field.", "examples": ["a"]}
TAGS = {"type": "array", "maxItems": 3, "items": TEXT, "description": "T.", "examples": [["a"]]}
BROKEN: list[tuple[str, Edit, str, str]] = [
    ("context-field", lambda d: d.update(required=["version"]), "/required/0", "may be left out"),
    ("context-field", field(tags=TAGS), "/properties/tags", "one field for each part"),
    ("context-field", field(occurred_at=TEXT), "/properties/occurred_at", "is a time"),
    ("context-field", field(clock=TEXT), "/properties/clock", "write another name"),
    ("string-unbounded", lambda d: d["properties"]["version"].pop("maxLength"), "", "maxLength"),
    ("example-refused", lambda d: d["examples"][0].update(sequence=-1), "", "0 or more"),
    ("keyword-missing", lambda d: d.pop("x-owner"), "/x-owner", "The team that answers"),
]


@pytest.mark.parametrize(
    ("code", "edit", "pointer", "told"), BROKEN, ids=[f"{c[0]}-{c[3]}" for c in BROKEN]
)
def test_what_is_wrong_with_a_context_is_told(
    folder: Path, code: str, edit: Edit, pointer: str, told: str
) -> None:
    change(folder / CONTEXT, edit)
    (found,) = [each for each in lint_folder(folder) if each.code == code]
    assert found.path == folder / CONTEXT
    assert told in found.message
    if pointer:
        assert found.pointer == pointer


def test_a_context_as_it_is_written_first_has_no_findings(folder: Path) -> None:
    assert lint_folder(folder) == ()


def test_no_event_has_a_field_called_context_beside_one(folder: Path) -> None:
    change(folder / CLICK, field(context=TEXT))
    assert [each.code for each in lint_folder(folder)] == ["column-reserved"]


def test_a_duration_by_the_clients_clock_needs_a_context_with_it(folder: Path) -> None:
    change(folder / VIEW, lambda d: d["x-pairing"].update(duration_from="occurred_at"))
    assert lint_folder(folder) == ()
    change(folder / CONTEXT, lambda d: (d["properties"].pop("occurred_at"), d.pop("examples")))
    (found,) = lint_folder(folder)
    assert (found.code, found.pointer) == ("pairing-field", "/x-pairing/duration_from")
    with pytest.raises(ContractSchemaError, match="which no context has"):
        load_catalog(folder)


def test_files_of_a_context_are_numbered(folder: Path) -> None:
    next_context(folder, lambda _: None).rename(folder / "context/v3.json")
    (folder / "context/notes.txt").write_text("")
    codes = sorted(each.code for each in lint_folder(folder))
    assert codes == ["file-misplaced", "version-gap"]


def test_a_context_in_the_lock_stays_as_it_is(folder: Path) -> None:
    locked = lock_of(load_catalog(folder)).context
    assert lint_folder(folder, locked_context=locked) == ()
    change(folder / CONTEXT, lambda d: d.update(description="Another text."))
    (found,) = lint_folder(folder, locked_context=locked)
    assert (found.code, found.path) == ("shared-edited", folder / CONTEXT)
