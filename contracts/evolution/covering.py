"""Whether one schema accepts all that another does, as far as it can be proved. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
from jsonschema_rs.canonical import Containment

from contracts.evolution.inclusion import INCLUDED, Texts, text_outside
from contracts.evolution.keywords import (
    ELSEWHERE,
    KEYWORDS,
    Change,
    choices,
    json_kinds,
    plain,
)
from contracts.model import formats, patterns

_SCHEMAS_BY_NAME = ("properties", "$defs")
_SCHEMAS = ("items", "additionalProperties")
_KNOWN = KEYWORDS.keys() | ELSEWHERE | {"$schema"}
_MEETING = {"enum", "const", "format", "properties", *_SCHEMAS}


def covers(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Whether ``new`` provably accepts every value that ``old`` does.

    ``False`` means that no proof was found, not that there is a value.  Formats count as
    :mod:`contracts.model.formats` reads them; keywords that restrict no value are overlooked.

    Args:
        new: a schema of the dialect, with its own ``$defs``.
        old: another.
    """
    try:
        wider = canonical_form(_prepared(new))
        narrower = canonical_form(_prepared(old, frozenset(_text_demands(new))))
        return wider.covers(narrower) is Containment.YES
    except ValueError:  # a malformed schema, or one that the library cannot reason about
        return False


def change_is_covered(change: Change, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a change between two contracts provably refuses no value at its own place.

    Keywords side by side all have to hold, so one that follows from the others refuses nothing,
    whatever else changes beside it.
    """
    before, after = (
        {**plain(schema), "$defs": root.get("$defs", {})}
        for schema, root in ((change.old, old), (change.new, new))
    )
    if covers(after, before):
        return True
    stands_alone = change.keyword in (KEYWORDS.keys() | {"enum", "const"}) - {"$ref"}
    return stands_alone and covers({**before, change.keyword: change.after}, before)


def canonical_form(schema: Mapping[str, Any]) -> jsonschema_rs.CanonicalSchema:
    """A schema as the library reasons about it; formats are its own ones.

    Raises:
        ValueError: the schema is malformed, or refers to something outside of itself.
    """
    return jsonschema_rs.canonicalize(
        dict(schema),
        draft=jsonschema_rs.Draft202012,
        validate_formats=True,
        retriever=_refuse_to_fetch,
    )


def _prepared(schema: Any, demands: frozenset[Texts] | None = None) -> Any:
    """The schema with names in its formats that the library does not know.

    Its own ``date`` takes days that ours refuses.  A name that it does not know stands for a set of
    texts that it knows nothing of, but that it is the same on both sides.  Beside an ``enum`` the
    library forgets such a name, so there the values are held against the format here.

    Args:
        schema: a schema of the dialect, or ``False``.
        demands: what the other schema demands of texts; of those that hold here anyway it is said
            that they do, and how long texts of a format or a pattern are. ``None`` adds nothing.

    Raises:
        ValueError: a format may lie where it is not seen, or meet an ``enum`` through a ``$ref``.
    """
    if not isinstance(schema, Mapping):
        return schema
    if unknown := [key for key in schema.keys() - _KNOWN if not key.startswith("x-")]:
        raise ValueError(f"keywords outside of the dialect: {unknown}")
    if "$ref" in schema and schema.keys() & _MEETING:
        raise ValueError("a reference with choices, a format or parts beside it")
    found = dict(schema)
    for key in _SCHEMAS:
        if key in found:
            found[key] = _prepared(found[key], demands)
    for key in _SCHEMAS_BY_NAME:
        if key in found:
            inner = found[key].items()
            found[key] = {name: _prepared(value, demands) for name, value in inner}
    if demands is not None:
        _add_texts(found, demands)
        for shortest, longest in _lengths(found):
            found["minLength"] = max(shortest, found.get("minLength", 0))
            if longest is not None:
                found["maxLength"] = min(longest, found.get("maxLength", longest))
    if found.get("format") in formats.CHECKS:
        _rename_format(found, found["format"])
    return found


def _text_demands(schema: Any) -> Iterator[Texts]:
    """The patterns of a schema, and its lists of texts, wherever they stand."""
    if not isinstance(schema, Mapping):
        return
    if isinstance(pattern := schema.get("pattern"), str):
        yield pattern
    listed = choices(schema)
    if listed is not None and (texts := [each for each in listed if isinstance(each, str)]):
        yield tuple(texts)
    for key in _SCHEMAS:
        yield from _text_demands(schema.get(key))
    for key in _SCHEMAS_BY_NAME:
        for inner in schema.get(key, {}).values():
            yield from _text_demands(inner)


def _add_texts(schema: dict[str, Any], demands: frozenset[Texts]) -> None:
    """Says of a schema's texts which patterns they match, and of which list they are."""
    kinds, here = json_kinds(schema), schema.get("pattern")
    if kinds is None or "string" not in kinds or choices(schema) is not None or "$ref" in schema:
        return
    if not isinstance(here, str | None):
        return
    bounds = schema.get("minLength", 0), schema.get("maxLength")
    for demand in sorted(demands, key=repr):
        if demand == here or text_outside(here, demand, *bounds) is not INCLUDED:
            continue
        if not isinstance(demand, tuple):
            schema["allOf"] = [*schema.get("allOf", ()), {"pattern": demand}]
        elif kinds <= {"string", "null"} and "enum" not in schema:
            schema["enum"] = [*demand, *([None] if "null" in kinds else [])]


def _lengths(schema: Mapping[str, Any]) -> Iterator[tuple[int, int | None]]:
    """How long the texts are that have the schema's format, and that match its pattern."""
    if (name := schema.get("format")) in formats.LENGTHS:
        yield formats.LENGTHS[name]
    if "pattern" in schema:
        try:
            node = patterns.parse(schema["pattern"])
        except patterns.PatternError:
            return
        shortest, longest = patterns.lengths(node)
        yield shortest, longest if patterns.is_anchored(node) else None


def _rename_format(schema: dict[str, Any], name: str) -> None:
    listed = choices(schema)
    if listed is not None:
        del schema["format"]
        schema.pop("const", None)
        schema["enum"] = [value for value in listed if formats.CHECKS[name](value)]
        return
    schema["format"] = f"ugc-{name}"


def _refuse_to_fetch(address: str) -> Any:
    raise ValueError(f"{address} is outside of the document")
