"""The rules for agents in a new project: filled in, and true of the commands that there are."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from ugc.cli import ugc
from ugc.new.run import make_project


@pytest.fixture
def rules(tmp_path: Path) -> str:
    made = make_project(tmp_path / "shop", name=None, owner="web", plan=None, say=lambda _: None)
    return (made.folder / "AGENTS.md").read_text(encoding="utf-8")


def test_they_name_the_project_and_its_owner(rules: str) -> None:
    assert rules.startswith("# For agents that work in shop\n")
    assert "--owner web" in rules
    assert re.search(r"@[A-Z_]+@", rules) is None


def test_they_name_commands_and_options_that_there_are(rules: str) -> None:
    told = [line.split() for line in re.findall(r"(?:^|`)ugc ([^`\n]+)", rules, re.MULTILINE)]
    assert ["check"] in told
    for words in told:
        command: click.Command = ugc
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), words[0])
            assert found is not None, words
            command, words = found, words[1:]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
