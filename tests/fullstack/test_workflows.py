"""The workflows of ``.github``, read by actionlint; and that it finds something where it should."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.fullstack.cache import cached

WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
WRONG = """\
on: pull_request
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ github.event.pull_request.title }}"
"""


def findings(*files: Path) -> tuple[int, str]:
    """The exit code, 0 where nothing was found, and what was."""
    done = subprocess.run(
        [
            cached("actionlint", "go/go.sum") / "actionlint",
            "-no-color",
            "-shellcheck=",
            "-pyflakes=",
            *files,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.full
def test_nothing_is_found_in_the_workflows() -> None:
    files = sorted(WORKFLOWS.glob("*.yml"))
    assert files
    assert findings(*files) == (0, "")


@pytest.mark.full
def test_a_title_in_a_script_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WRONG, encoding="utf-8")
    code, found = findings(wrong)
    assert (code, "potentially untrusted" in found) == (1, True)
