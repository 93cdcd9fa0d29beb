"""A foreign event → a contract of the strict profile, and what became of each field. Pure.

What has a typed image keeps its type and its restrictions as far as the dialect has them; bounds
that the dialect demands and the plan lacks are added, and said to be.  What has none becomes a
string that holds JSON text, which the sender then has to write.  What neither works for is refused
and left out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.errors import ContractSchemaError, SampleError
from contracts.lint import RULES, Severity
from contracts.lint.contract import check
from contracts.lossless.views import RecursiveError, UnresolvedError, View, Views
from contracts.lossless.walker import total_record_type
from contracts.model import patterns
from contracts.model.types import (
    ArrayType,
    BooleanType,
    DateTimeType,
    DateType,
    Field,
    FieldType,
    IntegerType,
    JsonType,
    MapType,
    NumberType,
    RecordType,
    StringType,
    UuidType,
    ValueType,
)
from contracts.model.validation import problem_with_pattern
from contracts.model.walker import is_null
from contracts.samples.payloads import Sampler
from ugc.importing.plans import PlannedEvent

_LONGEST_TEXT = 1024
_LONGEST_JSON_TEXT = 65536
_LONGEST_LIST = 1000
_INT64 = (-(2**63), 2**63 - 1)
_LONGEST_NAME = 63
_MOST_UNIONS = 8
_FORMATS = ("email", "uri")


class Fate(StrEnum):
    """What became of a field."""

    TYPED = "typed"
    JSON_TEXT = "JSON text"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FieldReport:
    """One field of the plan: ``path`` there, what became of it, and what to know about it."""

    path: str
    fate: Fate
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedEvent:
    """``document`` is the contract; ``None`` when nothing of the event could be taken.

    ``findings`` is what ``ugc contracts lint`` would still call an error in it.
    """

    event: str
    planned: PlannedEvent
    document: dict[str, Any] | None
    fields: tuple[FieldReport, ...]
    findings: tuple[str, ...] = ()


def snake_case(name: str) -> str:
    """A name as contracts have it; empty when nothing of it is left."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    joined = "_".join(re.findall(r"[a-z0-9]+", spaced.lower(), re.ASCII))
    return re.sub(r"^[0-9_]+", "", joined)[:_LONGEST_NAME].rstrip("_")


def imported(planned: PlannedEvent, *, owner: str, reserved: frozenset[str]) -> ImportedEvent:
    """The contract of one planned event.

    Args:
        planned: the event.
        owner: the team that answers for it.
        reserved: column names that no field may have.
    """
    event = snake_case(planned.name)
    if event and _is_without_properties(planned.schema):
        closed = {"type": "object", "additionalProperties": False, "required": []}
        empty = _document(planned, event, owner, {**closed, "properties": {}})
        return ImportedEvent(
            event=event,
            planned=planned,
            document=empty,
            fields=(FieldReport("", Fate.TYPED, _notes_without_properties(planned.schema)),),
            findings=_findings(empty, reserved),
        )
    record, wrapped = total_record_type(planned.schema)
    if wrapped or not event:
        reason = "it is no object with known properties" if event else "its name has no letter"
        refused = FieldReport("", Fate.REFUSED, (reason,))
        return ImportedEvent(event=event, planned=planned, document=None, fields=(refused,))
    conversion = _Conversion(planned.schema, reserved)
    data = conversion.closed_object(record, planned.schema, "")
    document = None if data is None else _document(planned, event, owner, data)
    return ImportedEvent(
        event=event,
        planned=planned,
        document=document,
        fields=tuple(conversion.reports),
        findings=() if document is None else _findings(document, reserved),
    )


def _is_without_properties(schema: object) -> bool:
    """Whether the schema says of an object that it has no properties, and nothing else of it."""
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        return False
    said = schema.keys() - {"$schema", "$id", "title", "description", "type"}
    return (
        schema.get("properties") == {}
        and schema.get("required", []) == []
        and schema.get("additionalProperties", False) in (True, False)
        and said <= {"properties", "required", "additionalProperties"}
    )


def _notes_without_properties(schema: Mapping[str, Any]) -> tuple[str, ...]:
    is_closed = schema.get("additionalProperties") is False
    return ("it has no properties",) if is_closed else ("it has no properties, and is closed",)


def _findings(document: dict[str, Any], reserved: frozenset[str]) -> tuple[str, ...]:
    notes, _ = check(document, reserved)
    return tuple(
        f"{note.pointer or '/'} {note.message}"
        for note in notes
        if RULES[note.code].severity is Severity.ERROR
    )


def _document(
    planned: PlannedEvent, event: str, owner: str, data: dict[str, Any]
) -> dict[str, Any]:
    words = event.replace("_", " ")
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": planned.name.strip(),
        "description": planned.description.strip() or f"The event {words}.",
        "x-owner": owner,
        "x-origin": "client",
        **data,
    }
    return {**document, "examples": _examples(document)}


class _Conversion:
    """One document's fields; the reports are gathered on the way."""

    def __init__(self, root: object, reserved: frozenset[str]) -> None:
        self._views = Views(root)
        self._reserved = reserved
        self.reports: list[FieldReport] = []

    def closed_object(self, record: RecordType, schema: object, path: str) -> dict[str, Any] | None:
        view = self._view(schema)
        properties = self._views.with_properties_of_branches(view, frozenset()).get(
            "properties", {}
        )
        listed = view.get("required")
        required = listed if isinstance(listed, list) else []
        found: dict[str, Any] = {}
        taken: list[str] = []
        for field in record.fields[:-1]:
            inner = properties.get(field.json_name, True)
            name = snake_case(field.json_name)
            where = f"{path}{field.json_name}"
            if problem := self._problem_with_name(name, found, path):
                self.reports.append(FieldReport(where, Fate.REFUSED, (problem,)))
                continue
            converted = self._field(field, inner, name, where)
            if converted is not None:
                found[name] = converted
                taken += [name] if field.json_name in required else []
        if not found:
            return None
        closed = {"type": "object", "additionalProperties": False, "required": sorted(taken)}
        return {**closed, "properties": found}

    def _problem_with_name(self, name: str, found: Mapping[str, Any], path: str) -> str | None:
        if not name:
            return "its name has no letter"
        if name in found:
            return f"another field is {name} already"
        if name in self._reserved and not path:
            return f"every table has a column {name}"
        return None

    def _field(self, field: Field, schema: object, name: str, where: str) -> dict[str, Any] | None:
        notes = [] if name == field.json_name else [f"renamed to {name}"]
        place = len(self.reports)
        kind = field.value.type
        if isinstance(kind, JsonType) or self._holds_json(kind):
            reason = kind.reason if isinstance(kind, JsonType) else "an object in it has no fields"
            converted: dict[str, Any] | None = _json_text(reason)
            fate = Fate.JSON_TEXT
            notes.append(reason)
        else:
            converted = self._typed(field.value, schema, where, notes)
            fate = Fate.TYPED
        if converted is None:
            fate = Fate.REFUSED
            notes.append("none of its fields could be taken")
        self.reports.insert(place, FieldReport(where, fate, tuple(notes)))
        if converted is None:
            return None
        described = {
            **converted,
            "description": field.description.strip() or f"{name.replace('_', ' ').capitalize()}.",
        }
        return described if "properties" in described else _with_examples(described)

    def _holds_json(self, kind: FieldType) -> bool:
        """Lists and maps of objects stay typed only when the objects are."""
        match kind:
            case ArrayType(items=ValueType(type=inner)) | MapType(values=ValueType(type=inner)):
                return isinstance(inner, JsonType) or self._holds_json(inner)
            case _:
                return False

    def _typed(
        self, value: ValueType, schema: object, where: str, notes: list[str]
    ) -> dict[str, Any] | None:
        view = self._view(schema)
        match value.type:
            case RecordType() as record:
                found = self.closed_object(record, schema, f"{where}.")
            case ArrayType(items=items):
                inner = self._typed(items, view.get("items"), f"{where}[]", notes)
                found = inner and {"type": "array", "items": inner, **_list_bounds(view, notes)}
            case MapType(values=values):
                inner = self._typed(values, view.get("additionalProperties"), f"{where}{{}}", notes)
                most = _count(view, "maxProperties", _LONGEST_LIST)
                found = inner and {
                    "type": "object", "additionalProperties": inner, "maxProperties": most,
                }  # fmt: skip
            case kind:
                found = _scalar(kind, view, notes)
        if found and value.nullable and "type" in found:
            found = {**found, "type": [found["type"], "null"]}
            if "enum" in found:
                found["enum"] = [*found["enum"], None]
        return found

    def _view(self, schema: object, unions: int = 0) -> View:
        """Keywords of a schema: with those of the one branch beside null, if it has just one.

        Of several branches, whose types are equal here, only what their lists and maps hold is
        taken: what restricts one of them does not restrict the others.
        """
        if not isinstance(schema, Mapping):
            return {}
        try:
            view, seen = self._views.of(schema, frozenset())
            branches = [inner for inner, _ in self._views.branches(view, seen)]
        except (RecursiveError, UnresolvedError):
            return {}
        others = [branch for branch in branches if not is_null(branch)]
        alone = {key: value for key, value in view.items() if key not in ("anyOf", "oneOf")}
        if unions == _MOST_UNIONS:  # A branch may lead back to the schema itself.
            return alone
        if len(others) == 1:
            return self._view({"allOf": [alone, others[0]]}, unions + 1)
        inner = self._view(others[0], unions + 1) if others else {}
        structural = ("items", "additionalProperties")
        return {**{key: inner[key] for key in structural if key in inner}, **view}


def _scalar(kind: FieldType, view: View, notes: list[str]) -> dict[str, Any]:
    match kind:
        case UuidType():
            return {"type": "string", "format": "uuid"}
        case DateTimeType():
            return {"type": "string", "format": "date-time"}
        case DateType():
            return {"type": "string", "format": "date"}
        case BooleanType():
            return {"type": "boolean"}
        case IntegerType():
            return {"type": "integer", **_listed(view, int), **_integer_bounds(view, notes)}
        case NumberType():
            return {"type": "number", **_listed(view, (int, float)), **_bounds(view)}
        case StringType():
            return {"type": "string", **_string_bounds(view, notes)}
        case _:
            raise TypeError(f"{type(kind).__name__} is no scalar")


def _listed(view: View, kinds: type | tuple[type, ...]) -> dict[str, Any]:
    values = view.get("enum", [view["const"]] if "const" in view else None)
    if not isinstance(values, list):
        return {}
    kept = [v for v in values if isinstance(v, kinds) and not isinstance(v, bool)]
    return {"enum": list(dict.fromkeys(kept))} if kept else {}


def _string_bounds(view: View, notes: list[str]) -> dict[str, Any]:
    if listed := _listed(view, str):
        return listed
    found: dict[str, Any] = {}
    if (shortest := _count(view, "minLength", 0)) > 0:
        found["minLength"] = shortest
    found["maxLength"] = _count(view, "maxLength", _LONGEST_TEXT)
    if "maxLength" not in view:
        notes.append(f"maxLength {_LONGEST_TEXT} added")
    if view.get("format") in _FORMATS:
        found["format"] = view["format"]
    if isinstance(pattern := view.get("pattern"), str):
        if _is_portable(pattern):
            found["pattern"] = pattern
        else:
            notes.append("pattern left out: it is not portable")
    return found


def _is_portable(pattern: str) -> bool:
    try:
        patterns.parse(pattern)
    except patterns.PatternError:
        return False
    return problem_with_pattern(pattern) is None


def _bounds(view: View) -> dict[str, Any]:
    """Bounds as drafts from 6 on write them; draft 4's ``exclusiveMinimum`` is a boolean."""
    found: dict[str, Any] = {}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if view.get(exclusive) is True and _is_number(view.get(bound)):
            found[exclusive] = view[bound]
            continue
        found.update({key: view[key] for key in (bound, exclusive) if _is_number(view.get(key))})
    return found


def _integer_bounds(view: View, notes: list[str]) -> dict[str, Any]:
    found = _bounds(view)
    if "enum" in view or "const" in view:
        return {}
    for bound, exclusive, limit in (
        ("minimum", "exclusiveMinimum", _INT64[0]),
        ("maximum", "exclusiveMaximum", _INT64[1]),
    ):
        if bound not in found and exclusive not in found:
            found[bound] = limit
            notes.append(f"{bound} {limit} added")
    return found


def _list_bounds(view: View, notes: list[str]) -> dict[str, Any]:
    if "maxItems" not in view:
        notes.append(f"maxItems {_LONGEST_LIST} added")
    found = {"maxItems": _count(view, "maxItems", _LONGEST_LIST)}
    least = _count(view, "minItems", 0)
    return {"minItems": least, **found} if least else found


def _json_text(reason: str) -> dict[str, Any]:
    return {
        "type": "string",
        "maxLength": _LONGEST_JSON_TEXT,
        "$comment": f"Holds JSON text: {reason}.",
        "examples": ["{}"],
    }


def _with_examples(schema: dict[str, Any]) -> dict[str, Any]:
    return schema if "examples" in schema else {**schema, "examples": _examples(schema)}


def _examples(schema: Mapping[str, Any]) -> list[Any]:
    """One sample, the same on every run; none when the restrictions leave no value to find."""
    rng = random.Random(0)  # noqa: S311 - samples need no secrets
    try:
        return [Sampler(schema).valid(rng)]
    except (SampleError, ContractSchemaError, ValueError):
        return []


def _count(view: View, keyword: str, otherwise: int) -> int:
    number = view.get(keyword)
    return number if isinstance(number, int) and not isinstance(number, bool) else otherwise


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
