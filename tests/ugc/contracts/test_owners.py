"""CODEOWNERS is what the contracts say of their owners."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.model.loader import default_folder, load_catalog
from tests.support.golden import ROOT, Golden
from ugc.contracts.command import command
from ugc.contracts.owners import code_owners

CATALOG = load_catalog()


def rules(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return dict(line.split() for line in lines)


def test_the_committed_file_is_that_of_the_contracts(golden: Golden) -> None:
    golden.file(".github/CODEOWNERS", code_owners(CATALOG, "contracts"))


def test_every_event_has_an_owner_for_its_contracts_and_its_examples() -> None:
    found = rules(code_owners(CATALOG, "contracts"))
    for contract in CATALOG.newest:
        for kind in ("events", "examples"):
            assert found[f"/contracts/{kind}/{contract.event}/"] == f"@{contract.owner}"
    assert all((ROOT / path.lstrip("/")).is_dir() for path in found)


def test_owners_may_be_the_teams_of_an_organization() -> None:
    found = rules(code_owners(CATALOG, "contracts", "example"))
    assert found["/contracts/events/page_view/"] == "@example/ugc"


def test_the_command_prints_paths_from_where_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(default_folder() / "events", tmp_path / "deep/contracts/events")
    shutil.copytree(default_folder() / "envelopes", tmp_path / "deep/contracts/envelopes")
    shutil.copytree(default_folder() / "meta", tmp_path / "deep/contracts/meta")
    shutil.copytree(default_folder() / "context", tmp_path / "deep/contracts/context")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, ["owners", "--contracts", "deep/contracts"])
    assert done.exit_code == 0
    assert done.output == code_owners(CATALOG, "deep/contracts")
