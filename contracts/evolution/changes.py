"""What changed between two versions of a contract: a structural diff into named changes. Pure.

Keywords that stand side by side all have to hold, and every position of the dialect accepts more
when what is inside of it accepts more. So a contract as a whole accepts all it did when each single
change does; :mod:`contracts.evolution.rules` says which do. A keyword that nobody treats becomes a
change of the kind ``<keyword>.changed``, for which there is no rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.evolution.keywords import (
    ABSENT,
    ELSEWHERE,
    KEYWORDS,
    Change,
    Place,
    canonical,
    choice_changes,
    unknown,
)
from contracts.model.definitions import find_definition, name_in
from contracts.model.types import JsonSchema

__all__ = ["ABSENT", "Change", "changes", "resolved"]

ANNOTATIONS = frozenset({"title", "description", "examples", "$comment", "x-pii"})
"""Keywords beside a ``$ref`` that restrict nothing."""


def changes(old: JsonSchema, new: JsonSchema) -> tuple[Change, ...]:
    """Every difference between two contracts, by pointer; empty when they say the same."""
    found = _Diff(old, new).schema((), old, new)
    return tuple(sorted(found, key=lambda change: (change.pointer, change.kind)))


def resolved(root: JsonSchema, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """``schema`` with its own local ``$ref`` followed, however many lie behind each other.

    A reference with restrictions beside it, or without end, stays: it then holds the definitions
    that it leads to, so that it equals another only where everything behind it does.
    """
    followed: set[str] = set()
    while isinstance(reference := schema.get("$ref"), str):
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        definitions = root.get("$defs", {})
        target = find_definition(root, reference)
        if target is None or reference in followed or not siblings.keys() <= ANNOTATIONS:
            behind = {name: definitions[name] for name in _leads_to(definitions, reference)}
            return {**siblings, "$ref": {"to": reference, "$defs": behind}}
        followed.add(reference)
        schema = {**target, **siblings}
    return schema


def _leads_to(definitions: Mapping[str, Any], reference: str) -> set[str]:
    """Names of the definitions behind a reference, and behind those in them."""
    found: set[str] = set()
    waiting: list[Any] = [{"$ref": reference}]
    while waiting:
        match waiting.pop():
            case list() as items:
                waiting.extend(items)
            case Mapping() as schema:
                waiting.extend(schema.values())
                name = name_in(schema.get("$ref"))
                if name is not None and name in definitions and name not in found:
                    found.add(name)
                    waiting.append(definitions[name])
            case _:
                pass
    return found


class _Diff:
    def __init__(self, old: JsonSchema, new: JsonSchema) -> None:
        self._old_root = old
        self._new_root = new
        self._visited: set[tuple[int, int]] = set()

    def schema(
        self, path: tuple[str, ...], old_raw: Mapping[str, Any], new_raw: Mapping[str, Any]
    ) -> Iterator[Change]:
        # Of a recursive schema each pair of places is compared once.
        if (pair := (id(old_raw), id(new_raw))) in self._visited:
            return
        self._visited.add(pair)
        old = resolved(self._old_root, old_raw)
        new = resolved(self._new_root, new_raw)
        at = Place(path, old, new)
        for keyword in sorted((old.keys() | new.keys()) - ELSEWHERE):
            before, after = old.get(keyword, ABSENT), new.get(keyword, ABSENT)
            if canonical(before) != canonical(after):
                yield from KEYWORDS.get(keyword, unknown)(at, keyword, before, after)
        yield from choice_changes(at)
        yield from self._properties(at)
        yield from self._inside(at, "items", "items.added", "items.removed")
        yield from self._additional(at)

    def _properties(self, at: Place) -> Iterator[Change]:
        before, after = at.old.get("properties", {}), at.new.get("properties", {})
        required_before = frozenset(at.old.get("required", ()))
        required_after = frozenset(at.new.get("required", ()))
        removed = [name for name in before if name not in after]
        added = [name for name in after if name not in before]
        for name in removed:
            keyword = f"properties\0{name}"
            twin = next((other for other in added if _alike(before[name], after[other])), None)
            if twin is not None:
                added.remove(twin)
                yield at.change("property.renamed", keyword, name, twin)
            elif at.new.get("additionalProperties", True) is True:
                yield at.change("property.removed-from-open", keyword, before[name], ABSENT)
            else:
                yield at.change("property.removed", keyword, before[name], ABSENT)
        for name in added:
            if at.old.get("additionalProperties", True) is not False:
                kind = "property.added-to-open"
            else:
                kind = "property.added-required" if name in required_after else "property.added"
            yield at.change(kind, f"properties\0{name}", ABSENT, after[name])
        for name in sorted(required_after - required_before):
            if name in before or name not in after:
                yield at.change("required.added", f"properties\0{name}", "optional", "required")
        for name in sorted(required_before - required_after):
            if name in after or name not in before:
                yield at.change("required.removed", f"properties\0{name}", "required", "optional")
        for name in before:
            if name in after:
                yield from self.schema((*at.path, "properties", name), before[name], after[name])

    def _inside(self, at: Place, keyword: str, added: str, removed: str) -> Iterator[Change]:
        before, after = at.old.get(keyword, True), at.new.get(keyword, True)
        match before, after:
            case Mapping(), Mapping():
                yield from self.schema((*at.path, keyword), before, after)
            case (True, Mapping()):
                yield at.change(added, keyword, ABSENT, after)
            case (Mapping(), True):
                yield at.change(removed, keyword, before, ABSENT)
            case _ if canonical(before) != canonical(after):
                yield at.change(f"{keyword}.changed", keyword, before, after)

    def _additional(self, at: Place) -> Iterator[Change]:
        keyword = "additionalProperties"
        before, after = at.old.get(keyword, True), at.new.get(keyword, True)
        match before, after:
            case (False, True | Mapping()):
                yield at.change("object.opened", keyword, before, after)
            case (True | Mapping(), False):
                yield at.change("object.closed", keyword, before, after)
            case _:
                yield from self._inside(at, keyword, "object.closed", "object.opened")


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    bare_one, bare_other = (
        {key: value for key, value in each.items() if key not in ANNOTATIONS}
        for each in (one, other)
    )
    return canonical(bare_one) == canonical(bare_other)
