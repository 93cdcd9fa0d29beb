"""Every command in the README does what the README says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from tests.support.readme import ROOT, commands, json_blocks
from tests.support.stack import COMMAND_SECONDS, Running

pytestmark = pytest.mark.stack

ELSEWHERE = {
    "make demo": "tests/e2e/test_demo.py",
    "make up": "tests/e2e/test_up.py",
    "make test": "runs this test",
    "ugc new shop": "tests/e2e/test_wheel.py",
    "cd shop && ugc up": "tests/e2e/test_wheel.py",
    "docker compose --env-file deploy/ugc.env up --build": "tests/project/test_compose.py",
}
"""Commands that this file does not run, and what shows that they work."""

OBJECTIVES_MISSED = 1
"""What ``ugc quality`` ends with here, where other tests plant faults in the same stack."""

HERE = [command for command in commands() if command not in ELSEWHERE]


def run(running: Running, command: str) -> str:
    """Runs a command as it stands, but against the test's stack."""
    api = running.api.removeprefix("http://")
    here = command.replace("127.0.0.1:8000", api)
    here = here.replace(".venv/bin/ugc", f"{sys.executable} -m ugc")
    assert shutil.which("curl"), "curl is needed to run the README's commands"
    done = subprocess.run(
        ["bash", "-c", here],
        env=dict(running.stack.env),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    allowed = {0, OBJECTIVES_MISSED} if "ugc quality" in command else {0}
    assert done.returncode in allowed, done.stdout + done.stderr
    return done.stdout


def test_there_are_commands() -> None:
    assert set(ELSEWHERE) <= set(commands())
    assert len(HERE) >= 7


@pytest.mark.parametrize("target", ["demo", "test", "up"])
def test_make_knows_its_targets(target: str) -> None:
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_every_command_works_in_order(running: Running) -> None:
    printed = {}
    for command in HERE:
        if "ugc sql" in command:
            running.load()  # the stack of `make up` has a loader that follows the topic
        printed[command] = run(running, command)

    def of(part: str) -> str:
        (found,) = (text for command, text in printed.items() if part in command)
        return found

    assert of('element_click",\n').startswith("HTTP/1.1 202")
    told = json.loads(of("quality_change"))
    (shown,) = (json.loads(block) for block in json_blocks() if '"data_invalid"' in block)
    assert {key: told[key] for key in shown if key != "violations"} == {
        key: value for key, value in shown.items() if key != "violations"
    }
    for given, printed_one in zip(shown["violations"], told["violations"], strict=True):
        assert printed_one.items() >= given.items()
    assert "trailer" in of("ugc sql")
    assert of("auth token").count(".") == 2
    assert "202 element_click" in of("ugc traffic")
    assert "page_view" in of("contracts list")
    assert "every offset is" in of("ugc quality")
