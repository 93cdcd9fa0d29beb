"""Every line of the fault matrix has a test, and the page has a row for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.evidence import Finding
from tests.faults.matrix import MATRIX, Line
from tests.faults.table import PAGE, put_in, render, table_of

ROOT = Path(__file__).parents[2]


def marked() -> Iterator[str]:
    """The names in the fault marks of this folder."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
                yield from (ast.literal_eval(argument) for argument in node.args)


def test_every_mark_names_a_line() -> None:
    assert set(marked()) - {line.name for line in MATRIX} == set()


@pytest.mark.parametrize("line", MATRIX, ids=lambda line: line.name)
def test_every_line_has_a_test(line: Line) -> None:
    assert line.name in set(marked()) or line.shown_by
    for test in line.shown_by:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), test


@pytest.mark.parametrize("line", MATRIX, ids=lambda line: line.name)
def test_every_line_is_on_the_page_and_was_tried(line: Line) -> None:
    rows = [row for row in table_of(PAGE.read_text()).splitlines() if f"| {line.fault} |" in row]
    assert rows
    assert not any("not tried" in row for row in rows)


def test_on_the_page_everything_acknowledged_has_arrived() -> None:
    rows = table_of(PAGE.read_text()).splitlines()[2:]
    figures = [tuple(cell.strip() for cell in row.split("|")[3:5]) for row in rows]
    assert figures
    assert [each for each in figures if each[0] != each[1]] == []


def test_a_table_shows_figures_and_what_was_not_tried() -> None:
    found = Finding(
        fault="two_loaders",
        test="tests/x.py::test_x",
        done="this",
        acknowledged=1_234,
        arrived=1_234,
        recovery_seconds=2.04,
    )
    rows = render([found]).splitlines()
    assert "| two loaders at once | this | 1,234 | 1,234 | 2.0 | `x.py` |" in rows
    assert "| poison message | not tried in this run | | | | |" in rows
    assert len(rows) == 2 + len(MATRIX)


def test_a_table_of_an_unknown_line_is_refused() -> None:
    with pytest.raises(KeyError):
        render([Finding(fault="unheard_of", test="t")])


def test_the_rest_of_a_page_stays() -> None:
    page = put_in(PAGE.read_text(), "| new |\n")
    assert table_of(page) == "| new |\n"
    assert put_in(page, table_of(PAGE.read_text())) == PAGE.read_text()
