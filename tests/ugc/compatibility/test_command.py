"""``ugc contracts check`` in a git repository, with a folder, and with a live registry."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from contracts.errors import ContractError
from registry.client import ConfluentRegistry
from registry.errors import RegistryUnavailableError
from registry.options import RegistryOptions
from tests.support.contract_folder import change, copy_of_contracts
from tests.support.processes import ServerProcess, free_port
from tests.support.register import register_all
from ugc.compatibility.command import command
from ugc.compatibility.sources import SourceError, default_reference, from_folder, from_reference

CLICK = "events/element_click"


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """A contract folder inside a repository whose branch ``work`` stands where ``main`` does."""
    folder = copy_of_contracts(tmp_path)
    git(tmp_path, "init", "--initial-branch", "main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--message", "Contracts")
    git(tmp_path, "checkout", "-b", "work")
    return folder


def new_version(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    versions = folder / CLICK
    number = len(list(versions.iterdir()))
    path = versions / f"v{number + 1}.json"
    path.write_bytes((versions / f"v{number}.json").read_bytes())
    change(path, edit)


def optional_field(contract: dict[str, Any]) -> None:
    contract["properties"]["referrer"] = {"type": "string", "description": "Where from."}


def shorter(contract: dict[str, Any]) -> None:
    contract["properties"]["page_type"]["maxLength"] = 9


def check(folder: Path, *arguments: str) -> Result:
    return CliRunner(env={"CONTRACTS_DIR": str(folder)}).invoke(command, arguments)


def test_a_branch_without_changes(contracts: Path) -> None:
    result = check(contracts)
    assert (result.exit_code, result.output) == (0, "verdict: no contract changed\n")


def test_a_harmless_change_that_is_not_committed_yet(contracts: Path) -> None:
    new_version(contracts, optional_field)
    result = check(contracts)
    assert result.exit_code == 0, result.output
    assert result.output.endswith("verdict: ok\n")


def test_a_breaking_change_that_is_committed(contracts: Path) -> None:
    new_version(contracts, shorter)
    git(contracts, "add", "--all")
    git(contracts, "commit", "--message", "Shorter")
    assert check(contracts, "--against", "HEAD").exit_code == 0
    result = check(contracts, "--against", "main", "--format", "github")
    assert result.exit_code == 1
    assert "::error title=element_click@2 bound.tightened" in result.output


def test_what_main_got_since_is_no_change_of_the_branch(contracts: Path) -> None:
    git(contracts, "checkout", "main")
    new_version(contracts, optional_field)
    git(contracts, "add", "--all")
    git(contracts, "commit", "--message", "Referrer")
    git(contracts, "checkout", "work")
    assert check(contracts, "--against", "main").output == "verdict: no contract changed\n"


def test_a_folder(contracts: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = copy_of_contracts(tmp_path / "other")
    new_version(contracts, shorter)
    result = check(contracts, "--against", str(other), "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.output)["ok"] is False


def test_contracts_at_the_top_of_a_repository(tmp_path: Path) -> None:
    folder = copy_of_contracts(tmp_path)
    git(folder, "init", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "Contracts")
    assert from_reference("main", folder) == from_folder(folder)


def test_the_servers_main_branch_is_preferred(contracts: Path) -> None:
    assert default_reference(contracts) == "main"
    git(contracts, "update-ref", "refs/remotes/origin/main", "main")
    assert default_reference(contracts) == "origin/main"


@pytest.mark.parametrize("reference", ["nowhere", "--output=x", ""])
def test_an_unknown_reference(contracts: Path, reference: str) -> None:
    with pytest.raises(SourceError, match="git rev-parse"):
        from_reference(reference, contracts)


def test_no_repository(tmp_path: Path) -> None:
    folder = copy_of_contracts(tmp_path)
    with pytest.raises(SourceError, match=r"is in no git repository.*: git init and commit"):
        default_reference(folder)


def test_nothing_committed(tmp_path: Path) -> None:
    folder = copy_of_contracts(tmp_path)
    git(folder, "init")
    with pytest.raises(SourceError, match="nothing is committed here"):
        default_reference(folder)


def test_against_a_commit_without_contracts_every_event_is_new(contracts: Path) -> None:
    git(contracts, "rm", "-r", "--cached", ".")
    git(contracts, "commit", "--message", "Nothing", "--allow-empty")
    assert from_reference("HEAD", contracts).documents == {}
    result = check(contracts, "--against", "HEAD")
    assert (result.exit_code, "CREATE TABLE" in result.output) == (0, True)


def test_contracts_that_were_moved_are_not_taken_for_new(contracts: Path) -> None:
    moved = contracts.rename(contracts.parent / "moved")
    with pytest.raises(SourceError, match="has no contracts in moved, but in contracts"):
        from_reference("main", moved)


def test_a_second_folder_of_contracts_is_new(contracts: Path) -> None:
    (contracts.parent / "game").mkdir()
    second = copy_of_contracts(contracts.parent / "game")
    assert from_reference("main", second).documents == {}
    assert from_reference("main", contracts).documents != {}


@pytest.mark.parametrize("branch", ["master", "trunk"])
def test_the_servers_default_branch_has_any_name(contracts: Path, branch: str) -> None:
    git(contracts, "update-ref", f"refs/remotes/origin/{branch}", "main")
    git(contracts, "update-ref", "refs/remotes/origin/main", "main")
    git(contracts, "symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{branch}")
    assert default_reference(contracts) == f"origin/{branch}"


def test_a_repository_whose_main_branch_is_called_master(contracts: Path) -> None:
    git(contracts, "branch", "--move", "main", "master")
    assert default_reference(contracts) == "master"


def test_a_job_is_told_the_branch_that_a_request_is_merged_into(contracts: Path) -> None:
    assert default_reference(contracts, {"GITHUB_BASE_REF": "release/1"}) == "origin/release/1"
    told = {"GITHUB_BASE_REF": "", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "next"}
    assert default_reference(contracts, told) == "origin/next"


def test_without_any_usual_branch_it_is_said_what_to_give(contracts: Path) -> None:
    git(contracts, "branch", "--delete", "main")
    with pytest.raises(SourceError, match=r"--against REF \(branches here: work\)"):
        default_reference(contracts)


def test_a_clone_that_ends_too_early_is_told_as_one(contracts: Path, tmp_path: Path) -> None:
    new_version(contracts, optional_field)
    git(contracts, "add", "--all")
    git(contracts, "commit", "--message", "Referrer")
    git(contracts, "checkout", "main")
    git(contracts, "commit", "--message", "Else", "--allow-empty")
    shallow = tmp_path / "shallow"
    origin = f"file://{contracts.parent}"
    git(tmp_path, "clone", "--depth=1", "--no-single-branch", "-b", "work", origin, str(shallow))
    with pytest.raises(SourceError, match="fetch-depth: 0"):
        from_reference("origin/main", shallow / "contracts")


def test_a_contract_that_breaks_the_dialect(contracts: Path) -> None:
    new_version(contracts, lambda contract: contract.update(misspelt=1))
    assert isinstance(check(contracts).exception, ContractError)


@pytest.fixture(scope="module")
def registry_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("registry")
    port = free_port()
    server = ServerProcess(
        [
            *(sys.executable, "-m", "ugc", "registry", "serve"),
            *("--port", str(port), "--data-dir", str(folder / "data")),
        ],
        folder / "log",
        None,
    )

    def answers() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("GET", "/subjects")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    try:
        server.wait_ready(answers)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()


def test_a_live_registry(contracts: Path, registry_url: str) -> None:
    new_version(contracts, optional_field)
    lacking = check(contracts, "--registry", registry_url)
    assert lacking.exit_code == 1
    assert "registry.lacks" in lacking.output

    with closing(ConfluentRegistry(registry_url, RegistryOptions())) as registry:
        register_all(registry, from_reference("main", contracts).catalog)
    taken = check(contracts, "--registry", registry_url)
    assert taken.exit_code == 0, taken.output
    assert "ugc.events.element_click takes element_click@2" in taken.output

    change(
        contracts / CLICK / "v2.json",
        lambda contract: contract["required"].append("referrer"),
    )
    refused = check(contracts, "--registry", registry_url)
    assert refused.exit_code == 1
    assert "registry.refuses" in refused.output


def test_a_registry_that_is_away(contracts: Path) -> None:
    new_version(contracts, optional_field)
    result = check(contracts, "--registry", f"http://127.0.0.1:{free_port()}")
    assert isinstance(result.exception, RegistryUnavailableError)


def test_a_branch_cannot_retire_what_was_never_announced(contracts: Path) -> None:
    new_version(contracts, shorter)
    notice = {"since": "2020-01-01", "sunset": "2020-02-01", "retired": "2020-02-01", "reason": "x"}
    change(
        contracts / CLICK / "v1.json", lambda contract: contract.update({"x-deprecated": notice})
    )
    result = check(contracts)
    assert result.exit_code == 1, result.output
    assert "bound.tightened" in result.output
    assert "version.ends-earlier" in result.output


def test_the_project_is_looked_for_from_the_working_directory_upwards(contracts: Path) -> None:
    edited = contracts / CLICK / "v1.json"
    change(edited, shorter)
    inside = contracts.parent / "src" / "deep"
    inside.mkdir(parents=True)
    result = subprocess.run(
        [sys.executable, "-m", "ugc", "contracts", "check", "--against", "main"],
        cwd=inside,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert "version.edited" in result.stdout
    assert f"contracts: {contracts.resolve()}" in result.stderr
