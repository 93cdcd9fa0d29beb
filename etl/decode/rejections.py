"""Events that the API refused, from the topic where it keeps them.

A message's key, or the field ``event`` of its JSON value, names the event; the field ``code``, or
the header of that name, why it was refused; ``weight`` for how many it stands where the API keeps
a sample only (1).  The topic may be absent: then nobody knows, and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from etl.errors import TopicMissingError
from etl.source import History, RawMessage

_READ_MESSAGES = 1_000


@dataclass(slots=True)
class Rejections:
    """How many were refused, by event and by reason code."""

    by_event: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)


def read_rejections(history: History, since_ms: int) -> Rejections | None:
    """What was refused since a time (Unix ms); None when no topic keeps it.

    Raises:
        SourceUnavailableError: Kafka gives no answer in time.
    """
    found = Rejections()
    try:
        for rejection in each_rejection(history, since_ms):
            found.by_event[rejection.event] += rejection.weight
            found.by_reason[rejection.code] += rejection.weight
    except TopicMissingError:
        return None
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """What one message says. ``fields`` are those of its JSON; none when it has no JSON object."""

    event: str
    code: str
    weight: int
    fields: Mapping[str, Any]


def each_rejection(history: History, since_ms: int) -> Iterator[Told]:
    """The messages since a time (Unix ms), up to the topic's end as it is at the beginning.

    Raises:
        TopicMissingError: no topic keeps what is refused.
        SourceUnavailableError: Kafka gives no answer in time.
    """
    bounds = history.bounds()
    if all(span.stop <= span.start for span in bounds.values()):
        return
    history.begin(history.offsets_at(bounds.keys(), since_ms), {})
    while (chunk := history.read(_READ_MESSAGES)) is not None:
        for raw in chunk.messages:
            # The offsets of a time may be too early.
            if raw.timestamp_ms >= since_ms:
                yield _told(raw)


def _told(raw: RawMessage) -> Told:
    try:
        value = orjson.loads(raw.value or b"{}")
    except orjson.JSONDecodeError:
        value = {}
    fields = value if isinstance(value, dict) else {}
    headers = dict(raw.headers)
    event = fields.get("event") or (raw.key or b"?").decode(errors="replace")
    code = fields.get("code") or (headers.get("code") or b"?").decode(errors="replace")
    weight = fields.get("weight", 1)
    number = weight if isinstance(weight, int) and weight > 0 else 1
    return Told(str(event), str(code), number, fields)
