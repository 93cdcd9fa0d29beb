"""What changed between two versions of a contract: a structural diff into named changes. Pure.

Keywords that stand side by side all have to hold, and every position of the dialect accepts more
when what is inside of it accepts more. So a contract as a whole accepts all it did when each single
change does; :mod:`contracts.change_rules` says which do. A keyword that nobody treats here becomes
a change of the kind ``<keyword>.changed``, for which there is no rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model import JsonSchema


class Absent:
    """Stands for a keyword that is not there, since ``null`` may be its value."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()

ANNOTATIONS = frozenset({"title", "description", "examples", "$comment", "x-pii"})
"""Keywords beside a ``$ref`` that restrict nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference.

    ``path`` leads to the schema that changed, through ``properties``, ``items`` and
    ``additionalProperties``; ``keyword`` is what changed in it. ``before`` and ``after`` are the
    keyword's values (:data:`ABSENT` when it is not there), ``old`` and ``new`` the two schemas.
    """

    kind: str
    path: tuple[str, ...]
    keyword: str
    before: Any
    after: Any
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    @property
    def pointer(self) -> str:
        """JSON pointer (RFC 6901) of what changed; ``$ref`` is followed, not shown."""
        steps = (*self.path, *self.keyword.split("\0"))
        return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def changes(old: JsonSchema, new: JsonSchema) -> tuple[Change, ...]:
    """Every difference between two contracts, by pointer; empty when they say the same."""
    found = _Diff(old, new).schema((), old, new)
    return tuple(sorted(found, key=lambda change: (change.pointer, change.kind)))


def canonical(value: object) -> str:
    """A text that is the same for the same JSON, and tells ``1`` from ``true``."""
    return "absent" if value is ABSENT else json.dumps(value, sort_keys=True)


def resolved(root: JsonSchema, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """``schema`` with its own local ``$ref`` followed, however many lie behind each other.

    A reference with restrictions beside it, or without end, stays: it then holds all of ``$defs``,
    so that it equals another only where everything behind it does.
    """
    followed: set[str] = set()
    while isinstance(reference := schema.get("$ref"), str):
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        definitions = root.get("$defs", {})
        target = definitions.get(reference.removeprefix("#/$defs/"))
        if target is None or reference in followed or not siblings.keys() <= ANNOTATIONS:
            return {**siblings, "$ref": {"to": reference, "$defs": definitions}}
        followed.add(reference)
        schema = {**target, **siblings}
    return schema


def json_kinds(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The names in ``type``; ``None`` when there is none."""
    declared = schema.get("type")
    if declared is None:
        return None
    return frozenset([declared] if isinstance(declared, str) else declared)


def choices(schema: Mapping[str, Any]) -> list[Any] | None:
    """The values of ``enum``, or the one of ``const``; ``None`` when there is neither."""
    if "enum" in schema:
        return list(schema["enum"])
    return [schema["const"]] if "const" in schema else None


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
        at = _Place(path, old, new)
        for keyword in sorted((old.keys() | new.keys()) - _ELSEWHERE):
            before, after = old.get(keyword, ABSENT), new.get(keyword, ABSENT)
            if canonical(before) != canonical(after):
                yield from _KEYWORDS.get(keyword, _unknown)(at, keyword, before, after)
        yield from _choices(at)
        yield from self._properties(at)
        yield from self._inside(at, "items", "items.added", "items.removed")
        yield from self._additional(at)

    def _properties(self, at: _Place) -> Iterator[Change]:
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

    def _inside(self, at: _Place, keyword: str, added: str, removed: str) -> Iterator[Change]:
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

    def _additional(self, at: _Place) -> Iterator[Change]:
        keyword = "additionalProperties"
        before, after = at.old.get(keyword, True), at.new.get(keyword, True)
        match before, after:
            case (False, True | Mapping()):
                yield at.change("object.opened", keyword, before, after)
            case (True | Mapping(), False):
                yield at.change("object.closed", keyword, before, after)
            case _:
                yield from self._inside(at, keyword, "object.closed", "object.opened")


@dataclass(frozen=True, slots=True)
class _Place:
    path: tuple[str, ...]
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    def change(self, kind: str, keyword: str, before: Any, after: Any) -> Change:
        return Change(
            kind=kind,
            path=self.path,
            keyword=keyword,
            before=before,
            after=after,
            old=self.old,
            new=self.new,
        )


_Compare = Callable[[_Place, str, Any, Any], Iterator[Change]]


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    bare_one, bare_other = (
        {key: value for key, value in each.items() if key not in ANNOTATIONS}
        for each in (one, other)
    )
    return canonical(bare_one) == canonical(bare_other)


def _presence(before: Any, after: Any) -> str:
    if before is ABSENT:
        return "added"
    return "removed" if after is ABSENT else "changed"


def _named(name: str) -> _Compare:
    """The kind is ``name`` with ``added``, ``removed`` or ``changed``."""

    def compare(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
        yield at.change(f"{name}.{_presence(before, after)}", keyword, before, after)

    return compare


def _always(kind: str) -> _Compare:
    def compare(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
        yield at.change(kind, keyword, before, after)

    return compare


def _unknown(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    yield at.change(f"{keyword}.changed", keyword, before, after)


def _bound(*, lower: bool) -> _Compare:
    def compare(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
        how = _presence(before, after)
        if how == "changed":
            how = "tightened" if (after > before) == lower else "loosened"
        yield at.change(f"bound.{how}", keyword, before, after)

    return compare


def _type(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    old, new = json_kinds(at.old), json_kinds(at.new)
    if old is None or new is None:
        yield at.change(f"type.{_presence(before, after)}", keyword, before, after)
        return
    if ("null" in new) != ("null" in old):
        kind = "type.null-added" if "null" in new else "type.null-removed"
        yield at.change(kind, keyword, before, after)
    if (was := old - {"null"}) != (becomes := new - {"null"}):
        widened = was == {"integer"} and becomes == {"number"}
        kind = "type.integer-to-number" if widened else "type.changed"
        yield at.change(kind, keyword, before, after)


def _multiple_of(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    how = _presence(before, after)
    if isinstance(before, int) and isinstance(after, int) and before % after == 0:
        how = "loosened"
    yield at.change(f"multiple-of.{how}", keyword, before, after)


def _unique_items(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    if (before is True) != (after is True):
        kind = "unique-items.added" if after is True else "unique-items.removed"
        yield at.change(kind, keyword, before, after)


def _categorical(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    if (before is True) != (after is True):
        kind = "categorical.added" if after is True else "categorical.removed"
        yield at.change(kind, keyword, before, after)


def _precision(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    """Microseconds are kept when nothing is said."""
    if (before == "millis") != (after == "millis"):
        kind = "precision.coarser" if after == "millis" else "precision.finer"
        yield at.change(kind, keyword, before, after)


def _pairing(at: _Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    kind = "pairing.changed"
    if before is not ABSENT and after is not ABSENT:
        waits = {**before, "wait_seconds": after["wait_seconds"]}
        kind = "pairing.wait-changed" if canonical(waits) == canonical(after) else kind
    yield at.change(kind, keyword, before, after)


def _table(at: _Place, _keyword: str, before: Any, after: Any) -> Iterator[Change]:
    old = {} if before is ABSENT else before
    new = {} if after is ABSENT else after
    for name in sorted(old.keys() | new.keys()):
        was, becomes = old.get(name, ABSENT), new.get(name, ABSENT)
        if canonical(was) != canonical(becomes):
            yield at.change(f"x-table.{name}.changed", f"x-table\0{name}", was, becomes)


def _choices(at: _Place) -> Iterator[Change]:
    """``const`` counts as an ``enum`` of one; where both stand, they are compared by name."""
    if any("enum" in schema and "const" in schema for schema in (at.old, at.new)):
        before, after = at.old.get("const", ABSENT), at.new.get("const", ABSENT)
        if canonical(before) != canonical(after):
            yield at.change("const.changed", "const", before, after)
    old, new = choices(at.old), choices(at.new)
    keyword = "const" if "const" in at.new and "enum" not in at.new else "enum"
    if old is None and new is None:
        return
    if old is None or new is None:
        kind = "enum.added" if old is None else "enum.removed"
        yield at.change(
            kind, keyword, ABSENT if old is None else old, ABSENT if new is None else new
        )
        return
    was, becomes = [*map(canonical, old)], [*map(canonical, new)]
    if was == becomes:
        return
    if set(was) == set(becomes):
        kind = "enum.reordered"
    else:
        kind = "enum.extended" if set(was) < set(becomes) else "enum.shrunk"
    yield at.change(kind, keyword, old, new)


_ELSEWHERE = frozenset(
    {"$defs", "enum", "const", "properties", "required", "items", "additionalProperties"}
)
"""Keywords that are not compared by their own text."""

_KEYWORDS: Mapping[str, _Compare] = {
    **dict.fromkeys(("title", "description", "examples", "$comment"), _always("documentation")),
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"),
        _bound(lower=True),
    ),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
        _bound(lower=False),
    ),
    "type": _type,
    "pattern": _named("pattern"),
    "format": _named("format"),
    "multipleOf": _multiple_of,
    "uniqueItems": _unique_items,
    "x-categorical": _categorical,
    "x-precision": _precision,
    "x-pii": _named("pii"),
    "x-owner": _always("owner"),
    "x-quality": _always("quality"),
    "x-deprecated": _always("deprecation"),
    "x-table": _table,
    "x-pairing": _pairing,
}
