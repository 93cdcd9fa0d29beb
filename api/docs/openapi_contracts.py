"""The operations under ``/api/v1/contracts`` in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from api.docs import openapi_parts as parts

_VERSION = {
    "type": "object",
    "required": ["version", "title", "schema", "sunset"],
    "properties": {
        "version": {"type": "integer"},
        "title": {"type": "string"},
        "schema": {"type": "string", "description": "Where its JSON Schema is."},
        "sunset": {
            "type": ["string", "null"],
            "description": "The day from which on the version may be refused, when it has one.",
        },
    },
}

_CONTRACT = {
    "type": "object",
    "required": ["event", "origin", "newest", "versions"],
    "properties": {
        "event": {"type": "string", "examples": ["element_click"]},
        "origin": {
            "type": "string",
            "enum": ["client", "etl"],
            "description": "Who makes the event: front ends, or the loader out of other events.",
        },
        "newest": {"type": "integer", "description": "The version that applies when none is sent."},
        "versions": {"type": "array", "items": _VERSION},
    },
}

SCHEMAS = {"Contract": _CONTRACT}


def _parameter(name: str, schema: dict[str, Any], example: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


_EVENT = _parameter("event", {"type": "string", "minLength": 1}, "element_click")
_NUMBER = _parameter("version", {"type": "string", "pattern": "^[1-9][0-9]*$"}, "1")


def _get(
    operation: str,
    summary: str,
    content: dict[str, Any],
    parameters: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    absent = {"404": parts.refusal_of("not_found")} if parameters else {}
    return {
        "tags": ["contracts"],
        "operationId": operation,
        "summary": summary,
        "parameters": list(parameters),
        "responses": {
            "200": {
                "description": "May be cached.",
                "headers": parts.CACHED_HEADERS,
                "content": content,
            },
            "304": {
                "description": "Unchanged since the `ETag` in `If-None-Match`.",
                "headers": parts.CACHED_HEADERS,
            },
            **absent,
        },
    }


LIST = _get(
    "listContracts",
    "Every contract",
    {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["contracts"],
                "properties": {"contracts": {"type": "array", "items": parts.ref("Contract")}},
            }
        }
    },
)

EVENT = _get(
    "getContract",
    "The versions of one event",
    {"application/json": {"schema": parts.ref("Contract")}},
    (_EVENT,),
)

SCHEMA = _get(
    "getSchema",
    "The JSON Schema of one version",
    {"application/schema+json": {"schema": {"type": "object"}}},
    (_EVENT, _NUMBER),
)
