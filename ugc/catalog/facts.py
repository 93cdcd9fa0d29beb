"""How events fare now, where somebody can tell: the site is served beside a database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """One event's last 24 hours.

    ``rejected`` are reason codes with the share (0 to 1) of what was sent, ``shares`` those of what
    was loaded, in words; ``objectives`` are those
    of the contract with whether they are met; ``versions`` and ``applications`` are what still
    came, with the number of events.  ``as_of``: when that was so.
    """

    events: int
    last_seen: dt.datetime | None
    rejected: tuple[tuple[str, float], ...] = ()
    shares: tuple[tuple[str, float], ...] = ()
    objectives: tuple[tuple[str, bool], ...] = ()
    versions: tuple[tuple[int, int], ...] = ()
    applications: tuple[tuple[str, int], ...] = ()
    as_of: dt.datetime


class LiveFacts(Protocol):
    """Whoever knows them. Asked for each page, so it keeps what it knows for some time."""

    @property
    def are_there(self) -> bool:
        """Whether anything is ever told."""
        ...

    def of(self, event: str) -> EventFacts | None:
        """What is known of an event; ``None`` when nothing is, as while the database is away."""
        ...


class NoFacts:
    """For a site that has no database beside it."""

    are_there = False

    def of(self, event: str) -> EventFacts | None:
        """Nothing."""
        del event
        return None
