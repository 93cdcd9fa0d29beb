"""Applications: who may send events, told apart by a key; the file may be missing. Pure.

::

    contracts/applications.json
    {"required": true,
     "applications": [{"key": "web-5e0c81d2", "name": "web_shop", "platform": "web",
                       "environment": "production", "origins": ["https://shop.example.com"],
                       "rate_limit": "60000/minute", "events": ["order_placed"]}]}

A key is no secret: whoever has a page has its key.  It tells senders apart and stops what is sent
by mistake.  Several entries may have one name, such as a new key beside the one it replaces.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from contracts.model.types import JsonSchema
from contracts.model.validation import Validator

FILE = "applications.json"

HEADER, PARAMETER = "X-UGC-Key", "key"
"""Where a request has its key: a header, or a parameter of the query."""

OTHER, NONE = "other", "none"
"""What reports call a key that nobody has, and events without one; no application's name."""

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True, slots=True)
class EventRate:
    """At most so many events within any time of that length."""

    events: int
    window_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One entry of the file. ``None`` for ``origins`` or ``events`` means any."""

    key: str = field(repr=False)
    name: str
    platform: str | None = None
    environment: str | None = None
    origins: frozenset[str] | None = None
    events: frozenset[str] | None = None
    rate: EventRate | None = None
    is_disabled: bool = False

    def may_send(self, event: str) -> bool:
        """Whether the event is among those that it may send."""
        return self.events is None or event in self.events


@dataclass(frozen=True)
class Applications:
    """What the file says; ``is_required``: an event without a key is refused."""

    by_key: Mapping[str, Application]
    is_required: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The name of each application, once."""
        return tuple(sorted({each.name for each in self.by_key.values()}))

    def senders_of(self, event: str) -> tuple[str, ...]:
        """The names of those that may send an event."""
        able = (each for each in self.by_key.values() if not each.is_disabled)
        return tuple(sorted({each.name for each in able if each.may_send(event)}))


def applications_of(document: Mapping[str, Any]) -> Applications:
    """The applications in a file that has none of :func:`problems`."""
    found = map(_application, document["applications"])
    return Applications({each.key: each for each in found}, document.get("required", False))


def _application(said: Mapping[str, Any]) -> Application:
    return Application(
        key=said["key"],
        name=said["name"],
        platform=said.get("platform"),
        environment=said.get("environment"),
        origins=frozenset(said["origins"]) if "origins" in said else None,
        events=frozenset(said["events"]) if "events" in said else None,
        rate=_rate(said["rate_limit"]) if "rate_limit" in said else None,
        is_disabled=said.get("disabled", False),
    )


def _rate(text: str) -> EventRate:
    events, _, unit = text.partition("/")
    return EventRate(int(events), _SECONDS[unit])


def problems(document: JsonSchema, sent: Collection[str]) -> Iterator[tuple[str, str]]:
    """Pointer and message: what is wrong with the file.

    Args:
        document: what the file says.
        sent: the events that clients send.
    """
    violations = _validator().violations(document, limit=None)
    yield from ((each.pointer, each.message) for each in violations)
    if violations:
        return
    first: dict[str, int] = {}
    for index, each in enumerate(document["applications"]):
        at = f"/applications/{index}"
        before = first.setdefault(each["key"], index)
        if before != index:
            yield f"{at}/key", f"is the key of /applications/{before} already; write another"
        for place, event in enumerate(each.get("events", ())):
            if event not in sent:
                message = f"names {event!r}, which is no event that clients send; leave it out"
                yield f"{at}/events/{place}", message


@cache
def _validator() -> Validator:
    text = files("contracts").joinpath("meta/applications.json").read_text(encoding="utf-8")
    return Validator(json.loads(text))
