"""Records as server-sent events (the HTML standard, section 9.2): the ids are those of Redis.

::

    id: 1760000000000-0
    event: event
    data: {"kind": "event", …}

``event`` is ``event``, ``place`` (see :mod:`api.debug.records`) or ``position``: no record, but the
id up to which the listener has been told, and how many records were lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from api.debug.asking import Filter, decoded
from api.debug.explaining import Explainer
from api.debug.store import DebugStore

CONTENT_TYPE = "text/event-stream; charset=utf-8"

RETRY = b"retry: 1000\n\n"
"""A listener whose connection ended comes again after a second."""

HEARTBEAT = b": still here\n\n"

PAGE_RECORDS = 500

_RECORD_ID = re.compile(r"[0-9]{1,15}-[0-9]{1,10}|0", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """What a listener is told next: events as bytes, and the id up to which it then knows all.

    ``has_more`` tells whether another page is there at once.
    """

    events: Sequence[bytes]
    last: str
    lost: int
    has_more: bool


def page_after(store: DebugStore, explainer: Explainer, wanted: Filter, after: str) -> Page:
    """The next records behind one that pass a filter.

    Raises:
        CacheUnavailableError: Redis does not answer.
    """
    kept = store.after(after, PAGE_RECORDS)
    events: list[bytes] = []
    for each in kept:
        record = decoded(each)
        if record["kind"] == "place":
            events.append(event_bytes(each[0], "place", record))
        elif wanted.passes(record):
            events.append(event_bytes(each[0], "event", explainer.explained(record)))
    last = kept[-1][0] if kept else after
    return Page(events, last, store.lost(), len(kept) == PAGE_RECORDS)


def event_bytes(record_id: str, name: str, document: Mapping[str, Any]) -> bytes:
    """One event. JSON has no line breaks of its own, so its data is one line."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (
        record_id.encode(),
        name.encode(),
        orjson.dumps(document),
    )


def is_record_id(sent: str) -> bool:
    """Whether a text is the id of a record, there or not."""
    return _RECORD_ID.fullmatch(sent) is not None
