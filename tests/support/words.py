"""A catalog whose events, fields and texts are in the way of programming languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contracts.model.loader import Catalog, load_catalog, parse_contract

HOSTILE = (
    'A $text ${x} \\(y) {{z}} */ of "quotes", ``` and `, """, \'\'\', /* <!-- </script>'
    "<script>alert(1)</script> \u2028\u202e C:\\bin\\u0041 \\"
)
"""Ends, or begins, something in each language that code and pages are written in."""


def catalog_of_words(
    events: Sequence[str], fields: Sequence[str], choices: Sequence[str] = ()
) -> Catalog:
    """Each event has all the fields, and ``choice`` where there are choices."""
    text = {"type": "string", "maxLength": 9, "description": HOSTILE, "examples": [HOSTILE]}
    listed = {"type": "string", "enum": list(choices), "description": HOSTILE}
    properties: dict[str, Any] = dict.fromkeys(fields, text)
    if choices:
        properties["choice"] = listed
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": HOSTILE,
        "description": HOSTILE,
        "x-owner": "tests",
        "x-origin": "client",
        "type": "object",
        "additionalProperties": False,
        "required": [],
        "properties": properties,
        "examples": [dict.fromkeys(fields, HOSTILE)],
    }
    contracts = {
        event: {1: parse_contract(event, 1, schema, Path(f"{event}/v1.json"))} for event in events
    }
    return Catalog(contracts, load_catalog().envelopes)
