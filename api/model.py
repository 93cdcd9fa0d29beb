"""The records that the API's modules hand to each other.

Nobody changes one.  Those of which each event needs its own (:class:`Request`, :class:`Stamped`,
:class:`Accepted`) are not frozen all the same: filling a frozen record takes twice as long, 1.5 µs
for the three.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from api.errors import Rejection
from contracts.model.applications import Application
from contracts.model.types import Contract, Deprecation
from contracts.reasons import Reason


@dataclass(frozen=True, slots=True)
class Identity:
    """A token is good: whose it is, and until when (Unix seconds; ``None``: not stated)."""

    user_id: str
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class TokenRejection:
    """A token is bad, and why."""

    reason: Reason


Verdict = Identity | TokenRejection


@dataclass(frozen=True, slots=True)
class Kept:
    """A verdict that is believed ``until`` then (Unix seconds) without asking again."""

    verdict: Verdict
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtPolicy:
    """What the local check demands of a token.

    ``secret`` and ``public_key`` (PEM text) may both be given, or neither, or ``jwks_file`` alone;
    ``None`` for ``issuer`` or ``audience`` means any; ``max_overdue_seconds`` caps how long ago a
    token may have ended.
    """

    secret: str | None = field(default=None, repr=False)
    public_key: str | None = None
    jwks_file: Path | None = None
    issuer: str | None = None
    audience: str | None = None
    max_overdue_seconds: float = 30 * 24 * 3600.0


@dataclass(slots=True, kw_only=True)
class Request:
    """A request whose envelope and data satisfy their contracts. The token is unchecked.

    ``context`` is valid too, and ``sent_at`` a date-time; both ``None`` where they were not sent.
    ``application`` is the name of the one whose key came with it.
    ``headers`` go to Kafka beside the event; ``None``: there are none.
    """

    contract: Contract
    token: str | None
    event_id: uuid.UUID | None
    data: Mapping[str, Any]
    context: Mapping[str, Any] | None = None
    sent_at: str | None = None
    application: str | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Common:
    """What the events of a request share: a valid context, when it was sent, and by whom."""

    context: Mapping[str, Any] | None = None
    sent_at: str | None = None
    application: Application | None = None


@dataclass(slots=True, kw_only=True)
class Stamped:
    """An event that only has to be published; ``value`` is its Kafka value.

    ``image`` is what will be kept of its data, for those whose sender gave them an id.  ``context``
    is what its data has beside its own fields, in JSON; ``None`` for nothing.
    """

    request: Request
    event_id: uuid.UUID
    user_id: str
    timestamp: dt.datetime
    value: bytes
    image: bytes | None = None
    context: Mapping[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Accepted:
    """What was published for a request. ``timestamp`` is in UTC and whole milliseconds.

    ``deprecation`` is set when the sender should move to a newer contract version;
    ``is_duplicate`` when the event was safe before, at that timestamp.
    """

    event_id: uuid.UUID
    event: str
    version: int
    timestamp: dt.datetime
    deprecation: Deprecation | None = None
    is_duplicate: bool = False


Outcome = Accepted | Rejection
"""What became of one event of several."""


def shown_time(instant: dt.datetime) -> str:
    """An instant in UTC as every answer and report has it: ``2026-01-31T12:00:00.000Z``."""
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ComponentStatus(StrEnum):
    """How a part of the system is, as seen from this process."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentHealth:
    """One entry of the readiness report.

    ``required`` tells whether events can be accepted without the part.
    """

    status: ComponentStatus
    required: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Document:
    """A page, style sheet or script, as it is answered."""

    body: bytes
    media_type: str


class Pages(Protocol):
    """Pages that the API serves and does not make: the catalogue of events."""

    def page(self, path: str) -> Document | None:
        """What is at a path below their own; ``None`` for nothing. A page's path ends in ``/``."""
        ...
