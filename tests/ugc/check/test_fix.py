"""``ugc check --fix`` in a project of one's own, with a shared definition and a context."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.contract_folder import change, copy_without_context
from tests.ugc.check.repository import git
from ugc.check.command import command as check_command
from ugc.contracts.command import command as contracts_command
from ugc.registry.command import command as registry_command

ADDRESS, CONTEXT = "shared/address", "context"


@pytest.fixture
def contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a name of its own, in which an event refers to an address."""
    folder = copy_without_context(tmp_path)
    (tmp_path / "ugc.toml").write_text('name = "shop"\nowner = "shop"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run(contracts_command, "new", "--context")
    run(contracts_command, "new", "--shared", "address", "--field", "street:string")
    run(contracts_command, "new", "parcel_sent", "--field", "parcel_id:string")
    change(folder / "events/parcel_sent/v1.json", _is_sent_to)
    run(registry_command, "lock")
    git(tmp_path, "init", "--initial-branch", "main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--message", "Contracts")
    git(tmp_path, "checkout", "-b", "work")
    return folder


def run(command: Any, *arguments: str) -> Result:
    result = CliRunner(env={"GITHUB_BASE_REF": ""}).invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return result


def _is_sent_to(event: dict[str, Any]) -> None:
    event["properties"]["ship_to"] = {"$ref": f"../../{ADDRESS}/v1.json"}


def _says_more(document: dict[str, Any]) -> None:
    document["properties"]["campaign"] = {
        "type": "string",
        "maxLength": 40,
        "description": "What brought the visitor.",
        "examples": ["summer"],
    }


def test_the_lock_that_fix_writes_has_the_projects_own_names(contracts: Path) -> None:
    run(contracts_command, "new", "parcel_lost", "--field", "parcel_id:string")
    run(check_command, "--fix")
    run(check_command)
    run(registry_command, "lock", "--check")


@pytest.mark.parametrize("place", [ADDRESS, CONTEXT])
def test_fix_turns_an_edited_definition_or_context_into_its_next_version(
    contracts: Path, place: str
) -> None:
    path = contracts / place / "v1.json"
    merged = path.read_bytes()
    change(path, _says_more)
    edited = path.read_bytes()
    told = CliRunner(env={"GITHUB_BASE_REF": ""}).invoke(check_command, ["--format", "json"])
    (entry,) = [e for e in json.loads(told.stdout)["entries"] if e["code"] == "version.edited"]
    assert entry["way_out"].endswith("`ugc check --fix` does both")

    run(check_command, "--fix")
    assert (path.read_bytes(), (contracts / place / "v2.json").read_bytes()) == (merged, edited)
    run(check_command)


def test_a_context_that_stays_as_it_is_is_no_change_of_the_request(contracts: Path) -> None:
    change(contracts / "events/parcel_sent/v1.json", lambda event: None)
    entries = json.loads(run(check_command, "--format", "json").stdout)["entries"]
    assert entries == []
