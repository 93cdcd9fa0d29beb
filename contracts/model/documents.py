"""Files of the contract folder as JSON, strictly: what is ambiguous is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from contracts.errors import ContractLoadError
from contracts.model.types import JsonSchema

MOST_LEVELS = 100
"""How deep a file of the contract folder may be nested: what walks through it calls itself."""


def read_document(path: Path) -> JsonSchema:
    """The JSON object in a file.

    Raises:
        ContractLoadError: the file is unreadable, or is no JSON object.
    """
    try:
        document = parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractLoadError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ContractLoadError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ContractLoadError(f"{path} is not a JSON object")
    return document


def parse_json(text: str) -> Any:
    """A file's JSON (RFC 8259).

    Raises:
        ValueError: it is none, has NaN or an infinity, an object has a key twice, or it is nested
            deeper than :data:`MOST_LEVELS`.
    """
    too_deep = f"it is nested more than {MOST_LEVELS} levels deep"
    try:
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError(too_deep) from error
    if _levels(value) > MOST_LEVELS:
        raise ValueError(too_deep)
    return value


def _levels(value: Any) -> int:
    """How many arrays and objects lie in each other."""
    levels, inner = 0, [value]
    while inner := [each for each in inner if isinstance(each, dict | list)]:
        levels += 1
        inner = [
            member
            for each in inner
            for member in (each.values() if isinstance(each, dict) else each)
        ]
    return levels


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _distinct(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice in one object")
        found[key] = value
    return found
