"""What commands print does not act on the terminal that shows it."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from confluent_kafka import Producer
from rich.table import Table

from api.telemetry.logs import JsonFormatter
from contracts.visible import visible
from registry.kafka_servers import KafkaServers
from registry.topics import TopicNames
from tests.support.commands import commands, exit_code
from tests.support.contract_folder import CLICK, VIEW, change, copy_of_contracts
from ugc.init.topics import Topic, ensure_topics
from ugc.local.stack import PartName, Stack, StackConfig
from ugc.local.stack.parts import ugc_command
from ugc.terminal import PlainConsole

HOSTILE = "\x1b[31m^[a-z]{2}$ [red]:smile: \x9b2J\u202e\r"


def test_controls_are_spelt_out_and_text_stays() -> None:
    assert visible("a\x1b[31m\nимя\t\ud800") == "a\\u001b[31m\nимя\t\\ud800"


def test_a_json_document_keeps_its_meaning() -> None:
    shown = visible(json.dumps(HOSTILE, ensure_ascii=False))
    assert json.loads(shown) == HOSTILE
    assert "\x9b" not in shown


def test_a_console_shows_strings_and_cells_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("column")
    table.add_row(HOSTILE)
    console = PlainConsole()
    console.print(HOSTILE, soft_wrap=True)
    console.print(table)
    shown = capsys.readouterr().out
    assert shown.count("^[a-z]{2}$ [red]:smile:") == 2
    assert not {"\x1b", "\x9b", "\u202e", "\r"} & set(shown)


def hostile_contracts(folder: Path) -> Path:
    """Contracts in whose every free text stands what acts on a terminal."""
    contracts = copy_of_contracts(folder)

    def edit(document: dict[str, Any]) -> None:
        document |= {"title": HOSTILE, "description": HOSTILE}
        field = document["properties"]["element_type"]
        field |= {"description": HOSTILE, "examples": [HOSTILE], "enum": [HOSTILE, "movie"]}
        document["examples"] = [{**document["examples"][0], "element_type": HOSTILE}]

    change(contracts / CLICK, edit)
    return contracts


OF_CONTRACTS: Mapping[str, tuple[str, ...]] = {
    "asyncapi": (),
    "check": ("--against", "{folder}"),
    "contracts check": ("--against", "{folder}"),
    "contracts diff": ("{folder}/" + CLICK, "{folder}/" + VIEW),
    "contracts import": ("{folder}/" + CLICK, "--owner", HOSTILE, "--out", "{folder}/new"),
    "contracts lint": (),
    "contracts list": (),
    "contracts new": (HOSTILE, "--owner", HOSTILE),
    "contracts owners": ("--organization", HOSTILE),
    "contracts roundtrip": ("{folder}/" + CLICK,),
    "contracts sample": ("element_click", "-n", "9"),
    "contracts show": ("element_click",),
    "export dbt": (),
    "export jsonschema": (),
    "export markdown": (),
    "export odcs": (),
    "quality alerts": (),
    "registry avro": ("element_click",),
    "registry lock": ("--check",),
    "registry sync": (),
    "schema apply": (),
    "schema ddl": (),
    "schema dictionary": (),
    "schema erase": ("--user", HOSTILE, "--yes"),
    "schema plan": (),
    "sql": ("SELECT '" + HOSTILE.replace("\r", "\\r") + "'",),
}
"""Commands that show contracts, arguments or rows, and their other arguments."""

OF_KAFKA: Mapping[str, tuple[str, ...]] = {
    "etl dead-letters list": (),
    "etl dead-letters list --json": (),
    "etl dead-letters retry --dry-run --json": (),
    "etl dead-letters show": ("0:0",),
    "etl dead-letters show --json": ("0:0",),
    "rejected": (),
    "rejected --json": (),
}

SHOW_NOTHING_OF_OTHERS = {
    "api serve", "auth serve", "auth token", "catalog build", "clickhouse serve",
    "contracts dialect", "demo",
    "etl follow", "etl replay", "etl run", "etl schedule", "init", "mcp", "new", "probe", "quality",
    "registry restore", "registry save", "registry serve", "sdk build", "traffic", "up",
}  # fmt: skip
"""They print figures, names of events, and errors, which one place prints for all."""


LOOKED_AT_ELSEWHERE = {"tail"}
"""By ``tests/ugc/tail/test_tail.py``."""


def assert_nothing_acts(shown: str) -> None:
    assert {each for each in shown if visible(each) != each} == set()


def test_every_command_is_looked_at() -> None:
    looked_at = {name.partition(" --")[0] for name in (*OF_CONTRACTS, *OF_KAFKA)}
    assert {" ".join(path) for path, _ in commands()} == (
        looked_at | SHOW_NOTHING_OF_OTHERS | LOOKED_AT_ELSEWHERE
    )


FORMATS: Mapping[str, tuple[str, ...]] = {"sql": ("PrettyCompact", "TSVRaw", "JSONEachRow", "CSV")}
"""Formats of a command whose option takes any text."""


def forms() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every command of these, in each of its formats."""
    for path, command in commands():
        name = " ".join(path)
        if name not in OF_CONTRACTS:
            continue
        yield name, ()
        for option in command.params:
            if "--json" in option.opts:
                yield name, ("--json",)
            elif "--format" in option.opts:
                of_type = option.type.choices if isinstance(option.type, click.Choice) else ()
                chosen = FORMATS.get(name, tuple(of_type))
                yield from ((name, ("--format", str(each))) for each in chosen)


@pytest.mark.parametrize(("name", "chosen"), list(forms()), ids=str)
def test_what_a_contract_or_a_row_says_does_not_act(
    name: str,
    chosen: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = hostile_contracts(tmp_path)
    monkeypatch.setenv("CONTRACTS_DIR", str(folder))
    monkeypatch.setenv("CLICKHOUSE_URL", f"chdb://{tmp_path}/tables")
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", "http://127.0.0.1:1")
    arguments = [each.replace("{folder}", str(folder)) for each in OF_CONTRACTS[name]]
    exit_code(*name.split(), *arguments, *chosen)
    captured = capsys.readouterr()
    assert_nothing_acts(captured.out + captured.err)
    if name in ("contracts show", "sql", "contracts sample", "asyncapi", "schema dictionary"):
        assert "[red]" in captured.out, captured.err


@pytest.mark.stack
def test_what_lies_in_kafka_does_not_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = frozenset({PartName.KAFKA})
    config = StackConfig(state_dir=tmp_path / "state", ports={PartName.KAFKA: 0}, parts=parts)
    with Stack.start(config) as stack:
        for name, value in stack.env.items():
            monkeypatch.setenv(name, value)
        servers, names = stack.env["KAFKA_BOOTSTRAP_SERVERS"], TopicNames.from_env(stack.env)
        topics = [
            Topic(name=each, partitions=1, retention_ms=60_000)
            for each in (names.dead_letters, names.rejected)
        ]
        ensure_topics(KafkaServers(servers), topics, timeout_seconds=30)
        raw = HOSTILE.encode()
        told = json.dumps({"code": HOSTILE, "contract": HOSTILE, "sdk": HOSTILE}).encode()
        producer = Producer({"bootstrap.servers": servers, "log_level": 0})
        headers = [("reason", raw), ("detail", raw), ("original-key", raw), (HOSTILE, raw)]
        producer.produce(names.dead_letters, key=raw, value=raw, headers=headers)
        producer.produce(names.rejected, key=raw, value=told)
        assert producer.flush(30) == 0
        for command, arguments in OF_KAFKA.items():
            assert exit_code(*command.split(), *arguments) == 0, command
            captured = capsys.readouterr()
            assert_nothing_acts(captured.out + captured.err)
            assert "[red]" in captured.out or "retry" in command, command


@pytest.mark.parametrize(
    "arguments",
    [(HOSTILE,), ("contracts", HOSTILE), ("contracts", "show", f"--{HOSTILE}"),
     ("sql", "--state-dir", f"/etc/passwd/{HOSTILE}", "SELECT 1"), ("contracts", "show", HOSTILE),
     ("quality", "--since", HOSTILE), ("traffic", "--sessions", HOSTILE)],
    ids=str,
)  # fmt: skip
def test_what_the_command_line_says_does_not_act(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments) != 0
    assert_nothing_acts(capsys.readouterr().err)


def test_a_line_of_the_log_does_not_act() -> None:
    line = io.StringIO()
    handler = logging.StreamHandler(line)
    handler.setFormatter(JsonFormatter())
    handler.handle(logging.makeLogRecord({"msg": HOSTILE, "levelname": "INFO"}))
    assert_nothing_acts(line.getvalue())
    assert json.loads(line.getvalue())["message"] == HOSTILE


def test_children_import_nothing_from_the_working_folder(tmp_path: Path) -> None:
    for name in ("api", "ch_schema", "contracts", "etl", "registry", "ugc"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('poisoned')")
    command = ugc_command("contracts", "list")
    assert command[0] == sys.executable
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
