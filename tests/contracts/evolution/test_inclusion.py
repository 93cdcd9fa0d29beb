"""Whether one pattern takes all that another does, held against the validator."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from contracts.errors import ContractSchemaError
from contracts.evolution.inclusion import INCLUDED, Texts, text_outside
from contracts.model import patterns
from contracts.model.validation import Validator


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("^[a-z]+$", "^[a-z0-9]+$"),
        ("^[a-z]{2}$", "^[a-z]{1,3}$"),
        ("^[a-c]$", "^(a|b|c)$"),
        ("^abc$", "b"),
        ("^(a|^b)$", "^[ab]$"),
        ("a^b", "^$"),
        ("a", None),
        ("a", ""),
        ("^[ab]$", ("a", "b", "c")),
        (("a", "b"), "^[ab]$"),
        (None, "^[\\s\\S]*$"),
        ("^\\d+$", "^\\w+$"),
        ("^(ab)*$", "^(a|b)*$"),
    ],
)
def test_what_is_included(inner: Texts, outer: Texts) -> None:
    assert text_outside(inner, outer) is INCLUDED


@pytest.mark.parametrize(
    ("inner", "outer", "text"),
    [
        ("^[a-z]+$", "^[a-y]+$", "z"),
        ("^[a-z]+$", "^[a-z]{1,4}$", "aaaaa"),
        ("^a$|b", "^a$", "b"),
        ("$", "^$", "a"),
        (None, "a", ""),
        ("^[ab]?$", ("a", "b"), ""),
        ("^[ab]{2}$", ("aa", "ab", "ba"), "bb"),
        ("^\\W$", "^[^\\w]$|^ $", INCLUDED),
        ("^[^a]$", "^[ -~]$", "\x00"),
    ],
)
def test_a_shortest_text_shows_what_is_not(inner: Texts, outer: Texts, text: object) -> None:
    assert text_outside(inner, outer) == text


def test_bounds_beside_the_pattern_count() -> None:
    assert text_outside("^[a-z]+$", "^[a-z]{2,4}$", 2, 4) is INCLUDED
    assert text_outside("^[a-z]+$", "^[a-z]{2,4}$", 2, 5) == "aaaaa"
    assert text_outside("^[a-z]+$", "^[a-z]{2,4}$", 1, 4) == "a"
    assert text_outside(None, "^[\\s\\S]{0,9}$", 0, 9) is INCLUDED
    assert text_outside("^a{5}$", "b", 0, 4) is INCLUDED


@pytest.mark.parametrize("pattern", ["(", ".", "(?=a)", "^(?:a{900}){900}$"])
def test_nothing_is_known_of_what_is_not_portable_or_too_large(pattern: str) -> None:
    assert text_outside("^a$", pattern) is None
    assert text_outside(pattern, "^b$") is None


def test_a_walk_without_end_in_sight_is_given_up() -> None:
    """Each of the sets at which it stands is another one: there are 2^40 of them."""
    assert text_outside("^(a|b)*a(a|b){40}$", "^(a|b)*a(a|b){39}(a|b)$", 0, None) in (
        None,
        INCLUDED,
    )
    assert text_outside("^(a|b)*$", "^(a|b)*a(a|b){30}$|^b|^a*$|^(a|b){0,40}$") is None


_ATOMS = st.sampled_from(("a", "b", "[ab]", "[^a]", "\\d", "\\s", "1", "^", "$"))
_PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: f"({'|'.join(each)})"),
        st.tuples(inner, st.sampled_from(("*", "+", "?", "{2}", "{1,2}", "{0}"))).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


def matching(pattern: str, **bounds: int) -> Validator:
    """Some patterns that repeat an anchor are none, to us or to the engine."""
    try:
        patterns.parse(pattern)
        return Validator({"type": "string", "pattern": pattern, **bounds})
    except (ContractSchemaError, patterns.PatternError):
        reject()


@given(_PATTERNS, _PATTERNS, st.lists(st.text("ab1 \n", max_size=5)), st.integers(0, 99))
def test_the_validator_says_the_same(inner: str, outer: str, texts: list[str], seed: int) -> None:
    before, after = matching(inner), matching(outer)
    found = text_outside(inner, outer)
    rng = random.Random(seed)
    texts += [patterns.sample(patterns.parse(inner), rng) for _ in range(5)]
    if isinstance(found, str):
        assert before.accepts(found)
        assert not after.accepts(found)
    elif found is INCLUDED:
        assert all(after.accepts(text) for text in texts if before.accepts(text))


@given(_PATTERNS, st.integers(0, 3), st.integers(0, 3))
def test_the_validator_says_the_same_of_bounds(pattern: str, shortest: int, more: int) -> None:
    before = matching(pattern, minLength=shortest, maxLength=shortest + more)
    found = text_outside(pattern, "^[ab]*$", shortest, shortest + more)
    if isinstance(found, str):
        assert before.accepts(found)
        assert not matching("^[ab]*$").accepts(found)
