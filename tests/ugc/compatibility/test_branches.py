"""One branch per kind of change, in a real repository, judged by the real command."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support.contract_folder import copy_of_contracts
from ugc.compatibility.command import command

Schema = dict[str, Any]

BEFORE: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A seat was chosen",
    "description": "A user chose a seat.",
    "x-owner": "ugc",
    "x-origin": "client",
    "x-table": {"key": ["hall"]},
    "type": "object",
    "additionalProperties": False,
    "required": ["hall", "row", "price"],
    "properties": {
        "hall": {"type": "string", "maxLength": 20, "description": "The hall."},
        "row": {"type": "integer", "minimum": 1, "maximum": 40, "description": "The row."},
        "price": {"type": "number", "description": "The price."},
        "kind": {"type": "string", "enum": ["plain", "box"], "description": "What kind."},
        "note": {"type": ["string", "null"], "maxLength": 99, "description": "A note."},
        "tags": {
            "type": "array",
            "items": {"type": "string", "maxLength": 9},
            "maxItems": 5,
            "description": "Tags.",
        },
    },
}
TEXT: Schema = {"type": "string", "maxLength": 9, "description": "New."}


def field(name: str, **keywords: Any) -> Callable[[Schema], None]:
    return lambda schema: schema["properties"][name].update(keywords)


def added(schema: Schema, *, required: bool) -> None:
    schema["properties"]["new"] = TEXT
    schema["required"] += ["new"] if required else []


def renamed(schema: Schema) -> None:
    schema["properties"]["remark"] = schema["properties"].pop("note")


FINE: dict[str, Callable[[Schema], object]] = {
    "an optional field more": lambda schema: added(schema, required=False),
    "a required field becomes optional": lambda schema: schema["required"].remove("price"),
    "a bound is raised": field("row", maximum=60),
    "a text may be longer": field("hall", maxLength=40),
    "a value more in an enum": field("kind", enum=["plain", "box", "sofa"]),
    "another description": field("row", description="The row, from the front."),
    "another owner": lambda schema: schema.update({"x-owner": "halls"}),
    "null is allowed": field("price", type=["number", "null"]),
}
BREAKING: dict[str, tuple[Callable[[Schema], object], str, str]] = {
    "a required field more": (
        lambda schema: added(schema, required=True),
        "property.added-required",
        "/properties/new",
    ),
    "a field is removed": (
        lambda schema: schema["properties"].pop("note"),
        "property.removed",
        "/properties/note",
    ),
    "a field gets another name": (renamed, "property.renamed", "/properties/note"),
    "an optional field becomes required": (
        lambda schema: schema["required"].append("kind"),
        "required.added",
        "/properties/kind",
    ),
    "a bound is lowered": (field("row", maximum=30), "bound.tightened", "/properties/row/maximum"),
    "a bound is added": (field("price", minimum=0), "bound.added", "/properties/price/minimum"),
    "an enum loses a value": (
        field("kind", enum=["plain"]),
        "enum.shrunk",
        "/properties/kind/enum",
    ),
    "a text becomes an enum": (
        field("hall", enum=["red", "blue"]),
        "enum.added",
        "/properties/hall/enum",
    ),
    "a text gets a format": (
        field("hall", format="uuid"),
        "format.added",
        "/properties/hall/format",
    ),
    "a text gets a pattern": (
        field("hall", pattern="^[a-z]+$"),
        "pattern.added",
        "/properties/hall/pattern",
    ),
    "an integer becomes a number": (
        field("row", type="number"),
        "avro.precision",
        "/properties/row",
    ),
    "a number becomes an integer": (
        field("price", type="integer"),
        "type.changed",
        "/properties/price/type",
    ),
    "null is no longer allowed": (
        field("note", type="string"),
        "type.null-removed",
        "/properties/note/type",
    ),
    "a list's values must differ": (
        field("tags", uniqueItems=True),
        "unique-items.added",
        "/properties/tags/uniqueItems",
    ),
}


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A contract folder in a repository whose ``main`` has the event's first version."""
    folder = copy_of_contracts(tmp_path_factory.mktemp("repository"))
    (folder / "events/seat_choice").mkdir()
    write(folder, 1, BEFORE)
    git(folder, "init", "--initial-branch", "main")
    commit(folder, "Contracts")
    return folder


@pytest.fixture
def branch(contracts: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The folder on a fresh branch."""
    git(contracts, "checkout", "-b", f"change-{abs(hash(request.node.name))}")
    yield contracts
    git(contracts, "checkout", "--force", "main")


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--message", message)


def write(folder: Path, version: int, schema: Schema) -> None:
    path = folder / f"events/seat_choice/v{version}.json"
    path.write_text(json.dumps(schema, indent=2), encoding="utf-8")


def judged(folder: Path, edit: Callable[[Schema], object]) -> tuple[int, dict[str, Any], str]:
    """The exit code, the report on the event, and the comment for a pull request."""
    after = copy.deepcopy(BEFORE)
    edit(after)
    write(folder, 2, after)
    commit(folder, "Change")
    runner = CliRunner(env={"CONTRACTS_DIR": str(folder)})
    result = runner.invoke(command, ["--against", "main", "--format", "json"])
    comment = runner.invoke(command, ["--against", "main", "--format", "markdown"])
    assert comment.exit_code == result.exit_code, comment.output
    (report,) = json.loads(result.output)["events"]
    return result.exit_code, report, comment.output


@pytest.mark.parametrize("name", FINE)
def test_a_branch_that_harms_nobody(branch: Path, name: str) -> None:
    code, report, comment = judged(branch, FINE[name])
    assert code == 0, comment
    assert [each for each in report["findings"] if each["breaking"]] == []


@pytest.mark.parametrize("name", BREAKING)
def test_a_branch_that_breaks_something(branch: Path, name: str) -> None:
    edit, rule, pointer = BREAKING[name]
    code, report, comment = judged(branch, edit)
    assert code == 1, comment
    found = [each for each in report["findings"] if each["breaking"] and each["code"] == rule]
    assert pointer in [each["pointer"] for each in found], report["findings"]
    assert all(each["target"] in {"http", "avro"} and each["way_out"] for each in found)
    assert rule in comment


def test_a_merged_version_is_not_edited(branch: Path) -> None:
    edited = copy.deepcopy(BEFORE)
    edited["properties"]["row"]["maximum"] = 41
    write(branch, 1, edited)
    commit(branch, "Edit")
    runner = CliRunner(env={"CONTRACTS_DIR": str(branch)})
    result = runner.invoke(command, ["--against", "main"])
    assert result.exit_code == 1
    assert "seat_choice@1" in result.output
