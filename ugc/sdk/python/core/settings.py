"""How events are sent, what becomes known of them, and whom it is told."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ugc.sdk.python.core.transport import Send, send

DropReason = Literal["full", "closed"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that the API refused, and that is not sent again.

    ``problem`` is its document (RFC 9457) with ``code``, ``detail`` and ``violations``; empty when
    a proxy answered.  ``body`` is the event as JSON, without its token.
    """

    event: str
    event_id: uuid.UUID
    status: int
    problem: Mapping[str, Any]
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Since this process began; ``queued`` is how many wait now.

    ``unspooled`` were taken, and are not on disk.  ``retries`` are requests that were repeated.
    """

    queued: int = 0
    accepted: int = 0
    rejected: int = 0
    dropped: Mapping[DropReason, int] = field(default_factory=dict)
    retries: int = 0
    unspooled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What :class:`Tracker` is given. Callbacks run on the sending thread, but ``on_dropped``.

    ``token`` gives the token of events that have none of their own; it is asked before each
    request, and again when the API does not take what it gave.
    """

    url: str
    key: str | None = None
    token: Callable[[], str | None] | None = None
    debug: str | None = None
    spool: Path | None = None
    on_rejected: Callable[[Rejected], object] | None = None
    on_dropped: Callable[[int, DropReason], object] | None = None
    most_events: int = 10_000
    most_bytes: int = 16 * 2**20
    batch_events: int = 200
    batch_bytes: int = 512 * 1024
    collect_seconds: float = 1.0
    timeout_seconds: float = 10.0
    least_pause_seconds: float = 0.5
    most_pause_seconds: float = 60.0
    send: Send = send

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(
                f"url is the API's address, https://events.example.com, not {self.url!r}"
            )
        if min(self.most_events, self.most_bytes, self.batch_events, self.batch_bytes) < 1:
            raise ValueError("bounds are 1 at least")
        for name, said in (("key", self.key), ("debug", self.debug)):
            if said is not None and not (said.isascii() and said.isprintable() and said.strip()):
                raise ValueError(f"{name} is a header's value, so printable ASCII; not {said!r}")
