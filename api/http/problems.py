"""Rejections as problem documents (RFC 9457). Pure.

A document has at most 20 violations and so many bytes, and each of its texts is cut, so that an
answer is never much larger than what a front-end developer reads; what is left out is counted.
"""

from __future__ import annotations

from typing import Any

import orjson

from api import paths
from api.errors import Rejection
from contracts.model.validation import MAX_VIOLATIONS, Violation
from contracts.reasons import Reason

MEDIA_TYPE = "application/problem+json"

PROBLEM_BYTES = 16_384
"""No document is longer."""

LEAST_PROBLEM_BYTES = 2_048
"""Room for everything but the violations, and for one of them, whatever they are made of."""

BATCH_PROBLEMS_BYTES = 1_048_576
"""All documents in the answer to one batch are not longer, as long as each may have the least."""

_TEXT_BYTES = 300
"""So much of any text is shown; counted as JSON, where a character has 1 to 6 bytes."""


def problem(
    rejection: Rejection, *, correlation_id: str, limit_bytes: int = PROBLEM_BYTES
) -> dict[str, Any]:
    """The document that answers a refused request; ``event`` and ``contract`` only when known.

    ``limit_bytes`` is :data:`LEAST_PROBLEM_BYTES` or more.
    """
    head: dict[str, Any] = {
        "type": f"{paths.REASONS}#{rejection.reason}",
        "title": title(rejection.reason),
        "status": rejection.status,
        "code": str(rejection.reason),
        "detail": _cut(rejection.detail),
    }
    if rejection.event is not None:
        head["event"] = rejection.event
        if rejection.version is not None:
            head["contract"] = f"{rejection.event}@{rejection.version}"
    tail = {"correlation_id": correlation_id}
    return {**head, **_told(rejection, limit_bytes - _size({**head, **tail})), **tail}


def bytes_for_each(refused: int) -> int:
    """The ``limit_bytes`` of each document where so many of them share one answer."""
    share = BATCH_PROBLEMS_BYTES // max(refused, 1)
    return min(PROBLEM_BYTES, max(LEAST_PROBLEM_BYTES, share))


def title(reason: Reason) -> str:
    """A reason code in words: ``data_invalid`` is "Data invalid"."""
    return reason.replace("_", " ").capitalize()


def _told(rejection: Rejection, room_bytes: int) -> dict[str, Any]:
    """The first violations, as many as there is room for, and how many more there are."""
    if not rejection.violations:
        return {}
    room_bytes -= len(',"violations":[],"more_violations":1000000000')
    shown: list[dict[str, Any]] = []
    for violation in rejection.violations[:MAX_VIOLATIONS]:
        entry = _violation(violation)
        room_bytes -= _size(entry) + len(",")
        if room_bytes < 0:
            break
        shown.append(entry)
    more = len(rejection.violations) - len(shown) + rejection.more_violations
    return {"violations": shown, **({"more_violations": more} if more else {})}


def _violation(violation: Violation) -> dict[str, Any]:
    return {
        "pointer": _cut(violation.pointer),
        "keyword": violation.keyword,
        "message": _cut(violation.message),
        "expected": _bounded(violation.expected),
    }


def _cut(text: str) -> str:
    """``text``, or its beginning when it is long."""
    kept = text[:_TEXT_BYTES]
    while (size := _size(kept) - len('""')) > _TEXT_BYTES:
        kept = kept[: len(kept) * _TEXT_BYTES // size]
    return kept if kept == text else f"{kept}…"


def _bounded(expected: Any) -> Any:
    """``expected``, or its beginning as text when it is long (an enum of a thousand values)."""
    try:
        text = orjson.dumps(expected)
    except orjson.JSONEncodeError:
        return _cut(str(expected))
    return expected if len(text) <= _TEXT_BYTES else _cut(text.decode())


def _size(found: Any) -> int:
    return len(orjson.dumps(found))
