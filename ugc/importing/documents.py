"""AsyncAPI 2 and 3 and OpenAPI 3 documents → the schemas in them. Pure.

References into the document (``#/components/…``) stay as they are: each schema is given the
components of its document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_DRAFT_7 = "http://json-schema.org/draft-07/schema#"
_DRAFT_4 = "http://json-schema.org/draft-04/schema#"
_DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
_MOST_HOPS = 20

_JSON_SCHEMA_FORMATS = ("application/vnd.aai.asyncapi", "application/schema+json")
"""What a ``schemaFormat`` begins with whose schemas are JSON Schemas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One schema; ``problem`` says why it cannot be read, ``notes`` what is left out of it."""

    name: str
    description: str = ""
    schema: Any = None
    notes: tuple[str, ...] = ()
    problem: str = ""


def asyncapi_schemas(document: Mapping[str, Any]) -> Iterator[Found]:
    """The payload of each message, whether among the components or in a channel."""
    seen: list[int] = []
    for fallback, message in _messages(document):
        target, problem = _followed(document, message)
        if problem:
            yield Found(name=fallback, problem=problem)
        elif id(target) not in seen:
            seen.append(id(target))
            yield _of_message(document, fallback, target)


def openapi_schemas(document: Mapping[str, Any]) -> Iterator[Found]:
    """Each schema of the components."""
    is_3_0 = str(document["openapi"]).startswith("3.0")
    components = _mapping(document.get("components"))
    shared = _nullable(components) if is_3_0 else components
    draft = _DRAFT_4 if is_3_0 else _DRAFT_2020
    for name, schema in _mapping(_mapping(shared).get("schemas")).items():
        yield Found(
            name=name,
            description=_text(schema, "description"),
            schema=_with(schema, shared, draft),
        )


def _messages(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    components = _mapping(document.get("components"))
    yield from _mapping(components.get("messages")).items()
    for address, channel in _mapping(document.get("channels")).items():
        target, problem = _followed(document, channel)
        if problem:
            yield address, channel
            continue
        yield from _mapping(target.get("messages")).items()
        for direction in ("publish", "subscribe"):
            message = _mapping(target.get(direction)).get("message")
            listed = _mapping(message).get("oneOf", [message])
            yield from ((address, each) for each in listed if each is not None)


def _of_message(document: Mapping[str, Any], fallback: str, message: Mapping[str, Any]) -> Found:
    name = _text(message, "name") or fallback
    payload, form = message.get("payload"), _text(message, "schemaFormat")
    if isinstance(payload, Mapping) and "schemaFormat" in payload:
        form = str(payload["schemaFormat"])
        payload = payload.get("schema")
    description = _text(message, "description") or _text(message, "summary")
    notes = []
    if "headers" in message:
        notes.append("headers are left out")
    if message.get("traits"):
        notes.append("traits are left out")
    if form and not form.startswith(_JSON_SCHEMA_FORMATS):
        return Found(name=name, problem=f"its payload is written in {form}")
    if payload is None:
        return Found(name=name, problem="it has no payload")
    shared = _mapping(document.get("components"))
    return Found(
        name=name,
        description=description or _text(payload, "description"),
        schema=_with(payload, shared, _DRAFT_7),
        notes=tuple(notes),
    )


def _followed(document: Mapping[str, Any], value: Any) -> tuple[Mapping[str, Any], str]:
    """What a reference object stands for, or why it stands for nothing."""
    for _ in range(_MOST_HOPS):
        if not isinstance(value, Mapping):
            return {}, "it is no object"
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return value, ""
        if not reference.startswith("#/"):
            return {}, f"{reference} is not inside the document"
        value = document
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None:
            return {}, f"{reference} leads nowhere"
    return {}, "its references go round in a circle"


def _with(schema: Any, components: Mapping[str, Any], draft: str) -> Any:
    """The schema in a document of its own, where references still lead somewhere."""
    if not isinstance(schema, Mapping):
        return schema
    shared = {"$schema": schema.get("$schema", draft), "components": components}
    if "$ref" in schema:
        # Until draft 7 a reference hides what stands beside it, and the root is to have more.
        return {**shared, "allOf": [schema]}
    return {**schema, **shared}


def _nullable(value: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` as JSON Schema says it."""
    if isinstance(value, list):
        return [_nullable(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    found = {key: _nullable(inner) for key, inner in value.items()}
    if found.get("nullable") is True and isinstance(found.get("type"), str):
        del found["nullable"]
        found["type"] = [found["type"], "null"]
        if isinstance(listed := found.get("enum"), list) and None not in listed:
            found["enum"] = [*listed, None]
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any, key: str) -> str:
    found = _mapping(value).get(key)
    return found if isinstance(found, str) else ""
