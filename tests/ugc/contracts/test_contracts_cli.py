"""``ugc contracts`` as a person at the command line meets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from contracts.errors import UnknownContractError
from contracts.lint import RULES, lint_folder
from contracts.model.loader import load_catalog
from contracts.model.validation import Validator
from tests.support.contract_folder import CLICK, change, copy_of_contracts
from tests.support.golden import Golden
from ugc.contracts.command import command
from ugc.contracts.errors import ScaffoldError
from ugc.contracts.lint import render_github, rules_markdown
from ugc.project.folder import ReferenceTextError
from ugc.project.reserved import reserved_columns, reserved_events
from ugc.project.scaffold import TYPES, FieldTextError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_of_contracts(tmp_path)


def run(folder: Path, *arguments: str) -> Result:
    """The command with its folder; errors come out as they are."""
    env = {"CONTRACTS_DIR": str(folder), "COLUMNS": "200"}
    return CliRunner().invoke(command, arguments, env=env, catch_exceptions=False)


def spoil(folder: Path) -> None:
    """One error, and one piece of advice with signs that formats have to escape."""

    def edit(document: dict[str, Any]) -> None:
        document["properties"]["page_type"]["pattern"] = "a|b%"
        document["properties"]["element_type"].pop("maxLength")

    change(folder / CLICK, edit)


def test_lint_is_silent_about_good_contracts(folder: Path) -> None:
    done = run(folder, "lint")
    assert (done.exit_code, done.output) == (0, "0 errors, 0 warnings\n")


def test_lint_prints_file_line_code_pointer_and_advice(folder: Path) -> None:
    spoil(folder)
    done = run(folder, "lint")
    lines = done.output.splitlines()
    path = folder / CLICK
    number = path.read_text().splitlines().index('    "element_type": {') + 1
    assert done.exit_code == 1
    assert (
        f"{path}:{number}: error string-unbounded /properties/element_type:"
        ' write "maxLength": …, or an "enum"' in lines
    )
    errors = sum(": error " in line for line in lines)
    warnings = sum(": warning " in line for line in lines)
    assert errors > 0
    assert warnings == 1
    assert lines[-1] == f"{errors} errors, 1 warning"
    assert len(lines) == errors + 2


def test_lint_does_not_fail_for_advice(folder: Path) -> None:
    edit = {"type": "array", "items": {"type": "boolean"}, "examples": [[True]]}
    change(
        folder / CLICK, lambda d: d["properties"].update(flags={**edit, "description": "Flags."})
    )
    done = run(folder, "lint")
    assert done.exit_code == 0
    assert done.output.endswith("0 errors, 1 warning\n")


def test_lint_as_json_is_the_findings(folder: Path) -> None:
    spoil(folder)
    done = run(folder, "lint", "--format", "json")
    assert done.exit_code == 1
    found = lint_folder(folder, reserved_columns())
    assert [(f["code"], f["line"], f["pointer"]) for f in json.loads(done.output)["findings"]] == [
        (f.code, f.line, f.pointer) for f in found
    ]


def test_lint_as_markdown_is_one_table(folder: Path) -> None:
    assert run(folder, "lint", "--format", "markdown").output == (
        "### Contract lint: 0 errors, 0 warnings\n"
    )
    spoil(folder)
    lines = run(folder, "lint", "--format", "markdown").output.splitlines()
    assert lines[0].startswith("### Contract lint: ")
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == len(lint_folder(folder)) + 2
    for row in rows:
        assert row.replace("\\|", "").count("|") == 6


def test_lint_as_workflow_commands_escapes_what_they_reserve(folder: Path) -> None:
    spoil(folder)
    lines = run(folder, "lint", "--format", "github").output.splitlines()
    (advice,) = [line for line in lines if line.startswith("::warning ")]
    assert ",title=pattern-unanchored::/properties/page_type/pattern: " in advice
    assert "a|b%25" in advice
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines[:-1])


def test_paths_are_relative_to_where_the_command_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(folder)
    monkeypatch.chdir(folder.parent)
    assert f"file=contracts/{CLICK},line=" in render_github(lint_folder(folder))


def test_the_page_of_rules_is_what_the_code_says(golden: Golden) -> None:
    page = rules_markdown()
    golden.file("docs/lint.md", page)
    assert all(f"| `{code}` |" in page for code in RULES)


def test_reserved_columns_are_those_of_every_table() -> None:
    assert {"event_id", "user_id", "timestamp", "kafka_offset", "row_version"} <= reserved_columns()
    assert "any_field" not in reserved_columns()


def test_a_new_event_passes_lint_as_it_is(folder: Path) -> None:
    fields = [f"--field=f_{kind.replace('-', '_')}:{kind}" for kind in TYPES]
    optional = [f"--field=o_{kind.replace('-', '_')}:{kind}?" for kind in TYPES]
    done = run(folder, "new", "video_play", "--owner", "player", *fields, *optional)
    assert done.exit_code == 0
    assert lint_folder(folder, reserved_columns()) == ()
    contract = load_catalog(folder).get("video_play")
    assert (contract.owner, contract.title) == ("player", "Video play")
    assert sum(field.required for field in contract.data.fields) == len(TYPES)
    written = [line.removeprefix("wrote ") for line in done.output.splitlines()]
    assert sorted(written) == sorted(str(p) for p in folder.rglob("*/video_play/**/*.json"))


def test_a_new_event_needs_no_field(folder: Path) -> None:
    run(folder, "new", "film_rated", "--owner", "x", "--title", "Rated", "--description", "Stars.")
    assert lint_folder(folder, reserved_columns()) == ()
    contract = load_catalog(folder).get("film_rated")
    assert (contract.title, contract.description) == ("Rated", "Stars.")
    assert [field.json_name for field in contract.own.fields] == ["element_id"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("element_click", "--owner", "x"), "exists already; a change is a new version"),
        (("Video-Play", "--owner", "x"), "is no event name"),
        (("a" * 64, "--owner", "x"), "is no event name"),
        (("video_play",), "write --owner"),
        (("video_play", "--owner", "The Team"), "must match"),
        (("video_play", "--owner", "x", "--field", "userId:string"), "write 'user_id'"),
        (("video_play", "--owner", "x", "--field", "timestamp:date"), "has a column timestamp"),
        (("video_play", "--owner", "x", "--field", "a:date", "--field", "a:uuid"), "one name"),
        (("element_click", "--next-version", "--owner", "x"), "--next-version copies"),
    ],
)
def test_what_new_refuses_leaves_nothing_behind(
    folder: Path, arguments: tuple[str, ...], told: str
) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(ScaffoldError, match=told):
        run(folder, "new", *arguments)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("text", ["a", "a:", "a:text", ":", "a:string??"])
def test_a_malformed_field_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(FieldTextError, match="is not name:type"):
        run(folder, "new", "video_play", "--owner", "x", "--field", text)


def test_a_file_in_the_way_is_not_written_over(folder: Path) -> None:
    stray = folder / "examples/video_play/v1/valid/whole.json"
    stray.parent.mkdir(parents=True)
    stray.write_text("{}")
    with pytest.raises(ScaffoldError, match=r"whole.json exists already"):
        run(folder, "new", "video_play", "--owner", "x")
    assert stray.read_text() == "{}"
    assert not (folder / "events/video_play").exists()


def test_the_next_version_is_a_copy_without_the_deprecation(folder: Path) -> None:
    goes = {"since": "2026-01-01", "sunset": "2026-06-01", "reason": "There is a newer one."}
    change(folder / CLICK, lambda d: d.update({"x-deprecated": goes}))
    done = run(folder, "new", "element_click", "--next-version")
    assert done.exit_code == 0
    assert lint_folder(folder, reserved_columns()) == ()
    catalog = load_catalog(folder)
    old, new = dict(catalog.get("element_click", 1).schema), catalog.get("element_click").schema
    assert old.pop("x-deprecated") == goes
    assert new == old
    examples = folder / "examples/element_click"
    names = {v: sorted(p.name for p in (examples / v).rglob("*.json")) for v in ("v1", "v2")}
    assert names["v1"] == names["v2"] != []


def test_the_next_version_of_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(UnknownContractError):
        run(folder, "new", "video_play", "--next-version")


def test_list_names_every_event_and_how_far_a_version_is_on_its_way_out(folder: Path) -> None:
    goes = {"since": "2026-01-01", "sunset": "2026-06-01", "reason": "There is a newer one."}
    change(folder / CLICK, lambda d: d.update({"x-deprecated": goes}))
    gone = folder / "events/video_complete/v1.json"
    change(gone, lambda d: d.update({"x-deprecated": {**goes, "retired": "2026-07-01"}}))
    output = run(folder, "list").output
    for event in load_catalog(folder).versions:
        assert f" {event} " in output
    assert "1 (deprecated since 2026-01-01, sunset 2026-06-01)" in output
    assert "1 (retired 2026-07-01)" in output
    assert "ugc.element_click" in output
    assert "(paired)" in output


def test_show_says_where_an_event_goes(folder: Path) -> None:
    output = run(folder, "show", "page_view").output
    for told in (
        "page_view@1",
        "ugc.events.page_view",
        "ugc.page_view",
        "page_view_start and page_view_end",
        "user_id, page_view_id",
        "Nullable(Float64)",
        "number or null, minimum 0",
        "Whether both the start and the end were seen.",
    ):
        assert told in output
    assert "kafka_offset" not in output
    half = run(folder, "show", "page_view_end@1").output
    assert "becomes" in half
    assert "Columns" not in half


def test_show_follows_objects_lists_and_references(folder: Path) -> None:
    def edit(document: dict[str, Any]) -> None:
        document["$defs"] = {"code": {"type": "string", "maxLength": 3}}
        inner = {
            "type": "object",
            "additionalProperties": False,
            "required": ["code"],
            "properties": {"code": {"$ref": "#/$defs/code", "description": "A code."}},
        }
        document["properties"]["device"] = inner
        document["properties"]["seen"] = {"type": "array", "items": inner}
        document["properties"]["labels"] = {
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/code"},
        }

    change(folder / CLICK, edit)
    output = run(folder, "show", "element_click").output
    for told in ("device.code", "seen[].code", "string, maxLength 3", "object of (code)"):
        assert told in output


def test_show_of_an_older_version_says_whose_columns_the_table_has(folder: Path) -> None:
    run(folder, "new", "element_click", "--next-version")
    output = run(folder, "show", "element_click@1").output
    assert "its columns are those of the newest version" in output
    assert re.search(r"versions +1, 2 *\n", output)


@pytest.mark.parametrize("text", ["element_click@0", "element_click@", "Element", "@1"])
def test_a_malformed_reference_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(ReferenceTextError, match="is not EVENT or EVENT@N"):
        run(folder, "show", text)


def test_diff_tells_each_change_in_words(folder: Path, tmp_path: Path) -> None:
    run(folder, "new", "element_click", "--next-version")

    def edit(document: dict[str, Any]) -> None:
        document["properties"]["page_type"]["maxLength"] = 128
        document["properties"]["place"] = {"type": "integer", "minimum": 0, "maximum": 9}
        document["required"].remove("element_type")

    change(folder / "events/element_click/v2.json", edit)
    lines = run(folder, "diff", "element_click@1", "element_click@2").output.splitlines()
    assert lines[-1] == "element_click@1 → element_click@2: 3 changes"
    told = dict(line.split(": ", 1) for line in lines[:-1])
    assert told["/properties/page_type/maxLength"].startswith("64 → 128 (")
    assert told["/properties/place"].startswith("added integer, minimum 0, maximum 9 (")
    assert told["/properties/element_type"].startswith("required → optional (")
    draft = tmp_path / "draft.json"
    draft.write_text((folder / CLICK).read_text())
    back = run(folder, "diff", "element_click", str(draft)).output
    assert "/properties/place: removed integer" in back
    same = run(folder, "diff", "element_click@1", str(draft)).output
    assert same == f"element_click@1 and {draft} say the same\n"


def test_samples_are_valid_and_repeatable(folder: Path) -> None:
    first = run(folder, "sample", "quality_change", "-n", "5", "--seed", "7").output
    assert first == run(folder, "sample", "quality_change@1", "-n", "5", "--seed", "7").output
    validator = Validator(load_catalog(folder).get("quality_change").schema)
    lines = [json.loads(line) for line in first.splitlines()]
    assert len(lines) == 5
    assert all(map(validator.accepts, lines))


def test_invalid_samples_name_what_they_break(folder: Path) -> None:
    output = run(folder, "sample", "quality_change", "-n", "9", "--invalid", "--seed", "1").output
    validator = Validator(load_catalog(folder).get("quality_change").schema)
    for line in map(json.loads, output.splitlines()):
        found = [(v.pointer, v.keyword) for v in validator.violations(line["payload"])]
        assert found == [(line["pointer"], line["keyword"])]


@pytest.mark.parametrize("name", ["diff", "lint", "list", "new", "sample", "show"])
def test_every_command_has_an_example_in_its_help(folder: Path, name: str) -> None:
    output = run(folder, name, "--help").output
    assert f"  ugc contracts {name}" in output


@pytest.mark.parametrize("event", sorted(reserved_events()))
def test_lint_refuses_an_event_with_a_reserved_name(tmp_path: Path, event: str) -> None:
    folder = copy_of_contracts(tmp_path)
    (folder / "events/element_click").rename(folder / "events" / event)
    found = lint_folder(folder, reserved_columns(), reserved_events())
    assert "event-reserved" in {finding.code for finding in found}


def test_reserved_names_include_types_of_avro_and_our_own_tables() -> None:
    assert {"double", "erased_users", "schema_migrations"} <= reserved_events().keys()


@pytest.mark.parametrize("arguments", [("lint",), ("list",), ("show", "element_click")])
def test_a_variable_that_names_no_folder_is_a_wrong_setting(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ugc", "contracts", *arguments],
        env={**os.environ, "CONTRACTS_DIR": "/nope"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == "ugc: CONTRACTS_DIR must be a folder that exists\n"


def test_the_first_event_of_an_empty_folder_passes_lint(tmp_path: Path) -> None:
    arguments = ["new", "order_placed", "--owner", "shop", "--field", "order_id:string"]
    env = {"CONTRACTS_DIR": str(tmp_path)}
    done = CliRunner().invoke(command, arguments, env=env)
    assert done.exit_code == 0, done.output
    assert CliRunner().invoke(command, ["lint"], env=env).exit_code == 0
    assert [contract.event for contract in load_catalog(tmp_path)] == ["order_placed"]
