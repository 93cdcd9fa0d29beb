"""Pairs of contracts that differ in one field, in keywords that say the same in different words.

Values are few, so that many a pair is safe although no keyword of it is the same: a bound against
a list, one pattern against another, one divisor against another.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from contracts.evolution.rules import EXAMPLE
from tests.support.schemas import Draw

PATTERNS = (
    "^[a-z]+$", "^[a-z0-9]+$", "^[a-z]{1,4}$", "^[a-z]{2}$", "^[a-c]$", "^(a|b|c)$", "^[ab]?$",
    "a", "^a", "c$", "^[0-9]{2}$", "^\\d+$", "^[^b]*$", "^(ab|cd)+$", "^[\\s\\S]{0,3}$",
)  # fmt: skip
_TEXTS = ("a", "b", "c", "ab", "cd", "12", "")
_DIVISORS = (1, 2, 3, 6, 0.5, 0.1, 0.01, 0.25)
_ENDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _some(
    draw: Draw, keywords: dict[str, st.SearchStrategy[Any]], often: int = 3
) -> dict[str, Any]:
    return {
        name: draw(values) for name, values in keywords.items() if draw(st.integers(1, often)) == 1
    }


def _number(draw: Draw, kind: str) -> dict[str, Any]:
    ends = st.integers(-2, 6) if kind == "integer" else st.sampled_from((-1, 0, 0.5, 1, 2.5, 6))
    found = _some(draw, dict.fromkeys(_ENDS, ends))
    found |= _some(draw, {"multipleOf": st.sampled_from(_DIVISORS)})
    if draw(st.integers(0, 3)) == 0:
        chosen = st.integers(-2, 6) if kind == "integer" else st.sampled_from((0, 0.5, 1, 2.5, 6))
        found["enum"] = draw(st.lists(chosen, min_size=1, max_size=9, unique=True))
    return {"type": kind, **found}


def _text(draw: Draw) -> dict[str, Any]:
    found = _some(draw, dict.fromkeys(("minLength", "maxLength"), st.integers(0, 5)))
    found |= _some(draw, {"pattern": st.sampled_from(PATTERNS)}, often=2)
    if draw(st.integers(0, 3)) == 0:
        found["enum"] = draw(st.lists(st.sampled_from(_TEXTS), min_size=1, unique=True))
    return {"type": "string", **found}


def _schema(draw: Draw, kind: str, depth: int = 0) -> dict[str, Any]:
    match kind:
        case "string":
            found = _text(draw)
        case "array" if depth == 0:
            inner = draw(st.sampled_from(("string", "integer")))
            found = {"type": "array", "items": _schema(draw, inner, 1)}
            found |= _some(draw, dict.fromkeys(("minItems", "maxItems"), st.integers(0, 3)))
            found |= _some(draw, {"uniqueItems": st.booleans()})
        case _:
            found = _number(draw, kind)
    if depth == 0 and draw(st.integers(0, 3)) == 0:
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return {**found, "description": "A field."}


@st.composite
def field_pairs(draw: Draw) -> tuple[dict[str, Any], dict[str, Any]]:
    """An earlier contract and a later one, with one required field ``f``."""
    kind = draw(st.sampled_from(("string", "string", "integer", "number", "array")))
    later = "number" if kind == "integer" and draw(st.booleans()) else kind
    old, new = ({**EXAMPLE, "properties": {"f": _schema(draw, each)}} for each in (kind, later))
    return old, new
