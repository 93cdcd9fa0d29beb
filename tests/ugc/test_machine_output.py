"""What commands print for programs, with every table filled; found by walking the commands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

import click
import pytest

from ch_schema.migrate.plan import Plan
from contracts.lint import Finding as LintFinding
from contracts.model.json_text import parse
from etl.decode.dead_letter_topic import StoredDeadLetter
from etl.decode.rejections import Told
from etl.quality.objectives import Verdict
from etl.run.replay import ReplayReport
from etl.run.report import RunReport
from tests.support.commands import commands
from tests.support.filled import HOSTILE, filled
from ugc.check.entries import Verdict as CheckVerdict
from ugc.check.render import FORMATS as CHECK
from ugc.compatibility.findings import Report
from ugc.compatibility.render import FORMATS
from ugc.contracts.lint import RENDER
from ugc.etl.replaying import RetryReport
from ugc.importing.events import ImportedEvent
from ugc.importing.report import summary as import_summary
from ugc.rejected.listing import as_dict, tally
from ugc.roundtrip.report import summary as roundtrip_summary
from ugc.roundtrip.run import Outcome
from ugc.schema.show import as_json_document
from ugc.terminal import say, say_json

JSON: Mapping[str, Callable[[], object]] = {
    "contracts import": lambda: import_summary([filled(ImportedEvent)]),
    "contracts roundtrip": lambda: roundtrip_summary([filled(Outcome)]),
    "etl dead-letters list": lambda: filled(StoredDeadLetter).as_dict(),
    "etl dead-letters retry": lambda: asdict(filled(RetryReport)),
    "etl dead-letters show": lambda: filled(StoredDeadLetter).as_dict(),
    "etl replay": lambda: filled(ReplayReport).as_dict(),
    "etl run": lambda: filled(RunReport).as_dict(),
    "quality": lambda: filled(Verdict).as_dict(),
    "rejected": lambda: as_dict(tally([told()] * 2), 0, top=5),
    "tail": lambda: {"event": "e", "problem": {"violations": [{"pointer": "/data/a"}]}},
    "schema plan": lambda: as_json_document(filled(Plan)),
}
"""Command with ``--json`` → the document that it prints, with every table filled."""

FORMATTED: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "check": {
        name: lambda write=write: write(filled(CheckVerdict)) for name, write in CHECK.items()
    },
    "contracts check": {
        name: lambda write=write: write(filled(Report)) for name, write in FORMATS.items()
    },
    "contracts lint": {
        name: lambda write=write: write([filled(LintFinding)]) for name, write in RENDER.items()
    },
}
"""Command with ``--format`` of its own → format → what it prints."""


def told() -> Told:
    """A refusal with the largest number that JSON's readers take for an integer."""
    fields = {
        "contract": "a@1",
        "origin": "https://a.example",
        "user_agent": "b 1",
        "sdk": "c/1",
        "correlation_id": HOSTILE,
        "violations": [{"pointer": "/имя", "keyword": "type"}],
    }
    return Told("a", "data_invalid", 2**64 - 1, fields)


def with_option(name: str) -> Iterator[tuple[str, click.Option]]:
    for path, command in commands():
        for option in command.params:
            if isinstance(option, click.Option) and name in option.opts:
                yield " ".join(path), option


def empty_places(document: object, at: str = "") -> Iterator[str]:
    """JSON pointers of what says nothing."""
    if document in ({}, [], None, ""):
        yield at
    if isinstance(document, dict):
        for name, value in document.items():
            yield from empty_places(value, f"{at}/{name}")
    if isinstance(document, list):
        for index, value in enumerate(document):
            yield from empty_places(value, f"{at}/{index}")


def test_every_command_with_json_is_here() -> None:
    assert {path for path, _ in with_option("--json")} == JSON.keys()


def test_every_format_of_our_own_is_here() -> None:
    found = {
        path: set(option.type.choices)
        for path, option in with_option("--format")
        if isinstance(option.type, click.Choice)
    }
    assert found == {path: set(formats) for path, formats in FORMATTED.items()}


@pytest.mark.parametrize("name", JSON)
def test_json_with_every_table_filled_is_one_line_of_json(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say_json(JSON[name]())
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", printed)
    assert list(empty_places(parse(printed))) == []


@pytest.mark.parametrize(
    ("name", "form"), [(name, form) for name, forms in FORMATTED.items() for form in forms]
)
def test_a_format_takes_whatever_a_finding_says(
    name: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say(FORMATTED[name][form](), nl=False)
    printed = capsys.readouterr().out
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", printed)
    if form == "json":
        assert json.loads(printed)
    if form == "github":
        assert [line for line in printed.splitlines() if line.startswith("::error,")] == []
