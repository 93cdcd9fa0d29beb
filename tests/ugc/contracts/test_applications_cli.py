"""Applications at the command line: lint, lock, show, and what the check says of them."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.model.loader import load_catalog
from contracts.naming import Naming
from tests.support.contract_folder import change, copy_without_context
from tests.support.order import write
from tests.support.with_applications import FILE, contracts_with_applications, document
from ugc.compatibility.judge import judge
from ugc.compatibility.sources import from_folder, from_reference
from ugc.contracts.command import command
from ugc.registry.actions import write_lock

TODAY = dt.date(2026, 7, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_applications(tmp_path / "project")


def run(folder: Path, *arguments: str) -> Result:
    env = {"CONTRACTS_DIR": str(folder), "COLUMNS": "200"}
    return CliRunner().invoke(command, arguments, env=env, catch_exceptions=False)


def test_lint_tells_the_line_and_show_who_sends(folder: Path) -> None:
    write_lock(folder, Naming(), str)
    assert run(folder, "lint").output == "0 errors, 0 warnings\n"
    shown = run(folder, "show", "search_filter").output
    assert "slow, web" in shown
    assert "context__sent_by" in shown
    assert "context/v" not in shown
    assert "/context/" not in run(folder, "owners").output
    change(folder / FILE, lambda d: d["applications"][1].update(events=["nothing"]))
    found = run(folder, "lint")
    assert found.exit_code == 1
    assert "applications.json:" in found.output
    assert "error application /applications/1/events/0: names 'nothing'" in found.output


def test_applications_that_come_are_no_breaking_change(tmp_path: Path, folder: Path) -> None:
    before = from_folder(copy_without_context(tmp_path / "before"))
    report = judge(before, from_folder(folder), TODAY)
    assert not any(each.breaking for event in report.events for each in event.findings)
    assert report.events


def test_a_commit_is_compared_with_its_applications(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "all")
    base = from_reference("main", folder)
    assert base.catalog.applications == load_catalog(folder).applications
    assert judge(base, from_folder(folder), TODAY).events == ()


def test_applications_that_are_gone_are_a_breaking_change(tmp_path: Path, folder: Path) -> None:
    after = from_folder(copy_without_context(tmp_path / "after"))
    report = judge(from_folder(folder), after, TODAY)
    found = [each.code for event in report.events for each in event.findings if each.breaking]
    assert found == ["applications.removed"]


def test_a_context_that_goes_while_applications_stay_is_told(tmp_path: Path, folder: Path) -> None:
    both = contracts_with_applications(tmp_path / "both", has_context=True)
    report = judge(from_folder(both), from_folder(folder), TODAY)
    found = {each.code for event in report.events for each in event.findings if each.breaking}
    assert "version.removed" in found


def test_other_entries_change_no_contract(tmp_path: Path, folder: Path) -> None:
    other = contracts_with_applications(tmp_path / "other")
    write(other / FILE, {"applications": document()["applications"][:1]})
    assert judge(from_folder(folder), from_folder(other), TODAY).events == ()


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)
