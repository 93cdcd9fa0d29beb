"""Regular expressions: what is portable, what can backtrack, and texts made from them."""

from __future__ import annotations

import random
import re
import time

import pytest

from contracts import patterns
from contracts.backtracking import backtracks
from contracts.validation import Validator, problem_with_pattern

HARMLESS = [
    "^[a-z]+$",
    "^tt[0-9]{7}$",
    "^[a-z0-9]+(-[a-z0-9]+)*$",
    "^([a-z]{2})(,[a-z]{2})*$",
    "^(?:movie|actor|genre)$",
    "^(ab*)*$",
    "^(a|b|[0-9])+$",
    "^[^@]+@[^@]+$",
    r"^\d+\.\d+$",
    r"^[\w-]{1,64}$",
    r"^\\\$[\]\-^]?$",
    "^a{2,}b{3}$",
    "",
    "^(|x)$",
    "^(a|ab)*$",
    "^(?:[0-9]{1,3}[.]){3}[0-9]{1,3}$",
    "^[a-z0-9._-]+@[a-z0-9-]+([.][a-z0-9-]+)+$",
    "^https://[a-z0-9.-]+/[a-z0-9/_-]*$",
    "^" + "a" * 80 + "$",
]

SEVERAL_WAYS = "can take one text in several ways"
EMPTY = "what may be empty"
SIDE_BY_SIDE = "two repetitions in a row"

HAZARDS = {
    "^(a+)+$": SEVERAL_WAYS,
    "^(a|[a-c])+$": SEVERAL_WAYS,
    "^([a-z]+,?)*$": SEVERAL_WAYS,
    "^(x*yx*)*$": SEVERAL_WAYS,
    "^([ab]*b)*$": SEVERAL_WAYS,
    "^(a?b?)+$": EMPTY,
    "^(b?a?b?c)+$": SEVERAL_WAYS,
    "^(a{1,9}){1,9}$": SEVERAL_WAYS,
    "^((a|b)+)+$": SEVERAL_WAYS,
    "^(a?)*$": EMPTY,
    "^(.*)*$": EMPTY,
    "^(a?){20}$": EMPTY,
    "^(x(a?|b?))+$": EMPTY,
    "a*a*": SIDE_BY_SIDE,
    r"^\w+[a-z]*$": SIDE_BY_SIDE,
    "^a+b?a+$": SIDE_BY_SIDE,
    "^a*aa*$": SIDE_BY_SIDE,
    "^.*x.*$": SIDE_BY_SIDE,
    "^" + "a?" * 20 + "a" * 20 + "$": "at more than 12 places",
    "^" + "a" * 81 + "$": "more than 80 characters",
    "^(" + "|".join(f"{c}[a-z]{{3}}" for c in "abcdefghijkl") + ")*$": "that look alike",
}

REFUSED = {
    "(?=a)b": "lookaround",
    "(?P<n>a)": "named groups",
    r"\bword": r"\b differs",
    r"\p{L}+": r"\p differs",
    r"(a)\1": r"\1 differs",
    "a++": "followed by +",
    "a*?": "followed by ?",
    "*a": "nothing to act on",
    "a)": "closes nothing",
    "(a": "never closed",
    "[a": "ends too early",
    "a\\": "ends too early",
    "[]": "is empty",
    "[z-a]": "runs backwards",
    "a{3,1}": "counts backwards",
    "[a&&b]": "operators",
    "^*": "cannot be repeated",
    "a{": "nothing to act on",
}


@pytest.mark.parametrize("pattern", HARMLESS)
def test_a_harmless_pattern_is_read_as_every_engine_reads_it(pattern: str) -> None:
    tree = patterns.parse(pattern)
    assert backtracks(tree) is None
    assert problem_with_pattern(pattern) is None
    rng = random.Random(1)
    python, rust = re.compile(pattern, re.ASCII), Validator({"pattern": pattern})
    for _ in range(50):
        text = patterns.sample(tree, rng)
        assert python.search(text), text
        assert rust.accepts(text), text


def random_pattern(rng: random.Random, depth: int) -> str:
    """A pattern over ``a``, ``b`` and ``c`` with every kind of node in it."""

    def inner() -> str:
        return random_pattern(rng, depth - 1)

    match rng.randrange(7) if depth else 0:
        case 0 | 1:
            return rng.choice(["a", "b", "[ab]", "c"])
        case 2 | 3:
            return inner() + inner()
        case 4:
            return f"(?:{inner()}|{inner()})"
        case _:
            return f"(?:{inner()})" + rng.choice(["*", "+", "?", "{1,9}", "{2,}"])


def test_no_harmless_pattern_keeps_a_backtracking_engine_busy() -> None:
    """Python's engine backtracks: a miss of the judge would take it minutes for 40 characters."""
    rng = random.Random(11)
    tried = 0
    while tried < 300:
        pattern = f"^{random_pattern(rng, 4)}$"
        if backtracks(patterns.parse(pattern)):
            continue
        tried += 1
        compiled = re.compile(pattern)
        for unit in ("a", "b", "ab"):
            started = time.process_time()
            compiled.search((unit * 40)[:40] + "!")
            assert time.process_time() - started < 0.5, pattern


@pytest.mark.parametrize(("pattern", "told"), HAZARDS.items())
def test_a_pattern_that_can_backtrack_is_told_why(pattern: str, told: str) -> None:
    assert told in str(backtracks(patterns.parse(pattern)))


@pytest.mark.parametrize(("pattern", "told"), REFUSED.items())
def test_what_engines_read_differently_is_refused(pattern: str, told: str) -> None:
    with pytest.raises(patterns.PatternError, match=re.escape(told)):
        patterns.parse(pattern)


@pytest.mark.parametrize(
    ("pattern", "anchored"),
    [
        ("^a$", True),
        ("a", False),
        ("^a", False),
        ("a$", False),
        ("^a$|^b$", True),
        ("^a|b$", False),
    ],
)
def test_anchors(pattern: str, anchored: bool) -> None:
    assert patterns.is_anchored(patterns.parse(pattern)) is anchored


def test_a_pattern_that_is_too_large_for_the_validator_is_told() -> None:
    assert problem_with_pattern("^((a{1000}){1000}){1000}$")


def test_classes_are_those_of_ecma() -> None:
    """``\\d`` and ``\\w`` are ASCII in a browser; the validator agrees with the tree here."""
    for pattern, text in ((r"^\d$", "٣"), (r"^\w$", "é"), (r"^[^\W]$", "é")):
        assert not Validator({"pattern": pattern}).accepts(text)
