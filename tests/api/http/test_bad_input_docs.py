"""The section "Bad input" of ``docs/reliability.md``: made here, of the tables that the tests use.

``make generate`` writes it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.api.http import test_bad_input as cases
from tests.api.http.test_wire import CASES as WIRE
from tests.support.golden import Golden

DOCUMENT = "docs/reliability.md"
ROOT = Path(__file__).parents[3]

HEADING = "## Bad input\n"

INTRODUCTION = """
Each is refused with a problem document of that `code`, and nothing is stored. This table is made of
the tests' own (`tests/api/http/test_bad_input_docs.py`).

| bad input | status, code | test |
|---|---|---|
"""

OTHERS = """
Beyond such lists: any bytes and damaged variants of good bodies (`test_raw_bytes.py`), requests
made of the OpenAPI document (`test_schemathesis.py`), damaged HTTP and each limit to the byte
(`test_wire.py`). What the loader makes of a bad Kafka value is in `tests/etl/`.
"""

Answer = tuple[int, str]

TABLES: Mapping[str, Mapping[str, cases.Bad]] = {
    "test_a_bad_body_is_refused": cases.BODY,
    "test_a_broken_contract_is_refused": cases.CONTRACT,
    "test_a_value_without_a_typed_image_is_refused": cases.TYPED_VALUES,
    "test_a_token_that_is_no_token_is_refused": cases.NO_TOKENS,
}
"""Test → the inputs it goes through."""


def entries() -> Iterator[tuple[str, str, Answer]]:
    """Input, the test that sends it, and the answer."""
    for test, table in TABLES.items():
        for name, bad in table.items():
            yield name, f"test_bad_input.py::{test}", (bad.status, f"`{bad.code}`")
    test = "test_bad_input.py::test_a_bad_token_is_refused_by_whoever_judges_it"
    for name in cases.TOKENS:
        yield f"token: {name}", test, (401, f"`{cases.code_of_local_check(name)}`")
    test = "test_wire.py::test_each_request_gets_its_answer_and_nothing_is_left_over"
    for name, case in WIRE.items():
        if len(case.statuses) == 1 and case.statuses[0] >= 400:
            (code,) = case.codes
            yield name, test, (case.statuses[0], f"`{code}`" if code else "no document: no HTTP")


def section() -> str:
    rows: dict[tuple[str, Answer], list[str]] = {}
    for name, test, answer in entries():
        rows.setdefault((test, answer), []).append(name)
    lines = [
        f"| {_joined(names)} | {status}, {code} | `{test}` |"
        for (test, (status, code)), names in rows.items()
    ]
    return HEADING + INTRODUCTION + "\n".join(lines) + "\n" + OTHERS


def _joined(names: Sequence[str]) -> str:
    """In a cell of a table of Markdown."""
    return "; ".join(names).replace("|", "\\|").replace("*", "\\*")


def test_the_section_is_what_the_tests_do(golden: Golden) -> None:
    text = (ROOT / DOCUMENT).read_text(encoding="utf-8")
    before, _, rest = text.partition(HEADING)
    after = rest[rest.index("\n## ") :]
    golden.file(DOCUMENT, before + section() + after)


def test_every_test_that_it_names_exists() -> None:
    for file, test in {tuple(test.split("::")) for _, test, _ in entries()}:
        (found,) = (ROOT / "tests/api").rglob(file)
        tree = ast.parse(found.read_text(encoding="utf-8"))
        assert test in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
