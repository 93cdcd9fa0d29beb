"""``ugc contracts roundtrip``: inputs of every kind, and failures that end nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings

from ch_schema.client.connect import connect
from contracts.errors import ContractSchemaError
from contracts.model.loader import load_catalog
from contracts.model.validation import foreign_check
from tests.support.schemas import Drawn, documents
from ugc.roundtrip.cases import DRAFTS, Case, CaseError, cases_in
from ugc.roundtrip.command import command
from ugc.roundtrip.generate import instances
from ugc.roundtrip.report import in_words, summary
from ugc.roundtrip.run import Difference, Fields, Outcome, RoundTrip
from ugc.roundtrip.table import Tables

ORDER = {"type": "object", "properties": {"n": {"type": "integer"}, "at": {"format": "date-time"}}}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def write(path: Path, *lines: Any) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_one_schema_with_generated_instances(tmp_path: Path) -> None:
    schema = write(tmp_path / "order.json", ORDER)
    result = run(schema, "-n", "7")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "order.json: 7 instances (generated), equal: Avro 7, ClickHouse 7;"
        " Avro fields: 2 typed, 0 JSON text; ClickHouse columns: 2 typed, 0 JSON text",
        "1 of 1 schema; instances equal: Avro 7 of 7, ClickHouse 7 of 7",
    ]


def test_one_schema_with_given_instances(tmp_path: Path) -> None:
    schema = write(tmp_path / "order.json", ORDER)
    given_ones = write(tmp_path / "orders.jsonl", {"n": 2**70}, "", '{"n":1e400}', "null")
    result = run(schema, "--instances", given_ones, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["instances"], found["avro_equal"], found["clickhouse_equal"]) == (3, 3, 3)
    assert found["results"][0]["generated"] is False


def test_many_schemas_and_one_failure_ends_nothing(tmp_path: Path) -> None:
    cases = write(
        tmp_path / "corpus.jsonl",
        {"id": "first", "schema": ORDER, "valid": [{}, {"n": None}]},
        "no json",
        {"id": "third"},
        {"id": "fourth", "schema": True, "valid": {}},
        {"schema": {"type": "no type"}},
        {"id": "last", "schema": False, "valid": []},
    )
    result = run(cases, "--json", "-n", "2")
    assert result.exit_code == 1
    assert "6 of 6 schemas" in result.stderr
    found = json.loads(result.stdout)
    assert [each["id"] for each in found["results"]] == [
        "first", "corpus.jsonl:2", "corpus.jsonl:3", "corpus.jsonl:4", "corpus.jsonl:5", "last",
    ]  # fmt: skip
    problems = [each["problem"] for each in found["results"]]
    assert problems[0] is problems[4] is problems[5] is None
    assert problems[1].startswith("it is not JSON")
    assert problems[2:4] == ['it is no object with "schema"', '"valid" is no list']
    assert "no type" in found["results"][4]["unchecked"]
    assert (found["schemas"], found["schemas_equal"], found["schemas_failed"]) == (6, 2, 3)
    assert (found["schemas_without_instances"], found["schemas_unchecked"]) == (1, 1)
    assert found["results"][5]["equal"] is None


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep" / "a.json", ORDER)
    write(tmp_path / "b.jsonl", {"id": "x", "schema": ORDER})
    write(tmp_path / "c.txt", "no schema")
    assert [case.id for case in cases_in(tmp_path, None)] == ["x", "deep/a.json"]


@pytest.mark.parametrize("make", [
    lambda folder: (folder, None),
    lambda folder: (write(folder / "a.jsonl", {"schema": 1}, {"schema": 2}), folder / "a.jsonl"),
    lambda folder: (write(folder / "a.json", ORDER), write(folder / "i.jsonl", "{")),
    lambda folder: (folder / "missing.json", None),
])  # fmt: skip
def test_inputs_that_cannot_be_used_are_told(make: Any, tmp_path: Path) -> None:
    with pytest.raises(CaseError):
        cases_in(*make(tmp_path))


@pytest.fixture(scope="module")
def round_trip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoundTrip]:
    client = connect(f"chdb://{tmp_path_factory.mktemp('roundtrip')}/ugc")
    try:
        yield RoundTrip(Tables(client), count=10, seed=1)
    finally:
        client.close()


def test_the_projects_own_contracts(round_trip: RoundTrip) -> None:
    outcomes = [round_trip.outcome(Case(each.id, each.schema)) for each in load_catalog().newest]
    assert [(o.instances, o.is_whole) for o in outcomes] == [(10, True)] * len(outcomes)


def test_an_instance_that_cannot_be_stored_is_told(round_trip: RoundTrip) -> None:
    outcome = round_trip.outcome(Case("a", ORDER, ({"n": 1}, {"n": float("nan")})))
    assert not outcome.is_whole
    assert (outcome.avro_equal, outcome.clickhouse_equal) == (1, 1)
    assert [(each.instance, each.target) for each in outcome.differences] == [
        (1, "avro"), (1, "clickhouse"),
    ]  # fmt: skip


def test_differences_are_shown() -> None:
    outcome = Outcome(
        id="\ud800", instances=2, avro_equal=1, clickhouse_equal=2,
        differences=(Difference(0, "avro", ("", "/a")),),
    )  # fmt: skip
    assert list(in_words([outcome])) == [
        "\\ud800: 2 instances, equal: Avro 1, ClickHouse 2;"
        " Avro fields: 0 typed, 0 JSON text; ClickHouse columns: 0 typed, 0 JSON text",
        "    instance 0, avro: /, /a",
        "0 of 1 schema; instances equal: Avro 1 of 2, ClickHouse 2 of 2",
    ]
    assert summary([outcome])["results"][0]["differences"] == [
        {"instance": 0, "target": "avro", "pointers": ["", "/a"], "problem": None}
    ]


@settings(max_examples=60, deadline=None)
@given(documents())
def test_generated_instances_are_valid(drawn: Drawn) -> None:
    accepts = foreign_check(drawn.schema)
    for value in instances(drawn.schema, 3, random.Random(5), accepts):
        assert accepts(value)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "required": ["a", "b"], "properties": {"a": {"minimum": 3}},
         "additionalProperties": False, "patternProperties": {"b": True}},
        {"type": "integer", "minimum": 10, "maximum": 20, "multipleOf": 5},
        {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
        {"type": "string", "pattern": "^[a-c]{2,4}$"},
        {"type": "string", "minLength": 30},
        {"type": "array", "minItems": 2, "items": {"type": "boolean"}},
        {"type": "array", "prefixItems": [{"const": 1}, {"enum": [2]}], "items": False},
        {"type": "object", "minProperties": 3},
        {"oneOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": []},
    ],
)  # fmt: skip
def test_restrictions_are_met_often_enough(schema: Any) -> None:
    assert len(instances(schema, 10, random.Random(3), foreign_check(schema))) == 10


@pytest.mark.parametrize("schema", ["true", {"type": "x"}, {"$ref": "http://127.0.0.1:9/x"}])
def test_a_schema_that_no_validator_takes_is_told(schema: Any) -> None:
    with pytest.raises(ContractSchemaError):
        foreign_check(schema)


def test_fields_are_counted_for_each_target(round_trip: RoundTrip) -> None:
    """A list of objects is typed in Avro and JSON text in ClickHouse; a rest counts in neither."""
    inner = {"properties": {"a": {"type": "integer"}}}
    schema = {"properties": {"n": {"type": "integer"}, "o": inner, "l": {"items": inner}, "x": {}}}
    outcome = round_trip.outcome(Case("a", schema, ({},)))
    assert (outcome.avro_fields, outcome.clickhouse_columns) == (Fields(5, 1), Fields(2, 2))


def test_what_was_not_compared_or_not_checked_is_said() -> None:
    outcomes = [Outcome(id="a"), Outcome(id="b", instances=1, generated=True, unchecked="unknown")]
    words = list(in_words(outcomes))
    assert "1 schema without an instance, of which nothing was compared" in words
    assert "1 schema that no validator takes; instances may be invalid" in words
    assert [each.is_equal for each in outcomes] == [None, True]


def test_a_schema_without_a_draft_can_be_given_one(tmp_path: Path) -> None:
    """``items`` as a list is a tuple until draft 2019-09, and an error afterwards."""
    tuple_of_two = {"items": [{"type": "integer"}, {"type": "string"}]}
    schema = write(tmp_path / "a.json", tuple_of_two)
    told = json.loads(run(schema, "--json", "-n", "1").stdout)
    assert told["schemas_unchecked"] == 1
    told = json.loads(run(schema, "--json", "-n", "1", "--draft", "7").stdout)
    assert told["schemas_unchecked"] == 0
    own = write(tmp_path / "b.json", {"$schema": DRAFTS["4"]})
    assert [case.schema["$schema"] for case in cases_in(own, None, "7")] == [DRAFTS["4"]]
