"""Exit codes, of every command: what the help says, and what comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.support.commands import commands, exit_code

COMMANDS = dict(commands())

ANY_TEXT = {
    "--host", "--metrics-host",  # what can be listened on is known when it is tried
    "--against",  # Git says what it knows
    "--owner", "--title", "--description",  # lint judges them, or they are prose
    "--event", "--reason",  # what nothing has matches nothing
    "--user",  # auth_service chooses its form
    "--cluster",  # ClickHouse knows its own
    "query", "--format",
}  # fmt: skip
"""Options that take any text, as far as the command line can tell."""

WRONG_TEXT = {
    ("contracts diff", "old"): ("Element@0", "element_click"),
    ("contracts diff", "new"): ("element_click", "Element@0"),
    ("contracts new", "event"): ("Video-Play", "--owner", "player"),
    ("contracts new", "--field"): ("video_play", "--owner", "player", "--field", "a:text"),
    ("contracts sample", "event"): ("Element@0",),
    ("contracts show", "event"): ("Element@0",),
    ("registry avro", "event"): ("Element@0",),
    ("schema ddl", "event"): ("Element@0",),
}
"""Arguments that are wrong by a text that the command itself reads."""


def valued() -> Iterator[tuple[tuple[str, ...], click.Parameter]]:
    for path, command in COMMANDS.items():
        for parameter in command.params:
            if not (isinstance(parameter, click.Option) and parameter.is_flag):
                yield path, parameter


def wrong(parameter: click.Parameter, folder: Path) -> str:
    """A text that a parameter's type cannot take."""
    if isinstance(parameter.type, click.Path):
        if parameter.type.exists:
            return str(folder / "missing")
        (folder / "file").touch()
        return str(folder / "file")
    return "1x/"


def told(error: str) -> str:
    """The one line that says why; the usage may stand above it."""
    assert "Traceback" not in error
    lines = [line for line in error.splitlines() if line.startswith(("Error: ", "ugc: "))]
    assert len(lines) == 1, error
    assert error.rstrip().endswith(lines[0])
    return lines[0]


@pytest.mark.parametrize(
    ("path", "parameter"),
    list(valued()),
    ids=lambda each: getattr(each, "name", None) or " ".join(each),
)
def test_what_cannot_be_read_gives_2_and_a_line(
    path: tuple[str, ...],
    parameter: click.Parameter,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = parameter.opts[0]
    if (arguments := WRONG_TEXT.get((" ".join(path), name))) is not None:
        assert exit_code(*path, *arguments) == 2
        told(capsys.readouterr().err)
        return
    if isinstance(parameter.type, click.types.StringParamType):
        assert name in ANY_TEXT, f"{name} has a type, or a wrong text here"
        return
    text = wrong(parameter, tmp_path)
    arguments = (name, text) if isinstance(parameter, click.Option) else (text,)
    assert exit_code(*path, *arguments) == 2
    said = told(capsys.readouterr().err)
    assert said.startswith("Error: Invalid value for ")
    assert name in said or (parameter.metavar or name.upper()) in said
