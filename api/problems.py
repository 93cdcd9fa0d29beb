"""Refusals as problem documents (RFC 9457). Pure.

A document has at most 20 violations and each of its texts is cut, so that an answer is never much
larger than what a front-end developer reads.
"""

from __future__ import annotations

from typing import Any

import orjson

from api import paths
from api.errors import Refusal
from contracts.reasons import Reason
from contracts.validation import MAX_VIOLATIONS, Violation

MEDIA_TYPE = "application/problem+json"

_TEXT_CHARACTERS = 300
_EXPECTED_BYTES = 300


def problem(refusal: Refusal, *, correlation_id: str) -> dict[str, Any]:
    """The document that answers a refused request; ``event`` and ``contract`` only when known."""
    found: dict[str, Any] = {
        "type": f"{paths.REASONS}#{refusal.reason}",
        "title": title(refusal.reason),
        "status": refusal.status,
        "code": str(refusal.reason),
        "detail": _cut(refusal.detail),
    }
    if refusal.event is not None:
        found["event"] = refusal.event
        if refusal.version is not None:
            found["contract"] = f"{refusal.event}@{refusal.version}"
    if refusal.violations:
        found["violations"] = [_violation(each) for each in refusal.violations[:MAX_VIOLATIONS]]
    return {**found, "correlation_id": correlation_id}


def title(reason: Reason) -> str:
    """A reason code in words: ``data_invalid`` is "Data invalid"."""
    return reason.replace("_", " ").capitalize()


def _violation(violation: Violation) -> dict[str, Any]:
    return {
        "pointer": _cut(violation.pointer),
        "keyword": violation.keyword,
        "message": _cut(violation.message),
        "expected": _bounded(violation.expected),
    }


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_CHARACTERS else text[:_TEXT_CHARACTERS] + "…"


def _bounded(expected: Any) -> Any:
    """``expected``, or its beginning as text when it is long (an enum of a thousand values)."""
    try:
        text = orjson.dumps(expected)
    except orjson.JSONEncodeError:
        return _cut(str(expected))
    return expected if len(text) <= _EXPECTED_BYTES else _cut(text.decode())
