"""The id that ties an answer to log lines and to the sender's own records. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

HEADER = "X-Correlation-Id"

SENT_IN = (HEADER, "X-Request-ID", "traceparent")
"""Where a sender may have put it; the first that is sane counts."""

*_PLAIN, _TRACE = map(str.lower, SENT_IN)

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace_id>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}",
    re.ASCII,
)
"""W3C Trace Context, section 3.2; ids of zeros alone are invalid."""


def sent_id(header: Callable[[str], str | None]) -> str | None:
    """The sender's id of a request, if it sent a sane one.

    ``header`` gives a header's value by its name in lower case.
    """
    for name in _PLAIN:
        sent = header(name)
        if sent is not None and _SANE.fullmatch(sent):
            return sent
    sent = header(_TRACE)
    trace = None if sent is None else _TRACEPARENT.fullmatch(sent)
    return trace["trace_id"] if trace else None
