"""The verdict table: that of the design, row by row, and the generated one in the documentation."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.evolution.rules import EXAMPLE
from tests.support.compatibility_proof import ENVELOPES, Change
from tests.support.golden import Golden
from ugc.compatibility.findings import Finding, Target
from ugc.compatibility.verdict_table import FURTHER, judge_pair, verdict_table

TEXT = {"type": "string", "description": "A field."}
OPEN = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "description": "A field."}


def field(**keywords: Any) -> dict[str, Any]:
    named = {key.replace("x_", "x-"): value for key, value in keywords.items()}
    return {"properties": {"f": {"description": "A field.", **named}}}


def objects(**fields: Any) -> dict[str, Any]:
    return {"properties": fields, "required": [name for name in fields if name == "f"]}


def findings(before: dict[str, Any], after: dict[str, Any]) -> tuple[Finding, ...]:
    return judge_pair({**EXAMPLE, **before}, {**EXAMPLE, **after}, ENVELOPES).breaking


NAMED = {"$ref": "#/$defs/name", "minLength": 1}
OK = [
    ("add an optional field", {}, objects(f=TEXT, g=TEXT)),
    (
        "remove a field of an open object",
        {"properties": {"f": OPEN}},
        {"properties": {"f": {**OPEN, "properties": {"a": TEXT}}}},
    ),
    ("required → optional", {}, {"required": []}),
    ("raise an upper bound", field(type="string", maxLength=8), field(type="string", maxLength=9)),
    ("lower a lower bound", field(type="integer", minimum=1), field(type="integer", minimum=0)),
    ("remove a bound", field(type="integer", minimum=1), field(type="integer")),
    ("add an enum value", field(type="string", enum=["a"]), field(type="string", enum=["a", "b"])),
    (
        "reorder an enum",
        field(type="string", enum=["a", "b"]),
        field(enum=["b", "a"], type="string"),
    ),
    ("description", {}, {"description": "Other words."}),
    ("examples", {}, {"examples": [{"f": "a"}]}),
    ("owner", {}, {"x-owner": "search"}),
    ("mark as personal", {}, field(type="string", x_pii="identifier")),
    ("null as well", {}, field(type=["string", "null"])),
    ("keep rows longer", {"x-table": {"retention_days": 9}}, {"x-table": {"retention_days": 10}}),
    ("remove a pattern", field(type="string", pattern="^a$"), {}),
    ("remove the format email", field(type="string", format="email"), {}),
    ("quality objectives", {}, {"x-quality": {"max_gap_ratio": 0.1}}),
    ("order of the fields", objects(f=TEXT, g=TEXT), objects(g=TEXT, f=TEXT)),
    ("a bound that says nothing", {}, field(type="string", minLength=0)),
    (
        "a bound that follows from the format",
        field(type="string", format="uuid"),
        field(type="string", format="uuid", maxLength=36),
    ),
    (
        "a bound that follows from the pattern",
        field(type="string", pattern="^[0-9]{2}$"),
        field(type="string", pattern="^[0-9]{2}$", maxLength=3),
    ),
    (
        "a bound around the choices",
        field(type="string", enum=["a"], x_categorical=True),
        field(type="string", maxLength=128, x_categorical=True),
    ),
    (
        "a bound said otherwise",
        field(type="integer", minimum=1),
        field(type="integer", exclusiveMinimum=0),
    ),
    (
        "a choice spelt otherwise",
        field(type="integer", enum=[1]),
        field(type="integer", enum=[1.0, 2]),
    ),
    (
        "one of the choices, and then all",
        field(type="string", enum=["a", "b"], const="a"),
        field(type="string", enum=["a", "b"]),
    ),
    (
        "a definition that nothing here refers to",
        {**field(**NAMED), "$defs": {"name": TEXT, "other": TEXT}},
        {**field(**NAMED), "$defs": {"name": TEXT, "other": {"type": "integer"}}},
    ),
    (
        "a list becomes optional",
        field(type="array", items=TEXT),
        {**field(type="array", items=TEXT), "required": []},
    ),
    (
        "an object becomes optional",
        field(type="object", properties={"a": TEXT}, additionalProperties=False),
        {
            **field(type="object", properties={"a": TEXT}, additionalProperties=False),
            "required": [],
        },
    ),
    (
        "a definition in other words",
        {**field(**NAMED), "$defs": {"name": TEXT}},
        {**field(**NAMED), "$defs": {"name": {**TEXT, "description": "A name."}}},
    ),
]


@pytest.mark.parametrize(("change", "before", "after"), OK, ids=[row[0] for row in OK])
def test_ok(change: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert findings(before, after) == ()


HTTP, AVRO, CLICKHOUSE = Target.HTTP, Target.AVRO, Target.CLICKHOUSE
INT = {"type": "integer", "description": "A field."}
LIST = {"type": "array", "items": INT, "description": "A field."}
RECORD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["a"],
    "properties": {"a": TEXT},
    "description": "A field.",
}
BREAKING: list[tuple[str, dict[str, Any], dict[str, Any], set[Target]]] = [
    (
        "add a required field",
        {},
        {"properties": {"f": TEXT, "g": TEXT}, "required": ["f", "g"]},
        {HTTP, AVRO, CLICKHOUSE},
    ),
    ("remove a field of a closed object", objects(f=TEXT, g=TEXT), {}, {HTTP}),
    ("optional → required", {"required": []}, {}, {HTTP, AVRO, CLICKHOUSE}),
    ("integer → number", field(type="integer"), field(type="number"), {AVRO, CLICKHOUSE}),
    ("number → integer", field(type="number"), field(type="integer"), {HTTP, AVRO, CLICKHOUSE}),
    (
        "lower an upper bound",
        field(type="string", maxLength=8),
        field(type="string", maxLength=7),
        {HTTP},
    ),
    (
        "raise a lower bound",
        field(type="integer", minimum=1),
        field(type="integer", minimum=2),
        {HTTP},
    ),
    ("add minLength", {}, field(type="string", minLength=1), {HTTP}),
    ("add maxLength", {}, field(type="string", maxLength=9), {HTTP}),
    (
        "remove an enum value",
        field(type="string", enum=["a", "b"]),
        field(type="string", enum=["a"]),
        {HTTP},
    ),
    ("string → enum", {}, field(type="string", enum=["a"]), {HTTP, CLICKHOUSE}),
    ("enum → string", field(type="string", enum=["a"]), {}, {CLICKHOUSE}),
    ("add a format", {}, field(type="string", format="email"), {HTTP}),
    ("string → uuid", {}, field(type="string", format="uuid"), {HTTP, AVRO, CLICKHOUSE}),
    ("uuid → string", field(type="string", format="uuid"), {}, {CLICKHOUSE}),
    (
        "change a format",
        field(type="string", format="date"),
        field(type="string", format="date-time"),
        {HTTP, AVRO, CLICKHOUSE},
    ),
    ("date → string", field(type="string", format="date"), {}, {AVRO, CLICKHOUSE}),
    ("rename", {}, {"properties": {"g": TEXT}, "required": ["g"]}, {HTTP, AVRO, CLICKHOUSE}),
    ("string → integer", {}, field(type="integer"), {HTTP, AVRO, CLICKHOUSE}),
    ("add a pattern", {}, field(type="string", pattern="^a$"), {HTTP}),
    (
        "change a pattern",
        field(type="string", pattern="^a+$"),
        field(type="string", pattern="^a$"),
        {HTTP},
    ),
    ("add a const", {}, field(type="string", const="a"), {HTTP, CLICKHOUSE}),
    ("null no more", field(type=["string", "null"]), {}, {HTTP, AVRO, CLICKHOUSE}),
    (
        "uniqueItems",
        {"properties": {"f": LIST}},
        {"properties": {"f": {**LIST, "uniqueItems": True}}},
        {HTTP},
    ),
    (
        "type of items",
        {"properties": {"f": LIST}},
        {"properties": {"f": {**LIST, "items": TEXT}}},
        {HTTP, AVRO, CLICKHOUSE},
    ),
    (
        "type of a map's values",
        field(type="object", additionalProperties=INT),
        field(type="object", additionalProperties=TEXT),
        {HTTP, AVRO, CLICKHOUSE},
    ),
    (
        "remove a field of a nested object",
        {"properties": {"f": {**RECORD, "properties": {"a": TEXT, "b": TEXT}}}},
        {"properties": {"f": RECORD}},
        {HTTP},
    ),
    (
        "open an object",
        {"properties": {"f": RECORD}},
        {"properties": {"f": {k: v for k, v in RECORD.items() if k != "additionalProperties"}}},
        {AVRO, CLICKHOUSE},
    ),
    (
        "a list in a list's objects becomes optional",
        {"properties": {"f": {**LIST, "items": {**RECORD, "properties": {"a": LIST}}}}},
        {
            "properties": {
                "f": {**LIST, "items": {**RECORD, "properties": {"a": LIST}, "required": []}}
            }
        },
        {CLICKHOUSE},
    ),
    ("dictionary column", {}, field(type="string", x_categorical=True), {CLICKHOUSE}),
    ("no dictionary column", field(type="string", x_categorical=True), {}, {CLICKHOUSE}),
    (
        "finer instants",
        field(type="string", format="date-time", x_precision="millis"),
        field(type="string", format="date-time"),
        {AVRO, CLICKHOUSE},
    ),
    (
        "coarser instants",
        field(type="string", format="date-time"),
        field(type="string", format="date-time", x_precision="millis"),
        {HTTP, AVRO, CLICKHOUSE},
    ),
    (
        "coarser instants, and a bound that says nothing",
        field(type="string", format="date-time"),
        field(type="string", format="date-time", x_precision="millis", minLength=0),
        {HTTP, AVRO, CLICKHOUSE},
    ),
    (
        "a closed object becomes a map",
        {"properties": {"f": RECORD}},
        field(type="object", additionalProperties=TEXT),
        {AVRO, CLICKHOUSE},
    ),
    (
        "a definition that is referred to",
        {**field(**NAMED), "$defs": {"name": TEXT}},
        {**field(**NAMED), "$defs": {"name": {**TEXT, "maxLength": 9}}},
        {HTTP},
    ),
    ("sorting key", {}, {"x-table": {"key": ["f"]}}, {CLICKHOUSE}),
    (
        "a key column becomes optional",
        {"x-table": {"key": ["f"]}},
        {"x-table": {"key": ["f"]}, "required": []},
        {CLICKHOUSE},
    ),
    (
        "drop rows sooner",
        {"x-table": {"retention_days": 9}},
        {"x-table": {"retention_days": 8}},
        {CLICKHOUSE},
    ),
    ("drop rows at all", {}, {"x-table": {"retention_days": 8}}, {CLICKHOUSE}),
    ("who makes it", {}, {"x-origin": "etl"}, {HTTP}),
    (
        "who makes it, and a bound that says nothing",
        {},
        {**field(type="string", minLength=0), "x-origin": "etl"},
        {HTTP},
    ),
    (
        "two fields, one column",
        {"properties": {"f": RECORD}},
        {"properties": {"f": RECORD, "f__a": TEXT}},
        {CLICKHOUSE},
    ),
]
"""Change, keywords before and after, and the targets on which it is breaking."""


@pytest.mark.parametrize(
    ("change", "before", "after", "targets"), BREAKING, ids=[row[0] for row in BREAKING]
)
def test_breaking(
    change: str, before: dict[str, Any], after: dict[str, Any], targets: set[Target]
) -> None:
    found = findings(before, after)
    assert {finding.target for finding in found} == targets
    assert all(finding.way_out for finding in found)
    for finding in found:
        if finding.target is HTTP and finding.code not in ("precision.coarser", "x-origin.changed"):
            assert finding.payload is not None
            real = Change({**EXAMPLE, **before}, {**EXAMPLE, **after})
            assert real.was_accepted(finding.payload)
            assert real.harm([finding.payload])


@pytest.mark.parametrize("title", FURTHER)
def test_the_documented_examples_are_contracts(title: str) -> None:
    before, after = FURTHER[title]
    Change({**EXAMPLE, **before}, {**EXAMPLE, **after})


def test_the_documented_table_is_the_gate_s(golden: Golden) -> None:
    golden.file("docs/verdicts.md", verdict_table())
