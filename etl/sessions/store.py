"""What the session store does: a Protocol, and the values that pass through it.

A *session* is what a start event and an end event belong to: one value of the pairing's keys and of
``user_id``.  Its state holds the first start and the first end that came, and is never changed
otherwise; so every operation may be repeated, by any worker, at any time.

Each of the two events is *waiting* until it is *settled*: as part of a pair, as an unpaired start,
or as an orphan end. That happens after the row (or dead letter) is stored. A settled state is kept
a while longer, so that repetitions are known and a late event still finds its other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol, TypeVar

from etl.source import Spans


class Side(StrEnum):
    """Which event of a session."""

    START = "s"
    END = "e"


class SessionEvent(NamedTuple):
    """One start or end event, as the store keeps it. A tuple: made in a third of the time.

    ``prefix`` names the pairing, ``session`` is the state's key (``pv:<keys>.<user id>``).
    ``expires_ms`` is the Unix time from which it has waited long enough; ``forget_ms`` that from
    which, once it is settled, it need not be known any more.  ``payload`` is what the derived row
    needs; ``original`` what the dead letter of an end needs, kept while it is alone.  ``settled``:
    it is only put back, and was settled before the store lost it, unless another end of the session
    had come first: so when another comes, one end waits again.
    """

    prefix: str
    session: str
    side: Side
    location: str
    expires_ms: int
    forget_ms: int
    payload: bytes
    original: bytes = b""
    settled: bool = False


class SessionPair(NamedTuple):
    """A start and an end of one session, as two :class:`SessionEvent` that were not settled.

    ``start`` and ``end`` are their payloads; ``forget_ms`` is the later of the two.  A tuple, since
    there is one for nearly every session, and a dataclass takes four times as long to make.
    """

    session: str
    start_location: str
    start: bytes
    start_expires_ms: int
    end_location: str
    end: bytes
    end_expires_ms: int
    forget_ms: int


class ApplyResult(IntEnum):
    """What became of an event that was applied."""

    DUPLICATE = 0
    """The session has another message in its place already."""
    TAKEN = 1
    """It is the session's first."""
    REPLAYED = 2
    """It is the very message that the session has."""


class Settled(IntEnum):
    """How far a state has been settled."""

    NO = 0
    ALONE = 1
    PAIRED = 2


class SessionState(NamedTuple):
    """One session: its events' payloads (``None``: has not come), and how far it is settled."""

    session: str
    start: bytes | None
    end: bytes | None
    settled: Settled
    original_end: bytes | None = None

    @property
    def complete(self) -> bool:
        """Whether both events have come."""
        return self.start is not None and self.end is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredPage:
    """A page of what has expired.

    ``looked_at`` candidates gave these states; the marker of the others still lives, and
    ``left_from_ms`` is when the first of them expired (``None``: there are no others).
    """

    states: Sequence[SessionState]
    looked_at: int
    left_from_ms: int | None


class Applied(NamedTuple):
    """What became of an event, and the state after it."""

    result: ApplyResult
    state: SessionState


class SettledAs(StrEnum):
    """What events are settled as."""

    PAIRED = "paired"
    UNPAIRED = "unpaired"
    ORPHAN_ENDS = "orphan_ends"


class Settlement(NamedTuple):
    """A row (or dead letter) for the session is stored. A tuple as :class:`SessionPair` is one."""

    prefix: str
    session: str
    settled_as: SettledAs


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTotals:
    """Totals of one pairing since the store was last empty, taken at one instant.

    Every event that was ever taken is in exactly one place, whoever took it and whatever crashed::

        taken = 2 * paired - late + unpaired + orphan_ends + starts_waiting + ends_waiting

    ``late`` counts the pairs of which one event had been settled before, as unpaired or orphan: it
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
        """Events that are not settled yet."""
        return self.starts_waiting + self.ends_waiting

    @property
    def reconciled(self) -> bool:
        """Whether the identity above holds."""
        settled = 2 * self.paired - self.late + self.unpaired + self.orphan_ends
        return self.taken == settled + self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrences:
    """Many ids of one event, by column: each the UUID's text, and where it was met."""

    event: str
    ids: Sequence[bytes]
    partitions: Sequence[int]
    offsets: Sequence[int]

    def each(self) -> Iterator[Occurrence]:
        """The same one by one."""
        for event_id, partition, offset in zip(
            self.ids, self.partitions, self.offsets, strict=True
        ):
            yield Occurrence(self.event, event_id.decode(), f"{partition}:{offset}")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event id, and the ``partition:offset`` where it was met."""

    event: str
    event_id: str
    location: str


T = TypeVar("T")


class SessionStore(Protocol):
    """Open sessions, shared by all workers.

    Each method is atomic (:meth:`first_occurrences` for each id, :meth:`settle` for each of its
    settlements, :meth:`apply_pairs` for each pair).

    Every method raises :class:`~etl.errors.StoreUnavailableError` when it got no answer in time;
    what it should have done may then have been done.
    """

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """Begins a call of this store beside the caller's own work; gives what waits for its end.

        Calls that were begun are made one after the other.  What a call raises, either raises.
        """
        ...

    def check(self) -> None:
        """Makes sure that the store keeps what it is given.

        Raises:
            StoreUnsafeError: it would drop keys by itself.
        """
        ...

    def applied(self) -> Mapping[int, int]:
        """Partition → the offset up to which its events are in the store.

        It is written together with the events.  So a partition whose committed offset is above
        it, or which is missing, shows that the store was flushed or went back in time.
        """
        ...

    def adopt(self, starts: Mapping[int, int]) -> None:
        """Lets :meth:`apply` begin at these offsets, where it is not further already.

        Forgets what :meth:`advance` noted for these partitions.
        """
        ...

    def apply(self, spans: Spans, events: Sequence[SessionEvent]) -> Sequence[Applied]:
        """Adds events, in their order, and notes that the partitions are applied up to the stops.

        Only adds: an event that its session has already changes nothing. Results in the same order.

        Raises:
            StateLostError: the store does not reach up to a span's start. Nothing was done.
        """
        ...

    def apply_pairs(
        self, starts: Mapping[int, int], prefix: str, pairs: Iterable[SessionPair]
    ) -> Sequence[bool]:
        """Adds pairs of sessions of which nothing is known; False for the others, left as they are.

        All are of one pairing.  While some are added the next ones are drawn from ``pairs``.

        What is added is as :meth:`apply` would have made it, except that nothing waits for a
        marker.  How far the partitions are applied stays as it is: :meth:`apply` notes it, with
        what else their spans hold.  No session may be in two of the pairs.

        Raises:
            StateLostError: the store does not reach up to a partition's start, where there are
                pairs at all. Nothing was done.
        """
        ...

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[int]:
        """Settles what is stored; gives how many events each settlement took that were waiting.

        0 when another worker, or an earlier run, had settled them, or the state is gone.
        """
        ...

    def expired(
        self, prefix: str, side: Side, before_ms: int, *, skip: int, limit: int
    ) -> ExpiredPage:
        """States with a waiting event of the side that has expired, the longest waiting first.

        Expired means: waiting until before ``before_ms``, and past the lifetime of its marker.
        Leaves ``skip`` candidates out; looks at less than ``limit`` (some thousands at most) at the
        end.
        """
        ...

    def forget(self, prefix: str, before_ms: int, *, limit: int) -> int:
        """Drops up to ``limit`` settled states whose time to be forgotten is before; how many."""
        ...

    def advance(self, positions: Mapping[int, int], observed_ms: int) -> None:
        """Notes that all that was in the partitions at that time is applied.

        Raises:
            StateLostError: the store does not reach up to these offsets. Nothing was done.
        """
        ...

    def watermark_ms(self, partition_count: int) -> int | None:
        """The least time of all partitions that :meth:`advance` noted; None while one has none."""
        ...

    def totals(self, prefix: str) -> SessionTotals:
        """The totals of a pairing."""
        ...

    def first_occurrences(self, occurrences: Sequence[Occurrence]) -> Sequence[bool]:
        """Whether each id was not met at *another* location within the window of duplicates.

        The first occurrence of an id is remembered for that long; meeting it there again is a
        repetition of the reading, not of the event.
        """
        ...

    def repeated(self, occurrences: Occurrences) -> Sequence[int]:
        """The places, counted from 0, of those that :meth:`first_occurrences` gives False for."""
        ...

    def close(self) -> None:
        """Releases connections."""
        ...
