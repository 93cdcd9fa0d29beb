"""Violations: the pointer, the keyword and the words that a front-end developer reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model import formats
from contracts.model.validation import MAX_VIOLATIONS, Validator, Violation
from contracts.reasons import DESCRIPTIONS, Reason

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["n"],
    "properties": {
        "n": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
        "a/b~c": {"type": "array", "items": {"type": "number"}, "maxItems": 2, "uniqueItems": True},
        "s": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4},
        "e": {"enum": ["x", "y"]},
        "c": {"const": 3},
        "m": {"type": "number", "multipleOf": 2, "exclusiveMaximum": 10, "exclusiveMinimum": 0},
    },
}
VALIDATOR = Validator(SCHEMA)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"n": 1}, []),
        ({"n": 1.0}, []),
        ({}, [("/data/n", "required", "is required")]),
        ({"n": True}, [("/data/n", "type", "must be integer, not true")]),
        ({"n": 1.5}, [("/data/n", "type", "must be integer, not 1.5")]),
        ({"n": "1"}, [("/data/n", "type", 'must be integer, not "1"')]),
        ({"n": 0}, [("/data/n", "minimum", "must be 1 or more, not 0")]),
        (
            {"n": 2**63},
            [("/data/n", "maximum", f"must be {2**63 - 1} or less, not {2**63}")],
        ),
        ({"n": 1, "z": 2}, [("/data/z", "additionalProperties", "is not a known property")]),
        (
            {"n": 1, "a/b~c": [1, "x"]},
            [("/data/a~1b~0c/1", "type", 'must be number, not "x"')],
        ),
        (
            {"n": 1, "a/b~c": [1, 1, 2]},
            [
                ("/data/a~1b~0c", "maxItems", "must have at most 2 items, not 3"),
                ("/data/a~1b~0c", "uniqueItems", "must not have the same item twice"),
            ],
        ),
        ({"n": 1, "s": "abc\n"}, [("/data/s", "pattern", None)]),
        (
            {"n": 1, "s": "a"},
            [("/data/s", "minLength", "must have at least 2 characters, not 1")],
        ),
        ({"n": 1, "e": "z"}, [("/data/e", "enum", 'must be one of ["x", "y"], not "z"')]),
        ({"n": 1, "c": 4}, [("/data/c", "const", "must be 3, not 4")]),
        (
            {"n": 1, "m": 11},
            [
                ("/data/m", "exclusiveMaximum", "must be less than 10, not 11"),
                ("/data/m", "multipleOf", "must be a multiple of 2, not 11"),
            ],
        ),
    ],
)
def test_violations(value: Any, expected: list[tuple[str, str, str | None]]) -> None:
    found = VALIDATOR.violations(value, at="/data")
    assert [(v.pointer, v.keyword) for v in found] == [(p, k) for p, k, _ in expected]
    for violation, (_, _, message) in zip(found, expected, strict=True):
        assert message is None or violation.message == message
    assert VALIDATOR.accepts(value) == (not expected)


def test_expected_is_what_the_keyword_demands() -> None:
    (violation,) = VALIDATOR.violations({"n": 0})
    assert violation == Violation("/n", "minimum", "must be 1 or more, not 0", 1)


def test_the_list_is_bounded_and_in_order() -> None:
    value = {"n": 1, **{f"z{index:04}": 0 for index in range(1000)}}
    found = VALIDATOR.violations(value)
    assert len(found) == MAX_VIOLATIONS
    assert [v.pointer for v in found] == sorted(v.pointer for v in found)


MAP_OF_LISTS = Validator(
    {
        "type": "object",
        "additionalProperties": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
    }
)

LARGE = {
    "a long key above many values": {"k" * 500_000: ["x"] * 120_000},
    "many values": {"k": ["x"] * 250_000},
    "many keys below a long one": {"k" * 400_000: [{f"{n}": "x" for n in range(50_000)}]},
    "long keys in each other": {"k" * 3000: [{"k" * 3000: "x"}] * 200},
}


@pytest.mark.parametrize("value", LARGE.values(), ids=LARGE.keys())
def test_of_a_huge_value_one_violation_is_looked_for(value: Any) -> None:
    """All of them, each with its pointer, would take up to 60 GB."""
    (key,) = value
    (violation,) = MAP_OF_LISTS.violations(value, at="/data", limit=None)
    assert violation.pointer.startswith(f"/data/{key}/0")
    assert violation.keyword == "type"
    assert violation.message.endswith("(no more was looked for: the value is too large)")
    assert not MAP_OF_LISTS.accepts(value)


@pytest.mark.parametrize(
    "value",
    [
        {"k" * 60_000: ["x"] * 10},
        {"k": ["x"] * 8_000},
        {"k" * 800: ["x"] * 1_000},
        {str(number): "x" for number in range(5_000)},
    ],
    ids=["a long key", "many values", "both", "many keys"],
)
def test_of_a_large_value_all_are_found(value: dict[str, Any]) -> None:
    wrong = sum(len(each) for each in value.values())
    assert len(MAP_OF_LISTS.violations(value, limit=None)) == wrong


def test_long_values_are_cut_in_messages() -> None:
    (violation,) = VALIDATOR.violations({"n": "x" * 10_000})
    assert len(violation.message) < 120


def test_every_reason_code_is_explained() -> None:
    assert set(DESCRIPTIONS) == set(Reason)
    assert all(text.endswith(".") for text in DESCRIPTIONS.values())


ID = "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11"
NEARLY = st.sampled_from(
    [
        ID, ID.upper(), f"{ID}\n", f" {ID}", f"{{{ID}}}", ID.replace("-", ""), ID[:-1], f"{ID}0",
        ID.replace("1", "١"), ID.replace("a", "g"), ID.replace("-", "\u2010"), f"urn:uuid:{ID}", "",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(NEARLY | st.uuids().map(str) | st.text(max_size=40) | st.sampled_from([None, 1, {}, [ID]]))
def test_the_verdict_on_a_uuid_is_the_formats_wherever_it_stands(value: Any) -> None:
    """The verdict asks a pattern, the reasons ask the format."""
    uuid = {"type": ["string", "null", "integer"], "format": "uuid"}
    named = {"properties": {"a": uuid, "format": {"enum": ["uuid", {"format": "uuid"}]}}}
    is_uuid = not isinstance(value, str) or formats.CHECKS["uuid"](value)
    is_kind = value is None or isinstance(value, str | int)
    for schema, instance in (
        (uuid, value),
        (named, {"a": value, "format": {"format": "uuid"}}),
        ({"items": uuid}, [value]),
        ({"additionalProperties": {"items": uuid}}, {"x": [ID, value]}),
        ({"$defs": {"id": uuid}, "properties": {"a": {"$ref": "#/$defs/id"}}}, {"a": value}),
        ({**uuid, "allOf": [{"minLength": 0}]}, value),
    ):
        validator = Validator(schema)
        assert validator.accepts(instance) is (is_uuid and is_kind)
        keywords = {each.keyword for each in validator.violations(instance)}
        expected = set() if is_uuid and is_kind else {"type"} if is_uuid else {"format"}
        assert keywords == expected
