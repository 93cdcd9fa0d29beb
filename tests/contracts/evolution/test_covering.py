"""What is said to accept all that another schema does, does."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.evolution.covering import covers
from contracts.model import formats, patterns
from contracts.model.validation import Validator
from tests.support.contracts import contracts, mutations
from tests.support.payloads import values

TEXT = {"type": "string"}
DAY = {"type": "string", "format": "date"}
RECORD = {"type": "object", "properties": {"a": TEXT}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (TEXT, {**TEXT, "minLength": 0}),
        ({**TEXT, "format": "uuid"}, {**TEXT, "format": "uuid", "maxLength": 36}),
        ({**TEXT, "format": "uuid"}, {**TEXT, "minLength": 36}),
        (DAY, {**DAY, "minLength": 10}),
        ({**TEXT, "format": "date-time"}, {**TEXT, "maxLength": 32}),
        ({**TEXT, "enum": ["a"]}, {**TEXT, "maxLength": 128}),
        ({**TEXT, "enum": ["2026-01-31"]}, {**DAY, "enum": ["2026-01-31"]}),
        ({**TEXT, "pattern": "^[0-9]{2}$"}, {**TEXT, "pattern": "^[0-9]{2}$", "maxLength": 2}),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}),
        ({"type": "integer", "enum": [1]}, {"type": "integer", "enum": [1.0, 2]}),
        ({**TEXT, "enum": ["a", "b"], "const": "a"}, {**TEXT, "enum": ["a"]}),
        (RECORD, {"type": "object", "additionalProperties": TEXT}),
    ],
)
def test_a_bound_that_follows_from_the_rest_refuses_nothing(old: Any, new: Any) -> None:
    assert covers(new, old)


BEYOND = {"type": "string", "enum": ["1800-01-01"]}
NAMED = {"$defs": {"old": BEYOND, "list": {"type": "array", "items": BEYOND}}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (TEXT, DAY),
        (BEYOND, DAY),
        (BEYOND, {**BEYOND, "format": "date"}),
        ({**NAMED, "$ref": "#/$defs/old"}, {**NAMED, "$ref": "#/$defs/old", "format": "date"}),
        (
            {**NAMED, "$ref": "#/$defs/list"},
            {**NAMED, "$ref": "#/$defs/list", "items": DAY},
        ),
        ({"type": "array", "items": BEYOND}, {"type": "array", "items": DAY}),
        (DAY, {**TEXT, "format": "date-time"}),
        (BEYOND, {"allOf": [DAY]}),
        ({**TEXT, "pattern": "[0-9]{2}"}, {**TEXT, "maxLength": 2}),
        ({"type": "integer"}, {"type": "string"}),
        (TEXT, {"type": "strin"}),
        (TEXT, {"$ref": "https://example.org/schema"}),
    ],
)
def test_nothing_is_proved_where_a_value_is_refused_or_formats_are_not_ours(
    old: Any, new: Any
) -> None:
    assert not covers(new, old)


@settings(deadline=None)
@given(st.data())
def test_what_covers_an_old_contract_takes_its_payloads(data: st.DataObject) -> None:
    old = data.draw(contracts())
    new = data.draw(mutations(old))
    payloads = filter(Validator(old).accepts, data.draw(st.lists(values(old), max_size=8)))
    if covers(new, old):
        assert all(map(Validator(new).accepts, payloads))


@pytest.mark.parametrize("name", formats.CHECKS)
@given(data=st.data())
def test_texts_of_a_format_are_as_long_as_it_says(name: str, data: st.DataObject) -> None:
    shortest, longest = formats.LENGTHS[name]
    text = data.draw(values({"type": "string", "format": name}))
    assert shortest <= len(text) <= longest


@pytest.mark.parametrize(
    ("name", "shortest", "longest"),
    [
        ("uuid", str(uuid.UUID(int=0)), str(uuid.UUID(int=0))),
        ("date", str(dt.date(2026, 1, 31)), str(dt.date(2026, 1, 31))),
        ("date-time", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456+03:00"),
    ],
)
def test_the_lengths_of_a_format_are_reached(name: str, shortest: str, longest: str) -> None:
    assert formats.CHECKS[name](shortest)
    assert formats.CHECKS[name](longest)
    assert formats.LENGTHS[name] == (len(shortest), len(longest))


@pytest.mark.parametrize(
    ("pattern", "lengths"),
    [
        ("^[a-z]{2}$", (2, 2)),
        ("^[a-z]+$", (1, None)),
        ("^(a|bcd)?-?$", (0, 4)),
        ("^(a*){0}$", (0, 0)),
        ("^(ab){2,3}$", (4, 6)),
        ("", (0, 0)),
        ("^(?:)+$", (0, 0)),
    ],
)
def test_how_long_texts_of_a_pattern_are(pattern: str, lengths: tuple[int, int | None]) -> None:
    assert patterns.lengths(patterns.parse(pattern)) == lengths
