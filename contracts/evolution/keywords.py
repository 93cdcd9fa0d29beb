"""What changed in one keyword of a schema: each change gets the name of its kind. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from contracts.model.pointer import join


class Absent:
    """Stands for a keyword that is not there, since ``null`` may be its value."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


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
    def is_of_values(self) -> bool:
        """Whether it concerns which values are valid, rather than what is done with them."""
        return not self.keyword.startswith("x-")

    @property
    def pointer(self) -> str:
        """JSON pointer (RFC 6901) of what changed; ``$ref`` is followed, not shown."""
        steps = (*self.path, *self.keyword.split("\0"))
        return join(steps)


def canonical(value: object) -> str:
    """A text that is the same for the same JSON: ``1`` is ``1.0``, and not ``true``."""
    return "absent" if value is ABSENT else json.dumps(_plain_numbers(value), sort_keys=True)


def _plain_numbers(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain_numbers(inner) for key, inner in value.items()}
        case list():
            return [_plain_numbers(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def plain(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema whose ``$ref`` is a text again (:func:`contracts.evolution.changes.resolved`)."""
    reference = schema.get("$ref")
    return {**schema, "$ref": reference["to"]} if isinstance(reference, Mapping) else schema


def json_kinds(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The names in ``type``; ``None`` when there is none."""
    declared = schema.get("type")
    if declared is None:
        return None
    return frozenset([declared] if isinstance(declared, str) else declared)


def choices(schema: Mapping[str, Any]) -> list[Any] | None:
    """The values that ``enum`` and ``const`` leave; ``None`` when there is neither."""
    if "const" not in schema:
        return list(schema["enum"]) if "enum" in schema else None
    listed = map(canonical, schema.get("enum", [schema["const"]]))
    return [schema["const"]] if canonical(schema["const"]) in listed else []


@dataclass(frozen=True, slots=True)
class Place:
    """A schema in two versions, and the path to it."""

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


Compare = Callable[[Place, str, Any, Any], Iterator[Change]]


def _presence(before: Any, after: Any) -> str:
    if before is ABSENT:
        return "added"
    return "removed" if after is ABSENT else "changed"


def _named(name: str) -> Compare:
    """The kind is ``name`` with ``added``, ``removed`` or ``changed``."""

    def compare(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
        yield at.change(f"{name}.{_presence(before, after)}", keyword, before, after)

    return compare


def _always(kind: str) -> Compare:
    def compare(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
        yield at.change(kind, keyword, before, after)

    return compare


def unknown(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    yield at.change(f"{keyword}.changed", keyword, before, after)


def _bound(*, lower: bool) -> Compare:
    def compare(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
        how = _presence(before, after)
        if before == after:  # 1 and 1.0
            return
        if how == "changed":
            how = "tightened" if (after > before) == lower else "loosened"
        yield at.change(f"bound.{how}", keyword, before, after)

    return compare


def _type(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
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
        if "x-decimal" in at.old and "x-decimal" in at.new and was < becomes:
            kind = "type.form-added"
        yield at.change(kind, keyword, before, after)


def _multiple_of(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    how = _presence(before, after)
    if how == "changed" and Fraction(before) % Fraction(after) == 0:
        how = "loosened"
    yield at.change(f"multiple-of.{how}", keyword, before, after)


def _unique_items(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    if (before is True) != (after is True):
        kind = "unique-items.added" if after is True else "unique-items.removed"
        yield at.change(kind, keyword, before, after)


def _categorical(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    if (before is True) != (after is True):
        kind = "categorical.added" if after is True else "categorical.removed"
        yield at.change(kind, keyword, before, after)


def _precision(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    """Microseconds are kept when nothing is said."""
    if (before == "millis") != (after == "millis"):
        kind = "precision.coarser" if after == "millis" else "precision.finer"
        yield at.change(kind, keyword, before, after)


def _decimal(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    """By the digits on either side of the point, which decide what is taken."""
    how = _presence(before, after)
    if how == "changed":
        (was, fine), (becomes, finer) = (
            (each["precision"] - each["scale"], each["scale"]) for each in (before, after)
        )
        if becomes < was or finer < fine:
            how = "narrowed"
        else:
            how = "widened" if finer == fine else "finer"
    yield at.change(f"decimal.{how}", keyword, before, after)


def _pairing(at: Place, keyword: str, before: Any, after: Any) -> Iterator[Change]:
    kind = "pairing.changed"
    if before is not ABSENT and after is not ABSENT:
        waits = {**before, "wait_seconds": after["wait_seconds"]}
        kind = "pairing.wait-changed" if canonical(waits) == canonical(after) else kind
    yield at.change(kind, keyword, before, after)


def _table(at: Place, _keyword: str, before: Any, after: Any) -> Iterator[Change]:
    old = {} if before is ABSENT else before
    new = {} if after is ABSENT else after
    for name in sorted(old.keys() | new.keys()):
        was, becomes = old.get(name, ABSENT), new.get(name, ABSENT)
        if canonical(was) != canonical(becomes):
            yield at.change(f"x-table.{name}.changed", f"x-table\0{name}", was, becomes)


def choice_changes(at: Place) -> Iterator[Change]:
    """``const`` counts as an ``enum`` of one; where both stand, what both leave counts."""
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


ELSEWHERE = frozenset(
    {"$defs", "enum", "const", "properties", "required", "items", "additionalProperties"}
)
"""Keywords that are not compared by their own text."""

KEYWORDS: Mapping[str, Compare] = {
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
    "$ref": _named("reference"),
    "multipleOf": _multiple_of,
    "uniqueItems": _unique_items,
    "x-categorical": _categorical,
    "x-precision": _precision,
    "x-decimal": _decimal,
    "x-pii": _named("pii"),
    "x-owner": _always("owner"),
    "x-quality": _always("quality"),
    "x-deprecated": _always("deprecation"),
    "x-table": _table,
    "x-pairing": _pairing,
}
