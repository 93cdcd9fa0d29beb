"""What commands print does not act on the terminal that shows it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from ugc.local.stack.parts import ugc_command
from ugc.terminal import PlainConsole, visible

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


def test_children_import_nothing_from_the_working_folder(tmp_path: Path) -> None:
    for name in ("api", "ch_schema", "contracts", "etl", "registry", "ugc"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('poisoned')")
    command = ugc_command("contracts", "list")
    assert command[0] == sys.executable
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("etl", "schedule", "--every", "60"), ("quality", "--since", "1x"),
     ("rejected", "--since", "1x")],
)  # fmt: skip
def test_an_option_that_cannot_be_read_gives_2(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(ugc_command(*arguments), capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
