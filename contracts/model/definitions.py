"""What a ``$ref`` of the dialect leads to: ``#/$defs/<name>`` of the same document. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.model.types import JsonSchema

_BEFORE_NAME = "#/$defs/"


def name_in(reference: object) -> str | None:
    """``#/$defs/name`` → ``name``; None for what is no reference of the dialect."""
    if not isinstance(reference, str) or not reference.startswith(_BEFORE_NAME):
        return None
    return reference.removeprefix(_BEFORE_NAME)


def reference_to(name: str) -> str:
    """``name`` → ``#/$defs/name``."""
    return _BEFORE_NAME + name


def find_definition(root: JsonSchema, reference: object) -> JsonSchema | None:
    """What a reference leads to in any JSON object; None if nowhere, or to no object."""
    definitions = root.get("$defs")
    found = definitions.get(name_in(reference)) if isinstance(definitions, Mapping) else None
    return found if isinstance(found, Mapping) else None


def definition(root: JsonSchema, reference: object) -> JsonSchema:
    """What a reference of a checked contract leads to.

    Raises:
        KeyError: it leads nowhere.
    """
    found = find_definition(root, reference)
    if found is None:
        raise KeyError(reference)
    return found
