"""A folder of plans: what cannot be read, versions of one event, and an import that is stopped."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from contracts.lint import lint_folder
from contracts.model.loader import load_catalog
from tests.support.contract_folder import copy_of_contracts
from ugc.importing.command import command
from ugc.importing.events import ImportedEvent, imported_all
from ugc.importing.plans import events_in
from ugc.importing.writing import write_events

BOOLEAN = {"type": "boolean"}
ORDER = {"title": "Order", "type": "object", "properties": {"a": BOOLEAN}}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments), "--owner", "team"])


def said_of(result: Result) -> dict[str, Any]:
    """Event's name in the plan → its record in the report."""
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return {each["name"]: each for each in json.loads(result.stdout)["events"]}


@pytest.mark.parametrize(("content", "told"), [
    (b'{"a": 1, "a": 2}', "the key 'a' stands twice in one object"),
    (b"{", "the file is not JSON"), (b"", "the file is not JSON"),
    (b'{"a": NaN}', "the file is not JSON"), (b"\xff\xfe", "the file is not JSON"),
    (b'{"a":' * 100_000, "nested more than 100 levels deep"),
    (b'{"title": "\\ud800", "type": "object", "properties": {}}', "half of a surrogate pair"),
    (b"true", "no object"), (b"[]", "no object"), (b'"a"', "no object"), (b"null", "no object"),
])  # fmt: skip
def test_a_bad_file_costs_nothing_but_itself(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "bad.json").write_bytes(content)
    (tmp_path / "order.json").write_text(json.dumps(ORDER), encoding="utf-8")
    result = run(tmp_path, "--json")
    assert result.exit_code == 1
    bad, order = json.loads(result.stdout)["events"]
    assert (bad["taken"], order["taken"]) == (False, True)
    assert told in bad["fields"][0]["notes"][0]


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "order.json").write_text(json.dumps(ORDER), encoding="utf-8")
    assert [each["event"] for each in said_of(run(tmp_path, "--json")).values()] == [
        "gone.json", "order",
    ]  # fmt: skip


def iglu(version: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    about = {"vendor": "com.example", "name": "link_click", "format": "jsonschema"}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"self": {**about, "version": version}, **schema, **more}


def versions(*documents: dict[str, Any]) -> list[ImportedEvent]:
    planned = [
        event for number, each in enumerate(documents) for event in events_in(each, "", f"{number}")
    ]
    return imported_all(planned, owner="team")


def test_versions_of_one_event_become_versions_of_its_contract(tmp_path: Path) -> None:
    newest = iglu("1-0-10", {"a": BOOLEAN, "b": BOOLEAN, "c": BOOLEAN})
    plans, into = tmp_path / "plans", copy_of_contracts(tmp_path)
    plans.mkdir()
    for name, each in {
        "1-0-10.json": newest, "1-0-0.json": iglu("1-0-0", {"a": BOOLEAN}),
        "1-0-1.json": iglu("1-0-1", {"a": BOOLEAN, "b": BOOLEAN}),
    }.items():  # fmt: skip
        (plans / name).write_text(json.dumps(each), encoding="utf-8")
    result = run(plans, "--into", into, "--json")
    assert result.exit_code == 0, result.output
    found = [(each["event"], each["version"]) for each in json.loads(result.stdout)["events"]]
    assert found == [("link_click", 1), ("link_click", 2), ("link_click", 3)]
    contracts = load_catalog(into).versions["link_click"]
    assert [len(contract.own.fields) for contract in contracts.values()] == [1, 2, 3]
    assert [f for f in lint_folder(into) if "link_click" in str(f.file)] == []


def test_a_version_that_nothing_could_read_with_the_others_is_refused_alone() -> None:
    one, other, third = versions(
        iglu("1-0-0", {"a": BOOLEAN}),
        iglu("2-0-0", {"a": {"type": "integer"}}),
        iglu("2-0-1", {"a": BOOLEAN, "b": BOOLEAN}),
    )
    assert (one.version, other.document, third.version) == (1, None, 2)
    assert "what was sent as version 1 cannot be read by it" in other.fields[0].notes[0]


def test_what_clients_of_the_version_before_can_no_longer_send_is_told() -> None:
    _, other = versions(iglu("1-0-0", {"a": BOOLEAN, "b": BOOLEAN}), iglu("1-0-1", {"a": BOOLEAN}))
    assert other.version == 2
    assert any(note.startswith("not compatible with version 1: ") for note in other.notes)


def test_a_version_that_is_there_twice_is_taken_once() -> None:
    one, other = versions(iglu("1-0-0", {"a": BOOLEAN}), iglu("1-0-0", {"b": BOOLEAN}))
    assert (one.document is None, other.document) == (False, None)
    assert other.fields[0].notes == ("0 has its version already",)


def test_a_version_that_is_refused_leaves_no_gap() -> None:
    one, other, third = versions(
        iglu("1-0-0", {"a": BOOLEAN}), iglu("1-0-1", {"a": False}), iglu("1-0-2", {"a": BOOLEAN})
    )
    assert (one.version, other.document, third.version) == (1, None, 2)


def test_events_of_one_name_in_two_plans_are_two() -> None:
    plan = {"events": [{"name": "Order", "rules": ORDER}]}
    planned = [event for where in ("web", "mobile") for event in events_in(plan, "", where)]
    assert [each.event for each in imported_all(planned, owner="team")] == ["order", "order_2"]


class StoppedError(Exception):
    """Stands for the death of the process."""


class Mover:
    """Renames folders, until the process dies."""

    def __init__(self, moves: int) -> None:
        self._left = moves

    def __call__(self, source: Path, target: Path) -> None:
        if self._left == 0:
            raise StoppedError
        self._left -= 1
        os.rename(source, target)


def two_events() -> list[ImportedEvent]:
    planned = [
        event for title in "ab" for event in events_in({**ORDER, "title": title}, title, title)
    ]
    return imported_all(planned, owner="team")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.json")
    }  # fmt: skip


@pytest.mark.parametrize("moves", range(5))
def test_wherever_an_import_is_stopped_a_contract_has_its_examples(
    tmp_path: Path, moves: int
) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "contracts"
    assert dict(write_events(whole, two_events())) == {"a": "", "b": ""}
    with contextlib.suppress(StoppedError):
        list(write_events(folder, two_events(), move=Mover(moves)))
    for contract in folder.glob("events/*/v1.json"):
        assert files(folder / "examples" / contract.parent.name).keys() == {
            "v1/valid/whole.json", "v1/invalid/unknown_field.json",
        }  # fmt: skip
    list(write_events(folder, two_events()))
    assert files(folder) == files(whole)


@pytest.mark.parametrize("there", ["events/a/v1.json", "examples/a/v1/valid/mine.json"])
def test_what_the_folder_holds_is_left_alone(tmp_path: Path, there: str) -> None:
    mine = tmp_path / there
    mine.parent.mkdir(parents=True)
    mine.write_text("{}", encoding="utf-8")
    found = dict(write_events(tmp_path, two_events()))
    assert "is there already" in found["a"]
    assert found["b"] == ""
    assert files(tmp_path).keys() == {there, *(name for name in files(tmp_path) if "/b/" in name)}
    assert mine.read_text(encoding="utf-8") == "{}"


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "contracts").write_text("", encoding="utf-8")
    (tmp_path / "order.json").write_text(json.dumps(ORDER), encoding="utf-8")
    result = run(tmp_path / "order.json", "--into", tmp_path / "contracts" / "inner")
    assert "cannot be written to" in str(result.exception)
