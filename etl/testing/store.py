"""The pair store within this process, for tests; the same behaviour as the one in Redis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from etl.errors import StateLostError
from etl.sessions.store import (
    Account,
    Booked,
    Booking,
    Entry,
    Fate,
    Half,
    Outcome,
    PairBooks,
    Ripe,
    Side,
    Sighting,
)
from etl.source import Spans


@dataclass(slots=True)
class _Kept:
    """One entry."""

    payloads: dict[Side, bytes] = field(default_factory=dict)
    locations: dict[Side, str] = field(default_factory=dict)
    booked: Booked = Booked.NO
    original_end: bytes | None = None
    forget_ms: int = 0
    presumed: bool = False

    @property
    def started(self) -> bool:
        return Side.START in self.payloads


@dataclass(slots=True)
class Truth:
    """What Redis has in db 2. A copy of it can be put back, as after a restart with older data."""

    entries: dict[str, _Kept] = field(default_factory=dict)
    due: dict[tuple[str, Side], dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    done: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    totals: dict[str, dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    applied: dict[int, int] = field(default_factory=dict)
    reached: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Lifetimes:
    """What Redis has in db 1: until when (ms) each thing lives."""

    markers: dict[str, int] = field(default_factory=dict)
    seen: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)


class MemoryPairStore:
    """:class:`etl.sessions.store.PairStore` in dicts. ``clock_ms`` gives Unix time."""

    def __init__(self, clock_ms: Callable[[], int], *, dedup_window_seconds: int = 900) -> None:
        self._clock_ms = clock_ms
        self._window_ms = dedup_window_seconds * 1000
        self.truth = Truth()
        self.lifetimes = Lifetimes()

    def flush(self) -> None:
        """Loses everything, as FLUSHALL does."""
        self.truth, self.lifetimes = Truth(), Lifetimes()

    def check(self) -> None:
        """Nothing is ever dropped here."""

    def applied(self) -> Mapping[int, int]:
        return dict(self.truth.applied)

    def adopt(self, starts: Mapping[int, int]) -> None:
        for partition, start in starts.items():
            self.truth.applied[partition] = max(start, self.truth.applied.get(partition, start))
            self.truth.reached.pop(partition, None)

    def apply(self, spans: Spans, halves: Sequence[Half]) -> Sequence[Outcome]:
        self._require({partition: span.start for partition, span in spans.items()})
        outcomes = [self._add(half) for half in halves]
        for partition, span in spans.items():
            self.truth.applied[partition] = max(self.truth.applied[partition], span.stop)
        return outcomes

    def settle(self, bookings: Sequence[Booking]) -> Sequence[int]:
        return [self._book(booking) for booking in bookings]

    def due(self, prefix: str, side: Side, before_ms: int, *, skip: int, limit: int) -> Ripe:
        index = self.truth.due[prefix, side]
        ripe = sorted((due_ms, view) for view, due_ms in index.items() if due_ms < before_ms)
        looked_at = ripe[skip : skip + limit]
        now = self._clock_ms()
        lives = [self.lifetimes.markers.get(view, 0) > now for _, view in looked_at]
        return Ripe(
            entries=[
                self._entry(view, self.truth.entries[view], with_original=True)
                for (_, view), left in zip(looked_at, lives, strict=True)
                if not left
            ],
            looked_at=len(looked_at),
            left_from_ms=looked_at[lives.index(True)][0] if any(lives) else None,
        )

    def forget(self, prefix: str, before_ms: int, *, limit: int) -> int:
        done = self.truth.done[prefix]
        old = [view for view, forget_ms in done.items() if forget_ms < before_ms][:limit]
        for view in old:
            del done[view]
            del self.truth.entries[view]
        return len(old)

    def reach(self, positions: Mapping[int, int], observed_ms: int) -> None:
        self._require(positions)
        self.truth.reached.update(dict.fromkeys(positions, observed_ms))

    def watermark_ms(self, partition_count: int) -> int | None:
        known = [self.truth.reached.get(partition) for partition in range(partition_count)]
        times = [time for time in known if time is not None]
        return min(times) if len(times) == partition_count else None

    def books(self, prefix: str) -> PairBooks:
        return PairBooks(
            **self.truth.totals[prefix],
            starts_waiting=len(self.truth.due[prefix, Side.START]),
            ends_waiting=len(self.truth.due[prefix, Side.END]),
        )

    def first_met(self, sightings: Sequence[Sighting]) -> Sequence[bool]:
        now = self._clock_ms()
        first = []
        for sighting in sightings:
            key = sighting.event, sighting.event_id
            location, until_ms = self.lifetimes.seen.get(key, ("", 0))
            if until_ms <= now:
                location = sighting.location
                self.lifetimes.seen[key] = location, now + self._window_ms
            first.append(location == sighting.location)
        return first

    def close(self) -> None:
        """Nothing to release."""

    def _require(self, reached: Mapping[int, int]) -> None:
        for partition, offset in reached.items():
            if self.truth.applied.get(partition, -1) < offset:
                raise StateLostError(f"partition {partition} is not applied up to {offset}")

    def _add(self, half: Half) -> Outcome:
        kept = self.truth.entries.setdefault(half.view, _Kept())
        if kept.locations.get(half.side) == half.location:
            fate = Fate.REPLAYED
        elif kept.presumed and half.side is Side.END and not half.booked and not kept.started:
            fate = Fate.TAKEN
            kept.presumed = False
            self._wait(half, kept, alone=True)
        elif half.side in kept.payloads:
            fate = Fate.DUPLICATE
        else:
            fate = Fate.TAKEN
            self._take(half, kept)
        tell = len(kept.payloads) == 2 or fate is Fate.REPLAYED
        return Outcome(fate, self._entry(half.view, kept if tell else None, booked=kept.booked))

    def _take(self, half: Half, kept: _Kept) -> None:
        alone = not kept.payloads
        kept.payloads[half.side] = half.payload
        kept.locations[half.side] = half.location
        kept.forget_ms = max(kept.forget_ms, half.forget_ms)
        if half.booked:
            kept.booked = max(kept.booked, Booked.ALONE)
            kept.presumed = True
            if alone:
                self.truth.done[half.prefix][half.view] = kept.forget_ms
        else:
            self._wait(half, kept, alone=alone)

    def _wait(self, half: Half, kept: _Kept, *, alone: bool) -> None:
        self.truth.done[half.prefix].pop(half.view, None)
        if half.side is Side.END and alone:
            kept.original_end = half.original
        self.truth.due[half.prefix, half.side][half.view] = half.due_ms
        self.lifetimes.markers[half.view] = half.due_ms
        self.truth.totals[half.prefix]["taken"] += 1

    def _book(self, booking: Booking) -> int:
        kept = self.truth.entries.get(booking.view)
        if kept is None:
            return 0
        sides = _SIDES[booking.account]
        indexes = {side: self.truth.due[booking.prefix, side] for side in Side}
        closed = sum(indexes[side].pop(booking.view, None) is not None for side in sides)
        paired = booking.account is Account.PAIRED
        kept.booked = max(kept.booked, Booked.PAIRED if paired else Booked.ALONE)
        if Side.END in sides:
            kept.original_end = None
        if closed:
            self.truth.totals[booking.prefix][booking.account] += 1
            if paired and closed == 1:
                self.truth.totals[booking.prefix]["late"] += 1
        if not any(booking.view in index for index in indexes.values()):
            self.truth.done[booking.prefix][booking.view] = kept.forget_ms
            self.lifetimes.markers.pop(booking.view, None)
        return closed

    def _entry(
        self,
        view: str,
        kept: _Kept | None,
        *,
        booked: Booked | None = None,
        with_original: bool = False,
    ) -> Entry:
        if kept is None:
            return Entry(view=view, start=None, end=None, booked=booked or Booked.NO)
        return Entry(
            view=view,
            start=kept.payloads.get(Side.START),
            end=kept.payloads.get(Side.END),
            booked=kept.booked,
            original_end=kept.original_end if with_original else None,
        )


_SIDES: Mapping[Account, tuple[Side, ...]] = {
    Account.PAIRED: (Side.START, Side.END),
    Account.UNPAIRED: (Side.START,),
    Account.ORPHAN_ENDS: (Side.END,),
}
