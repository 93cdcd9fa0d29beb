"""A body of many events, taken apart before anything is parsed. Pure.

Each event is parsed by itself afterwards, so that a duplicate key, a NaN or bad Unicode in one of
them hurts no other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from api.errors import Refusal
from contracts.reasons import Reason

ARRAY = "application/json"
LINES = "application/x-ndjson"
MEDIA_TYPES = (ARRAY, LINES, "text/plain")
"""``text/plain``, which ``navigator.sendBeacon`` says, may hold either."""

_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
"""A string (perhaps without its end), a bracket or a comma; all else is between marks. UTF-8 has
these bytes nowhere else."""

_BLANK = b" \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How long the body of a batch may be, and how many events it may hold."""

    body_bytes: int
    events: int


def split(body: bytes, *, media_type: str, most: int) -> Sequence[bytes]:
    """The events of a batch, each as the bytes of its JSON.

    Args:
        body: the whole body.
        media_type: one of :data:`MEDIA_TYPES`.
        most: how many events a batch may hold.

    Raises:
        Refusal: ``BODY_EMPTY``, ``BATCH_TOO_LONG``, or ``JSON_INVALID`` when the brackets do not
            tell where one event ends and the next begins.
    """
    text = body.strip(_BLANK)
    if not text:
        raise Refusal(Reason.BODY_EMPTY, "the body is empty")
    is_array = media_type == ARRAY or (media_type != LINES and text.startswith(b"["))
    found = _elements(text) if is_array else _lines(text)
    if len(found) > most:
        raise Refusal(
            Reason.BATCH_TOO_LONG, f"a batch may hold at most {most} events, this one {len(found)}"
        )
    return found


def _lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line.strip(_BLANK)]


def _elements(text: bytes) -> list[bytes]:
    """What stands between the commas of an array; what is no JSON is left as it is."""
    if not text.startswith(b"["):
        raise Refusal(Reason.JSON_INVALID, "a batch is a JSON array of events")
    found: list[bytes] = []
    depth, begin = 0, 1
    for mark in _MARK.finditer(text):
        match mark[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
            case b"," if depth == 1:
                found.append(text[begin : mark.start()])
                begin = mark.end()
        if depth == 0:
            return _ended(text, mark.end(), [*found, text[begin : mark.start()]])
    raise Refusal(Reason.JSON_INVALID, "the array of events has no end")


def _ended(text: bytes, end: int, found: list[bytes]) -> list[bytes]:
    if end != len(text):
        raise Refusal(Reason.JSON_INVALID, f"something follows the array, from byte {end} on")
    return [] if len(found) == 1 and not found[0].strip(_BLANK) else found
