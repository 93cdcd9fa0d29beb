"""A verdict as SARIF 2.1.0 (OASIS), which code scanning and editors read. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from contracts.evolution.rules import RULES as CHANGES
from contracts.lint import RULES as LINT
from contracts.visible import visible
from ugc.check.entries import Entry, Part, Verdict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(verdict: Verdict, told: Callable[[Entry], str]) -> dict[str, Any]:
    """The document: one run, a rule for each code that occurs, a result for each entry.

    Args:
        verdict: what was found.
        told: an entry as a text.
    """
    codes = sorted({_rule_id(entry) for entry in verdict.entries})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "ugc check", "rules": [_rule(code) for code in codes]}},
                "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The repository."}}},
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(entry, codes.index(_rule_id(entry)), told(entry))
                    for entry in verdict.entries
                ],
            }
        ],
    }


def fingerprint(entry: Entry) -> str:
    """The same for the same mistake while lines move: it counts part, code, file and place."""
    told = "\0".join((entry.part, entry.code, entry.path, entry.pointer, entry.contract))
    told += "" if entry.pointer else f"\0{entry.message}"
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()


def _rule_id(entry: Entry) -> str:
    return f"{entry.part}/{entry.code}"


def _rule(rule_id: str) -> dict[str, Any]:
    part, _, code = rule_id.partition("/")
    says = code
    if part == Part.LINT and code in LINT:
        says = LINT[code].demand
    elif part == Part.CHANGE and code in CHANGES:
        says = CHANGES[code].says
    return {"id": rule_id, "shortDescription": {"text": says}}


def _result(entry: Entry, rule_index: int, text: str) -> dict[str, Any]:
    return {
        "ruleId": _rule_id(entry),
        "ruleIndex": rule_index,
        "level": entry.level.value,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(visible(entry.path)), "uriBaseId": "SRCROOT"},
                    "region": {"startLine": entry.line},
                }
            }
        ],
        "partialFingerprints": {"entry/v1": fingerprint(entry)},
    }
