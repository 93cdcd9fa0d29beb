"""Events that the API refused, from the topic where it keeps them.

A message's key, or the field ``event`` of its JSON value, names the event; the field ``code``, or
the header of that name, why it was refused; ``weight`` for how many it stands where the API keeps
a sample only (1).  The topic may be absent: then nobody knows, and says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import orjson

from etl.errors import TopicMissingError
from etl.source import History, RawMessage

_READ_MESSAGES = 1_000


@dataclass(slots=True)
class Refusals:
    """How many were refused, by event and by reason code."""

    by_event: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)


def read_refusals(history: History, since_ms: int) -> Refusals | None:
    """What was refused since a time (Unix ms); None when no topic keeps it.

    Raises:
        SourceUnavailableError: Kafka gives no answer in time.
    """
    try:
        bounds = history.bounds()
    except TopicMissingError:
        return None
    found = Refusals()
    if all(span.stop <= span.start for span in bounds.values()):
        return found
    history.begin(history.offsets_at(bounds.keys(), since_ms), {})
    while (chunk := history.read(_READ_MESSAGES)) is not None:
        for raw in chunk.messages:
            # The offsets of a time may be too early.
            if raw.timestamp_ms >= since_ms:
                _count(raw, found)
    return found


def _count(raw: RawMessage, found: Refusals) -> None:
    try:
        value = orjson.loads(raw.value or b"{}")
    except orjson.JSONDecodeError:
        value = {}
    told = value if isinstance(value, dict) else {}
    headers = dict(raw.headers)
    event = told.get("event") or (raw.key or b"?").decode(errors="replace")
    code = told.get("code") or (headers.get("code") or b"?").decode(errors="replace")
    weight = told.get("weight", 1)
    number = weight if isinstance(weight, int) and weight > 0 else 1
    found.by_event[str(event)] += number
    found.by_reason[str(code)] += number
