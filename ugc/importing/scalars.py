"""Texts, numbers and lists of values: a :class:`Node` → keywords of the dialect. Pure."""

from __future__ import annotations

import math
import sys
from typing import Any

from contracts.model.types import INT64_MAX, INT64_MIN
from ugc.importing.node import Node, kind_of
from ugc.importing.patterns import PatternJudge

LONGEST_JSON_TEXT = 65536
_LONGEST_TEXT = 1024
_LONGEST_LIST = 1000
STORED_FORMATS = ("uuid", "date-time", "date")
"""Those that have a type of their own, and so a bound."""

_FORMATS = (*STORED_FORMATS, "email", "uri")
_NUMERIC = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf")


class NoValueError(Exception):
    """No value can be sent for the field; the text says why."""


def scalar(kind: str, node: Node, judge: PatternJudge, notes: list[str]) -> dict[str, Any]:
    """The schema of a ``string``, ``integer``, ``number`` or ``boolean``.

    Raises:
        NoValueError: no value is left.
    """
    if node.enum is not None:
        return {"type": kind, "enum": _listed(kind, node.enum, notes)}
    match kind:
        case "string":
            return _string(node, judge, notes)
        case "integer":
            return {"type": kind, **_integer_bounds(node, notes)}
        case "number":
            return {"type": kind, **_kept(node, *_NUMERIC)}
        case _:
            return {"type": kind}


def _kept(node: Node, *keywords: str) -> dict[str, Any]:
    return {key: node.keywords[key] for key in keywords if key in node.keywords}


def _listed(kind: str, values: list[Any], notes: list[str]) -> list[Any]:
    kept = [value for value in values if kind_of(value) != "null"]
    if kind == "number":
        finite = [value for value in kept if abs(value) <= sys.float_info.max]
        if len(finite) < len(kept):
            notes.append("listed values beyond a double are refused")
        kept = finite
    if kind == "integer":
        whole = [int(value) for value in kept]
        kept = [value for value in whole if INT64_MIN <= value <= INT64_MAX]
        if len(kept) < len(whole):
            notes.append("listed values beyond int64 are refused")
    if not kept:
        raise NoValueError("no value is allowed")
    return kept


def _string(node: Node, judge: PatternJudge, notes: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string"}
    form = node.keywords.get("format")
    if form in _FORMATS:
        found["format"] = form
        notes.append(f"format {form} is demanded")
    elif form is not None:
        notes.append(f"format {form} is not checked")
    least = node.keywords.get("minLength", 0)
    if least > 0:
        found["minLength"] = least
    if "maxLength" in node.keywords:
        found["maxLength"] = node.keywords["maxLength"]
    elif form not in STORED_FORMATS:
        found["maxLength"] = max(_LONGEST_TEXT, least)
        notes.append(f"maxLength {found['maxLength']} added")
    pattern = node.keywords.get("pattern")
    if pattern is not None:
        if (problem := judge.problem(pattern)) is None:
            found["pattern"] = pattern
        else:
            notes.append(f"pattern is not checked: {problem}")
    return found


def _integer_bounds(node: Node, notes: list[str]) -> dict[str, Any]:
    found = _kept(node, *_NUMERIC)
    lowest, highest = INT64_MIN, INT64_MAX
    for bound, exclusive, limit in (
        ("minimum", "exclusiveMinimum", lowest),
        ("maximum", "exclusiveMaximum", highest),
    ):
        for keyword in (bound, exclusive):
            if keyword in found and not lowest <= found[keyword] <= highest:
                beyond = found.pop(keyword)
                if (beyond > 0) == (bound == "minimum"):
                    raise NoValueError(f"{keyword} {beyond} is beyond int64")
        if bound not in found and exclusive not in found:
            found[bound] = limit
            notes.append(f"{bound} {limit} added")
    return {
        key: int(value) if value == math.trunc(value) else value for key, value in found.items()
    }


def list_bounds(node: Node, notes: list[str]) -> dict[str, Any]:
    """``minItems``, ``maxItems`` and ``uniqueItems`` of a list; an upper bound is added."""
    found = _sizes(node, "minItems", "maxItems", notes)
    return {**found, "uniqueItems": True} if "uniqueItems" in node.keywords else found


def map_bounds(node: Node, notes: list[str]) -> dict[str, Any]:
    """``minProperties`` and ``maxProperties`` of a map; an upper bound is added."""
    return _sizes(node, "minProperties", "maxProperties", notes)


def _sizes(node: Node, least: str, most: str, notes: list[str]) -> dict[str, Any]:
    found = {least: node.keywords[least]} if node.keywords.get(least, 0) > 0 else {}
    if most in node.keywords:
        return {**found, most: node.keywords[most]}
    longest = max(_LONGEST_LIST, found.get(least, 0))
    notes.append(f"{most} {longest} added")
    return {**found, most: longest}
