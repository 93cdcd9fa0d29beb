"""The session store within this process, for tests; the same behaviour as the one in Redis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from etl.errors import StateLostError
from etl.sessions.store import (
    Applied,
    ApplyResult,
    ExpiredPage,
    Occurrence,
    Occurrences,
    SessionEvent,
    SessionPair,
    SessionState,
    SessionTotals,
    Settled,
    SettledAs,
    Settlement,
    Side,
    T,
)
from etl.source import Spans


@dataclass(slots=True)
class _Kept:
    """One state."""

    payloads: dict[Side, bytes] = field(default_factory=dict)
    locations: dict[Side, str] = field(default_factory=dict)
    settled: Settled = Settled.NO
    original_end: bytes | None = None
    forget_ms: int = 0
    presumed: bool = False

    @property
    def started(self) -> bool:
        return Side.START in self.payloads


@dataclass(slots=True)
class Truth:
    """What Redis has in db 2. A copy of it can be put back, as after a restart with older data."""

    states: dict[str, _Kept] = field(default_factory=dict)
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


class MemorySessionStore:
    """:class:`etl.sessions.store.SessionStore` in dicts. ``clock_ms`` gives Unix time."""

    def __init__(self, clock_ms: Callable[[], int], *, dedup_window_seconds: int = 900) -> None:
        self._clock_ms = clock_ms
        self._window_ms = dedup_window_seconds * 1000
        self.truth = Truth()
        self.lifetimes = Lifetimes()

    def flush(self) -> None:
        """Loses everything, as FLUSHALL does."""
        self.truth, self.lifetimes = Truth(), Lifetimes()

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """At once, so that a test sees one thread only."""
        found = call()
        return lambda: found

    def check(self) -> None:
        """Nothing is ever dropped here."""

    def applied(self) -> Mapping[int, int]:
        return dict(self.truth.applied)

    def adopt(self, starts: Mapping[int, int]) -> None:
        for partition, start in starts.items():
            self.truth.applied[partition] = max(start, self.truth.applied.get(partition, start))
            self.truth.reached.pop(partition, None)

    def apply(self, spans: Spans, events: Sequence[SessionEvent]) -> Sequence[Applied]:
        self._require({partition: span.start for partition, span in spans.items()})
        applied = [self._add(event) for event in events]
        for partition, span in spans.items():
            self.truth.applied[partition] = max(self.truth.applied[partition], span.stop)
        return applied

    def apply_pairs(
        self, starts: Mapping[int, int], prefix: str, pairs: Iterable[SessionPair]
    ) -> Sequence[bool]:
        given = list(pairs)
        if given:
            self._require(starts)
        return [self._add_pair(prefix, pair) for pair in given]

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[int]:
        return [self._settle(settlement) for settlement in settlements]

    def expired(
        self, prefix: str, side: Side, before_ms: int, *, skip: int, limit: int
    ) -> ExpiredPage:
        index = self.truth.due[prefix, side]
        expired = sorted(
            (expires_ms, session) for session, expires_ms in index.items() if expires_ms < before_ms
        )
        looked_at = expired[skip : skip + limit]
        now = self._clock_ms()
        lives = [self.lifetimes.markers.get(session, 0) > now for _, session in looked_at]
        return ExpiredPage(
            states=[
                self._state(session, self.truth.states[session], with_original=True)
                for (_, session), left in zip(looked_at, lives, strict=True)
                if not left
            ],
            looked_at=len(looked_at),
            left_from_ms=looked_at[lives.index(True)][0] if any(lives) else None,
        )

    def forget(self, prefix: str, before_ms: int, *, limit: int) -> int:
        done = self.truth.done[prefix]
        old = [session for session, forget_ms in done.items() if forget_ms < before_ms][:limit]
        for session in old:
            del done[session]
            del self.truth.states[session]
        return len(old)

    def advance(self, positions: Mapping[int, int], observed_ms: int) -> None:
        self._require(positions)
        self.truth.reached.update(dict.fromkeys(positions, observed_ms))

    def watermark_ms(self, partition_count: int) -> int | None:
        known = [self.truth.reached.get(partition) for partition in range(partition_count)]
        times = [time for time in known if time is not None]
        return min(times) if len(times) == partition_count else None

    def totals(self, prefix: str) -> SessionTotals:
        return SessionTotals(
            **self.truth.totals[prefix],
            starts_waiting=len(self.truth.due[prefix, Side.START]),
            ends_waiting=len(self.truth.due[prefix, Side.END]),
        )

    def first_occurrences(self, occurrences: Sequence[Occurrence]) -> Sequence[bool]:
        now = self._clock_ms()
        first = []
        for occurrence in occurrences:
            key = occurrence.event, occurrence.event_id
            location, until_ms = self.lifetimes.seen.get(key, ("", 0))
            if until_ms <= now:
                location = occurrence.location
                self.lifetimes.seen[key] = location, now + self._window_ms
            first.append(location == occurrence.location)
        return first

    def repeated(self, occurrences: Occurrences) -> Sequence[int]:
        first = self.first_occurrences(list(occurrences.each()))
        return [place for place, is_first in enumerate(first) if not is_first]

    def close(self) -> None:
        """Nothing to release."""

    def _require(self, reached: Mapping[int, int]) -> None:
        for partition, offset in reached.items():
            if self.truth.applied.get(partition, -1) < offset:
                raise StateLostError(f"partition {partition} is not applied up to {offset}")

    def _add(self, event: SessionEvent) -> Applied:
        kept = self.truth.states.setdefault(event.session, _Kept())
        if kept.locations.get(event.side) == event.location:
            result = ApplyResult.REPLAYED
        elif kept.presumed and event.side is Side.END and not event.settled and not kept.started:
            result = ApplyResult.TAKEN
            kept.presumed = False
            self._wait(event, kept, alone=True)
        elif event.side in kept.payloads:
            result = ApplyResult.DUPLICATE
        else:
            result = ApplyResult.TAKEN
            self._take(event, kept)
        tell = len(kept.payloads) == 2 or result is ApplyResult.REPLAYED
        return Applied(
            result, self._state(event.session, kept if tell else None, settled=kept.settled)
        )

    def _add_pair(self, prefix: str, pair: SessionPair) -> bool:
        if pair.session in self.truth.states:
            return False
        self.truth.states[pair.session] = _Kept(
            payloads={Side.START: pair.start, Side.END: pair.end},
            locations={Side.START: pair.start_location, Side.END: pair.end_location},
            forget_ms=pair.forget_ms,
        )
        self.truth.due[prefix, Side.START][pair.session] = pair.start_expires_ms
        self.truth.due[prefix, Side.END][pair.session] = pair.end_expires_ms
        self.truth.totals[prefix]["taken"] += 2
        return True

    def _take(self, event: SessionEvent, kept: _Kept) -> None:
        alone = not kept.payloads
        kept.payloads[event.side] = event.payload
        kept.locations[event.side] = event.location
        kept.forget_ms = max(kept.forget_ms, event.forget_ms)
        if event.side is Side.START:
            kept.original_end = None
        if event.settled:
            kept.settled = max(kept.settled, Settled.ALONE)
            kept.presumed = True
            if alone:
                self.truth.done[event.prefix][event.session] = kept.forget_ms
        else:
            self._wait(event, kept, alone=alone)

    def _wait(self, event: SessionEvent, kept: _Kept, *, alone: bool) -> None:
        self.truth.done[event.prefix].pop(event.session, None)
        if event.side is Side.END and alone:
            kept.original_end = event.original
        self.truth.due[event.prefix, event.side][event.session] = event.expires_ms
        if len(kept.payloads) == 1:
            self.lifetimes.markers[event.session] = event.expires_ms
        self.truth.totals[event.prefix]["taken"] += 1

    def _settle(self, settlement: Settlement) -> int:
        kept = self.truth.states.get(settlement.session)
        if kept is None:
            return 0
        sides = _SIDES[settlement.settled_as]
        indexes = {side: self.truth.due[settlement.prefix, side] for side in Side}
        closed = sum(indexes[side].pop(settlement.session, None) is not None for side in sides)
        paired = settlement.settled_as is SettledAs.PAIRED
        kept.settled = max(kept.settled, Settled.PAIRED if paired else Settled.ALONE)
        if settlement.settled_as is SettledAs.ORPHAN_ENDS:
            kept.original_end = None
        if closed:
            self.truth.totals[settlement.prefix][settlement.settled_as] += 1
            if paired and closed == 1:
                self.truth.totals[settlement.prefix]["late"] += 1
        if not any(settlement.session in index for index in indexes.values()):
            self.truth.done[settlement.prefix][settlement.session] = kept.forget_ms
            self.lifetimes.markers.pop(settlement.session, None)
        return closed

    def _state(
        self,
        session: str,
        kept: _Kept | None,
        *,
        settled: Settled | None = None,
        with_original: bool = False,
    ) -> SessionState:
        if kept is None:
            return SessionState(
                session=session, start=None, end=None, settled=settled or Settled.NO
            )
        return SessionState(
            session=session,
            start=kept.payloads.get(Side.START),
            end=kept.payloads.get(Side.END),
            settled=kept.settled,
            original_end=kept.original_end if with_original else None,
        )


_SIDES: Mapping[SettledAs, tuple[Side, ...]] = {
    SettledAs.PAIRED: (Side.START, Side.END),
    SettledAs.UNPAIRED: (Side.START,),
    SettledAs.ORPHAN_ENDS: (Side.END,),
}
