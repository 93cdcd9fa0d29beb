"""Payloads made from contracts: what is called valid is, and a near miss breaks what it names."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import SampleError
from contracts.model.loader import load_catalog
from contracts.model.validation import Validator
from contracts.samples.near_misses import Candidate
from contracts.samples.payloads import Sampler
from tests.support.shapes import SCHEMA

CONTRACTS = list(load_catalog())

EVERY_KEYWORD: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["whole", "word", "fixed"],
    "$defs": {"word": {"type": "string", "enum": ["a", "b"]}},
    "properties": {
        "whole": {"type": "integer", "minimum": 3, "maximum": 100, "multipleOf": 5},
        "open_whole": {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 6},
        "huge": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
        "part": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "open_part": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "step": {"type": "number", "multipleOf": 0.25, "minimum": 0, "maximum": 10},
        "one_sided": {"type": "number", "maximum": -5},
        "code": {"type": "string", "pattern": "^tt[0-9]{7}$", "maxLength": 9},
        "words": {
            "type": "array",
            "items": {"$ref": "#/$defs/word"},
            "uniqueItems": True,
            "minItems": 1,
            "maxItems": 2,
        },
        "word": {"$ref": "#/$defs/word"},
        "counts": {
            "type": "object",
            "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 3},
            "minProperties": 1,
            "maxProperties": 3,
        },
        "mail": {"type": "string", "format": "email", "maxLength": 60},
        "link": {"type": "string", "format": "uri", "maxLength": 80},
        "fixed": {"type": "integer", "const": 3},
        "maybe": {"type": ["string", "null"], "minLength": 2, "maxLength": 4},
    },
}

SCHEMAS = {
    **{contract.id: contract.schema for contract in CONTRACTS},
    "every_shape": SCHEMA,
    "every_keyword": EVERY_KEYWORD,
}

seeds = st.integers(0, 2**32)


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_valid_payloads_are_valid(name: str, seed: int) -> None:
    payload = Sampler(SCHEMAS[name]).valid(random.Random(seed))
    assert Validator(SCHEMAS[name]).violations(payload) == ()


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_a_near_miss_breaks_exactly_what_it_names(name: str, seed: int) -> None:
    validator = Validator(SCHEMAS[name])
    misses = list(Sampler(SCHEMAS[name]).near_misses(random.Random(seed)))
    assert misses
    for miss in misses:
        found = [(v.pointer, v.keyword) for v in validator.violations(miss.payload)]
        assert found == [(miss.pointer, miss.keyword)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_same_seed_gives_the_same_payloads(name: str) -> None:
    def drawn(seed: int) -> list[Any]:
        sampler, rng = Sampler(SCHEMAS[name]), random.Random(seed)
        return [(sampler.valid(rng), sampler.invalid(rng)) for _ in range(5)]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_every_restricting_keyword_is_broken_by_some_miss() -> None:
    broken = {
        miss.keyword
        for schema in (EVERY_KEYWORD, SCHEMA)
        for seed in range(60)
        for miss in Sampler(schema).near_misses(random.Random(seed))
    }
    assert broken == {
        "additionalProperties",
        "const",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "x-decimal",
        "pattern",
        "required",
        "type",
        "uniqueItems",
    } - {"maxItems"}  # Three unique items out of two words break the enum or uniqueItems too.


def test_too_many_items_are_a_miss_of_their_own() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "array", "items": {"type": "boolean"}, "maxItems": 2}},
        "required": ["n"],
    }
    rng = random.Random(3)
    broken = {m.keyword for _ in range(20) for m in Sampler(schema).near_misses(rng)}
    assert "maxItems" in broken


def test_values_come_from_the_whole_range() -> None:
    schema = {
        "type": "object",
        "required": ["n", "maybe"],
        "properties": {
            "n": {"type": "integer", "minimum": -2, "maximum": 2},
            "maybe": {"type": ["boolean", "null"]},
            "left_out": {"type": "boolean"},
        },
    }
    rng = random.Random(5)
    drawn = [Sampler(schema).valid(rng) for _ in range(200)]
    assert {payload["n"] for payload in drawn} == {-2, -1, 0, 1, 2}
    assert {payload["maybe"] for payload in drawn} == {True, False, None}
    assert {"left_out" in payload for payload in drawn} == {True, False}


@pytest.mark.parametrize(
    "inner",
    [
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "string", "pattern": "^a{9}$", "maxLength": 3},
        {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 4},
    ],
)
def test_restrictions_that_leave_nothing_are_told(inner: dict[str, Any]) -> None:
    schema = {"type": "object", "required": ["f"], "properties": {"f": inner}}
    with pytest.raises(SampleError, match="no valid payload"):
        Sampler(schema).valid(random.Random(1))


def test_a_schema_without_restrictions_has_no_near_miss() -> None:
    schema = {"type": "object", "properties": {"f": {"enum": [[]]}}}
    with pytest.raises(SampleError, match="no near miss"):
        Sampler(schema).invalid(random.Random(1))


def test_a_candidate_replaces_removes_and_adds() -> None:
    assert Candidate(("a", 0), "type", "/a/0", 2).applied_to({"a": [1]}) == {"a": [2]}
    assert Candidate(("a",), "required", "/a", remove=True).applied_to({"a": 1}) == {}


def test_an_empty_list_of_examples_is_no_example() -> None:
    schema = {"type": "object", "required": ["n"],
              "properties": {"n": {"type": "integer", "examples": []}}}  # fmt: skip
    for seed in range(20):
        assert isinstance(Sampler(schema).valid(random.Random(seed))["n"], int)


def weight(value: Any) -> int:
    """Items and characters in a value."""
    match value:
        case str():
            return len(value)
        case list():
            return len(value) + sum(map(weight, value))
        case dict():
            return sum(map(weight, value.values()))
        case _:
            return 0


def nested(depth: int, **bounds: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "maxLength": 1000}
    for _ in range(depth):
        schema = {"type": "array", "items": schema, **bounds}
    return {"type": "object", "required": ["f"], "properties": {"f": schema}}


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_bounds_inside_each_other_do_not_multiply(depth: int) -> None:
    sampler = Sampler(nested(depth, maxItems=1000))
    for seed in range(100):
        assert weight(sampler.valid(random.Random(seed))) <= 20_000


def test_a_payload_that_cannot_be_small_is_not_made() -> None:
    with pytest.raises(SampleError, match="no payload has fewer"):
        Sampler(nested(4, minItems=100, maxItems=100)).valid(random.Random(0))
