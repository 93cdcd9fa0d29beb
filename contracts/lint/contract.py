"""Rules about one contract as a whole: dialect, references, examples, dates, table. Pure.

``whole`` is a contract with the shared definitions that it refers to in its ``$defs``; pointers
lead into the contract as its file says it.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts.errors import ContractSchemaError, ContractTooLargeError
from contracts.lint import shape
from contracts.lint.examples import example_notes, has_examples
from contracts.lint.rules import Note
from contracts.lint.shape import SNAKE_CASE
from contracts.lint.sites import Schema, Site, resolved, sites
from contracts.model import walker
from contracts.model.definitions import find_definition
from contracts.model.pointer import escape
from contracts.model.shared import (
    NOTHING_SHARED,
    Problem,
    Shared,
    bundled_name,
    is_to_another_file,
    used_by,
)
from contracts.model.validation import Violation, dialect, dialect_validator

_INSTEAD: Mapping[str, str] = {
    "anyOf": 'write ["<type>", "null"] for a value that may be null, else one field for each case',
    "oneOf": 'write ["<type>", "null"] for a value that may be null, else one field for each case',
    "allOf": "write all keywords side by side",
    "not": "say what is allowed instead of what is not",
    "if": "write one event for each case",
    "then": "write one event for each case",
    "else": "write one event for each case",
    "dependentRequired": "put fields that belong together into an object",
    "dependentSchemas": "put fields that belong together into an object",
    "patternProperties": "name the properties, or write a map with additionalProperties",
    "unevaluatedProperties": 'write "additionalProperties": false',
    "prefixItems": "write an object with one field for each position",
    "contains": "describe the items",
    "definitions": "write $defs",
    "id": "leave it out: the path of the file is the name",
    "$id": "leave it out: the path of the file is the name",
    "$anchor": "refer to #/$defs/<name>",
    "nullable": 'write "type": ["<type>", "null"]',
    "default": "leave it out: a validator fills nothing in",
    "readOnly": "leave it out",
    "writeOnly": "leave it out",
    "deprecated": "say so in the description, or write x-deprecated for the event",
    "example": 'write "examples": […]',
}
"""For keywords of JSON Schema and OpenAPI that the dialect does not have: what to write."""


def check(
    schema: Schema, reserved_columns: frozenset[str], shared: Shared = NOTHING_SHARED
) -> tuple[list[Note], bool]:
    """Everything wrong with one contract, as far as the file and what it refers to show it.

    The second value says whether it can be worked with: it keeps the dialect, and a validator can
    be made of it.
    """
    whole = shared.whole(schema)
    places = list(sites(schema, of_event=True))
    places_of_whole = own_places(whole)
    found = [note for site in places for note in shape.check(site)]
    found += _references(schema, places)
    found += references_to_files(shared.problems(schema))
    found += _dates(schema)
    found += _table(whole)
    found += _columns(schema, reserved_columns)
    found += _inner_names(places_of_whole)
    found += has_examples(whole, places_of_whole)
    violations = dialect_validator().violations(schema, limit=None)
    is_whole = not violations and shared.can_be_whole(schema)
    if is_whole:
        found += _size(whole)
    found += dialect_notes(violations, found)
    usable = is_whole and is_usable(found)
    return found + (list(example_notes(whole, places_of_whole)) if usable else []), usable


def own_places(whole: Schema) -> list[Site]:
    """What the file itself describes, without the shared definitions that it refers to."""
    beside = tuple(f"/$defs/{bundled_name(key)}" for key in used_by(whole))
    return [
        site
        for site in sites(whole, of_event=True)
        if not site.pointer.startswith(tuple(f"{each}/" for each in beside))
        and site.pointer not in beside
    ]


def is_usable(found: Iterable[Note]) -> bool:
    """Whether a validator can be made of what was looked at."""
    return not any(note.code in _UNUSABLE for note in found)


def dialect_notes(violations: Iterable[Violation], found: Iterable[Note]) -> list[Note]:
    """What the dialect refuses, where no rule in ``found`` speaks of it already."""
    told = {note.pointer for note in found}
    return [_dialect(v) for v in violations if v.pointer not in told and v.keyword not in _TOLD]


def references_to_files(problems: Iterable[Problem]) -> Iterator[Note]:
    """References to shared definitions that cannot be followed."""
    for problem in problems:
        code = "ref-recursive" if problem.is_cycle else "ref-unresolved"
        yield Note(code, problem.pointer, problem.message)


def _size(schema: Schema) -> Iterator[Note]:
    try:
        walker.record_type(schema)
    except ContractTooLargeError as error:
        yield Note("contract-too-large", "", "; ".join(error.problems))
    except ContractSchemaError:
        return  # two names that collide have a rule of their own


_UNUSABLE = frozenset(
    {"ref-unresolved", "ref-recursive", "pattern-not-portable", "contract-too-large"}
)
"""With one of these no validator can be made, and examples are not judged."""

_TOLD = frozenset({"propertyNames"})
"""Keywords of the dialect that a rule here speaks about in its own words."""


def _dialect(violation: Violation) -> Note:
    match violation.keyword:
        case "additionalProperties":
            message = _unknown_keyword(violation.pointer)
            return Note("keyword-unknown", violation.pointer, message)
        case "required":
            name = violation.pointer.rpartition("/")[2]
            message = f"{name} is missing; write {_advice(name)}"
            return Note("keyword-missing", violation.pointer, message)
        case _:
            return Note("keyword-value", violation.pointer, violation.message)


def _unknown_keyword(pointer: str) -> str:
    name = pointer.rpartition("/")[2]
    at_root = pointer.count("/") == 1
    known = dialect()["properties"] if at_root else dialect()["$defs"]["value"]["properties"]
    if instead := _INSTEAD.get(name):
        return f"{name} is not in the dialect; {instead}"
    if close := difflib.get_close_matches(name, known, n=1):
        return f"{name} is not in the dialect; did you mean {close[0]}?"
    return f"{name} is not in the dialect; leave it out (known: {', '.join(sorted(known))})"


def _advice(name: str) -> str:
    declared = dialect()["properties"].get(name, {})
    if "const" in declared:
        return f'"{name}": {"false" if declared["const"] is False else repr(declared["const"])}'
    text = declared.get("description")
    return f'"{name}": …' + (f" ({text})" if text else "")


def _references(root: Schema, places: list[Site]) -> Iterator[Note]:
    used = set()
    inside = _references_inside(root)
    for site in places:
        reference = site.schema.get("$ref")
        if reference is None or is_to_another_file(reference):
            continue
        used.add(str(reference))
        if find_definition(root, reference) is None:
            message = f"{reference} leads nowhere; write #/$defs/<name> and describe it there"
            yield Note("ref-unresolved", site.at("$ref"), message)
        elif _leads_to(inside, str(reference), _definition_around(site)):
            message = (
                f"{reference} leads back to here; write the levels out, or keep it as a string"
            )
            yield Note("ref-recursive", site.at("$ref"), message)
    definitions = root.get("$defs")
    for name in definitions if isinstance(definitions, Mapping) else ():
        if not SNAKE_CASE.fullmatch(name):
            message = f"{name!r} is not snake_case; write it in a-z, 0-9 and single _"
            yield Note("name-not-snake-case", f"/$defs/{escape(name)}", message)
        if f"#/$defs/{name}" not in used:
            yield Note(
                "defs-unused", f"/$defs/{escape(name)}", "nothing refers to it; leave it out"
            )


def _definition_around(site: Site) -> str | None:
    """The reference that leads to the definition which ``site`` is part of."""
    parts = site.pointer.split("/")
    return f"#/$defs/{parts[2]}" if parts[1:2] == ["$defs"] else None


def _references_inside(root: Schema) -> Mapping[str, frozenset[str]]:
    """Reference to a definition → the references in that definition."""
    definitions = root.get("$defs")
    return {
        f"#/$defs/{name}": frozenset(
            str(site.schema["$ref"]) for site in sites(definition) if "$ref" in site.schema
        )
        for name, definition in (definitions if isinstance(definitions, Mapping) else {}).items()
        if isinstance(definition, Mapping)
    }


def _leads_to(inside: Mapping[str, frozenset[str]], reference: str, goal: str | None) -> bool:
    """Whether following ``reference``, and all references behind it, comes to ``goal``."""
    if goal is None:
        return False
    waiting = [reference]
    seen: set[str] = set()
    while waiting:
        here = waiting.pop()
        if here == goal:
            return True
        if here not in seen:
            seen.add(here)
            waiting += inside.get(here, ())
    return False


def _dates(schema: Schema) -> Iterator[Note]:
    declared = schema.get("x-deprecated")
    if not isinstance(declared, Mapping):
        return
    since, sunset, retired = (_day(declared.get(k)) for k in ("since", "sunset", "retired"))
    if since and sunset and sunset <= since:
        message = f"sunset {sunset} is not after since {since}; give clients time between them"
        yield Note("deprecation-dates", "/x-deprecated/sunset", message)
    if sunset and retired and retired < sunset:
        message = f"retired {retired} is before the promised sunset {sunset}; write a later day"
        yield Note("deprecation-dates", "/x-deprecated/retired", message)


def _day(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        return None  # The dialect asks for a date, and says so.


def _table(schema: Schema) -> Iterator[Note]:
    table, properties = schema.get("x-table"), schema.get("properties")
    if not isinstance(table, Mapping) or not isinstance(properties, Mapping):
        return
    key = table.get("key")
    for index, name in enumerate(_listed(key)):
        described = properties.get(name) if isinstance(name, str) else None
        if not isinstance(described, Mapping):
            problem = "is no field of the event"
        elif name not in _listed(schema.get("required")):
            problem = "is not required"
        elif not shape.is_scalar(resolved(schema, described)):
            problem = "is no scalar, or may be null"
        else:
            continue
        message = f"{name} {problem}; write a required field with one plain type"
        yield Note("table-key", f"/x-table/key/{index}", message)
    yield from _personal(schema, table, properties)


def _personal(schema: Schema, table: Schema, properties: Schema) -> Iterator[Note]:
    days, whole = table.get("personal_days"), table.get("retention_days")
    if not isinstance(days, int):
        return
    if isinstance(whole, int) and days >= whole:
        message = f"rows go after {whole} days already; write fewer, or leave it out"
        yield Note("table-personal", "/x-table/personal_days", message)
    if not _has_mark(properties) and not _has_mark(schema.get("$defs")):
        message = "no field has x-pii; mark those that it is meant for"
        yield Note("table-personal", "/x-table/personal_days", message)
    for index, name in enumerate(_listed(table.get("key"))):
        if isinstance(name, str) and _has_mark(_described(schema, properties.get(name))):
            message = f"{name} has x-pii and cannot be cleared; sort by something else"
            yield Note("table-personal", f"/x-table/key/{index}", message)


def _described(schema: Schema, described: Any) -> Any:
    """With what a ``$ref`` beside it leads to."""
    if not isinstance(described, Mapping):
        return None
    return [described, resolved(schema, described)]


def _has_mark(node: Any) -> bool:
    match node:
        case Mapping():
            return "x-pii" in node or any(map(_has_mark, node.values()))
        case list():
            return any(map(_has_mark, node))
        case _:
            return False


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _columns(schema: Schema, reserved: frozenset[str]) -> Iterator[Note]:
    properties = schema.get("properties")
    for name in properties if isinstance(properties, Mapping) else ():
        if name in reserved:
            message = f"every table has a column {name} already; write another name"
            yield Note("column-reserved", f"/properties/{name}", message)


INNER_NAMES: Mapping[str, str] = {
    "present": "tables say under this name whether its object was sent",
    "null": "ClickHouse keeps this name for itself inside of tuples",
}


def _inner_names(places: list[Site]) -> Iterator[Note]:
    """Names that a field of the event itself may have, and one of an object inside not."""
    for site in places:
        properties = site.schema.get("properties")
        for name in properties if site.pointer and isinstance(properties, Mapping) else ():
            if reason := INNER_NAMES.get(name):
                message = f"{reason}; write another name than {name}"
                yield Note("column-reserved", site.at("properties", name), message)
