"""The verdict on HTTP clients held against a second judge, over many generated pairs.

The judge is jsonschema-rs, which decides whether one schema ``covers`` another, and says what lies
between two (``subtract``).  Only what it says of schemas as they are counts here: nothing is added
to them beforehand.  ``SECOND_JUDGE_EXAMPLES`` sets how many pairs are tried; with ``-s`` the counts
are shown.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema_rs.canonical import Containment

from contracts.evolution.changes import changes
from contracts.evolution.counterexample import counterexample
from contracts.evolution.covering import canonical_form
from contracts.evolution.difference import values_between
from contracts.evolution.rules import EXAMPLE, rule_for
from contracts.model.validation import Validator
from tests.support.contracts import contracts, mutations
from tests.support.field_pairs import field_pairs
from ugc.compatibility import http
from ugc.compatibility.findings import Finding

EXAMPLES = int(os.environ.get("SECOND_JUDGE_EXAMPLES", "300"))
Pair = tuple[dict[str, Any], dict[str, Any]]

many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@st.composite
def mutated(draw: st.DrawFn) -> Pair:
    old = draw(contracts())
    return old, draw(mutations(old))


def breaking_findings(pair: Pair) -> list[Finding]:
    """What we say to live clients, as far as it is about which values are taken."""
    of_values = {change.pointer for change in changes(*pair) if change.is_of_values}
    return [
        found
        for found in http.judge(*pair, "example@1")
        if found.breaking and found.pointer in of_values
    ]


def is_breaking(pair: Pair) -> bool:
    return bool(breaking_findings(pair))


def is_breaking_by_rules(pair: Pair) -> bool:
    """What the table of rules says by itself, before anything is proved."""
    return any(rule_for(each).breaking for each in changes(*pair) if each.is_of_values)


def judged(pair: Pair) -> Containment:
    old, new = pair
    try:
        return canonical_form(new).covers(canonical_form(old))
    except ValueError:
        return Containment.UNKNOWN


def has_formats(schema: Any) -> bool:
    """Whether the library's own formats, which are not ours, have a say."""
    match schema:
        case dict():
            return "format" in schema or any(map(has_formats, schema.values()))
        case list():
            return any(map(has_formats, schema))
        case _:
            return False


def refuting(pair: Pair) -> Any:
    """A value that the earlier schema takes and the later refuses, as the judge proposes it."""
    before, after = map(Validator, pair)
    for value in values_between(*pair):
        if before.accepts(value) and not after.accepts(value):
            return {"is": value}
    return None


@pytest.mark.parametrize("pairs", [mutated(), field_pairs()], ids=["mutated", "fields"])
def test_no_ok_is_refuted_and_hardly_anything_safe_is_called_breaking(
    pairs: st.SearchStrategy[Pair],
) -> None:
    counts: Counter[str] = Counter()

    @many
    @given(pairs)
    def tried(pair: Pair) -> None:
        if pair[0] == pair[1]:
            return
        found, judge = breaking_findings(pair), judged(pair)
        breaking = bool(found)
        counts["pairs"] += 1
        counts[f"{'breaking' if breaking else 'ok'}, the judge says {judge}"] += 1
        counts["breaking, and no payload shows it"] += breaking and not any(
            each.payload is not None for each in found
        )
        if judge is Containment.YES:
            counts["safe, breaking by rules alone"] += is_breaking_by_rules(pair)
            counts["safe, called breaking"] += breaking
        if not breaking:
            assert refuting(pair) is None
            assert judge is not Containment.NO or any(map(has_formats, pair))

    tried()
    print(dict(sorted(counts.items())))
    assert counts["safe, called breaking"] < 0.02 * counts["pairs"]
    assert counts["breaking, and no payload shows it"] < 0.02 * counts["pairs"]


def field(**keywords: Any) -> dict[str, Any]:
    return {**EXAMPLE, "properties": {"f": {**keywords, "description": "A field."}}}


OPTIONAL: dict[str, Any] = {"type": ["string", "null"]}
INTEGER, NUMBER, TEXT = ({"type": kind} for kind in ("integer", "number", "string"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({**NUMBER, "multipleOf": 0.1}, {**NUMBER, "multipleOf": 0.01}),
        ({**INTEGER, "minimum": 1}, {**INTEGER, "exclusiveMinimum": 0}),
        ({**NUMBER, "minimum": 1}, {**NUMBER, "exclusiveMinimum": 0}),
        ({**INTEGER, "minimum": 1, "maximum": 3}, {**INTEGER, "enum": [1, 2, 3]}),
        ({**INTEGER, "enum": [1, 2, 3]}, {**INTEGER, "minimum": 1, "maximum": 3}),
        ({**TEXT, "pattern": "^[a-z]{2}$"}, {**TEXT, "pattern": "^[a-z0-9]+$"}),
        ({**TEXT, "pattern": "^[a-z]+$", "maxLength": 3}, {**TEXT, "pattern": "^[a-z]{1,3}$"}),
        ({**TEXT, "pattern": "^[ab]$"}, {**TEXT, "enum": ["a", "b", "c"]}),
        ({**OPTIONAL, "pattern": "^a$"}, {**OPTIONAL, "enum": ["a", None]}),
        (
            {"type": "array", "items": {**TEXT, "pattern": "^a$"}},
            {"type": "array", "items": {**TEXT, "pattern": "a"}},
        ),
    ],
)
def test_what_keywords_leave_open_is_settled(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert not is_breaking((field(**old), field(**new)))


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        (
            {**INTEGER, "minimum": 100, "maximum": 1_000},
            {**INTEGER, "enum": [each for each in range(100, 1_001) if each != 437]},
            437,
        ),
        (
            {**NUMBER, "minimum": 0, "maximum": 1, "multipleOf": 0.01},
            {**NUMBER, "enum": [each / 100 for each in range(101) if each != 37]},
            0.37,
        ),
        ({**TEXT, "pattern": "^[a-c]{3}$"}, {**TEXT, "pattern": "^[a-c]{2}[ab]$"}, "aac"),
    ],
)
def test_the_one_value_that_is_refused_is_found(
    old: dict[str, Any], new: dict[str, Any], value: Any
) -> None:
    before, after = field(**old), field(**new)
    change = next(each for each in changes(before, after) if rule_for(each).breaking)
    assert counterexample(change, before, after) == {"f": value}


def test_unknown_is_breaking() -> None:
    mail, name = field(**TEXT, format="email"), field(**TEXT, pattern="@")
    assert judged((mail, name)) is Containment.UNKNOWN
    assert is_breaking((mail, name))


def test_the_judge_knows_nothing_of_two_patterns() -> None:
    """Hence contracts/evolution/inclusion.py."""
    pair = field(**TEXT, pattern="^a$"), field(**TEXT, pattern="^[a]$")
    assert judged(pair) is Containment.UNKNOWN


def test_the_judges_dates_are_not_ours() -> None:
    """It would take the list to be covered by the format: a day before 1900 is none of ours."""
    pair = field(**TEXT, enum=["1800-01-01"]), field(**TEXT, format="date")
    assert judged(pair) is Containment.YES
    assert is_breaking(pair)
