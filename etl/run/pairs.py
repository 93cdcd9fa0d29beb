"""The pair store's part in a run: halves in, derived rows out, booked once they are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from contracts.message import Message
from etl.decode.dead_letters import DeadLetter
from etl.run.load import Loadable
from etl.run.parts import Parts
from etl.run.report import EventField, PairField, Tally
from etl.sessions.pairing import VERSION_PAIRED, Derived, PairingPlan
from etl.sessions.store import Account, Booked, Booking, Entry, Fate, Half, Outcome, PairBooks, Side
from etl.source import Chunk, RawMessage, pieces

_BATCH = 250
"""So many views at most are in one script, since Redis serves nobody else while it runs."""

_PAGE = 500
"""So many that are due are looked at in one script."""

_FATES: Mapping[Fate, EventField] = {
    Fate.TAKEN: "taken",
    Fate.REPLAYED: "replayed",
    Fate.DUPLICATE: "duplicates",
}

_ACCOUNTS: Mapping[Account, PairField] = {
    Account.PAIRED: "paired",
    Account.UNPAIRED: "unpaired",
    Account.ORPHAN_ENDS: "orphan_ends",
}


@dataclass(frozen=True, slots=True)
class Lost:
    """What the store has lost and gets back.

    ``until`` gives, for each partition that it lost, the committed offset: messages below it are
    read again only to be put back.  Ends that were due before ``booked_before_ms`` had been booked
    (None: not known of any).
    """

    until: Mapping[int, int]
    booked_before_ms: int | None

    def covers(self, raw: RawMessage) -> bool:
        """Whether the message was committed before, and is only put back."""
        return raw.offset < self.until.get(raw.partition, 0)


@dataclass(frozen=True, slots=True)
class _Closing:
    """A view whose row or dead letter is stored."""

    pairing: PairingPlan
    view: str
    account: Account
    skewed: bool = False


def apply_halves(
    parts: Parts,
    chunk: Chunk,
    messages: Iterable[tuple[RawMessage, Message]],
    lost: Lost,
    tally: Tally,
) -> list[Derived]:
    """Puts a chunk's starts and ends into the store; gives the rows that follow from it.

    Args:
        parts: what the run works with.
        chunk: says how far the store is applied afterwards.
        messages: the starts and ends in the chunk.
        lost: what the store is being given back.
        tally: gets what became of each message.

    Raises:
        StoreError: not all were put in, or the store is not in the state the chunk follows on.
    """
    halves = {raw.location: message for raw, message in messages}
    rows: dict[str, Derived] = {}
    for piece in pieces(chunk, _BATCH):
        given = [(raw, halves[raw.location]) for raw in piece.messages if raw.location in halves]
        for raw, pairing, outcome in _apply(parts, piece, given, lost):
            event = halves[raw.location].event
            if not lost.covers(raw):
                tally.event(event, _FATES[outcome.fate])
            elif outcome.fate is Fate.TAKEN:
                tally.pair(pairing.event, "rebuilt")
            if (row := _row(pairing, outcome)) is not None:
                rows[row.view] = row
    return list(rows.values())


def settle(parts: Parts, rows: Sequence[Derived], tally: Tally) -> None:
    """Books the pairs among rows that are stored. The unpaired ones among them were booked."""
    pairings = parts.plan.pairings
    _close(
        parts,
        [
            _Closing(pairings[row.message.event], row.view, Account.PAIRED, row.skewed)
            for row in rows
            if row.version == VERSION_PAIRED
        ],
        tally,
    )


def sweep(
    parts: Parts, watermark_ms: int, tally: Tally, should_stop: Callable[[], bool]
) -> int | None:
    """Takes out of the store what was due before the watermark: unpaired starts, orphan ends.

    Every message that is older than the watermark has to be applied and committed.  Should an
    end come later all the same, its pair replaces the unpaired row, until the view is forgotten.

    Returns:
        The time before which nothing that was due is left.  It is the watermark, unless a marker
        in the store lives longer than it should, as when Redis's clock is behind.  None when it
        was asked to stop, which it asks after every block of rows.

    Raises:
        ClickHouseError, DeadLetterError, StoreError: the rest is still waiting.
    """
    swept_ms = watermark_ms
    for pairing in parts.plan.pairings.values():
        for side in Side:
            side_ms = _sweep_side(parts, pairing, side, watermark_ms, tally, should_stop)
            if side_ms is None:
                return None
            swept_ms = min(swept_ms, side_ms)
        while parts.store.forget(pairing.prefix, watermark_ms, limit=_BATCH) == _BATCH:
            pass
    return swept_ms


def books(parts: Parts) -> dict[str, PairBooks]:
    """The store's totals, by derived event."""
    pairings = parts.plan.pairings
    return {event: parts.store.books(pairing.prefix) for event, pairing in pairings.items()}


def loadables(rows: Iterable[Derived]) -> Iterator[Loadable]:
    """Derived rows as the loader takes them."""
    return (Loadable(row.message, row.partition, row.offset, row.version) for row in rows)


def _apply(
    parts: Parts, piece: Chunk, given: Sequence[tuple[RawMessage, Message]], lost: Lost
) -> Iterator[tuple[RawMessage, PairingPlan, Outcome]]:
    plans = [parts.plan.halves[message.event] for _, message in given]
    halves: list[Half] = [
        pairing.half(
            side,
            message,
            raw,
            booked_before_ms=lost.booked_before_ms if lost.covers(raw) else None,
        )
        for (pairing, side), (raw, message) in zip(plans, given, strict=True)
    ]
    outcomes = parts.store.apply(piece.spans, halves)
    for (raw, _), (pairing, _), outcome in zip(given, plans, outcomes, strict=True):
        yield raw, pairing, outcome


def _row(pairing: PairingPlan, outcome: Outcome) -> Derived | None:
    """The row to insert after a half was applied, if any.

    A half that is read again gives the row it gave before, so that loading again restores rows.
    """
    entry, again = outcome.entry, outcome.fate is Fate.REPLAYED
    if entry.complete:
        return pairing.derive(entry) if again or entry.booked is not Booked.PAIRED else None
    return pairing.derive(entry) if again and entry.booked is Booked.ALONE else None


def _sweep_side(
    parts: Parts,
    pairing: PairingPlan,
    side: Side,
    watermark_ms: int,
    tally: Tally,
    should_stop: Callable[[], bool],
) -> int | None:
    swept_ms, left, at_end = watermark_ms, 0, False
    while not at_end:
        if should_stop():
            return None
        entries: list[Entry] = []
        looked_at = 0
        while not at_end and len(entries) < parts.policy.chunk_messages:
            skip = left + looked_at
            limit = min(_PAGE, parts.policy.chunk_messages - len(entries))
            found = parts.store.due(pairing.prefix, side, watermark_ms, skip=skip, limit=limit)
            entries += found.entries
            looked_at += found.looked_at
            at_end = found.looked_at < limit
            if found.left_from_ms is not None:
                swept_ms = min(swept_ms, found.left_from_ms)
        left += looked_at - _take_out(parts, pairing, entries, tally)
    return swept_ms


def _take_out(parts: Parts, pairing: PairingPlan, entries: Sequence[Entry], tally: Tally) -> int:
    """Stores and books what the entries have become; gives how many of them wait no more."""
    rows: list[Derived] = []
    letters: list[DeadLetter] = []
    closings: list[_Closing] = []
    for entry in entries:
        row = pairing.derive(entry)
        if row is not None:
            rows.append(row)
            account = Account.PAIRED if row.version == VERSION_PAIRED else Account.UNPAIRED
            closings.append(_Closing(pairing, entry.view, account, row.skewed))
        elif entry.original_end is not None:
            letters.append(pairing.orphan(entry.original_end, parts.topic))
            closings.append(_Closing(pairing, entry.view, Account.ORPHAN_ENDS))
    if letters:
        parts.dead_letters.send(letters)
    parts.loader.load(loadables(rows), parts.clock())
    tally.pair(pairing.event, "rows", len(rows))
    _close(parts, closings, tally)
    return len(closings)


def _close(parts: Parts, closings: Sequence[_Closing], tally: Tally) -> None:
    closed = parts.store.settle(
        [Booking(each.pairing.prefix, each.view, each.account) for each in closings]
    )
    for closing, halves in zip(closings, closed, strict=True):
        if halves:
            _count(closing, halves, tally)


def _count(closing: _Closing, halves: int, tally: Tally) -> None:
    event = closing.pairing.event
    tally.pair(event, _ACCOUNTS[closing.account])
    if closing.account is Account.PAIRED and halves == 1:
        tally.pair(event, "late")
    if closing.skewed:
        tally.pair(event, "skewed")
