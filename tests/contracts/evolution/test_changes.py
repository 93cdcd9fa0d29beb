"""One change, one name, one rule; and a proof wherever a rule says breaking."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.evolution.changes import changes
from contracts.evolution.counterexample import counterexample
from contracts.evolution.rules import EXAMPLE, RULES, UNCLASSIFIED, Rule, rule_for
from contracts.model.validation import Validator, problems_with_contract
from tests.support.contracts import contracts, mutations

WITHOUT_PROOF = {
    "precision.coarser": "the validator takes it, the encoder refuses it",
    "pairing.changed": "no payload is refused; what the loader makes of it changes",
    "x-origin.changed": "the API looks at the origin, not the validator",
}


def example(rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
    return {**EXAMPLE, **rule.before}, {**EXAMPLE, **rule.after}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.kind)
def test_a_rule_s_example_is_of_its_kind(rule: Rule) -> None:
    old, new = example(rule)
    assert problems_with_contract(old) == problems_with_contract(new) == ()
    assert rule.kind in {change.kind for change in changes(old, new)}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.kind)
def test_a_breaking_rule_has_a_way_out_and_a_proof(rule: Rule) -> None:
    old, new = example(rule)
    assert bool(rule.way_out) == rule.breaking
    (change,) = (change for change in changes(old, new) if change.kind == rule.kind)
    payload = counterexample(change, old, new)
    if not rule.breaking or rule.kind in WITHOUT_PROOF:
        assert payload is None
    else:
        assert Validator(old).accepts(payload)
        assert not Validator(new).accepts(payload)


def with_field(**keywords: Any) -> dict[str, Any]:
    return {**EXAMPLE, "properties": {"f": keywords}}


DEFINED = {"$defs": {"word": {"type": "string"}, "list": {"type": "array"}}}


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (with_field(type="string"), with_field(type="string"), []),
        (with_field(const="a"), with_field(enum=["a", "b"]), ["enum.extended"]),
        (with_field(const="a"), with_field(const="b"), ["enum.shrunk"]),
        (with_field(enum=[1]), with_field(enum=[True]), ["enum.shrunk"]),
        (
            with_field(const="a", enum=["a", "b"]),
            with_field(const="b", enum=["a", "b"]),
            ["enum.shrunk"],
        ),
        (with_field(const="a", enum=["a", "b"]), with_field(const="a"), []),
        (with_field(const="c", enum=["a", "b"]), with_field(const="a"), ["enum.extended"]),
        (with_field(enum=[1]), with_field(enum=[1.0, 2]), ["enum.extended"]),
        (with_field(enum=[{"a": [1.0]}]), with_field(enum=[{"a": [1]}]), []),
        (with_field(type="integer"), with_field(type="number"), ["type.integer-to-number"]),
        (with_field(type="number"), with_field(type="integer"), ["type.changed"]),
        (
            with_field(type="integer"),
            with_field(type=["number", "null"]),
            ["type.integer-to-number", "type.null-added"],
        ),
        (with_field(minimum=1), with_field(minimum=2), ["bound.tightened"]),
        (with_field(maximum=1), with_field(maximum=2), ["bound.loosened"]),
        (with_field(multipleOf=4), with_field(multipleOf=2), ["multiple-of.loosened"]),
        (with_field(multipleOf=0.5), with_field(multipleOf=0.25), ["multiple-of.loosened"]),
        (with_field(uniqueItems=False), with_field(), []),
        (with_field(**{"x-categorical": False}), with_field(), []),
        (with_field(**{"x-precision": "micros"}), with_field(), []),
        (with_field(minContains=1), with_field(minContains=2), ["minContains.changed"]),
        (with_field(default=1), with_field(default=2), ["default.changed"]),
        (EXAMPLE, {**EXAMPLE, "x-new": 1}, ["x-new.changed"]),
        (
            with_field(type="array", items={"type": "string"}),
            with_field(type="array", items={"type": "integer"}),
            ["type.changed"],
        ),
        (with_field(items=True), with_field(items=False), ["items.changed"]),
        (
            with_field(additionalProperties={"maximum": 1}),
            with_field(additionalProperties={"maximum": 0}),
            ["bound.tightened"],
        ),
        (with_field(additionalProperties={}), with_field(), ["object.opened"]),
        (with_field(), with_field(additionalProperties={}), ["object.closed"]),
        (
            {**with_field(**{"$ref": "#/$defs/word"}), **DEFINED},
            with_field(type="string"),
            [],
        ),
        (
            {**with_field(**{"$ref": "#/$defs/word"}), **DEFINED},
            {**with_field(**{"$ref": "#/$defs/list"}), **DEFINED},
            ["type.changed"],
        ),
        (
            {**with_field(**{"$ref": "#/$defs/word", "maxLength": 9}), **DEFINED},
            {**with_field(**{"$ref": "#/$defs/list", "maxLength": 9}), **DEFINED},
            ["reference.changed"],
        ),
        (
            {**with_field(**{"$ref": "#/$defs/word", "maxLength": 9}), **DEFINED},
            {
                **with_field(**{"$ref": "#/$defs/word", "maxLength": 9}),
                "$defs": {**DEFINED["$defs"], "list": {"type": "array", "maxItems": 1}},
            },
            [],
        ),
        ({**EXAMPLE, "required": []}, {**EXAMPLE, "required": ["g"]}, ["required.added"]),
    ],
    ids=lambda given: ",".join(given) or "same" if isinstance(given, list) else "",
)
def test_kinds(old: dict[str, Any], new: dict[str, Any], kinds: list[str]) -> None:
    assert [change.kind for change in changes(old, new)] == kinds


def test_a_kind_without_a_rule_is_unclassified_and_breaking() -> None:
    (change,) = changes(with_field(minContains=1), with_field(minContains=2))
    assert rule_for(change) is UNCLASSIFIED
    assert UNCLASSIFIED.breaking


def test_pointers_lead_to_the_keyword_and_are_escaped() -> None:
    old = {**EXAMPLE, "properties": {"a/b": {"type": "array", "items": {"maxLength": 2}}}}
    new = {**EXAMPLE, "properties": {"a/b": {"type": "array", "items": {"maxLength": 1}}}}
    (change,) = changes(old, new)
    assert change.pointer == "/properties/a~1b/items/maxLength"
    assert (change.before, change.after) == (2, 1)


def recursive(limit: int) -> dict[str, Any]:
    tree = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "maxLength": limit},
            "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
        },
    }
    return {**with_field(**{"$ref": "#/$defs/tree"}), "$defs": {"tree": tree}}


def test_a_recursive_definition_is_compared_once() -> None:
    old, new = recursive(3), recursive(2)
    (change,) = changes(old, new)
    assert (change.kind, change.pointer) == (
        "bound.tightened",
        "/properties/f/properties/name/maxLength",
    )
    payload = counterexample(change, old, new)
    assert Validator(old).accepts(payload)
    assert not Validator(new).accepts(payload)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            {"type": "array", "items": {"type": "integer", "maximum": 9}, "minItems": 3},
            {"type": "array", "items": {"type": "integer", "maximum": 8}, "minItems": 3},
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 2},
        ),
        ({"type": "string", "maxLength": 5000}, {"type": "string", "maxLength": 4999}),
        (
            {"type": "string", "pattern": "^[a-f]{3}$"},
            {"type": "string", "pattern": "^[a-e]{3}$"},
        ),
        ({"type": "integer", "minimum": 100}, {"type": "integer", "exclusiveMinimum": 100}),
        (
            {"type": "array", "items": {"type": "string"}, "maxItems": 5},
            {"type": "array", "items": {"type": "string"}, "maxItems": 4},
        ),
        (
            {"type": "integer", "multipleOf": 5, "minimum": 0},
            {"type": "integer", "multipleOf": 15, "minimum": 0},
        ),
        (
            {"type": "integer", "multipleOf": 5, "minimum": 7, "maximum": 13},
            {"type": "integer", "multipleOf": 5, "minimum": 11, "maximum": 13},
        ),
        (
            {"type": "string", "minLength": 2, "maxLength": 2},
            {"type": "string", "minLength": 2, "maxLength": 2, "pattern": "^[a-z]+$"},
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            {"type": "array", "items": {"type": "string"}},
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            {"type": "string"},
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": {"type": "integer", "maximum": 9},
            },
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": {"type": "integer", "maximum": 8},
            },
        ),
        (
            {
                "type": "object",
                "additionalProperties": {"type": "integer", "maximum": 9},
                "minProperties": 3,
            },
            {
                "type": "object",
                "additionalProperties": {"type": "integer", "maximum": 8},
                "minProperties": 3,
            },
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string", "maxLength": 3}, "b": {"type": "integer"}},
                "additionalProperties": False,
                "minProperties": 2,
            },
            {
                "type": "object",
                "properties": {"a": {"type": "string", "maxLength": 2}, "b": {"type": "integer"}},
                "additionalProperties": False,
                "minProperties": 2,
            },
        ),
        (
            {
                "type": "array",
                "uniqueItems": True,
                "items": {"type": "object", "additionalProperties": {"type": "boolean"}},
            },
            {
                "type": "array",
                "uniqueItems": True,
                "maxItems": 1,
                "items": {"type": "object", "additionalProperties": {"type": "boolean"}},
            },
        ),
    ],
)
def test_counter_examples_are_found(old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = with_field(**old), with_field(**new)
    found = [
        counterexample(change, before, after)
        for change in changes(before, after)
        if rule_for(change).breaking
    ]
    assert found
    assert None not in found


@settings(deadline=None)
@given(contracts())
def test_nothing_changes_between_equal_contracts(contract: dict[str, Any]) -> None:
    assert changes(contract, copy.deepcopy(contract)) == ()


@settings(deadline=None)
@given(st.data())
def test_there_and_back_touches_the_same_places(data: st.DataObject) -> None:
    old = data.draw(contracts())
    new = data.draw(mutations(old))
    renamed = {"property.renamed"}
    there = {change.pointer for change in changes(old, new) if change.kind not in renamed}
    back = {change.pointer for change in changes(new, old) if change.kind not in renamed}
    if renamed.isdisjoint(change.kind for change in (*changes(old, new), *changes(new, old))):
        assert {_choice(pointer) for pointer in there} == {_choice(pointer) for pointer in back}


def _choice(pointer: str) -> str:
    """``const`` and ``enum`` are one keyword to the diff, shown where the new contract has it."""
    return pointer.removesuffix("/const").removesuffix("/enum")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [(0.5, 0.25, "multiple-of.loosened"), (0.25, 0.5, "multiple-of.changed")],
)
def test_a_divisor_that_is_no_integer(before: float, after: float, kind: str) -> None:
    old, new = ({"type": "number", "multipleOf": step} for step in (before, after))
    assert [change.kind for change in changes(old, new)] == [kind]
