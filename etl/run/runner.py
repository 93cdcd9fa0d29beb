"""One run: everything that was in Kafka when it began, into ClickHouse (requirements L4, L5)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from etl.decode.decoding import Decoded, decode_all
from etl.decode.holding import Holds
from etl.errors import RebalancedError, SourceUnavailableError, TooManyDeadLettersError
from etl.run.collecting import uncollected
from etl.run.column_blocks import PlainColumns
from etl.run.context import RunContext
from etl.run.derived import columns_of
from etl.run.journal import Journal
from etl.run.plain_columns import PlainReader
from etl.run.report import UNKNOWN_EVENT, RunReport, Tally
from etl.run.sessions import Lost, SessionStep
from etl.sequence.columns import SequenceColumns, sequence_columns
from etl.sequence.gaps import GapSummary, summarise
from etl.sessions.pairing import instant, milliseconds
from etl.sessions.store import SessionTotals
from etl.source import Assignment, Chunk, MessageColumns, Source, Span
from registry.keys import name_in_key

_log = logging.getLogger(__name__)

_MAX_ASSIGNMENTS = 20
"""At most this often the group may hand its partitions out anew before a run gives up."""

_FORGOTTEN_AT_ONCE = 100


def run(context: RunContext, source: Source, should_stop: Callable[[], bool]) -> RunReport:
    """Reads what is new, up to the ends as they are now, and stores it.

    Args:
        context: what is used beside the source.
        source: read from and committed to; the caller closes it.
        should_stop: asked between chunks and between blocks of expired sessions; what was begun of
        them
            is finished and committed in any case.

    Raises:
        EtlError, RegistryError, ClickHouseError: the run ended early.  What it committed is
            stored; what it did not commit comes again in the next run.
    """
    return _Run(context, source, should_stop).go()


class _Progress:
    """What a run has committed: how much of what, and where."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.offsets: dict[int, Span] = {}
        self.ranges: list[tuple[int, Span]] = []

    def with_chunk(self, tally: Tally, further: Mapping[int, Span]) -> _Progress:
        """As it is once a chunk is committed as well."""
        after = _Progress()
        after.tally.add(self.tally)
        after.tally.add(tally)
        after.ranges = _joined(self.ranges, further)
        after.offsets = dict(self.offsets)
        for partition, span in further.items():
            known = self.offsets.get(partition)
            after.offsets[partition] = Span(known.start if known else span.start, span.stop)
        return after


class _Assigned:
    """What belongs to one assignment of partitions, and is begun anew with the next.

    ``metadata`` goes with every commit: how far sessions had been expired when it was made.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.partition_count = assignment.partition_count
        self.expired_to_ms = _least_time(assignment.metadata)
        self.metadata = "" if self.expired_to_ms is None else str(self.expired_to_ms)
        self.committed = {
            assigned.partition: assigned.committed
            for assigned in assignment.partitions
            if assigned.committed is not None
        }
        self.lost = Lost({}, None)
        self.holds = Holds()
        self.unread: Counter[int] = Counter()

    def further(self, chunk: Chunk) -> dict[int, Span]:
        """What of a chunk was not committed before."""
        return {
            partition: Span(max(span.start, self.lost.until.get(partition, 0)), span.stop)
            for partition, span in chunk.spans.items()
            if span.stop > self.committed.get(partition, -1)
        }


class _Run:
    def __init__(
        self, context: RunContext, source: Source, should_stop: Callable[[], bool]
    ) -> None:
        self._context = context
        self._source = source
        self._should_stop = should_stop
        self._sessions = SessionStep(context)
        self._plain = PlainReader(context.decoder, context.loader, context.plan.roles)
        self._journal = Journal(context.ledger, context.runs, context.new_id(), context.database)
        self._started_at = context.clock()
        self._before: Mapping[str, SessionTotals] = {}
        self._progress = _Progress()
        self._numbers: GapSummary | None = None
        self._expired_to_ms: int | None = None

    def go(self) -> RunReport:
        self._before = self._sessions.totals()
        for _ in range(_MAX_ASSIGNMENTS):
            try:
                assigned, finished = self._from_assignment_to_ends()
            except RebalancedError as error:
                _log.info("asking for partitions again: %s", error)
                continue
            after = self._sessions.totals()
            report = self._report(
                self._progress, after, assigned, finished=finished, lag=self._lag(assigned)
            )
            self._journal.end(report.outcome, report.as_dict())
            return report
        raise SourceUnavailableError(
            f"the group handed its partitions out {_MAX_ASSIGNMENTS} times"
        )

    def _report(
        self,
        progress: _Progress,
        after: Mapping[str, SessionTotals],
        assigned: _Assigned,
        *,
        finished: bool,
        lag: Mapping[int, int],
    ) -> RunReport:
        to_ms = self._expired_to_ms
        return RunReport(
            started_at=self._started_at,
            seconds=(self._context.clock() - self._started_at).total_seconds(),
            finished=finished,
            events=progress.tally.events(),
            pairs=progress.tally.pairs(self._before, after),
            offsets=progress.offsets,
            ranges=tuple(progress.ranges),
            lag=lag,
            swept_to=None if to_ms is None else instant(to_ms),
            numbers=self._numbers,
            held=dict(assigned.holds.offsets),
            held_by=assigned.holds.where,
        )

    def _lag(self, assigned: _Assigned) -> dict[int, int]:
        """What is behind; of a partition that waits, also what was read behind its offset."""
        lag = dict(self._source.lag())
        for partition, unread in assigned.unread.items():
            lag[partition] = lag.get(partition, 0) + unread
        return lag

    def _from_assignment_to_ends(self) -> tuple[_Assigned, bool]:
        """The partitions, and whether all was done: False when it was asked to stop before."""
        context, source = self._context, self._source
        # Before the ends are fixed: whatever was in Kafka at this time is below them.
        observed_ms = milliseconds(context.clock())
        assignment = source.assign()
        assigned = _Assigned(assignment)
        positions = self._begin(assignment, assigned)
        while (done := self._next(assigned)) is not None:
            positions |= done
            if self._should_stop():
                return assigned, False
        if assigned.holds.offsets:
            # The ends of open sessions may lie among what waits, so no start is given up.
            return assigned, False
        return assigned, self._expire(positions, observed_ms, assigned)

    def _next(self, assigned: _Assigned) -> dict[int, int] | None:
        """Reads a chunk and stores it; gives how far its partitions are done, None at the ends."""
        with uncollected():
            chunk = self._source.read(self._context.policy.chunk_messages)
            if chunk is None:
                return None
            return self._process(chunk, assigned) if chunk.spans else {}

    def _expire(self, positions: Mapping[int, int], observed_ms: int, assigned: _Assigned) -> bool:
        """Whether it was done, or had to be left out; False when it was asked to stop before."""
        store = self._context.store
        store.advance(positions, observed_ms)
        watermark_ms = store.watermark_ms(assigned.partition_count)
        if watermark_ms is None:
            return True
        to_ms = self._sessions.expire(watermark_ms, self._progress.tally, self._should_stop)
        if to_ms is None:
            return False
        # Had the store been emptied meanwhile, nothing would have been found in it.
        store.advance(positions, observed_ms)
        self._expired_to_ms = to_ms
        self._source.commit(positions, str(to_ms))
        self._numbers = self._count_numbers(watermark_ms)
        return True

    def _count_numbers(self, watermark_ms: int) -> GapSummary:
        ledger, policy = self._context.ledger, self._context.policy
        old_ms = watermark_ms - policy.producer_memory_seconds * 1000
        while ledger.forget(old_ms, limit=_FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE:
            pass
        return summarise(
            ledger.producers(),
            ledger.totals(),
            watermark_ms=watermark_ms,
            grace_ms=policy.gap_grace_seconds * 1000,
        )

    def _begin(self, assignment: Assignment, assigned: _Assigned) -> dict[int, int]:
        """Makes source and store ready; gives where reading begins in each partition."""
        store = self._context.store
        self._journal.adopt(
            {
                each.partition: -1 if each.committed is None else each.committed
                for each in assignment.partitions
            }
        )
        starts = {each.partition: each.start for each in assignment.partitions}
        applied = store.applied()
        behind = {
            partition: committed
            for partition, committed in assigned.committed.items()
            if applied.get(partition, 0) < committed and self._context.plan.pairings
        }
        assigned.lost = Lost(behind, assigned.expired_to_ms)
        if behind:
            starts |= self._rewind(behind, assigned.expired_to_ms)
        store.adopt({p: s for p, s in starts.items() if p in behind or applied.get(p, -1) < s})
        return starts

    def _rewind(self, behind: Mapping[int, int], expired_to_ms: int | None) -> Mapping[int, int]:
        """Lets reading begin where the oldest session that the store knew may have started.

        Everything that expired before that time was settled, and what is older by another waiting
        time was forgotten.  Without it, as after a person set the offset, all that is left is read.
        """
        wait_ms = self._context.plan.longest_wait_ms
        since_ms = 0 if expired_to_ms is None else max(0, expired_to_ms - 2 * wait_ms)
        found = self._source.offsets_at(behind.keys(), since_ms)
        starts = {partition: min(found[partition], behind[partition]) for partition in behind}
        _log.warning(
            "Redis has lost open sessions; they are read again from %s to %s", starts, behind
        )
        self._source.rewind(starts)
        return starts

    def _process(self, read: Chunk, assigned: _Assigned) -> dict[int, int]:
        """Stores a chunk and commits it; gives how far its partitions are done.

        Killed at any point, it can be done again.
        """
        context, tally = self._context, Tally()
        chunk, decoded, plain, put_back = self._decoded(read, assigned)
        done = {partition: span.stop for partition, span in chunk.spans.items()}
        for partition, span in read.spans.items():
            assigned.unread[partition] += span.stop - done.get(partition, span.start)
        if not chunk.spans:
            return {}
        numbers = sequence_columns(MessageColumns.of(chunk.messages))
        self._count(decoded, plain, numbers, tally)
        if decoded.dead:
            self._set_aside(decoded, tally)
        self._drop_repeated(plain, tally)
        events = [each for each in decoded.messages if each[1].event in context.plan.roles]
        rows = self._sessions.apply(chunk, [*put_back.messages, *events], assigned.lost, tally)
        blocks = [*plain, *columns_of(context.loader, rows)]
        context.loader.load_columns([each for each in blocks if each.places], context.clock())
        of_run = self._progress.tally
        for row in rows:
            of_run.pair(row.pairing.event, "rows")
        # What is settled in the store stays settled, but messages count when they are committed.
        self._sessions.settle(rows, of_run)
        context.ledger.record_columns(chunk.spans, numbers)
        self._commit(chunk, tally, assigned)
        return done

    def _decoded(
        self, read: Chunk, assigned: _Assigned
    ) -> tuple[Chunk, Decoded, list[PlainColumns], Decoded]:
        """What of a chunk can be used: what is new in it, and what is only put back.

        Of what is new, the messages that do not become a column, and the columns.
        """
        chunk = assigned.holds.before(read)
        new = MessageColumns.of(
            [raw for raw in chunk.messages if not assigned.lost.covers(raw)]
            if assigned.lost.until
            else chunk.messages
        )
        taken = self._plain.take(new)
        decoded = self._plain.decode(taken, new)
        put_back = self._put_back(chunk, assigned.lost)
        if assigned.holds.add([*decoded.dead, *put_back.dead]):
            return self._decoded(chunk, assigned)
        return chunk, decoded, self._plain.join(taken, new, decoded.messages), put_back

    def _put_back(self, chunk: Chunk, lost: Lost) -> Decoded:
        """Starts and ends that were committed before; unusable messages were set aside then."""
        if not lost.until:
            return Decoded()
        names = self._context.plan.names_in_keys
        known = [
            raw for raw in chunk.messages if lost.covers(raw) and name_in_key(raw.key) in names
        ]
        return decode_all(self._context.decoder, known)

    def _count(
        self,
        decoded: Decoded,
        plain: Sequence[PlainColumns],
        numbers: SequenceColumns,
        tally: Tally,
    ) -> None:
        unstamped = numbers.unstamped()
        for columns in plain:
            tally.event(columns.event, "consumed", len(columns))
            if unstamped:
                places = zip(columns.partitions, columns.offsets, strict=True)
                tally.event(columns.event, "unstamped", sum(at in unstamped for at in places))
        has_table = self._context.loader.has_table
        for raw, message in decoded.messages:
            if not has_table(message.event):  # else it is among the columns
                tally.event(message.event, "consumed")
                without = (raw.partition, raw.offset) in unstamped
                tally.event(message.event, "unstamped", without)
        for dead_letter in decoded.dead:
            original = dead_letter.original
            event = name_in_key(original.key)
            known = event in self._context.plan.roles or has_table(event)
            event = event if known else UNKNOWN_EVENT
            tally.event(event, "consumed")
            tally.event(event, "dead")
            without = (original.partition, original.offset) in unstamped
            tally.event(event, "unstamped", without)

    def _set_aside(self, decoded: Decoded, tally: Tally) -> None:
        policy, of_run = self._context.policy, self._progress.tally
        dead = of_run.total("dead") + tally.total("dead")
        consumed = of_run.total("consumed") + tally.total("consumed")
        if dead >= policy.dead_letter_minimum and dead > policy.dead_letter_ratio * consumed:
            last = decoded.dead[-1]
            where = f"partition {last.original.partition}, offset {last.original.offset}"
            example = f"{where}: {last.reason}: {last.detail}"
            raise TooManyDeadLettersError(dead, consumed, policy.dead_letter_ratio, example)
        self._context.dead_letters.send(decoded.dead)

    def _drop_repeated(self, plain: Sequence[PlainColumns], tally: Tally) -> None:
        """Leaves out repetitions of events seen lately.

        Raises:
            StoreUnavailableError: it is not known what is a repetition.
        """
        for columns in plain:
            repeated = self._context.store.repeated(columns.occurrences())
            columns.drop(repeated)
            tally.event(columns.event, "duplicates", len(repeated))
            tally.event(columns.event, "loaded", len(columns))

    def _commit(self, chunk: Chunk, tally: Tally, assigned: _Assigned) -> None:
        """Commits what of the chunk is new, and tells the journal before and after."""
        further = assigned.further(chunk)
        after = self._progress.with_chunk(tally, further)
        if further:
            report = self._report(after, self._before, assigned, finished=False, lag={})
            self._journal.intend(further, report.as_dict())
            stops = {partition: span.stop for partition, span in further.items()}
            self._source.commit(stops, assigned.metadata)
            self._journal.committed()
            assigned.committed |= stops
        self._progress = after


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


def _least_time(metadata: Mapping[int, str]) -> int | None:
    """The least time in commits' metadata; None when one has none, as after a reset by hand."""
    times = [int(text) if text.isdecimal() else None for text in metadata.values()]
    known = [time for time in times if time is not None]
    return min(known) if known and len(known) == len(times) else None
