"""The Action's own script, run as a job runs it, and the files for other places.

The branch has one good change and one that breaks; the server plays GitHub's API.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.github_api import GitHub, serving
from tests.support.golden import Golden
from tests.ugc.check.repository import breaking_version, git, good, lock, next_version, repository

ROOT = Path(__file__).parents[3]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@dataclass
class Job:
    """A job on a pull request of the branch in ``folder``."""

    folder: Path
    github: GitHub
    contracts: Path

    def run(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        """The step that checks, with the Action's defaults for what is not given."""
        step = ACTION["runs"]["steps"][-1]
        event = self.folder.parent / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
        defaults = {name: each["default"] for name, each in ACTION["inputs"].items()}
        given = {**defaults, "token": "of-this-run", **inputs}
        env = {
            name: given[value.removeprefix("${{ inputs.").removesuffix(" }}")]
            for name, value in step["env"].items()
        }
        temporary = self.folder.parent / "temp" / "ugc-check"
        if not temporary.exists():
            temporary.parent.mkdir()
            temporary.symlink_to(Path(sys.prefix))
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env={
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "GITHUB_ACTION_PATH": str(ROOT),
                "RUNNER_TEMP": str(temporary.parent),
                "GITHUB_BASE_REF": "master",
                "GITHUB_EVENT_PATH": str(event),
                "GITHUB_REPOSITORY": "o/r",
                "GITHUB_API_URL": self.github.url,
                "GITHUB_STEP_SUMMARY": str(self.summary),
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def summary(self) -> Path:
        return self.folder.parent / "summary.md"


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    folder = tmp_path / "work"
    folder.mkdir()
    contracts = repository(folder, base="master")
    git(folder, "update-ref", "refs/remotes/origin/master", "master")
    next_version(contracts, "element_click", good)
    with serving(GitHub()) as github:
        yield Job(folder, github, contracts)


def test_one_good_and_one_breaking_change_and_then_the_good_one_alone(job: Job) -> None:
    broken = breaking_version(job.contracts)
    lock(job.contracts)
    result = job.run()
    assert result.returncode == 1, result.stderr
    place = "file=contracts/events/video_complete/v2.json,line=36"
    assert f"::error {place},title=video_complete@2 type.changed::" in result.stdout
    assert "::notice file=contracts/events/element_click/v2.json,line=" in result.stdout
    assert "1 mistake (breaking changes 1)" in job.summary.read_text(encoding="utf-8")
    (comment,) = job.github.comments
    assert comment["body"].startswith("<!-- ugc check: contracts -->\n## ❌ Contracts: 1 mistake")
    assert comment["body"].count("**`type.changed`**") == 1

    broken.unlink()
    for example in (job.contracts / "examples/video_complete/v2").rglob("*.json"):
        example.unlink()
    lock(job.contracts)
    result = job.run()
    assert result.returncode == 0, result.stdout
    (comment,) = job.github.comments
    assert "## ✅ Contracts: ok: 1 contract changed" in comment["body"]


def test_a_pull_request_from_a_fork_is_judged_without_a_comment(job: Job) -> None:
    lock(job.contracts)
    job.github.refuses = 403
    result = job.run()
    assert result.returncode == 0, result.stdout
    assert "::notice title=ugc check::No comment was written: this job's token may" in result.stdout
    assert "ok: 1 contract changed" in job.summary.read_text(encoding="utf-8")


def test_a_branch_that_changes_no_contract_gets_no_comment(job: Job) -> None:
    git(job.folder, "stash", "--include-untracked")
    result = job.run()
    assert (result.returncode, job.github.comments) == (0, [])
    assert "comment: none is needed" in result.stderr


def test_a_new_event_is_told_in_a_comment(job: Job) -> None:
    git(job.folder, "stash", "--include-untracked")
    for kind in ("events", "examples"):
        folder = job.contracts / kind
        shutil.copytree(folder / "search_filter", folder / "search_again")
    lock(job.contracts)
    assert job.run().returncode == 0
    (comment,) = job.github.comments
    assert "CREATE TABLE" in comment["body"]


def test_the_inputs_are_used(job: Job) -> None:
    result = job.run(comment="false", sarif="out.sarif", against="HEAD", contracts="./contracts")
    assert result.returncode == 1, result.stderr
    assert job.github.asked == []
    assert json.loads((job.folder / "out.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"


def test_what_is_given_is_a_word_and_never_a_command(job: Job) -> None:
    result = job.run(against="$(touch broken) ; touch broken")
    assert result.returncode == 78
    assert not (job.folder / "broken").exists()


def test_packages_in_the_working_directory_are_not_run(job: Job) -> None:
    for name in ("ugc", "contracts", "json"):
        (job.folder / name).mkdir(exist_ok=True)
        (job.folder / name / "__init__.py").write_text("raise SystemExit(3)", encoding="utf-8")
    lock(job.contracts)
    assert job.run().returncode == 0


def test_every_input_reaches_the_script_through_the_environment() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    assert all("description" in each for each in ACTION["inputs"].values())


def test_our_own_contracts_are_checked_by_the_action() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/contracts.yml").read_text("utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert "./" in [step.get("uses") for step in steps]
    assert 'pytest --quiet -m "generated and not full"' in [step.get("run") for step in steps]


def test_hooks_of_pre_commit_name_commands_that_exist() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= hook.keys()
        assert help_of(hook["entry"].removesuffix(" --check")).startswith("Usage: ")


def test_the_template_for_gitlab_runs_a_command_that_exists() -> None:
    template: dict[str, Any] = yaml.safe_load(
        (ROOT / "deploy/gitlab/ugc-check.yml").read_text(encoding="utf-8")
    )
    check = template["ugc-check"]
    report = check["artifacts"]["reports"]["codequality"]
    assert check["script"] == [f"ugc check --write codequality={report}"]


def help_of(command: str) -> str:
    words = command.split()[1:]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ugc", *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


DOCUMENT = "docs/pull-requests.md"
TITLE = "## A recorded run\n"


def test_the_page_shows_what_a_run_says(job: Job, golden: Golden) -> None:
    breaking_version(job.contracts)
    lock(job.contracts)
    printed = job.run().stdout
    (comment,) = job.github.comments
    section = (
        f"{TITLE}\nA branch with one good change (`element_click@2`) and one that breaks"
        " (`video_complete@2`), by the\nAction's own script. What the job prints:\n\n"
        f"```text\n{printed}```\n\nThe comment:\n\n````markdown\n{comment['body']}````\n"
    )
    before, _, _ = (ROOT / DOCUMENT).read_text(encoding="utf-8").partition(TITLE)
    golden.file(DOCUMENT, before + section)
