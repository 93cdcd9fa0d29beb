"""Regular expressions: what is portable, what can backtrack, and texts made from them."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest

from contracts.lint.backtracking import backtracks
from contracts.model import patterns
from contracts.model.validation import Validator, problem_with_pattern

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
    r"^([^\n]*)*$": EMPTY,
    "^(a?){20}$": EMPTY,
    "^(x(a?|b?))+$": EMPTY,
    "a*a*": SIDE_BY_SIDE,
    r"^\w+[a-z]*$": SIDE_BY_SIDE,
    "^a+b?a+$": SIDE_BY_SIDE,
    "^a*aa*$": SIDE_BY_SIDE,
    r"^[^\n]*x[^\n]*$": SIDE_BY_SIDE,
    "^" + "a?" * 20 + "a" * 20 + "$": "at more than 12 places",
    "^" + "a" * 81 + "$": "more than 80 characters",
    "^(" + "|".join(f"{c}[a-z]{{3}}" for c in "abcdefghijkl") + ")*$": "that look alike",
}

REFUSED = {
    "(" * 21 + "a" + ")" * 21: "more than 20 groups",
    "a" * 1_001: "more than 1,000 characters",
    "a{" + "9" * 5_000 + "}": "more than 1,000 characters",
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
    r"^\d{4}\-\d{2}$": r"\- is an error in a browser; write - alone",
    r"^[\@]$": r"\@ is an error in a browser",
    r"^\_$": r"\_ is an error in a browser",
    "^.*$": r"write [^\n]",
    r"^[\d-a]$": "cannot end a range",
    r"^[!-\d]$": "cannot end a range",
    r"^\f$": r"\f differs",
    r"^\u0041$": r"\u differs",
    r"^\0$": r"\0 differs",
    "(?<n>a)": "named groups",
    "^(?=a){2}$": "lookaround",
    "^(?:a{,3})$": "nothing to act on",
    "}": "nothing to act on",
    "]": "nothing to act on",
}

SIGNS = [chr(code) for code in range(0x20, 0x7F)]
ESCAPES = [f"^\\{sign}$" for sign in SIGNS] + [f"^[\\{sign}]$" for sign in SIGNS]
FAR_CHARACTERS = (
    "\n\r\x0b\x0c\x1c\x1f\x85\xa0\u1680\u180e\u2003\u200b\u2028\u2029\u3000\ufeff\u0661é😀"
)
CLASSES = [r"^\s$", r"^\S$", r"^\d$", r"^\D$", r"^\w$", r"^\W$", "^[^a]$", r"^[^\n]$", r"^[\s\d]$"]


def is_portable(pattern: str) -> bool:
    try:
        patterns.parse(pattern)
    except patterns.PatternError:
        return False
    return True


def in_a_browser(patterns_and_texts: list[tuple[str, str]]) -> list[bool | None]:
    """Whether Node's engine finds the pattern, with the flag u; None when it cannot compile it."""
    script = """
        const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
        console.log(JSON.stringify(asked.map(([pattern, text]) => {
            try { return new RegExp(pattern, "u").test(text); } catch { return null; }
        })));
    """
    node = shutil.which("node")
    assert node, "this test needs node"
    text = json.dumps(patterns_and_texts)
    done = subprocess.run(
        [node, "-e", script], input=text, capture_output=True, check=True, text=True
    )
    answers: list[bool | None] = json.loads(done.stdout)
    return answers


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


def test_the_signs_that_may_have_a_backslash_are_those_of_ecma() -> None:
    """ECMA-262, 22.2.1; letters that are classes or control characters beside them."""
    assert {p[2] for p in ESCAPES[:95] if is_portable(p)} == set("^$\\.*+?()[]{}|/dDwWsSnrt")
    assert {p[3] for p in ESCAPES[95:] if is_portable(p)} == set("-^$\\.*+?()[]{}|/dDwWsSnrt")
    for pattern in filter(is_portable, ESCAPES):
        assert problem_with_pattern(pattern) is None, pattern


@pytest.mark.parametrize("pattern", CLASSES)
def test_the_validator_reads_a_class_as_the_tree_says(pattern: str) -> None:
    tree = patterns.parse(pattern)
    assert isinstance(tree, patterns.Sequence)
    chars, validator = tree.parts[1], Validator({"pattern": pattern})
    assert isinstance(chars, patterns.Chars)
    for char in FAR_CHARACTERS:
        assert validator.accepts(char) is any(a <= ord(char) <= b for a, b in chars.ranges), char


@pytest.mark.full
def test_a_browser_compiles_what_is_portable() -> None:
    tried = [*HARMLESS, *HAZARDS, *CLASSES, *ESCAPES]
    portable = [pattern for pattern in tried if is_portable(pattern)]
    assert None not in in_a_browser([(pattern, "") for pattern in portable])


@pytest.mark.full
def test_a_browser_and_the_validator_agree_on_classes() -> None:
    asked = [(pattern, char) for pattern in CLASSES for char in FAR_CHARACTERS]
    ours = [Validator({"pattern": pattern}).accepts(char) for pattern, char in asked]
    assert in_a_browser(asked) == ours


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


class Backtracking:
    """Reads a text as a backtracking engine does, one way after the other, and counts its steps."""

    def __init__(self, text: str, most_steps: int) -> None:
        self.steps = 0
        self._text = text
        self._most_steps = most_steps

    def reads(self, node: patterns.Node, at: int, then: Callable[[int], bool]) -> bool:
        """Whether the node matches from ``at`` on, and ``then`` what follows it."""
        self.steps += 1
        if self.steps > self._most_steps:
            raise TimeoutError
        match node:
            case patterns.Chars(ranges):
                return at < len(self._text) and self._is_one(ranges, at) and then(at + 1)
            case patterns.Anchor(sign):
                return at == (0 if sign == "^" else len(self._text)) and then(at)
            case patterns.Choice(branches):
                return any(self.reads(branch, at, then) for branch in branches)
            case patterns.Sequence(parts):
                if not parts:
                    return then(at)
                rest = patterns.Sequence(parts[1:])
                return self.reads(parts[0], at, lambda end: self.reads(rest, end, then))
            case patterns.Repeat(inner, least, most):
                if most == 0:
                    return then(at)
                less = patterns.Repeat(inner, max(0, least - 1), None if most is None else most - 1)

                def again(end: int) -> bool:
                    return (end > at or least > 0) and self.reads(less, end, then)

                return self.reads(inner, at, again) or (least == 0 and then(at))

    def _is_one(self, ranges: patterns.Ranges, at: int) -> bool:
        return any(low <= ord(self._text[at]) <= high for low, high in ranges)


def steps(pattern: str, text: str, most_steps: int = 200_000) -> int | None:
    """How many steps an engine takes to refuse a text; None when they are too many."""
    engine = Backtracking(text, most_steps)
    try:
        engine.reads(patterns.parse(pattern), 0, lambda _end: True)
    except TimeoutError:
        return None
    return engine.steps


def test_no_harmless_pattern_keeps_a_backtracking_engine_busy() -> None:
    """A miss of the judge would cost more than a million million steps for 40 characters."""
    rng = random.Random(11)
    tried = 0
    while tried < 300:
        pattern = f"^{random_pattern(rng, 4)}$"
        if backtracks(patterns.parse(pattern)):
            continue
        tried += 1
        for unit in ("a", "b", "ab"):
            assert steps(pattern, (unit * 40)[:40] + "!") is not None, pattern


@pytest.mark.parametrize("pattern", ["^(?:a|a)*$", "^(?:a+)+$", "^(?:a*b?a*)*$"])
def test_steps_tell_a_pattern_that_keeps_an_engine_busy(pattern: str) -> None:
    assert backtracks(patterns.parse(pattern))
    assert steps(pattern, "a" * 40 + "!") is None


@pytest.mark.parametrize("text", ["", "a", "aab", "abab", "bb!", "ccc"])
def test_the_counting_engine_reads_as_python_does(text: str) -> None:
    rng = random.Random(7)
    for _ in range(200):
        pattern = f"^{random_pattern(rng, 3)}$"
        engine = Backtracking(text, 10**6)
        read = engine.reads(patterns.parse(pattern), 0, lambda _end: True)
        assert read == bool(re.search(pattern, text)), pattern


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
