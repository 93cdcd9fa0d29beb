"""A contract with a field of every shape, for tests that go through all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.model.loader import Catalog, load_catalog, parse_contract
from contracts.model.types import Contract

_D = {"description": "A field."}

PROPERTIES: dict[str, dict[str, Any]] = {
    "text": {"type": "string", **_D},
    "choice": {"type": "string", "enum": ["a", "b"], **_D},
    "maybe_text": {"type": ["string", "null"], **_D},
    "id": {"type": "string", "format": "uuid", **_D},
    "at": {"type": "string", "format": "date-time", **_D},
    "day": {"type": "string", "format": "date", **_D},
    "count": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1, **_D},
    "ratio": {"type": "number", **_D},
    "price": {"type": "number", "x-decimal": {"precision": 12, "scale": 2}, **_D},
    "rate": {
        "type": ["string", "number"],
        "x-decimal": {"precision": 38, "scale": 18},
        "minimum": 0,
        **_D,
    },
    "flag": {"type": "boolean", **_D},
    "tags": {"type": "array", "items": {"type": "string"}, **_D},
    "matrix": {
        "type": "array",
        "items": {"type": "array", "items": {"type": ["integer", "null"], "maximum": 9}},
        **_D,
    },
    "labels": {"type": "object", "additionalProperties": {"type": "integer", "maximum": 9}, **_D},
    "device": {
        "type": "object",
        "additionalProperties": False,
        "required": ["os"],
        "properties": {
            "os": {"type": "string", **_D},
            "width": {"type": "integer", "minimum": 0, "maximum": 9999, **_D},
        },
        **_D,
    },
    "seen": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["on"],
            "properties": {"on": {"type": "string", "format": "date", **_D}},
        },
        **_D,
    },
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Every shape",
    "description": "One field of each kind, required, and each once more as an optional one.",
    "x-owner": "tests",
    "x-origin": "client",
    "type": "object",
    "additionalProperties": False,
    "required": sorted(PROPERTIES),
    "properties": {
        **PROPERTIES,
        **{f"maybe_{name}_too": schema for name, schema in PROPERTIES.items()},
    },
}


def every_shape() -> tuple[Catalog, Contract]:
    """The project's catalog with one contract more."""
    contract = parse_contract("every_shape", 1, SCHEMA, Path("every_shape/v1.json"))
    catalog = load_catalog()
    versions = {**catalog.versions, "every_shape": {1: contract}}
    return Catalog(versions, catalog.envelopes), contract
