"""The first version of a project's context, with what most front ends can tell. Pure."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string", "minLength": 1}


_FIELDS: dict[str, dict[str, Any]] = {
    "anonymous_id": {
        **_TEXT,
        "maxLength": 64,
        "x-pii": "identifier",
        "description": "Made by the client and kept between visits; the same before and after"
        " signing in.",
        "examples": ["a-4f0c"],
    },
    "session_id": {
        **_TEXT,
        "maxLength": 64,
        "description": "Made by the client for each visit.",
        "examples": ["s-81c2"],
    },
    "application": {
        **_TEXT,
        "maxLength": 64,
        "x-categorical": True,
        "description": "Which of the front ends sends.",
        "examples": ["web", "ios"],
    },
    "platform": {
        **_TEXT,
        "maxLength": 64,
        "x-categorical": True,
        "description": "What it runs on.",
        "examples": ["firefox", "android"],
    },
    "version": {
        **_TEXT,
        "maxLength": 32,
        "x-categorical": True,
        "description": "The application's version.",
        "examples": ["4.11.0"],
    },
    "locale": {
        **_TEXT,
        "maxLength": 35,
        "x-categorical": True,
        "description": "Language tag (BCP 47) of the interface.",
        "examples": ["nl-NL"],
    },
    "page_url": {
        **_TEXT,
        "maxLength": 2048,
        "x-pii": "free_text",
        "description": "The page that is shown.",
        "examples": ["https://shop.example.org/cart"],
    },
    "referrer": {
        **_TEXT,
        "maxLength": 2048,
        "x-pii": "free_text",
        "description": "The page before it.",
        "examples": ["https://search.example.org/"],
    },
    "occurred_at": {
        "type": "string",
        "format": "date-time",
        "x-precision": "millis",
        "description": "When it happened, by the client's clock; corrected where the request"
        " says sent_at.",
        "examples": ["2026-01-31T11:59:58.250Z"],
    },
    "sequence": {
        "type": "integer",
        "minimum": 0,
        "maximum": 9_007_199_254_740_991,
        "description": "Counts the events of one installation at the client, so that losses show.",
        "examples": [7],
    },
}


def context_document(owner: str) -> dict[str, Any]:
    """``contracts/context/v1.json``: every field may be left out of a request."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Context",
        "description": "What every event may be sent with: who, where, by what, and when.",
        "x-owner": owner,
        "type": "object",
        "additionalProperties": False,
        "required": [],
        "properties": _FIELDS,
        "examples": [{name: each["examples"][0] for name, each in _FIELDS.items()}],
    }
