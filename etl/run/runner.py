"""One run: everything that was in Kafka when it began, into ClickHouse (requirements L4, L5)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from etl.decode.decoding import Decoded, decode_all
from etl.decode.holding import Holds
from etl.errors import RebalancedError, SourceUnavailableError, TooManyDeadLettersError
from etl.run import pairs
from etl.run.journal import Journal
from etl.run.load import Loadable
from etl.run.parts import Parts
from etl.run.report import UNKNOWN_EVENT, RunReport, Tally
from etl.sequence.gaps import GapSummary, summarise
from etl.sequence.stamps import stamp_of, stamped
from etl.sessions.pairing import instant, milliseconds
from etl.sessions.store import PairBooks, Sighting
from etl.source import Chunk, Claims, RawMessage, Source, Span

_log = logging.getLogger(__name__)

_MOST_CLAIMS = 20
"""So often the group may hand its partitions out anew before a run gives up."""

_FORGOTTEN_AT_ONCE = 100


def run(parts: Parts, source: Source, should_stop: Callable[[], bool]) -> RunReport:
    """Reads what is new, up to the ends as they are now, and stores it.

    Args:
        parts: what is used beside the source.
        source: read from and committed to; the caller closes it.
        should_stop: asked between chunks and between blocks of the sweep; what was begun of them
            is finished and committed in any case.

    Raises:
        EtlError, RegistryError, ClickHouseError: the run ended early.  What it committed is
            stored; what it did not commit comes again in the next run.
    """
    return _Run(parts, source, should_stop).go()


class _Run:
    def __init__(self, parts: Parts, source: Source, should_stop: Callable[[], bool]) -> None:
        self._parts = parts
        self._source = source
        self._should_stop = should_stop
        self._tally = Tally()
        self._offsets: dict[int, Span] = {}
        self._ranges: list[tuple[int, Span]] = []
        self._journal = Journal(parts.ledger, parts.runs, parts.new_id())
        self._started_at = parts.clock()
        self._before: Mapping[str, PairBooks] = {}
        self._numbers: GapSummary | None = None
        self._swept_to_ms: int | None = None
        # Of the current claim; ``_note`` tells how far views had been swept when it was committed.
        self._committed: dict[int, int] = {}
        self._note = ""
        self._lost = pairs.Lost({}, None)
        self._holds = Holds()
        self._unused: Counter[int] = Counter()

    def go(self) -> RunReport:
        self._before = pairs.books(self._parts)
        for _ in range(_MOST_CLAIMS):
            try:
                finished = self._from_claim_to_ends()
            except RebalancedError as error:
                _log.info("claiming partitions again: %s", error)
                continue
            after = pairs.books(self._parts)
            lag = self._lag()
            report = self._report(self._tally, after, finished=finished, lag=lag)
            self._journal.end(report.outcome, report.as_dict())
            return report
        raise SourceUnavailableError(f"the group handed its partitions out {_MOST_CLAIMS} times")

    def _report(
        self,
        tally: Tally,
        after: Mapping[str, PairBooks],
        *,
        finished: bool,
        lag: Mapping[int, int],
        ranges: Sequence[tuple[int, Span]] | None = None,
    ) -> RunReport:
        return RunReport(
            started_at=self._started_at,
            seconds=(self._parts.clock() - self._started_at).total_seconds(),
            finished=finished,
            events=tally.events(),
            pairs=tally.pairs(self._before, after),
            offsets=self._offsets,
            ranges=tuple(self._ranges if ranges is None else ranges),
            lag=lag,
            swept_to=None if self._swept_to_ms is None else instant(self._swept_to_ms),
            numbers=self._numbers,
            held=dict(self._holds.offsets),
            held_by=self._holds.where,
        )

    def _lag(self) -> dict[int, int]:
        """What is behind; of a partition that waits, also what was read behind its offset."""
        lag = dict(self._source.lag())
        for partition, unused in self._unused.items():
            lag[partition] = lag.get(partition, 0) + unused
        return lag

    def _from_claim_to_ends(self) -> bool:
        """Whether all was done: False when it was asked to stop before."""
        parts, source = self._parts, self._source
        # Before the ends are fixed: whatever was in Kafka at this time is below them.
        observed_ms = milliseconds(parts.clock())
        claims = source.claim()
        positions = self._begin(claims)
        self._holds, self._unused = Holds(), Counter()
        while (chunk := source.read(parts.policy.chunk_messages)) is not None:
            if chunk.spans:
                positions |= self._process(chunk)
            if self._should_stop():
                return False
        if self._holds.offsets:
            # The ends of open views may lie among what waits, so no start is given up.
            return False
        parts.store.reach(positions, observed_ms)
        watermark_ms = parts.store.watermark_ms(claims.partition_count)
        if watermark_ms is not None:
            swept_ms = pairs.sweep(parts, watermark_ms, self._tally, self._should_stop)
            if swept_ms is None:
                return False
            # Had the store been emptied meanwhile, nothing would have been found in it.
            parts.store.reach(positions, observed_ms)
            self._swept_to_ms = swept_ms
            self._note = str(swept_ms)
            source.commit(positions, self._note)
            self._numbers = self._count_numbers(watermark_ms)
        return True

    def _count_numbers(self, watermark_ms: int) -> GapSummary:
        ledger, policy = self._parts.ledger, self._parts.policy
        old_ms = watermark_ms - policy.producer_memory_seconds * 1000
        while ledger.forget(old_ms, limit=_FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE:
            pass
        return summarise(
            ledger.producers(),
            ledger.totals(),
            watermark_ms=watermark_ms,
            grace_ms=policy.gap_grace_seconds * 1000,
        )

    def _begin(self, claims: Claims) -> dict[int, int]:
        """Makes source and store ready; gives where reading begins in each partition."""
        store = self._parts.store
        noted_ms = _least_note(claims.notes)
        self._note = "" if noted_ms is None else str(noted_ms)
        self._committed = {
            claim.partition: claim.committed
            for claim in claims.claimed
            if claim.committed is not None
        }
        self._journal.adopt(
            {c.partition: -1 if c.committed is None else c.committed for c in claims.claimed}
        )
        starts = {claim.partition: claim.start for claim in claims.claimed}
        applied = store.applied()
        behind = {
            partition: committed
            for partition, committed in self._committed.items()
            if applied.get(partition, 0) < committed and self._parts.plan.pairings
        }
        self._lost = pairs.Lost(behind, noted_ms)
        if behind:
            starts |= self._rewind(behind, noted_ms)
        store.adopt({p: s for p, s in starts.items() if p in behind or applied.get(p, -1) < s})
        return starts

    def _rewind(self, behind: Mapping[int, int], noted_ms: int | None) -> Mapping[int, int]:
        """Lets reading begin where the oldest view that the store knew may have started.

        Everything due before the note was swept, and what is older by another waiting time was
        forgotten.  Without a note, as after a person set the offset, all that is left is read.
        """
        wait_ms = self._parts.plan.longest_wait_ms
        since_ms = 0 if noted_ms is None else max(0, noted_ms - 2 * wait_ms)
        found = self._source.offsets_at(behind.keys(), since_ms)
        starts = {partition: min(found[partition], behind[partition]) for partition in behind}
        _log.warning("Redis has lost open views; they are read again from %s to %s", starts, behind)
        self._source.rewind(starts)
        return starts

    def _process(self, read: Chunk) -> dict[int, int]:
        """Stores a chunk and commits it; gives how far its partitions are done.

        Killed at any point, it can be done again.
        """
        parts, tally = self._parts, Tally()
        chunk, decoded, put_back = self._decoded(read)
        done = {partition: span.stop for partition, span in chunk.spans.items()}
        for partition, span in read.spans.items():
            self._unused[partition] += span.stop - done.get(partition, span.start)
        if not chunk.spans:
            return {}
        self._count(decoded, tally)
        if decoded.dead:
            self._set_aside(decoded, tally)
        plain = self._plain(decoded, tally)
        halves = [each for each in decoded.messages if each[1].event in parts.plan.halves]
        rows = pairs.apply_halves(parts, chunk, [*put_back.messages, *halves], self._lost, tally)
        parts.loader.load([*plain, *pairs.loadables(rows)], parts.clock())
        for row in rows:
            self._tally.pair(row.message.event, "rows")
        pairs.settle(parts, rows, self._tally)
        parts.ledger.note(chunk.spans, stamped(chunk.messages))
        self._commit(chunk, tally)
        # What is booked in the store stays booked, but messages count when they are committed.
        self._tally.add(tally)
        return done

    def _decoded(self, read: Chunk) -> tuple[Chunk, Decoded, Decoded]:
        """What of a chunk can be used: what is new in it, and what is only put back."""
        chunk = self._holds.before(read)
        decoded = decode_all(self._parts.decoder, self._new(chunk))
        put_back = self._put_back(chunk)
        if self._holds.note([*decoded.dead, *put_back.dead]):
            return self._decoded(chunk)
        return chunk, decoded, put_back

    def _new(self, chunk: Chunk) -> list[RawMessage]:
        return [raw for raw in chunk.messages if not self._lost.covers(raw)]

    def _put_back(self, chunk: Chunk) -> Decoded:
        """Starts and ends that were committed before; unusable messages were set aside then."""
        keys = {event.encode() for event in self._parts.plan.halves}
        lost = [raw for raw in chunk.messages if self._lost.covers(raw) and raw.key in keys]
        return decode_all(self._parts.decoder, lost)

    def _count(self, decoded: Decoded, tally: Tally) -> None:
        for raw, message in decoded.messages:
            tally.event(message.event, "consumed")
            tally.event(message.event, "unstamped", stamp_of(raw) is None)
        for letter in decoded.dead:
            event = (letter.original.key or b"").decode(errors="replace")
            known = event in self._parts.plan.halves or self._parts.loader.has_table(event)
            event = event if known else UNKNOWN_EVENT
            tally.event(event, "consumed")
            tally.event(event, "dead")
            tally.event(event, "unstamped", stamp_of(letter.original) is None)

    def _set_aside(self, decoded: Decoded, tally: Tally) -> None:
        policy = self._parts.policy
        dead = self._tally.total("dead") + tally.total("dead")
        consumed = self._tally.total("consumed") + tally.total("consumed")
        if dead >= policy.dead_letter_minimum and dead > policy.dead_letter_ratio * consumed:
            last = decoded.dead[-1]
            where = f"partition {last.original.partition}, offset {last.original.offset}"
            example = f"{where}: {last.reason}: {last.detail}"
            raise TooManyDeadLettersError(dead, consumed, policy.dead_letter_ratio, example)
        self._parts.dead_letters.send(decoded.dead)

    def _plain(self, decoded: Decoded, tally: Tally) -> list[Loadable]:
        """Messages that become rows as they are, without repetitions of events seen lately."""
        plain = [each for each in decoded.messages if self._parts.loader.has_table(each[1].event)]
        first = self._parts.store.first_met(
            [Sighting(message.event, str(message.event_id), raw.location) for raw, message in plain]
        )
        loadables = []
        for (raw, message), is_first in zip(plain, first, strict=True):
            tally.event(message.event, "loaded" if is_first else "duplicates")
            if is_first:
                loadables.append(Loadable(message, raw.partition, raw.offset))
        return loadables

    def _commit(self, chunk: Chunk, tally: Tally) -> None:
        """Commits what of the chunk is new, and tells the journal before and after."""
        further = {
            partition: Span(max(span.start, self._lost.until.get(partition, 0)), span.stop)
            for partition, span in chunk.spans.items()
            if span.stop > self._committed.get(partition, -1)
        }
        if not further:
            return
        ranges = _joined(self._ranges, further)
        with_chunk = Tally()
        with_chunk.add(self._tally)
        with_chunk.add(tally)
        after = self._report(with_chunk, self._before, finished=False, lag={}, ranges=ranges)
        self._journal.intend(further, after.as_dict())
        self._source.commit({p: span.stop for p, span in further.items()}, self._note)
        self._journal.committed()
        self._ranges = ranges
        for partition, span in further.items():
            known = self._offsets.get(partition)
            self._offsets[partition] = Span(known.start if known else span.start, span.stop)
            self._committed[partition] = span.stop


def _joined(
    ranges: Sequence[tuple[int, Span]], further: Mapping[int, Span]
) -> list[tuple[int, Span]]:
    """The ranges with others behind them; a range that goes on where one ended makes it longer."""
    joined = list(ranges)
    for partition, span in further.items():
        for index, (of, known) in enumerate(joined):
            if of == partition and known.stop == span.start:
                joined[index] = partition, Span(known.start, span.stop)
                break
        else:
            joined.append((partition, span))
    return joined


def _least_note(notes: Mapping[int, str]) -> int | None:
    """The least time in the notes; None when one tells none, as after a person set the offset."""
    times = [int(note) if note.isdecimal() else None for note in notes.values()]
    known = [time for time in times if time is not None]
    return min(known) if known and len(known) == len(times) else None
