"""Exit codes, of every command: what the help says, and what comes."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.support.commands import commands, exit_code
from ugc.local.stack.parts import ugc_command

COMMANDS = dict(commands())

ANY_TEXT = {
    "--application", "--tag",  # as of --event
    "--key",  # the API knows its own
    "--host", "--metrics-host",  # what can be listened on is known when it is tried
    "--against",  # Git says what it knows
    "--owner", "--title", "--description",  # lint judges them, or they are prose
    "--event", "--reason",  # what nothing has matches nothing
    "--user",  # auth_service chooses its form
    "--cluster",  # ClickHouse knows its own
    "--organization",
    "query", "--format",
    "--id", "--contract-version", "--source",  # names in another tool
}  # fmt: skip
"""Options that take any text, as far as the command line can tell."""

WRONG_TEXT = {
    ("contracts diff", "old"): ("Element@0", "element_click"),
    ("contracts diff", "new"): ("element_click", "Element@0"),
    ("contracts new", "event"): ("Video-Play", "--owner", "player"),
    ("contracts new", "--field"): ("video_play", "--owner", "player", "--field", "a:text"),
    ("contracts sample", "event"): ("Element@0",),
    ("contracts show", "event"): ("Element@0",),
    ("new", "--name"): ("shop", "--name", "The Shop"),
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
        if not parameter.type.dir_okay:
            return str(folder)
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


AWAY = "127.0.0.1:1"
"""Nobody listens there."""

NOBODY = {
    "KAFKA_BOOTSTRAP_SERVERS": AWAY,
    "SCHEMA_REGISTRY_URL": f"http://{AWAY}",
    "REDIS_URL": f"redis://{AWAY}",
    "CLICKHOUSE_URL": f"http://{AWAY}",
    "AUTH_SERVICE_URL": f"http://{AWAY}",
    "UGC_API_URL": f"http://{AWAY}",
}

ASKING = {
    "auth token": (),
    "probe": (f"http://{AWAY}",),
    "quality": (),
    "registry restore": (str(Path(__file__).with_name("registry_backup.json")),),
    "registry save": (os.devnull,),
    "registry sync": (),
    "schema apply": (),
    "schema erase": ("--user", "somebody", "--yes"),
    "schema plan": (),
    "sql": ("SELECT 1",),
    "tail": ("--once",),
    "traffic": ("--sessions", "1"),
}
"""Commands that ask a part, and their other arguments."""

IN_PROCESSES = {
    "etl dead-letters list": (),
    "etl dead-letters retry": (),
    "etl dead-letters show": ("0:0",),
    "etl replay": ("--from-time", "1h"),
    "etl run": (),
    "init": ("--wait", "0"),
    "rejected": (),
}
"""Those that set up logging, or give Kafka some seconds: each in a process, all at once."""

BY_THEMSELVES = {
    "api serve", "auth serve", "clickhouse serve", "registry serve",  # go on
    "etl follow", "etl schedule",  # go on, and wait
    "demo", "up",  # bring the parts
    "asyncapi", "catalog build", "check", "contracts check", "contracts dialect", "contracts diff",
    "contracts import", "contracts lint",
    "contracts list", "contracts new", "contracts owners", "contracts roundtrip",
    "contracts sample", "contracts show", "quality alerts", "registry avro", "registry lock",
    "export dbt", "export jsonschema", "export markdown", "export odcs",
    "schema ddl", "schema dictionary",  # read files
    "new", "sdk build",  # write them
    "mcp",  # goes on, and asks the parts when it is asked
}  # fmt: skip


def stated(path: tuple[str, ...]) -> set[int]:
    """The exit codes that a command's help tells."""
    command = COMMANDS[path]
    text = " ".join(f"{command.help} {command.epilog}".split())
    (told,) = re.findall(r"Exit codes: ([^.]*)\.", text)
    return {int(code) for code in re.findall(r"(?:^|; )(\d+) ", told)}


def test_every_command_is_known_here() -> None:
    assert {" ".join(path) for path in COMMANDS} == (
        ASKING.keys() | IN_PROCESSES.keys() | BY_THEMSELVES
    )


@pytest.mark.parametrize("path", list(COMMANDS), ids=" ".join)
def test_the_help_tells_the_exit_codes(path: tuple[str, ...]) -> None:
    assert {0, 1, 2} <= stated(path)


def code_without_parts(name: str) -> int:
    return 75 if 75 in stated(tuple(name.split())) else 1


@pytest.mark.parametrize("name", ASKING)
def test_a_part_that_is_away_gives_what_the_help_says(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable, value in NOBODY.items():
        monkeypatch.setenv(variable, value)
    assert exit_code(*name.split(), *ASKING[name]) == code_without_parts(name)
    told = capsys.readouterr().err.splitlines()
    assert len([line for line in told if not line.startswith("contracts: ")]) == 1


def test_kafka_or_redis_away_gives_what_the_help_says() -> None:
    running = {
        name: subprocess.Popen(
            ugc_command(*name.split(), *arguments),
            env={**os.environ, **NOBODY},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, arguments in IN_PROCESSES.items()
    }
    errors = {name: process.communicate()[1] for name, process in running.items()}
    for name, process in running.items():
        assert process.returncode == code_without_parts(name), errors[name]
        assert "Traceback" not in errors[name]


@pytest.mark.parametrize(
    "command",
    ["etl run", "etl replay --from-time 1h", "etl dead-letters list", "quality", "rejected"],
)
def test_without_a_stack_a_command_says_how_to_start_one(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    assert exit_code(*command.split()) == 78
    assert "no local stack runs here (start one: ugc up)" in capsys.readouterr().err
