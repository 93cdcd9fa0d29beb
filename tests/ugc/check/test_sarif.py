"""SARIF, held against the schema of its standard."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from tests.support.filled import filled
from ugc.check.entries import Entry, Level, Part, Verdict
from ugc.check.render import FORMATS
from ugc.check.sarif import fingerprint
from ugc.compatibility.findings import Report

SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
"""As the package ``@microsoft/jest-sarif`` 1.0.0-beta.0 (MIT) has it, to the letter."""

ENTRY = Entry(
    part=Part.CHANGE,
    level=Level.ERROR,
    code="bound.tightened",
    path="contracts/événements/a b/v2.json",
    line=3,
    pointer="/properties/f/maxLength",
    message="values are refused",
    contract="e@2",
)


def written(*entries: Entry) -> str:
    verdict = Verdict(entries=entries, report=Report(events=()), against="main")
    return FORMATS["sarif"](verdict)


def problems(text: str) -> list[str]:
    validator = jsonschema.Draft4Validator(SCHEMA)
    return [each.message for each in validator.iter_errors(json.loads(text))]


def test_a_verdict_is_valid_sarif() -> None:
    assert problems(written()) == []
    assert problems(written(ENTRY)) == []
    assert problems(written(filled(Entry, line=1), ENTRY, ENTRY)) == []


def test_the_schema_finds_what_is_wrong() -> None:
    spoilt = json.loads(written(ENTRY))
    spoilt["runs"][0]["results"][0]["level"] = "blocker"
    assert problems(json.dumps(spoilt)) != []


def test_each_result_names_its_rule_file_and_line() -> None:
    (run,) = json.loads(written(ENTRY))["runs"]
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "change/bound.tightened"
    assert "between the old bound and the new one" in rule["shortDescription"]["text"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "contracts/%C3%A9v%C3%A9nements/a%20b/v2.json"
    assert place["region"] == {"startLine": 3}


def test_a_mistake_that_moves_by_some_lines_is_the_same() -> None:
    moved = Entry(**{**{n: getattr(ENTRY, n) for n in Entry.__slots__}, "line": 9})
    assert fingerprint(moved) == fingerprint(ENTRY)
