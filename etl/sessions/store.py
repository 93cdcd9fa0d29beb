"""What the pair store does: a Protocol, and the values that pass through it.

A *view* is what a start and an end belong to: one value of the pairing's keys and of ``user_id``.
Its entry holds the first start and the first end that came, and is never changed otherwise; so
every operation may be repeated, by any worker, at any time.

Each half of an entry is *waiting* until it is *booked*: as part of a pair, as an unpaired start,
or as an orphan end.  Booking happens after the row (or dead letter) is stored.  A booked entry is
kept a while longer, so that repetitions are known and a late half still finds its other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

from etl.source import Spans


class Side(StrEnum):
    """Which half of a view."""

    START = "s"
    END = "e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """One start or end, as the store keeps it.

    ``prefix`` names the pairing, ``view`` is the entry's key.  ``due_ms`` is the Unix time from
    which it has waited long enough; ``forget_ms`` that from which, once it is booked, it need not
    be known any more.  ``payload`` is what the derived row needs; ``original`` what the dead
    letter of an end needs, kept while it is alone.  ``booked``: it is only put back, and was booked
    before the store lost it, unless another end of the view had come first: so when another comes,
    one end waits again.
    """

    prefix: str
    view: str
    side: Side
    location: str
    due_ms: int
    forget_ms: int
    payload: bytes
    original: bytes = b""
    booked: bool = False


class Fate(IntEnum):
    """What became of a half that was applied."""

    DUPLICATE = 0
    """The view has another message as this half already."""
    TAKEN = 1
    """It is the view's first."""
    REPLAYED = 2
    """It is the very message that the view has."""


class Booked(IntEnum):
    """How far an entry has been booked."""

    NO = 0
    ALONE = 1
    PAIRED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One view: the payloads of its halves (``None``: has not come), and how far it is booked."""

    view: str
    start: bytes | None
    end: bytes | None
    booked: Booked
    original_end: bytes | None = None

    @property
    def complete(self) -> bool:
        """Whether both halves have come."""
        return self.start is not None and self.end is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ripe:
    """A page of what is due.

    ``looked_at`` candidates gave these entries; the marker of the others still lives, and
    ``left_from_ms`` is when the first of them was due (``None``: there are no others).
    """

    entries: Sequence[Entry]
    looked_at: int
    left_from_ms: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a half, and the entry after it."""

    fate: Fate
    entry: Entry


class Account(StrEnum):
    """What halves are booked as."""

    PAIRED = "paired"
    UNPAIRED = "unpaired"
    ORPHAN_ENDS = "orphan_ends"


@dataclass(frozen=True, slots=True)
class Booking:
    """A row (or dead letter) for the view is stored."""

    prefix: str
    view: str
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class PairBooks:
    """Totals of one pairing since the store was last empty, taken at one instant.

    Every half that was ever taken is in exactly one place, whoever took it and whatever crashed::

        taken = 2 * paired - late + unpaired + orphan_ends + starts_waiting + ends_waiting

    ``late`` counts the pairs of which one half had been booked before, as unpaired or orphan: it
    is then part of both.  Since this holds at every instant, it holds for the differences over
    any run, and over any sum of runs.
    """

    taken: int = 0
    paired: int = 0
    late: int = 0
    unpaired: int = 0
    orphan_ends: int = 0
    starts_waiting: int = 0
    ends_waiting: int = 0

    @property
    def waiting(self) -> int:
        """Halves that are not booked yet."""
        return self.starts_waiting + self.ends_waiting

    @property
    def balanced(self) -> bool:
        """Whether the identity above holds."""
        booked = 2 * self.paired - self.late + self.unpaired + self.orphan_ends
        return self.taken == booked + self.waiting


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event id, and the ``partition:offset`` where it was met."""

    event: str
    event_id: str
    location: str


class PairStore(Protocol):
    """Open views, shared by all workers.

    Each method is atomic (:meth:`first_met` for each id, :meth:`settle` for each booking).

    Every method raises :class:`~etl.errors.StoreUnavailableError` when it got no answer in time;
    what it should have done may then have been done.
    """

    def check(self) -> None:
        """Makes sure that the store keeps what it is given.

        Raises:
            StoreUnsafeError: it would drop keys by itself.
        """
        ...

    def applied(self) -> Mapping[int, int]:
        """Partition → the offset up to which its halves are in the store.

        It is written together with the halves.  So a partition whose committed offset is above
        it, or which is missing, shows that the store was flushed or went back in time.
        """
        ...

    def adopt(self, starts: Mapping[int, int]) -> None:
        """Lets :meth:`apply` begin at these offsets, where it is not further already.

        Forgets what :meth:`reach` noted for these partitions.
        """
        ...

    def apply(self, spans: Spans, halves: Sequence[Half]) -> Sequence[Outcome]:
        """Adds halves, in their order, and notes that the partitions are applied up to the stops.

        Only adds: a half that its view has already changes nothing.  Outcomes in the same order.

        Raises:
            StateLostError: the store does not reach up to a span's start. Nothing was done.
        """
        ...

    def settle(self, bookings: Sequence[Booking]) -> Sequence[int]:
        """Books what is stored; gives how many halves each booking booked that were waiting.

        0 when another worker, or an earlier run, had booked them, or the entry is gone.
        """
        ...

    def due(self, prefix: str, side: Side, before_ms: int, *, skip: int, limit: int) -> Ripe:
        """Entries with a waiting half of the side that is due, the longest waiting first.

        Due means: due before ``before_ms``, and past the lifetime of its marker.  Leaves ``skip``
        candidates out; looks at less than ``limit`` (some thousands at most) at the end.
        """
        ...

    def forget(self, prefix: str, before_ms: int, *, limit: int) -> int:
        """Drops up to ``limit`` booked entries whose time to be forgotten is before; how many."""
        ...

    def reach(self, positions: Mapping[int, int], observed_ms: int) -> None:
        """Notes that all that was in the partitions at that time is applied.

        Raises:
            StateLostError: the store does not reach up to these offsets. Nothing was done.
        """
        ...

    def watermark_ms(self, partition_count: int) -> int | None:
        """The least time over all partitions that :meth:`reach` noted; None while one has none."""
        ...

    def books(self, prefix: str) -> PairBooks:
        """The totals of a pairing."""
        ...

    def first_met(self, sightings: Sequence[Sighting]) -> Sequence[bool]:
        """Whether each id was not met at *another* location within the window of duplicates.

        The first sighting of an id is remembered for that long; meeting it there again is a
        repetition of the reading, not of the event.
        """
        ...

    def close(self) -> None:
        """Releases connections."""
        ...
