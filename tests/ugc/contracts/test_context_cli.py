"""The context at the command line: new, lint, lock, show, and what the check says of a change."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.naming import Naming
from tests.support.contract_folder import change, copy_without_context
from tests.support.with_context import CONTEXT, contracts_with_context, next_context
from ugc.compatibility.findings import Report
from ugc.compatibility.judge import judge
from ugc.compatibility.sources import from_folder
from ugc.contracts.command import command
from ugc.contracts.errors import ScaffoldError, ScaffoldTextError
from ugc.registry.actions import write_lock

TODAY = dt.date(2026, 7, 1)
THEME = {"type": "string", "maxLength": 9, "description": "Colours.", "examples": ["dark"]}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return copy_without_context(tmp_path / "bare")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_context(tmp_path)


def run(folder: Path, *arguments: str) -> Result:
    env = {"CONTRACTS_DIR": str(folder), "COLUMNS": "200"}
    return CliRunner().invoke(command, arguments, env=env, catch_exceptions=False)


def test_a_new_context_passes_lint_and_can_be_locked(bare: Path) -> None:
    assert run(bare, "new", "--context", "--owner", "web").exit_code == 0
    write_lock(bare, Naming(), str)
    assert run(bare, "lint").output == "0 errors, 0 warnings\n"
    assert "context@1" in (bare / "contracts.lock.json").read_text()
    shown = run(bare, "show", "element_click").output
    assert "context/v1.json, with every event" in shown
    assert "context__session_id" in shown
    assert "/contracts/context/ @web" in run(bare, "owners").output


def test_the_next_version_is_a_copy(folder: Path) -> None:
    assert run(folder, "new", "--context", "--next-version").exit_code == 0
    texts = [json.loads((folder / f"context/v{n}.json").read_text()) for n in (1, 2)]
    assert texts[0] == texts[1]


def test_what_no_context_can_be_made_of_is_told(bare: Path, folder: Path) -> None:
    for arguments, told in (
        (("--context",), "write --owner TEAM"),
        (("--context", "--next-version"), "there is no context yet"),
        (("--context", "name", "--owner", "web"), "nothing else"),
        ((), "write the NAME"),
    ):
        with pytest.raises(ScaffoldTextError, match=told):
            run(bare, "new", *arguments)
    with pytest.raises(ScaffoldError, match="--next-version"):
        run(folder, "new", "--context", "--owner", "web")


def judged(base: Path, head: Path) -> Report:
    return judge(from_folder(base), from_folder(head), TODAY)


def test_a_first_context_gives_every_table_its_columns(bare: Path, folder: Path) -> None:
    report = judged(bare, folder)
    assert report.is_ok
    added = {each.event: len(each.steps) for each in report.events if each.steps}
    assert added == dict.fromkeys(
        ("element_click", "page_view", "quality_change", "search_filter", "video_complete"), 12
    )


def test_a_field_more_is_no_breaking_change(tmp_path: Path, folder: Path) -> None:
    head = contracts_with_context(tmp_path / "head")
    next_context(head, lambda d: d["properties"].update(theme=THEME))
    report = judged(folder, head)
    assert report.is_ok
    (context,) = (each for each in report.events if each.event == "context")
    assert [each.code for each in context.findings] == ["property.added"]
    assert sum(len(each.steps) for each in report.events) == 5


def test_a_field_less_and_an_edited_version_are_breaking(tmp_path: Path, folder: Path) -> None:
    head = contracts_with_context(tmp_path / "head")
    next_context(head, lambda d: d["properties"].pop("locale"))
    change(head / CONTEXT, lambda d: d.update(description="Another text."))
    (context,) = (each for each in judged(folder, head).events if each.event == "context")
    assert {each.code for each in context.breaking} == {"version.edited", "property.removed"}
