"""Sessions in a run: start and end events in, derived rows out, settled once they are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from contracts.message import Message
from etl.run.context import RunContext
from etl.run.derived import Closings
from etl.run.expiry import Expiry
from etl.run.report import EventField, Tally
from etl.sessions.joining import Given, Joined, Together
from etl.sessions.pairing import VERSION_PAIRED, Derived, PairingPlan
from etl.sessions.store import (
    Applied,
    ApplyResult,
    SessionPair,
    SessionTotals,
    Settled,
    Side,
)
from etl.source import Chunk, RawMessage, Spans, pieces

_BATCH = 500
"""At most this many events are in one script, since Redis serves nobody else while it runs."""

_COUNTED_AS: Mapping[ApplyResult, EventField] = {
    ApplyResult.TAKEN: "taken",
    ApplyResult.REPLAYED: "replayed",
    ApplyResult.DUPLICATE: "duplicates",
}


@dataclass(frozen=True, slots=True)
class Lost:
    """What the store has lost and gets back.

    ``until`` gives, for each partition that it lost, the committed offset: messages below it are
    read again only to be put back.  Ends that expired before ``settled_before_ms`` had been
    settled (None: not known of any).
    """

    until: Mapping[int, int]
    settled_before_ms: int | None

    def covers(self, raw: RawMessage) -> bool:
        """Whether the message was committed before, and is only put back."""
        return raw.offset < self.until.get(raw.partition, 0)


class SessionStep:
    """What a run does with the sessions of its chunks. Every step may be repeated.

    Without ``joins`` the store gets every event by itself: the reference of
    :mod:`etl.sessions.joining`.
    """

    def __init__(self, context: RunContext, *, joins: bool = True) -> None:
        self._context = context
        self._joins = joins
        self._store = context.store
        self._plan = context.plan

    def totals(self) -> dict[str, SessionTotals]:
        """The store's totals, by derived event."""
        pairings = self._plan.pairings
        return {event: self._store.totals(pairing.prefix) for event, pairing in pairings.items()}

    def apply(
        self,
        chunk: Chunk,
        messages: Iterable[tuple[RawMessage, Message]],
        lost: Lost,
        tally: Tally,
    ) -> list[Derived]:
        """Puts a chunk's starts and ends into the store; gives the rows that follow from it.

        Args:
            chunk: says how far the store is applied afterwards.
            messages: the starts and ends in the chunk.
            lost: what the store is being given back.
            tally: gets what became of each message.

        Raises:
            StoreError: not all were put in, or the store is not in the state the chunk follows on.
        """
        given = list(messages)
        rows: dict[str, Derived] = {}
        if self._joins:
            given, rows = self._join(chunk, given, lost, tally)
        for (raw, message), pairing, applied in self._apply(chunk.spans, given, lost):
            if not lost.covers(raw):
                tally.event(message.event, _COUNTED_AS[applied.result])
            elif applied.result is ApplyResult.TAKEN:
                tally.pair(pairing.event, "rebuilt")
            if (row := _row(pairing, applied)) is not None:
                rows[row.session] = row
        return list(rows.values())

    def settle(self, rows: Sequence[Derived], tally: Tally) -> None:
        """Settles the pairs among stored rows. The unpaired ones among them were settled."""
        pairings = self._plan.pairings
        by_event = {event: Closings(pairing) for event, pairing in pairings.items()}
        for row in rows:
            if row.version == VERSION_PAIRED:
                by_event[row.pairing.event].row(row)
        for closings in by_event.values():
            if closings.settlements:
                closings.count(self._store.settle(closings.settlements), tally)

    def expire(
        self, watermark_ms: int, tally: Tally, should_stop: Callable[[], bool]
    ) -> int | None:
        """Takes out of the store what expired before the watermark: unpaired starts, orphan ends.

        Every message that is older than the watermark has to be applied and committed.  Should an
        end come later all the same, its pair replaces the unpaired row, until the session is
        forgotten.

        Returns:
            The time before which nothing is left that expired.  It is the watermark, unless a
            marker in the store lives longer than it should, as when Redis's clock is behind.  None
            when it was asked to stop, which it asks after every block of rows.

        Raises:
            ClickHouseError, DeadLetterError, StoreError: the rest is still waiting.
        """
        expired_to_ms = watermark_ms
        for pairing in self._plan.pairings.values():
            for side in Side:
                expiry = Expiry(self._context, pairing, side, watermark_ms, tally)
                side_ms = expiry.go(should_stop)
                if side_ms is None:
                    return None
                expired_to_ms = min(expired_to_ms, side_ms)
            while self._store.forget(pairing.prefix, watermark_ms, limit=_BATCH) == _BATCH:
                pass
        return expired_to_ms

    def _join(
        self, chunk: Chunk, given: Sequence[Given], lost: Lost, tally: Tally
    ) -> tuple[list[Given], dict[str, Derived]]:
        """What is left after the pairs within the chunk, and the rows of these by session.

        What the store is given back is left: it may have been settled before.
        """
        together = Together(self._plan, given, lost.covers)
        starts = {partition: span.start for partition, span in chunk.spans.items()}
        rows: dict[str, Derived] = {}
        for pairing in together.pairings():
            made: list[Derived] = []
            joined = together.joined(pairing)
            pairs = (_noted(each, made) for each in joined)
            added = self._store.apply_pairs(starts, pairing.prefix, pairs)
            new = {row.session: row for row, is_new in zip(made, added, strict=True) if is_new}
            tally.event(pairing.start_event, "taken", len(new))
            tally.event(pairing.end_event, "taken", len(new))
            rows |= new
        for event, number in together.repeated(rows).items():
            tally.event(event, "duplicates", number)
        return together.without(rows), rows

    def _apply(
        self, spans: Spans, given: Sequence[Given], lost: Lost
    ) -> Iterator[tuple[Given, PairingPlan, Applied]]:
        """Gives the events to the store, the next ones while it takes those before."""
        chunk = Chunk([raw for raw, _ in given], spans)
        before: Callable[[], Iterator[tuple[Given, PairingPlan, Applied]]] | None = None
        for number, piece in enumerate(pieces(chunk, _BATCH)):
            part = given[number * _BATCH : (number + 1) * _BATCH]
            begun = self._begin(piece.spans, part, lost)
            if before is not None:
                yield from before()
            before = begun
        if before is not None:
            yield from before()

    def _begin(
        self, spans: Spans, given: Sequence[Given], lost: Lost
    ) -> Callable[[], Iterator[tuple[Given, PairingPlan, Applied]]]:
        roles = [self._plan.roles[message.event] for _, message in given]
        events = [
            pairing.session_event(
                side,
                message,
                raw,
                settled_before_ms=lost.settled_before_ms if lost.covers(raw) else None,
            )
            for (pairing, side), (raw, message) in zip(roles, given, strict=True)
        ]
        applied = self._store.begin(lambda: self._store.apply(spans, events))
        pairings = [pairing for pairing, _ in roles]
        return lambda: zip(given, pairings, applied(), strict=True)


def _noted(joined: Joined, rows: list[Derived]) -> SessionPair:
    """What the store takes of a pair; its row goes into the list."""
    rows.append(joined.row)
    return joined.stored


def _row(pairing: PairingPlan, applied: Applied) -> Derived | None:
    """The row to insert after an event was applied, if any.

    One that is read again gives the row it gave before, so that loading again restores rows.
    """
    state, again = applied.state, applied.result is ApplyResult.REPLAYED
    if state.complete:
        return pairing.derive(state) if again or state.settled is not Settled.PAIRED else None
    return pairing.derive(state) if again and state.settled is Settled.ALONE else None
