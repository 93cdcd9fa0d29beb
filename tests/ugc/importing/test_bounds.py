"""An event that would cost too much costs itself only, and the report says which bound it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ugc.importing.command import command
from ugc.importing.convert import Fate
from ugc.importing.events import ImportedEvent, imported_all
from ugc.importing.limits import DEFAULT_LIMITS, Limits
from ugc.importing.plans import events_in

BOOLEAN = {"type": "boolean"}
SMALL = {"title": "Small", "type": "object", "properties": {"a": BOOLEAN}}


def both(schema: Any, limits: Limits = DEFAULT_LIMITS) -> ImportedEvent:
    """What becomes of an event that stands beside a small one, which is taken in any case."""
    planned = [*events_in(schema, "large", "large"), *events_in(SMALL, "small", "small")]
    large, small = imported_all(planned, owner="team", limits=limits)
    assert small.document is not None
    return large


def event(properties: dict[str, Any], **definitions: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "definitions": definitions}


def size_of(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def lists(depth: int, inner: Any, **bounds: int) -> Any:
    for _ in range(depth):
        inner = {"type": "array", "items": inner, **bounds}
    return inner


def chain(length: int, end: Any, step: Any) -> dict[str, Any]:
    """Definitions of which each is made of the next one."""
    links = {f"d{at}": step({"$ref": f"#/definitions/d{at + 1}"}) for at in range(length)}
    return {**links, f"d{length}": end}


@pytest.mark.parametrize("bounds", [{}, {"maxItems": 10**6}], ids=["none", "wide"])
def test_the_example_of_nested_lists_is_small(bounds: dict[str, int]) -> None:
    record = {"type": "object", "properties": {"b": lists(3, {"type": "string"}, **bounds)}}
    large = both(event({f"a{number}": lists(3, record, **bounds) for number in range(20)}))
    assert large.document is not None
    assert size_of(large.document["examples"]) < 2_000
    assert size_of(large.document) < 50_000


def test_examples_grow_with_the_fields_and_not_with_their_bounds() -> None:
    def size(depth: int, fields: int) -> int:
        large = both(event({f"a{n}": lists(depth, {"type": "string"}) for n in range(fields)}))
        return size_of(large.document)

    assert size(6, 20) < 2.5 * size(3, 20)
    assert size(3, 40) < 2.5 * size(3, 20)


def test_of_fields_that_may_be_absent_an_example_has_some() -> None:
    large = both(event({f"a{number}": {"type": "string"} for number in range(1900)}))
    assert large.document is not None
    assert len(large.document["properties"]) == 1900
    assert size_of(large.document["examples"]) < 10_000


@pytest.mark.parametrize(("schema", "reason"), [
    (event({f"a{number}": BOOLEAN for number in range(2001)}), "more than 2000 fields"),
    ({"definitions": chain(30, event({"a": BOOLEAN}), lambda ref: {"anyOf": [ref, ref]}),
      "$ref": "#/definitions/d0"}, "more than 50000 schemas and listed values"),
    (event({f"a{number}": {"$ref": "#/definitions/d"} for number in range(1000)},
           d={"enum": list(range(1000))}), "more than 50000 schemas and listed values"),
    (event({f"a{number}": {"$ref": "#/definitions/d"} for number in range(1000)},
           d={"enum": [{"b": list(range(1000))}]}), "more than 50000 schemas and listed values"),
    (event({f"a{number}": {"$ref": "#/definitions/d"} for number in range(1000)},
           d={"type": "string", "description": "b" * 10_000}), "more than 1024 KiB"),
    (event({f"a{number}": {"type": "array", "items": BOOLEAN, "uniqueItems": True, "minItems": 3}
            for number in range(200)}), "more than 50000 schemas and listed values"),
    (event({"a": lists(3000, BOOLEAN)}), "deeper than the interpreter can follow"),
], ids=["fields", "unions", "values", "inside values", "text", "searches", "depth"],
)  # fmt: skip
def test_the_bound_is_named(schema: Any, reason: str) -> None:
    large = both(schema)
    assert large.document is None
    (report,) = large.fields
    assert report.fate is Fate.REFUSED
    assert reason in report.notes[0]


@pytest.mark.parametrize("depth", [10, 20, 30])
def test_what_doubles_with_every_level_is_unfolded_as_far_as_there_is_room(depth: int) -> None:
    step = chain(depth, BOOLEAN, lambda ref: {"type": "object", "properties": {"l": ref, "r": ref}})
    large = both({"$ref": "#/definitions/d0", "definitions": step})
    assert large.document is not None
    assert len(large.fields) <= DEFAULT_LIMITS.fields
    texts = [report for report in large.fields if report.fate is Fate.JSON_TEXT]
    assert texts
    assert all("unfold into too many fields" in report.notes[-1] for report in texts)


def test_a_reference_to_what_holds_it_becomes_json_text() -> None:
    large = both(event({"a": {"$ref": "#/definitions/d"}},
                       d=event({"b": BOOLEAN, "again": {"$ref": "#/definitions/d"}})))  # fmt: skip
    assert [(str(report), report.fate) for report in large.fields] == [
        ("a", Fate.TYPED), ("a.b", Fate.TYPED), ("a.again", Fate.JSON_TEXT),
    ]  # fmt: skip


def notes_of(patterns: Iterable[str]) -> list[str]:
    fields = {f"a{n}": {"type": "string", "pattern": text} for n, text in enumerate(patterns)}
    return [note for report in both(event(fields)).fields for note in report.notes]


def test_of_many_patterns_the_first_are_kept() -> None:
    notes = notes_of(f"^[a-z]{{1,9}}{number}$" for number in range(200))
    beyond = "pattern is not checked: the event has more than 1000 characters of patterns"
    assert 100 < notes.count(beyond) < 150


def test_a_pattern_of_long_texts_is_told() -> None:
    told = "pattern is not checked: it demands more than 200 characters"
    assert told in notes_of(["^[ab]{1000}$"])


@pytest.mark.parametrize(("option", "said"), [
    (("--most-fields", "20"), "more than 20 fields"), (("--most-kib", "1"), "more than 1 KiB"),
    (("--most-plan-kib", "1"), "the file has more than 1 KiB"),
])  # fmt: skip
def test_a_bound_can_be_set(tmp_path: Path, option: tuple[str, str], said: str) -> None:
    schema = event({f"a{number}": BOOLEAN for number in range(50)})
    for name, document in (("large", schema), ("small", SMALL)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    result = CliRunner().invoke(command, [str(tmp_path), "--owner", "team", *option])
    assert result.exit_code == 1
    assert said in result.stdout
    assert "1 of 2 events" in result.stdout
