"""The operations under ``/api/v1/contracts`` in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from api import paths
from api.docs import openapi_parts as parts
from api.docs.openapi_examples import Examples
from api.docs.openapi_refusals import refusal_of

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


def schemas(examples: Examples) -> dict[str, Any]:
    """The component of one event."""
    contract = {
        "type": "object",
        "required": ["event", "origin", "newest", "versions"],
        "properties": {
            "event": {"type": "string", "examples": [examples.event]},
            "origin": {
                "type": "string",
                "enum": ["client", "etl"],
                "description": "Who makes the event: front ends, or the loader out of other events.",
            },
            "newest": {
                "type": "integer",
                "description": "The version that applies when none is sent.",
            },
            "versions": {"type": "array", "items": _VERSION},
        },
    }
    return {"Contract": contract}


def operations(examples: Examples) -> dict[str, dict[str, Any]]:
    """Path → its operations."""
    event = _parameter("event", {"type": "string", "minLength": 1}, examples.event)
    number = _parameter(
        "version", {"type": "string", "pattern": "^[1-9][0-9]*$"}, str(examples.version)
    )
    absent = {"404": refusal_of("not_found", examples)}
    return {
        paths.CONTRACTS: {"get": _get("listContracts", "Every contract", _LISTED)},
        f"{paths.CONTRACTS}/{{event}}": {
            "get": _get("getContract", "The versions of one event", _ONE, (event,), absent)
        },
        f"{paths.CONTRACTS}/{{event}}/{{version}}": {
            "get": _get(
                "getSchema", "The JSON Schema of one version", _SCHEMA, (event, number), absent
            )
        },
    }


_LISTED = {
    "application/json": {
        "schema": {
            "type": "object",
            "required": ["contracts"],
            "properties": {"contracts": {"type": "array", "items": parts.ref("Contract")}},
        }
    }
}
_ONE = {"application/json": {"schema": parts.ref("Contract")}}
_SCHEMA = {"application/schema+json": {"schema": {"type": "object"}}}


def _parameter(name: str, schema: dict[str, Any], example: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _get(
    operation: str,
    summary: str,
    content: dict[str, Any],
    parameters: tuple[dict[str, Any], ...] = (),
    refusals: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
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
            **refusals,
        },
    }
