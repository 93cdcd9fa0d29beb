"""A batch whose events share a context: an object around the array of events. Pure.

``{"context": {…}, "sent_at": "…", "events": [{…}, {…}]}``.  The array is cut out before anything is
parsed, so that what is wrong in one event hurts no other; what is left is parsed as a whole.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from contracts.model.context import EVENTS

_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A string (perhaps without its end), or a bracket; UTF-8 has these bytes nowhere else."""

_KEY = f'"{EVENTS}"'.encode()
_BLANK = b" \t\r\n"


class Wrapped(NamedTuple):
    """What stands around the events, with an empty array for them; and their own array."""

    rest: bytes
    events: bytes


def unwrapped(body: bytes) -> Wrapped | None:
    """The two parts of a batch with a context; ``None`` for what is none.

    Whether the rest is JSON, and has the key once, is for whoever parses it.
    """
    if not body.lstrip(_BLANK).startswith(b"{"):
        return None
    depth = 0
    key: re.Match[bytes] | None = None
    begin: int | None = None
    for mark in _MARK.finditer(body):
        match mark[0]:
            case b"[" | b"{":
                depth += 1
                if depth == 2 and key is not None and _opens(body, key, mark):
                    begin = mark.start()
            case b"]" | b"}":
                depth -= 1
                if depth == 0:
                    return None
                if depth == 1 and begin is not None:
                    rest = body[:begin] + b"[]" + body[mark.end() :]
                    return Wrapped(rest, body[begin : mark.end()])
            case text if depth == 1:
                key = mark if text == _KEY else None
    return None


def _opens(body: bytes, key: re.Match[bytes], bracket: re.Match[bytes]) -> bool:
    between = body[key.end() : bracket.start()].strip(_BLANK)
    return bracket[0] == b"[" and between == b":"
