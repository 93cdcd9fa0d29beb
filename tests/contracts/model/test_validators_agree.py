"""The fast validator against the reference: the same verdict, the same keywords, the same places.

``jsonschema`` is the reference implementation for Python; its formats are replaced by ours, since
a format is whatever :mod:`contracts.model.formats` says, for every validator alike.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from contracts.model.formats import CHECKS
from contracts.model.loader import load_catalog
from contracts.model.types import JsonSchema
from contracts.model.validation import Validator
from tests.support.payloads import values
from tests.support.shapes import every_shape

CATALOG = load_catalog()
SCHEMAS = {
    **{contract.id: contract.schema for contract in CATALOG},
    "request": CATALOG.request.schema,
    "message": CATALOG.message.schema,
    "every_shape@1": every_shape()[1].schema,
}

TEXT = st.text(st.characters(codec="utf-8"), max_size=70)
KEYS = TEXT.filter(bool)
FORMATTED = st.sampled_from(
    [
        "2026-01-31",
        "2026-02-30",
        "1899-12-31",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.1234567+03:00",
        "2026-01-31T24:00:00Z",
        "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11",
        "6F1C2B1E-6D0C-4A3E-9D52-0A1F5A3C7B11",
        "{6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11}",
        "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11\n",
    ]
)
NUMBERS = (
    st.integers(-3, 70_000)
    | st.sampled_from([2**53, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30, 1.0, -0.0, 1e19])
    | st.floats(allow_nan=False, allow_infinity=False)
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | FORMATTED,
    # jsonschema-rs leaves an empty key out of the place that it names.
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def nearly_valid(draw: st.DrawFn, schema: JsonSchema) -> Any:
    """A payload, perhaps spoilt: properties changed, lost or added."""
    properties = schema["properties"]
    if properties.get("data", {}).get("type") == "object":
        # An envelope takes any object as data; the generator wants to know its fields.
        properties = {**properties, "data": CATALOG.get("quality_change").schema}
    payload = dict(draw(values({**schema, "properties": properties})))
    names = st.sampled_from(sorted(schema["properties"])) | TEXT
    for name in draw(st.lists(names, max_size=2)):
        if draw(st.booleans()):
            payload[name] = draw(ANYTHING)
        else:
            payload.pop(name, None)
    return payload


def reference(schema: JsonSchema, payload: Any) -> set[tuple[str, str]]:
    """(pointer to the value, keyword) for each thing that jsonschema finds wrong."""
    checker = FormatChecker(formats=())
    for name, check in CHECKS.items():
        checker.checks(name)(check)
    validator = Draft202012Validator(schema, format_checker=checker)
    return {
        ("".join(f"/{_escaped(part)}" for part in error.absolute_path), str(error.validator))
        for error in validator.iter_errors(payload)
    }


def ours(schema: JsonSchema, payload: Any) -> set[tuple[str, str]]:
    """The same of our validator, which points at the property that is missing or too many."""
    return {
        (
            violation.pointer.rpartition("/")[0]
            if violation.keyword in ("required", "additionalProperties")
            else violation.pointer,
            violation.keyword,
        )
        for violation in Validator(schema).violations(payload)
    }


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=60)
@given(st.data())
def test_both_find_the_same_wrong_with_a_payload(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    payload = data.draw(nearly_valid(schema))
    found = ours(schema, payload)
    assert found == reference(schema, payload)
    assert Validator(schema).accepts(payload) is not bool(found)


@pytest.mark.parametrize("name", SCHEMAS)
@settings(max_examples=20)
@given(ANYTHING)
def test_both_judge_any_json_alike(name: str, payload: Any) -> None:
    assert ours(SCHEMAS[name], payload) == reference(SCHEMAS[name], payload)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_payloads_are_good_and_bad(name: str) -> None:
    """Or the tests above would compare little."""
    verdicts: set[bool] = set()

    @settings(max_examples=30, database=None, derandomize=True)
    @given(nearly_valid(SCHEMAS[name]))
    def collect(payload: Any) -> None:
        verdicts.add(Validator(SCHEMAS[name]).accepts(payload))

    collect()
    assert verdicts == {True, False}
