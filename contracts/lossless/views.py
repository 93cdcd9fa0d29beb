"""One schema's keywords gathered from where JSON Schema lets them stand. Pure.

A foreign schema spreads the shape of one value over ``$ref``, ``allOf`` and the branches of
unions.  A view lays them side by side, so that the walker reads it like a plain schema.  It says
how a value probably looks and not what is valid: the lossless mode keeps what looks otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.lossless.references import References

View = dict[str, Any]

Seen = frozenset[int]
"""Identities of the schemas that references have led through."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_BRANCHES = ("anyOf", "oneOf")
_REF_STANDS_ALONE = ("draft-03", "draft-04", "draft-06", "draft-07")
_IMPLIED: Mapping[str, tuple[str, ...]] = {
    "object": ("properties", "patternProperties", "additionalProperties", "required"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


class RecursiveError(Exception):
    """A schema that contains itself; the text is the reference."""


class UnresolvedError(Exception):
    """A reference that leaves the document; the text is the reference."""


class Views:
    """Views of the schemas of one document."""

    def __init__(self, root: object) -> None:
        declared = root.get("$schema") if isinstance(root, Mapping) else None
        self._ref_stands_alone = any(
            draft in str(declared) for draft in _REF_STANDS_ALONE
        )  # Until draft 7 a validator ignores what stands beside a $ref.
        self._references = References(root)

    def of(self, schema: Mapping[str, Any], seen: Seen) -> tuple[View, Seen]:
        """The keywords of ``schema`` and of all that has to hold with it; no ``$ref``, ``allOf``.

        Raises:
            RecursiveError: a reference leads into a schema of ``seen``.
            UnresolvedError: a reference is the only thing said, and leads out of the document.
        """
        found: View = {}
        seen |= self._gather(schema, seen, frozenset(), found)
        if "type" not in found and (kind := _implied_kind(found)) is not None:
            found["implied"] = kind
        return found, seen

    def _gather(self, schema: Mapping[str, Any], seen: Seen, gathered: Seen, into: View) -> Seen:
        """Adds to ``into``; gives ``gathered`` with the targets that were followed."""
        reference = next((schema[k] for k in _REFERENCES if isinstance(schema.get(k), str)), None)
        if reference is None or not self._ref_stands_alone:
            _add_keywords(into, schema)
        if reference is not None:
            target = self._references.target(schema, reference)
            if id(target) in seen:
                raise RecursiveError(reference)
            if isinstance(target, Mapping) and id(target) not in gathered:
                gathered = self._gather(target, seen, gathered | {id(target)}, into)
            elif target is None and not into:
                raise UnresolvedError(reference)
        if reference is None or not self._ref_stands_alone:
            for branch in _mappings(schema.get("allOf")):
                gathered = self._gather(branch, seen, gathered, into)
        return gathered

    def branches(self, view: View, seen: Seen) -> list[tuple[View, Seen]]:
        """A view for each alternative of a union.

        Raises:
            RecursiveError, UnresolvedError: as :meth:`of`.
        """
        return [
            self.of(branch, seen)
            for keyword in _BRANCHES
            for branch in _mappings(view.get(keyword))
        ]

    def with_properties_of_branches(self, view: View, seen: Seen) -> View:
        """The view with the properties that only some of its alternatives have."""
        found = dict(view)
        conditional = [branch for key in ("then", "else") for branch in _mappings([view.get(key)])]
        try:
            alternatives = [inner for inner, _ in self.branches(view, seen)]
            alternatives += [self.of(branch, seen)[0] for branch in conditional]
        except (RecursiveError, UnresolvedError):
            return found
        for inner in alternatives:
            if isinstance(properties := inner.get("properties"), Mapping):
                _add_properties(found, properties, "anyOf")
        return found


def is_object(view: View) -> bool:
    """Whether the values are objects with known properties, as far as the view tells."""
    return bool(view.get("properties")) and view.get("type", "object") == "object"


def _add_keywords(into: View, schema: Mapping[str, Any]) -> None:
    for keyword, value in schema.items():
        if keyword == "properties" and isinstance(value, Mapping):
            _add_properties(into, value, "allOf")
        elif keyword not in ("allOf", "properties", *_REFERENCES):
            into.setdefault(keyword, value)


class _Joined(dict[str, list[Any]]):
    """A schema made here out of several for one property, under ``allOf`` or ``anyOf``."""


def _add_properties(into: View, properties: Mapping[str, Any], both: str) -> None:
    known = dict(into.get("properties", {}))
    for name, schema in properties.items():
        other = known.get(name)
        if other is None or isinstance(other, bool) or other == schema:
            known[name] = schema
        elif isinstance(other, _Joined) and both in other:
            known[name] = _Joined({both: [*other[both], schema]})
        elif not isinstance(schema, bool):
            known[name] = _Joined({both: [other, schema]})
    into["properties"] = known


def _implied_kind(view: View) -> str | None:
    found = [kind for kind, keywords in _IMPLIED.items() if any(k in view for k in keywords)]
    return found[0] if len(found) == 1 else None


def _mappings(schemas: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(schemas, list):
        yield from (schema for schema in schemas if isinstance(schema, Mapping))
