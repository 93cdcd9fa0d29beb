"""The official JSON-Schema-Test-Suite: our validators, the reference and the suite's own verdict.

Every file about a keyword of the contract dialect counts, in every draft from 4 on.  The suite is
no text of ours: ``tests/fullstack/install`` fetches it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from contracts.model.validation import Validator, dialect, foreign_check
from tests.fullstack.cache import PARTS, cached

LIST = "json-schema-test-suite.txt"
LOCK = Path(__file__).parents[2] / "requirements" / "dev.txt"


@dataclass(frozen=True)
class Draft:
    """A draft's folder in the suite, its meta-schema, its reference, and files it does not have."""

    folder: str
    schema: str
    reference: Any
    without: frozenset[str] = frozenset()


DRAFTS = [
    Draft("draft4", "http://json-schema.org/draft-04/schema#", jsonschema.Draft4Validator,
          frozenset({"const", "exclusiveMinimum", "exclusiveMaximum", "propertyNames", "contains",
                     "if-then-else"})),
    Draft("draft6", "http://json-schema.org/draft-06/schema#", jsonschema.Draft6Validator,
          frozenset({"if-then-else"})),
    Draft("draft7", "http://json-schema.org/draft-07/schema#", jsonschema.Draft7Validator),
    Draft("draft2019-09", "https://json-schema.org/draft/2019-09/schema",
          jsonschema.Draft201909Validator),
    Draft("draft2020-12", "https://json-schema.org/draft/2020-12/schema",
          jsonschema.Draft202012Validator),
]  # fmt: skip
NEWEST = DRAFTS[-1]

ANNOTATIONS = frozenset({"$comment", "title", "description", "examples"})
BY_OUR_DECISION = frozenset({"format"})
"""``format.json`` says that formats are annotations only; ours assert, see ``FORMATS`` below."""
OF_THE_META_SCHEMA = frozenset({"propertyNames", "contains", "if-then-else"})
"""What ``dialect.json`` itself uses."""

FORMATS = {
    "date-time": ("draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"),
    "email": ("draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"),
    "uri": ("draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"),
    "date": ("draft7", "draft2019-09", "draft2020-12"),
    "uuid": ("draft2019-09", "draft2020-12"),
}
"""Format → the drafts with a file about it."""

DEVIATIONS = {
    ("date-time", "1998-12-31T23:59:60Z"): "neither Avro nor ClickHouse has a leap second",
    ("date-time", "1998-12-31T15:59:60.123-08:00"): "the same leap second in another zone",
}
"""Where we answer otherwise than the suite, and why; anything beside these is a defect."""


def keywords(draft: Draft) -> list[str]:
    """The names of the draft's files that are about the dialect's keywords."""
    own = {
        name.removeprefix("$")
        for name in dialect()["$defs"]["value"]["properties"]
        if not name.startswith("x-") and name not in ANNOTATIONS
    }
    definitions = "defs" if draft.folder in ("draft2019-09", "draft2020-12") else "definitions"
    return sorted((own | OF_THE_META_SCHEMA | {definitions}) - BY_OUR_DECISION - draft.without)


def groups(file: str) -> list[dict[str, Any]]:
    path = cached("suite", LIST) / "tests" / file
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    assert found
    return found


def of_draft(schema: Any, draft: Draft) -> Any:
    return {"$schema": draft.schema, **schema} if isinstance(schema, dict) else schema


def verdicts(group: dict[str, Any], draft: Draft) -> Iterator[tuple[str, dict[str, bool]]]:
    """Each case's description, and what the suite and every validator say."""
    schema = of_draft(group["schema"], draft)
    judges = {
        "any draft": foreign_check(schema),
        "reference": draft.reference(schema).is_valid,
    }
    if draft is NEWEST and isinstance(schema, dict):
        judges["hot path"] = Validator(schema).accepts
    for case in group["tests"]:
        said = {name: judge(case["data"]) for name, judge in judges.items()}
        yield f"{group['description']}: {case['description']}", {"suite": case["valid"], **said}


@pytest.mark.full
@pytest.mark.parametrize(
    ("draft", "keyword"),
    [
        pytest.param(draft, keyword, id=f"{draft.folder}-{keyword}")
        for draft in DRAFTS
        for keyword in keywords(draft)
    ],
)
def test_all_agree_on_a_keyword(draft: Draft, keyword: str) -> None:
    found = [
        verdict
        for group in groups(f"{draft.folder}/{keyword}.json")
        for verdict in verdicts(group, draft)
    ]
    assert [(name, said) for name, said in found if len(set(said.values())) > 1] == []
    assert {said["suite"] for _, said in found} == {True, False}


@pytest.mark.full
@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft.folder)
def test_a_file_that_we_say_a_draft_lacks_is_not_there(draft: Draft) -> None:
    folder = cached("suite", LIST) / "tests" / draft.folder
    assert {name for name in draft.without if (folder / f"{name}.json").exists()} == set()


@pytest.mark.full
@pytest.mark.parametrize("name", FORMATS)
def test_formats_deviate_only_where_we_say_so(name: str) -> None:
    found = set()
    for folder in FORMATS[name]:
        for group in groups(f"{folder}/optional/format/{name}.json"):
            # The hot path knows the newest draft only, and so do the formats.
            validator = Validator({**group["schema"], "$schema": NEWEST.schema})
            found |= {
                (name, case["data"])
                for case in group["tests"]
                if validator.accepts(case["data"]) is not case["valid"]
            }
    assert found == {place for place in DEVIATIONS if place[0] == name}


@pytest.mark.full
def test_no_file_about_a_format_is_left_out() -> None:
    tests = cached("suite", LIST) / "tests"
    for name, folders in FORMATS.items():
        there = {
            draft.folder
            for draft in DRAFTS
            if (tests / draft.folder / "optional" / "format" / f"{name}.json").exists()
        }
        assert there == set(folders)


def test_the_suite_is_that_of_the_locked_reference() -> None:
    """Or another version's suite would be fetched than the one the lock knows."""
    requirement, wanted_hash = (PARTS / LIST).read_text(encoding="utf-8").split(" ")
    lock = LOCK.read_text(encoding="utf-8")
    block = lock.split(f"\n{requirement} ", 1)[1].split("# via", 1)[0]
    assert wanted_hash.strip() in block
