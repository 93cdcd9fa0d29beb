"""One run: everything that was in Kafka when it began, into ClickHouse (requirements L4, L5)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial

from etl.errors import RebalancedError, SourceUnavailableError
from etl.run.collecting import uncollected
from etl.run.context import RunContext
from etl.run.journal import Journal
from etl.run.plain_columns import PlainReader
from etl.run.preparing import Prepared, Preparing, lag_with
from etl.run.progress import Progress
from etl.run.report import RunReport, Tally
from etl.run.sessions import Lost, SessionStep
from etl.run.storing import Storing
from etl.sequence.gaps import GapSummary, summarise
from etl.sessions.pairing import instant, milliseconds
from etl.sessions.store import SessionTotals
from etl.source import Assignment, Source, Span, Spans

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


class _Assigned:
    """What belongs to one assignment of partitions, and is begun anew with the next.

    ``metadata`` goes with every commit: how far sessions had been expired when it was made.
    """

    def __init__(self, assignment: Assignment, preparing: Preparing) -> None:
        self.partition_count = assignment.partition_count
        self.topic_id = assignment.topic_id
        self.expired_to_ms = _least_time(assignment.metadata)
        self.metadata = "" if self.expired_to_ms is None else str(self.expired_to_ms)
        self.committed = {
            assigned.partition: assigned.committed
            for assigned in assignment.partitions
            if assigned.committed is not None
        }
        self.preparing = preparing

    def further(self, spans: Spans) -> dict[int, Span]:
        """What of the spans was not committed before."""
        lost_until = self.preparing.lost.until
        return {
            partition: Span(max(span.start, lost_until.get(partition, 0)), span.stop)
            for partition, span in spans.items()
            if span.stop > self.committed.get(partition, -1)
        }


class _Begun:
    """The chunk that is being stored, if there is one."""

    def __init__(self, run: _Run, positions: dict[int, int], assigned: _Assigned) -> None:
        """``positions`` get how far the partitions are done."""
        self._run = run
        self._positions = positions
        self._assigned = assigned
        self._storing: tuple[Prepared, Callable[[], None]] | None = None

    def begin(self, prepared: Prepared) -> None:
        """Begins to store a chunk, when the former one is committed."""
        self._storing = prepared, self._run.begin_storing(prepared)

    def finish(self) -> None:
        """Waits for it, and commits it."""
        begun, self._storing = self._storing, None
        if begun is not None:
            prepared, wait = begun
            wait()
            self._run.commit(prepared.spans, prepared.tally, self._assigned)
            self._positions |= prepared.stops

    def drop(self) -> None:
        """Waits for it; whoever has the partitions loads it again."""
        begun, self._storing = self._storing, None
        if begun is not None:
            self._run.drop_storing(begun[1])


class _Run:
    def __init__(
        self, context: RunContext, source: Source, should_stop: Callable[[], bool]
    ) -> None:
        self._context = context
        self._source = source
        self._should_stop = should_stop
        self._sessions = SessionStep(context)
        self._plain = PlainReader(context.decoder, context.loader, context.plan.roles)
        self._storing = Storing(context, self._sessions)
        self._journal = Journal(context.ledger, context.runs, context.new_id(), context.database)
        self._started_at = context.clock()
        self._before: Mapping[str, SessionTotals] = {}
        self._progress = Progress()
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
                self._progress,
                after,
                assigned,
                finished=finished,
                lag=lag_with(assigned.preparing.unread, self._source.lag()),
            )
            self._journal.end(report.outcome, report.as_dict())
            return report
        raise SourceUnavailableError(
            f"the group handed its partitions out {_MAX_ASSIGNMENTS} times"
        )

    def _report(
        self,
        progress: Progress,
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
            held=dict(assigned.preparing.holds.offsets),
            held_by=assigned.preparing.holds.where,
            topic_id=assigned.topic_id,
        )

    def _from_assignment_to_ends(self) -> tuple[_Assigned, bool]:
        """The partitions, and whether all was done: False when it was asked to stop before."""
        context, source = self._context, self._source
        # Before the ends are fixed: whatever was in Kafka at this time is below them.
        observed_ms = milliseconds(context.clock())
        assignment = source.assign()
        if assignment.topic_id is not None:
            context.ledger.begin(assignment.topic_id)
        assigned = _Assigned(assignment, Preparing(context, self._plain))
        positions = self._begin(assignment, assigned)
        if not self._load(positions, assigned):
            return assigned, False
        if assigned.preparing.holds.offsets:
            # The ends of open sessions may lie among what waits, so no start is given up.
            return assigned, False
        return assigned, self._expire(positions, observed_ms, assigned)

    def _load(self, positions: dict[int, int], assigned: _Assigned) -> bool:
        """Loads up to the ends, and notes how far; False when it was asked to stop before.

        A chunk is read and decoded while the former one is stored, and stored when that one is
        committed: at most two are in memory.  Only this thread uses the source, so what was handed
        out anew is known before anything more is committed.
        """
        begun = _Begun(self, positions, assigned)
        at_ends = stopped = False
        while not (at_ends or stopped):
            with uncollected():
                try:
                    read = self._source.read(self._context.policy.chunk_messages)
                    prepared = None
                    if read is not None and read.spans:
                        prepared = assigned.preparing.prepared(read)
                except RebalancedError:
                    begun.drop()
                    raise
                except Exception:
                    begun.finish()  # it came before what is wrong
                    raise
                begun.finish()
                at_ends = read is None
                if prepared is not None and prepared.spans:
                    begun.begin(prepared)
                stopped = not at_ends and self._should_stop()
                if at_ends or stopped or not self._is_worth_reading_ahead(prepared):
                    begun.finish()
                del read, prepared
        return at_ends

    def _is_worth_reading_ahead(self, prepared: Prepared | None) -> bool:
        """More is there already when a chunk came well filled."""
        context = self._context
        count = 0 if prepared is None else prepared.count
        return context.lanes.overlaps and 2 * count >= context.policy.chunk_messages

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
        assigned.preparing.lost = Lost(behind, assigned.expired_to_ms)
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

    def begin_storing(self, prepared: Prepared) -> Callable[[], None]:
        """Begins to store a chunk; gives what waits for it."""
        store = partial(self._storing.store, prepared, self._progress.tally)
        return self._context.lanes.begin(store)

    def drop_storing(self, wait: Callable[[], None]) -> None:
        """Waits for a chunk that is not to be committed."""
        self._context.lanes.drop([wait])

    def commit(self, spans: Spans, tally: Tally, assigned: _Assigned) -> None:
        """Commits what of the spans is new, and tells the journal before and after."""
        further = assigned.further(spans)
        after = self._progress.with_chunk(tally, further)
        if further:
            report = self._report(after, self._before, assigned, finished=False, lag={})
            self._journal.intend(further, report.as_dict())
            stops = {partition: span.stop for partition, span in further.items()}
            self._source.commit(stops, assigned.metadata)
            self._journal.committed()
            assigned.committed |= stops
        self._progress = after


def _least_time(metadata: Mapping[int, str]) -> int | None:
    """The least time in commits' metadata; None when one has none, as after a reset by hand."""
    times = [int(text) if text.isdecimal() else None for text in metadata.values()]
    known = [time for time in times if time is not None]
    return min(known) if known and len(known) == len(times) else None
