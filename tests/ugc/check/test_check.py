"""``ugc check``: lint, change, lock and generated files in one verdict; what it puts right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from contracts.model import locate
from contracts.model.loader import load_catalog
from tests.support.contract_folder import change
from tests.ugc.check.repository import (
    breaking_version,
    git,
    good,
    lock,
    next_version,
    repository,
)
from ugc.check.command import command
from ugc.compatibility.sources import SourceError
from ugc.contracts.owners import code_owners

CLICK = "events/element_click"


@pytest.fixture
def contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    return folder


def check(folder: Path, *arguments: str) -> Result:
    env = {"GITHUB_BASE_REF": "", "CONTRACTS_DIR": str(folder)}
    return CliRunner(env=env).invoke(command, arguments)


def entries(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(check(folder, "--format", "json", *arguments).stdout)[
        "entries"
    ]
    return found


def test_a_branch_without_changes_passes(contracts: Path) -> None:
    result = check(contracts)
    assert (result.exit_code, result.output) == (0, "against main: ok: no contract changed\n")


def test_a_good_change_passes_when_the_lock_says_it(contracts: Path) -> None:
    next_version(contracts, "element_click", good)
    result = check(contracts)
    assert (result.exit_code, "mistake (lock 1)" in result.stdout) == (1, True)
    lock(contracts)
    result = check(contracts)
    assert (result.exit_code, result.stdout.endswith("ok: 1 contract changed\n")) == (0, True)
    assert "`ugc schema apply`" in result.stdout


def test_one_mistake_is_one_entry_with_its_three_targets(contracts: Path) -> None:
    path = breaking_version(contracts)
    lock(contracts)
    (mistake,) = [each for each in entries(contracts) if each["level"] == "error"]
    assert mistake["code"] == "type.changed"
    breaks = {each["target"] for each in mistake["effects"] if each["breaking"]}
    assert breaks == {"http", "avro", "clickhouse"}
    pointer = "/properties/duration_total/type"
    line = locate.lines(path.read_text(encoding="utf-8"))[pointer]
    assert (mistake["path"], mistake["line"], mistake["pointer"]) == (
        "contracts/events/video_complete/v2.json",
        line,
        pointer,
    )


def test_a_renamed_field_is_one_mistake(contracts: Path) -> None:
    def rename(contract: dict[str, Any]) -> None:
        contract["properties"]["chosen"] = contract["properties"].pop("filters")
        contract["required"] = ["search_query", "chosen"]

    next_version(contracts, "search_filter", rename)
    lock(contracts)
    changes = [
        each for each in entries(contracts) if each["part"] == "change" and each["level"] == "error"
    ]
    assert [each["code"] for each in changes] == ["property.renamed"]
    assert {each["target"] for each in changes[0]["effects"]} == {"http", "avro", "clickhouse"}


def test_annotations_name_file_and_line_of_the_verdict_too(contracts: Path) -> None:
    breaking_version(contracts)
    lines = check(contracts, "--format", "github").stdout.splitlines()
    (verdict,) = [each for each in lines if "type.changed::" in each]
    assert verdict.startswith("::error file=contracts/events/video_complete/v2.json,line=36,")
    (stale,) = [each for each in lines if "title=lock::" in each]
    assert stale.startswith("::error file=contracts/contracts.lock.json,line=")
    assert "`ugc registry lock`" in stale


def test_what_lint_cannot_read_is_told_and_nothing_else_is_asked(contracts: Path) -> None:
    next_version(contracts, "element_click", lambda contract: contract.update(misspelt=1))
    found = entries(contracts)
    assert {each["part"] for each in found} == {"lint"}
    assert found[0]["path"] == "contracts/events/element_click/v2.json"


def test_a_generated_file_is_judged_when_it_is_there(contracts: Path) -> None:
    file = contracts.parent / ".github" / "CODEOWNERS"
    file.parent.mkdir()
    catalog = load_catalog(contracts)
    file.write_text(code_owners(catalog, "contracts", "example"), encoding="utf-8")
    assert check(contracts).exit_code == 0
    file.write_text(file.read_text().replace("page_view_end", "gone"), encoding="utf-8")
    (stale,) = entries(contracts)
    assert (stale["part"], stale["path"], stale["line"]) == ("generated", ".github/CODEOWNERS", 7)
    assert "`ugc contracts owners > .github/CODEOWNERS`" in stale["way_out"]
    assert check(contracts, "--fix").exit_code == 0
    assert file.read_text() == code_owners(catalog, "contracts", "example")


def test_a_file_of_ones_own_under_that_name_is_left_alone(contracts: Path) -> None:
    file = contracts.parent / ".github" / "CODEOWNERS"
    file.parent.mkdir()
    file.write_text("* @everybody\n", encoding="utf-8")
    assert check(contracts, "--fix").exit_code == 0
    assert file.read_text() == "* @everybody\n"


def test_fix_turns_an_edited_version_into_the_next_one(contracts: Path) -> None:
    path = contracts / CLICK / "v1.json"
    merged = path.read_bytes()
    change(path, good)
    edited = path.read_bytes()
    example = contracts / "examples/element_click/v1/valid/with_referrer.json"
    payload = '{"element_type": "movie", "page_type": "movie", "referrer": "/"}\n'
    example.write_text(payload, encoding="utf-8")
    assert "version.edited" in {each["code"] for each in entries(contracts)}

    result = check(contracts, "--fix")
    assert result.exit_code == 0, result.output
    assert path.read_bytes() == merged
    assert (contracts / CLICK / "v2.json").read_bytes() == edited
    moved = contracts / "examples/element_click/v2/valid/with_referrer.json"
    assert (example.exists(), moved.read_text()) == (False, payload)
    assert check(contracts).exit_code == 0
    git(contracts, "diff", "--exit-code", "--", CLICK, "examples/element_click/v1")


def test_fix_says_what_it_cannot_do(contracts: Path) -> None:
    change(contracts / CLICK / "v1.json", good)
    next_version(contracts, "element_click", good)
    result = check(contracts, "--fix")
    assert result.exit_code == 1
    assert "v2.json is there already: put the file back (git checkout main --" in result.stderr


def test_reports_are_written_beside_what_is_printed(contracts: Path, tmp_path: Path) -> None:
    breaking_version(contracts)
    reports = [f"--write={form}={tmp_path / 'out' / form}" for form in ("sarif", "codequality")]
    assert check(contracts, *reports).exit_code == 1
    quality = json.loads((tmp_path / "out" / "codequality").read_text(encoding="utf-8"))
    assert {each["severity"] for each in quality} == {"blocker", "info"}
    assert len({each["fingerprint"] for each in quality}) == len(quality)
    assert quality[0]["location"]["path"] == "contracts/events/video_complete/v2.json"
    assert json.loads((tmp_path / "out" / "sarif").read_text(encoding="utf-8"))["runs"]


@pytest.mark.parametrize("text", ["sarif", "sarif=", "pdf=x", "=x"])
def test_a_report_without_format_or_file_is_a_wrong_command_line(
    contracts: Path, text: str
) -> None:
    result = check(contracts, "--write", text)
    assert (result.exit_code, "--write takes FORMAT=FILE" in result.stderr) == (2, True)


def test_the_branch_of_the_pull_request_is_what_is_compared_with(contracts: Path) -> None:
    env = {"CONTRACTS_DIR": str(contracts), "GITHUB_BASE_REF": "release"}
    missing = CliRunner(env=env).invoke(command, [])
    assert isinstance(missing.exception, SourceError)
    assert "--against REF" in str(missing.exception)
    git(contracts, "update-ref", "refs/remotes/origin/release", "main")
    result = CliRunner(env=env).invoke(command, [])
    assert result.output == "against origin/release: ok: no contract changed\n"


def test_nothing_to_compare_with_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    contracts = repository(tmp_path, base="trunk")
    result = subprocess.run(
        [sys.executable, "-P", "-m", "ugc", "check", "--contracts", str(contracts)],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 78
    assert "--against REF (branches here: trunk, work)" in result.stderr
