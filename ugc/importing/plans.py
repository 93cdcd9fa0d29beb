"""Tracking plans of other tools → the events in them, each with its JSON Schema. Pure.

======================  ======================================================================
Iglu                    ``{"self": {"vendor", "name", "format", "version"}, …schema}``
Segment, RudderStack    ``rules.events`` or ``events``: ``{"name", "description", "rules"}``,
                        where ``rules`` is a schema of the call, with the event's own properties
                        under ``properties.properties``
Segment, public API     ``rules``: ``{"key", "type", "jsonSchema"}``
Avo and others          ``events``: ``{"name", "properties": [{"name", "type", …}]}``
Amplitude               ``data``: ``{"event_type", "event_property", …}``, of its taxonomy API
AsyncAPI 2, 3           ``asyncapi``: messages of the components and channels
OpenAPI 3               ``openapi``: the schemas of the components
ODCS 3                  ``kind: DataContract``: the objects of its ``schema``
plain JSON Schema       anything else
======================  ======================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ugc.importing.documents import Found, asyncapi_schemas, openapi_schemas
from ugc.importing.property_lists import (
    amplitude_schemas,
    is_amplitude,
    listed_schema,
    odcs_schemas,
)

_IGLU_DRAFT = {"$schema": "http://json-schema.org/draft-04/schema#"}
"""What the meta-schema of self-describing schemas is built upon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEvent:
    """One event as the plan has it; ``schema`` describes what becomes ``data``.

    Events of one ``family`` are versions of one event; ``where`` is the file.  ``notes`` is what
    the plan says of it that no schema does; ``problem`` says why there is nothing to read.
    """

    name: str
    description: str
    schema: Any
    source: str
    where: str
    family: tuple[str, ...]
    version: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def unreadable(name: str, where: str, problem: str) -> PlannedEvent:
    """Stands for a file of which no event could be read."""
    return PlannedEvent(
        name=name,
        description="",
        schema=None,
        source=where,
        where=where,
        family=("file", where),
        problem=problem,
    )


def events_in(document: Any, fallback_name: str, where: str) -> list[PlannedEvent]:
    """The events of one document, in its order.

    Args:
        document: parsed JSON.
        fallback_name: for a plain schema without a title.
        where: the file; events of one name in two files are two, unless they are Iglu's.
    """
    if isinstance(document, Mapping):
        for source, (says, schemas) in _DOCUMENTS.items():
            if says(document):
                found = [_found(each, source, where) for each in schemas(document)]
                return found or [unreadable(fallback_name, where, "it describes no event")]
        for key in ("tracking_plan", "trackingPlan", "data"):
            if isinstance(inner := document.get(key), Mapping) and "properties" not in document:
                return events_in(inner, fallback_name, where)
        if isinstance(about := document.get("self"), Mapping):
            return [_iglu(document, about, fallback_name, where)]
        if isinstance(listed := _listed_events(document), list):
            return list(_tracking_plan(listed, where))
    return [_plain(document, fallback_name, where)]


def _found(each: Found, source: str, where: str) -> PlannedEvent:
    return PlannedEvent(
        name=each.name,
        description=each.description,
        schema=each.schema,
        source=source,
        where=where,
        family=("document", where, each.name),
        notes=each.notes,
        problem=each.problem,
    )


def _is_data_contract(document: Mapping[str, Any]) -> bool:
    return document.get("kind") == "DataContract" and "apiVersion" in document


_DOCUMENTS: Mapping[
    str,
    tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Iterator[Found]]],
] = {
    "AsyncAPI": (lambda document: "asyncapi" in document, asyncapi_schemas),
    "OpenAPI": (lambda document: "openapi" in document, openapi_schemas),
    "ODCS": (_is_data_contract, odcs_schemas),
    "Amplitude": (
        lambda document: is_amplitude(document.get("data")),
        lambda document: amplitude_schemas(document["data"]),
    ),
}
"""Kind of document → how it is told, and what reads it."""


def _listed_events(document: Mapping[str, Any]) -> object:
    rules = document.get("rules")
    if isinstance(rules, Mapping):
        return rules.get("events")
    return rules if isinstance(rules, list) else document.get("events")


def _iglu(
    document: Mapping[str, Any], about: Mapping[str, Any], fallback: str, where: str
) -> PlannedEvent:
    name, vendor = str(about.get("name", fallback)), str(about.get("vendor", ""))
    version = str(about.get("version", ""))
    return PlannedEvent(
        name=name,
        description=_text(document, "description"),
        schema={**{key: value for key, value in document.items() if key != "self"}, **_IGLU_DRAFT},
        source=f"Iglu {vendor} {version}".strip(),
        where=where,
        family=("iglu", vendor, name),
        version=tuple(map(int, re.findall(r"[0-9]{1,9}", version))),
    )


def _tracking_plan(listed: list[Any], where: str) -> Iterator[PlannedEvent]:
    for each in listed:
        if not isinstance(each, Mapping):
            continue
        rules = _mapping(each.get("rules")) or _mapping(each.get("jsonSchema"))
        rules = rules or _own_rules(each)
        name = str(each.get("name", each.get("key", "")))
        yield PlannedEvent(
            name=name,
            description=_text(each, "description") or _text(rules, "description"),
            schema=_of_call(rules),
            source="tracking plan",
            where=where,
            family=("plan", where, name),
            version=(version,) if isinstance(version := each.get("version"), int) else (),
            notes=tuple(_beside_properties(rules)),
        )


def _own_rules(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of an event that has its properties beside its name, listed or described."""
    properties = event.get("properties")
    if isinstance(properties, list):
        return listed_schema(properties)
    if not isinstance(properties, Mapping):
        return {}
    required = event.get("required")
    said = {"required": required} if isinstance(required, list) else {}
    return {"type": "object", "properties": properties, **said}


def _of_call(rules: Mapping[str, Any]) -> Any:
    """The schema of the event's properties inside that of the whole call.

    An event of which the plan lists no properties has none.
    """
    if not rules:
        return _NO_PROPERTIES
    properties = rules.get("properties")
    inner = properties.get("properties") if isinstance(properties, Mapping) else None
    if not isinstance(inner, Mapping):
        return rules
    shared = {key: rules[key] for key in ("$schema", "definitions", "$defs") if key in rules}
    none: Mapping[str, Any] = {"properties": {}} if inner.keys() <= _ABOUT_NO_PROPERTY else {}
    return {**none, **inner, **shared}


def _beside_properties(rules: Mapping[str, Any]) -> Iterator[str]:
    """What the plan demands of other parts of the call, such as its context."""
    parts = _mapping(rules.get("properties"))
    if not isinstance(parts.get("properties"), Mapping):
        return
    for name, schema in parts.items():
        if name != "properties" and schema not in _SAYS_NOTHING:
            yield f"what it says of {name} is left out"


_NO_PROPERTIES: Mapping[str, Any] = {"type": "object", "properties": {}}
_ABOUT_NO_PROPERTY = frozenset({"$schema", "title", "description", "type", "additionalProperties"})
_SAYS_NOTHING: tuple[Any, ...] = ({}, {"type": "object"}, True)


def _plain(document: Any, fallback: str, where: str) -> PlannedEvent:
    schema = document if isinstance(document, Mapping) else {}
    return PlannedEvent(
        name=_text(schema, "title") or fallback,
        description=_text(schema, "description"),
        schema=document,
        source="JSON Schema",
        where=where,
        family=("file", where),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(schema: Mapping[str, Any], keyword: str) -> str:
    found = schema.get(keyword)
    return found if isinstance(found, str) else ""
