"""What a run did, in numbers that can be checked against each other.

Of every event read from Kafka::

    consumed = loaded + taken + replayed + duplicates + dead

``loaded`` became rows as they are; ``taken`` went into the session store as the first start or end
of their session; ``replayed`` were in it from an earlier reading of the very same message;
``duplicates`` repeat an event that came from another place in the topic; ``dead`` went to the
dead letters.  Whatever became of them, ``unstamped`` of the consumed had no sequence number.
For the events in the store :class:`etl.sessions.store.SessionTotals` goes on.

A message counts in the run that commits it.  A run that is ended by an error reports nothing:
what it put into the store appears in the store's totals at once, and as ``replayed`` in the run
that reads the same messages again.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from etl.plain import plain
from etl.sequence.gaps import GapSummary
from etl.sessions.store import SessionTotals
from etl.source import Span

UNKNOWN_EVENT = "?"
"""Stands for the event of a message whose key names none."""

EventField = Literal["consumed", "loaded", "taken", "replayed", "duplicates", "dead", "unstamped"]
PairField = Literal["rows", "paired", "late", "unpaired", "orphan_ends", "skewed", "rebuilt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCounts:
    """One event's messages in a run; the module says what each number means."""

    consumed: int = 0
    loaded: int = 0
    taken: int = 0
    replayed: int = 0
    duplicates: int = 0
    dead: int = 0
    unstamped: int = 0

    @property
    def reconciled(self) -> bool:
        """Whether every message that was consumed is accounted for."""
        accounted = self.loaded + self.taken + self.replayed + self.duplicates + self.dead
        return self.consumed == accounted


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """One derived event in a run.

    ``rows`` were inserted, also again; ``paired``, ``late``, ``unpaired`` and ``orphan_ends`` are
    what this run settled (:class:`etl.sessions.store.SessionTotals`). ``skewed`` of the pairs have
    an end before their start, or longer after it than a start waits. ``rebuilt`` events were put
    back after the store had lost them. ``before`` and ``after`` are the store's totals around the
    run, other workers' included.
    """

    rows: int = 0
    paired: int = 0
    late: int = 0
    unpaired: int = 0
    orphan_ends: int = 0
    skewed: int = 0
    rebuilt: int = 0
    before: SessionTotals = field(default_factory=SessionTotals)
    after: SessionTotals = field(default_factory=SessionTotals)

    @property
    def reconciled(self) -> bool:
        """Whether every event that the store was ever given is accounted for."""
        return self.before.reconciled and self.after.reconciled


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """A finished run.

    ``offsets`` are what it committed of each partition.  ``finished`` is false when it was asked
    to stop before it had done everything.  ``swept_to`` is the time up to which starts that had
    waited long enough were taken out of the store; None when that was left out, because it was
    asked to stop, or another worker's partitions have not been read since the store was empty.
    ``ranges`` are the offsets in the order of the commits, a partition with a gap once for each
    side of it.  ``numbers`` tell of the producers; None like ``swept_to``.  ``lag`` tells for each
    partition how many messages came meanwhile.  ``held`` gives the offset from which on a
    partition waits for newer contracts, ``held_by`` names a message that does.
    ``topic_id`` is that of the topic that the offsets are of, where the broker gives one.
    """

    started_at: dt.datetime
    seconds: float
    finished: bool
    events: Mapping[str, EventCounts]
    pairs: Mapping[str, PairCounts]
    offsets: Mapping[int, Span]
    swept_to: dt.datetime | None
    lag: Mapping[int, int] = field(default_factory=dict)
    ranges: Sequence[tuple[int, Span]] = ()
    numbers: GapSummary | None = None
    held: Mapping[int, int] = field(default_factory=dict)
    held_by: str = ""
    topic_id: uuid.UUID | None = None

    @property
    def outcome(self) -> Literal["done", "stopped", "held"]:
        """``held`` when partitions wait for newer contracts, ``stopped`` when asked to stop."""
        if self.held:
            return "held"
        return "done" if self.finished else "stopped"

    @property
    def consumed(self) -> int:
        """Messages of all events."""
        return sum(counts.consumed for counts in self.events.values())

    @property
    def reconciled(self) -> bool:
        """Whether all totals of the run are reconciled. If not, messages were lost or made up."""
        return all(counts.reconciled for counts in self.events.values()) and all(
            counts.reconciled for counts in self.pairs.values()
        )

    def as_dict(self) -> dict[str, Any]:
        """The report for a log line or a JSON document."""
        return {
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "finished": self.finished,
            "balanced": self.reconciled,
            "consumed": self.consumed,
            "events": {event: plain(counts) for event, counts in self.events.items()},
            "pairs": {event: plain(counts) for event, counts in self.pairs.items()},
            "offsets": {str(p): [span.start, span.stop] for p, span in self.offsets.items()},
            "ranges": [[p, span.start, span.stop] for p, span in self.ranges],
            "numbers": self.numbers.as_dict() if self.numbers else None,
            "lag": {str(p): messages for p, messages in self.lag.items()},
            "held": {str(p): offset for p, offset in self.held.items()},
            "held_by": self.held_by,
            "topic_id": None if self.topic_id is None else str(self.topic_id),
            "swept_to": self.swept_to.isoformat() if self.swept_to else None,
        }


class Tally:
    """Numbers while they grow. One per chunk, added to the run's when the chunk is committed."""

    def __init__(self) -> None:
        self._events: Counter[tuple[str, EventField]] = Counter()
        self._pairs: Counter[tuple[str, PairField]] = Counter()

    def event(self, event: str, what: EventField, number: int = 1) -> None:
        """Adds to an event's counts."""
        self._events[event, what] += number

    def pair(self, event: str, what: PairField, number: int = 1) -> None:
        """Adds to a derived event's counts."""
        self._pairs[event, what] += number

    def add(self, other: Tally) -> None:
        """Adds all of another tally."""
        self._events.update(other._events)
        self._pairs.update(other._pairs)

    def total(self, what: EventField) -> int:
        """One number over all events."""
        return sum(number for (_, field_), number in self._events.items() if field_ == what)

    def events(self) -> dict[str, EventCounts]:
        """The counts of each event that was met, by name."""
        met = sorted({event for event, _ in self._events})
        return {
            event: EventCounts(
                **{what: number for (of, what), number in self._events.items() if of == event}
            )
            for event in met
        }

    def pairs(
        self, before: Mapping[str, SessionTotals], after: Mapping[str, SessionTotals]
    ) -> dict[str, PairCounts]:
        """The counts of each derived event in ``before``, by name."""
        return {
            event: PairCounts(
                before=before[event],
                after=after[event],
                **{what: number for (of, what), number in self._pairs.items() if of == event},
            )
            for event in sorted(before)
        }
