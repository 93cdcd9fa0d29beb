"""Nothing that a branch can write switches off its own check."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.contract_folder import change, copy_of_contracts
from ugc.compatibility.findings import Report
from ugc.compatibility.judge import judge
from ugc.compatibility.sources import (
    SourceError,
    from_folder,
    from_reference,
    require_same_repository,
)

TODAY = dt.date(2026, 7, 1)
CLICK = "events/element_click"
Edit = Callable[[dict[str, Any]], object]


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "Change", "--allow-empty")


def repository(top: Path) -> Path:
    """A contract folder in a repository whose branch ``work`` stands where ``main`` does."""
    top.mkdir(exist_ok=True)
    folder = copy_of_contracts(top)
    git(top, "init", "--initial-branch", "main")
    commit(top)
    git(top, "checkout", "-b", "work")
    return folder


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    return repository(tmp_path / "project")


def verdict(contracts: Path, today: dt.date = TODAY) -> Report:
    return judge(from_reference("main", contracts), from_folder(contracts), today)


def codes(report: Report) -> set[str]:
    return {finding.code for event in report.events for finding in event.breaking}


def merged(contracts: Path) -> None:
    """What the branch holds so far becomes what is merged."""
    commit(contracts)
    git(contracts, "branch", "--force", "main", "HEAD")


def shorter(contract: dict[str, Any]) -> None:
    contract["properties"]["page_type"]["maxLength"] = 9


def narrowed(contracts: Path) -> None:
    """A next version that refuses what the first one takes."""
    path = contracts / CLICK / "v2.json"
    path.write_bytes((contracts / CLICK / "v1.json").read_bytes())
    change(path, lambda contract: contract.pop("x-deprecated", None))
    change(path, shorter)


def notice(sunset: str, retired: str | None = None) -> Edit:
    said = {"since": "2026-01-01", "sunset": sunset, "reason": "Nobody uses it."}
    ends = {"retired": retired} if retired else {}
    return lambda contract: contract.update({"x-deprecated": {**said, **ends}})


# ---------------------------------------------------------------- the notice, and the calendar


@pytest.mark.parametrize(
    ("today", "is_ok"), [("2026-06-01", False), ("2026-06-02", True), ("2026-06-03", True)]
)
def test_a_version_may_be_refused_once_its_announced_sunset_is_over(
    contracts: Path, today: str, is_ok: bool
) -> None:
    change(contracts / CLICK / "v1.json", notice("2026-06-02"))
    merged(contracts)
    change(contracts / CLICK / "v1.json", notice("2026-06-02", retired="2026-06-02"))
    narrowed(contracts)
    report = verdict(contracts, dt.date.fromisoformat(today))
    assert report.is_ok == is_ok
    assert codes(report) == (set() if is_ok else {"bound.tightened"})


def test_a_version_that_is_not_retired_counts_though_its_sunset_is_over(contracts: Path) -> None:
    change(contracts / CLICK / "v1.json", notice("2026-06-02"))
    merged(contracts)
    narrowed(contracts)
    assert codes(verdict(contracts)) == {"bound.tightened"}


def test_retired_before_the_announced_sunset(contracts: Path) -> None:
    change(contracts / CLICK / "v1.json", notice("2027-01-01"))
    merged(contracts)
    change(contracts / CLICK / "v1.json", notice("2027-01-01", retired="2026-06-30"))
    narrowed(contracts)
    assert codes(verdict(contracts)) == {"version.ends-earlier", "bound.tightened"}


@pytest.mark.parametrize(
    ("sunset", "is_ok"), [("2026-06-30", False), ("2026-07-01", False), ("2026-07-02", True)]
)
def test_an_end_is_announced_before_it_comes(contracts: Path, sunset: str, is_ok: bool) -> None:
    change(contracts / CLICK / "v1.json", notice(sunset))
    assert codes(verdict(contracts)) == (set() if is_ok else {"version.ends-earlier"})


def test_two_changes_in_a_row_retire_nothing_that_was_not_announced(contracts: Path) -> None:
    change(contracts / CLICK / "v1.json", notice("2020-01-01"))
    assert codes(verdict(contracts)) == {"version.ends-earlier"}, "the first is not merged"


def test_a_notice_that_is_deleted_gives_the_version_its_life_back(contracts: Path) -> None:
    change(contracts / CLICK / "v1.json", notice("2026-06-01", retired="2026-06-01"))
    merged(contracts)
    change(contracts / CLICK / "v1.json", lambda contract: contract.pop("x-deprecated"))
    assert verdict(contracts).is_ok
    narrowed(contracts)
    assert codes(verdict(contracts)) == {"bound.tightened"}


def test_a_new_version_brings_no_notice_of_its_own(contracts: Path) -> None:
    narrowed(contracts)
    change(contracts / CLICK / "v2.json", notice("2020-01-01", retired="2020-01-01"))
    assert codes(verdict(contracts)) == {"bound.tightened"}


# ---------------------------------------------------------------- files that move, go or lie


def test_an_event_that_gets_another_name(contracts: Path) -> None:
    (contracts / CLICK).rename(contracts / "events/click")
    assert codes(verdict(contracts)) == {"version.removed"}


def test_a_merged_version_that_moves_up_makes_room_for_another(contracts: Path) -> None:
    inside = contracts / CLICK
    (inside / "v2.json").write_bytes((inside / "v1.json").read_bytes())
    change(inside / "v1.json", shorter)
    assert codes(verdict(contracts)) == {"version.edited", "bound.tightened"}


def test_a_version_that_is_a_link_is_judged_by_what_it_says(contracts: Path) -> None:
    elsewhere = contracts.parent / "shorter.json"
    shutil.copy(contracts / CLICK / "v1.json", elsewhere)
    change(elsewhere, shorter)
    (contracts / CLICK / "v1.json").unlink()
    (contracts / CLICK / "v1.json").symlink_to(elsewhere)
    assert codes(verdict(contracts)) == {"version.edited", "bound.tightened"}


def test_a_folder_of_contracts_that_moves_has_nothing_to_be_compared_with(contracts: Path) -> None:
    moved = contracts.rename(contracts.parent / "tracking")
    commit(moved)
    with pytest.raises(SourceError, match="has no contracts in tracking, but in contracts"):
        verdict(moved)


def test_attributes_of_git_hide_nothing_that_is_merged(contracts: Path) -> None:
    (contracts / ".gitattributes").write_text("events/** export-ignore\n", encoding="utf-8")
    merged(contracts)
    change(contracts / CLICK / "v1.json", shorter)
    assert codes(verdict(contracts)) == {"version.edited", "bound.tightened"}


@pytest.mark.parametrize("reference", ["main", "origin/main"])
def test_a_folder_that_is_named_like_the_reference_is_not_it(
    contracts: Path, reference: str
) -> None:
    top = contracts.parent
    git(top, "update-ref", "refs/remotes/origin/main", "main")
    change(contracts / CLICK / "v1.json", shorter)
    shutil.copytree(contracts, top / reference)
    done = checked(top, "--against", reference)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "version.edited" in done.stdout


def test_the_lock_file_is_not_asked(contracts: Path) -> None:
    change(contracts / CLICK / "v1.json", shorter)
    wrong = json.dumps({"format": 1, "contracts": {}})
    (contracts / "contracts.lock.json").write_text(wrong, encoding="utf-8")
    assert codes(verdict(contracts)) == {"version.edited", "bound.tightened"}


# ---------------------------------------------------------------- keywords, and envelopes


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("x-origin", "etl", "x-origin.changed"),
        ("x-table", {"key": [], "retention_days": 1}, "clickhouse.erasing"),
        ("x-quality", {"max_invalid_ratio": 1.0}, None),
        ("x-owner", "nobody", None),
    ],
)
def test_a_keyword_of_ours_excuses_nothing(
    contracts: Path, keyword: str, value: Any, code: str | None
) -> None:
    narrowed(contracts)
    change(contracts / CLICK / "v2.json", lambda contract: contract.update({keyword: value}))
    assert {"bound.tightened", *([code] if code else [])} <= codes(verdict(contracts))


@pytest.mark.parametrize("name", ["request", "message"])
def test_a_merged_envelope_is_not_edited(contracts: Path, name: str) -> None:
    change(contracts / f"envelopes/{name}/v1.json", lambda e: e.update(description="Other words."))
    assert codes(verdict(contracts)) == {"version.edited"}


def test_an_envelope_knows_no_notice(contracts: Path) -> None:
    inside = contracts / "envelopes/request"
    (inside / "v2.json").write_bytes((inside / "v1.json").read_bytes())
    change(inside / "v1.json", notice("2026-06-01", retired="2026-06-01"))
    change(inside / "v2.json", lambda e: e["properties"]["event"].update(maxLength=62))
    assert "bound.tightened" in codes(verdict(contracts))


# ---------------------------------------------------------------- which folder is judged


def checked(here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "ugc", "contracts", "check", *arguments],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )


def test_contracts_of_the_repository_around_the_work_are_taken(contracts: Path) -> None:
    inside = contracts.parent / "src"
    inside.mkdir()
    require_same_repository(inside, contracts)


def test_contracts_of_another_repository_are_refused(contracts: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other")
    with pytest.raises(SourceError, match="does not belong to the repository around"):
        require_same_repository(contracts.parent, other)


def test_work_outside_of_any_repository_is_refused(contracts: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="git"):
        require_same_repository(tmp_path, contracts)


def test_a_repository_inside_another_is_one_of_its_own(contracts: Path) -> None:
    inner = contracts.parent / "vendor"
    repository(inner)
    with pytest.raises(SourceError, match="does not belong to the repository around"):
        require_same_repository(inner, contracts)


def test_a_repository_without_contracts_is_not_judged_by_those_of_the_package(
    tmp_path: Path,
) -> None:
    git(tmp_path, "init", "--initial-branch", "main")
    commit(tmp_path)
    done = checked(tmp_path)
    assert done.returncode != 0, done.stdout
    assert "verdict" not in done.stdout


def test_a_commit_of_another_repository_is_no_reference(contracts: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other")
    change(other / CLICK / "v1.json", shorter)
    commit(other)
    shown = subprocess.run(
        ["git", "-C", str(other), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    with pytest.raises(SourceError, match="git rev-parse"):
        from_reference(shown.stdout.strip(), contracts)


@pytest.mark.parametrize("command", [("contracts", "lint"), ("registry", "lock", "--check")])
def test_commands_that_judge_say_which_folder(contracts: Path, command: tuple[str, ...]) -> None:
    inside = contracts.parent / "src"
    inside.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ugc", *command],
        cwd=inside,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"contracts: {contracts.resolve()}\n" in done.stderr
