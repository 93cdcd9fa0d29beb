"""Loads again what was loaded before: the same rows, at any time, beside running loaders.

A replay reads, outside of the group, what the group has committed. It stores the rows that follow
from it and commits nothing. Every row has the identity it had before, so tables read with ``FINAL``
stay as they are, or get back what they had lost. Starts and ends that the session store knows
change nothing in it; those it has forgotten are put back as what they were settled as, exactly as
after a flush (:class:`etl.run.sessions.Lost`), so no end is reported a second time as an orphan.
Unusable messages were set aside when they were loaded; they are counted, not sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.message import Message
from contracts.reasons import Reason
from etl.decode.decoding import decode_all
from etl.decode.holding import where_of
from etl.errors import OlderContractsError, ReplayError
from etl.run import derived, sessions
from etl.run.context import RunContext
from etl.run.plain import plain_rows
from etl.run.report import Tally
from etl.source import Chunk, History, RawMessage, Span, Spans
from registry.keys import name_in_key

Progress = Callable[[int, int], object]
"""Is told how many offsets of how many are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """What to replay: from a time (Unix ms), or from offsets (None as partition: of all).

    ``events`` are names of events, derived ones too; empty means all.  A ``dry_run`` reads and
    decodes and changes nothing.
    """

    from_ms: int | None = None
    from_offsets: Mapping[int | None, int] = field(default_factory=dict)
    events: frozenset[str] = frozenset()
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What a replay did, or in a dry run would do. ``rows`` and ``read`` are by event."""

    spans: Spans
    read: Mapping[str, int]
    rows: Mapping[str, int]
    duplicates: int
    unusable: int
    dry_run: bool
    finished: bool

    def as_dict(self) -> dict[str, Any]:
        """The report for a log line or a JSON document."""
        return {
            "dry_run": self.dry_run,
            "finished": self.finished,
            "offsets": {str(p): [span.start, span.stop] for p, span in self.spans.items()},
            "read": dict(self.read),
            "rows": dict(self.rows),
            "duplicates": self.duplicates,
            "unusable": self.unusable,
        }


def replay(
    context: RunContext,
    history: History,
    request: ReplayRequest,
    *,
    should_stop: Callable[[], bool],
    progress: Progress = lambda _done, _total: None,
) -> ReplayReport:
    """Loads again; a replay that is killed or asked to stop may be begun again.

    Raises:
        ReplayError: an event or a partition is unknown, or an offset is not kept any more.
        StateLostError: the pair store was flushed; a run rebuilds it.
        EtlError, RegistryError, ClickHouseError: as for a run.
    """
    events = _events(context, request.events)
    spans = plan_spans(history, request)
    return _Replay(context, history, events, spans, dry_run=request.dry_run).go(
        should_stop, progress
    )


def plan_spans(history: History, request: ReplayRequest) -> dict[int, Span]:
    """For each partition where to begin, and the group's offset as the end.

    Raises:
        ReplayError: a partition is unknown, or an offset is not kept any more.
    """
    bounds, committed = history.bounds(), history.committed()
    starts: dict[int, int] = {}
    if request.from_ms is not None:
        starts |= history.offsets_at(committed.keys(), request.from_ms)
    everywhere = request.from_offsets.get(None)
    if everywhere is not None:
        starts |= {p: max(everywhere, bounds[p].start) for p in committed}
    for partition, offset in request.from_offsets.items():
        if partition is None:
            continue
        if partition not in bounds:
            raise ReplayError(f"there is no partition {partition}, only 0 to {len(bounds) - 1}")
        if offset < bounds[partition].start:
            raise ReplayError(
                f"partition {partition} begins at offset {bounds[partition].start};"
                f" {offset} is not kept any more"
            )
        starts[partition] = offset
    return {p: Span(starts[p], c) for p, c in sorted(committed.items()) if starts.get(p, c) < c}


def _events(context: RunContext, wanted: Collection[str]) -> frozenset[str]:
    """The events as the topic has them: a derived one stands for its start and its end."""
    found: set[str] = set()
    for event in wanted:
        its_own = {h for h, (plan, _) in context.plan.roles.items() if plan.event == event}
        if not its_own and event not in context.plan.roles and not context.loader.has_table(event):
            raise ReplayError(f"no contract has the event {event}")
        found |= its_own or {event}
    return frozenset(found)


class _Replay:
    def __init__(
        self,
        context: RunContext,
        history: History,
        events: frozenset[str],
        spans: Mapping[int, Span],
        *,
        dry_run: bool,
    ) -> None:
        self._context = context
        self._history = history
        self._events = events
        roles = context.plan.roles
        self._names = events | {roles[event][0].event for event in events if event in roles}
        self._spans = spans
        self._dry_run = dry_run
        self._read: dict[str, int] = {}
        self._rows: dict[str, int] = {}
        self._duplicates = 0
        self._unusable = 0
        self._lost = sessions.Lost({}, None)
        self._sessions = sessions.SessionStep(context)

    def go(self, should_stop: Callable[[], bool], progress: Progress) -> ReplayReport:
        total = sum(span.stop - span.start for span in self._spans.values())
        done, finished = 0, True
        if self._spans:
            self._lost = sessions.Lost(
                {p: span.stop for p, span in self._spans.items()},
                None if self._dry_run else self._watermark_ms(),
            )
            self._history.begin(
                {p: span.start for p, span in self._spans.items()},
                {p: span.stop for p, span in self._spans.items()},
            )
        progress(done, total)
        while (
            self._spans
            and (chunk := self._history.read(self._context.policy.chunk_messages)) is not None
        ):
            self._process(chunk)
            done += sum(span.stop - span.start for span in chunk.spans.values())
            progress(done, total)
            if should_stop():
                finished = done >= total
                break
        return ReplayReport(
            spans=self._spans,
            read=self._read,
            rows=self._rows,
            duplicates=self._duplicates,
            unusable=self._unusable,
            dry_run=self._dry_run,
            finished=finished,
        )

    def _watermark_ms(self) -> int | None:
        return self._context.store.watermark_ms(len(self._history.bounds()))

    def _process(self, chunk: Chunk) -> None:
        context = self._context
        wanted = [raw for raw in chunk.messages if self._may_be_wanted(raw)]
        decoded = decode_all(context.decoder, wanted)
        decoded.messages = [each for each in decoded.messages if self._is_wanted(each[1])]
        if newer := [each for each in decoded.dead if each.reason is Reason.SCHEMA_NEWER]:
            raise OlderContractsError(where_of(newer))
        self._unusable += len(decoded.dead)
        for _, message in decoded.messages:
            self._read[message.event] = self._read.get(message.event, 0) + 1
        if self._dry_run:
            return
        plain = plain_rows(context, decoded.messages)
        self._duplicates += sum(not is_first for _, is_first in plain)
        events = [each for each in decoded.messages if each[1].event in context.plan.roles]
        tally = Tally()
        rows = self._sessions.apply(chunk, events, self._lost, tally)
        new = [row for row, is_first in plain if is_first]
        loadables = [*new, *derived.loadables(rows)]
        context.loader.load(loadables, context.clock())
        self._sessions.settle(rows, tally)
        for loadable in loadables:
            event = loadable.message.event
            self._rows[event] = self._rows.get(event, 0) + 1

    def _may_be_wanted(self, raw: RawMessage) -> bool:
        """By its key, which may name what the event is a half of."""
        return not self._names or name_in_key(raw.key) in self._names

    def _is_wanted(self, message: Message) -> bool:
        return not self._events or message.event in self._events
