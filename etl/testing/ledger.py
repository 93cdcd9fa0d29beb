"""The ledger within this process, for tests; the same behaviour as the one in Redis."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from etl.sequence.columns import SequenceColumns
from etl.sequence.ledger import LedgerTotals, SequencedMessage
from etl.sequence.numbers import MAX_GAPS, Numbers, Producer
from etl.source import Spans


class MemoryLedger:
    """:class:`etl.sequence.ledger.Ledger` in dicts."""

    def __init__(self, *, max_gaps: int = MAX_GAPS) -> None:
        self._most_holes = max_gaps
        self.flush()

    def flush(self) -> None:
        """Loses everything, as FLUSHALL does."""
        self._noted: dict[int, int] = {}
        self._topic_id: uuid.UUID | None = None
        self._known: dict[str, Numbers] = {}
        self._since_ms = self._unstamped = 0
        self._seen = self._repeated = self._lost = self._cut_off = 0
        self._reports: dict[str, bytes] = {}

    def begin(self, topic_id: uuid.UUID) -> None:
        if self._topic_id not in (None, topic_id):
            self._noted.clear()
        self._topic_id = topic_id

    def record(self, spans: Spans, sequenced: Sequence[SequencedMessage]) -> None:
        for partition, span in spans.items():
            if span.start > self._noted.get(partition, 0):
                times = [each.timestamp_ms for each in sequenced if each.partition == partition]
                self._since_ms = max(self._since_ms, *times[:1], 0)
        for each in sequenced:
            if each.offset >= self._noted.get(each.partition, 0):
                self._add(each)
        for partition, span in spans.items():
            self._noted[partition] = max(span.stop, self._noted.get(partition, 0))

    def record_columns(self, spans: Spans, columns: SequenceColumns) -> None:
        self.record(spans, list(columns.messages()))

    def producers(self) -> Sequence[Producer]:
        known = sorted(self._known.values(), key=lambda each: (-each.last_ms, each.name))
        return [each.frozen() for each in known]

    def totals(self) -> LedgerTotals:
        return LedgerTotals(
            since_ms=self._since_ms,
            unstamped=self._unstamped,
            forgotten_seen=self._seen,
            forgotten_repeated=self._repeated,
            forgotten_lost=self._lost,
            forgotten_cut_off=self._cut_off,
        )

    def forget(self, before_ms: int, *, limit: int) -> int:
        old = [each for each in self._known.values() if each.last_ms < before_ms]
        old.sort(key=lambda each: (each.last_ms, each.name))
        for each in old[:limit]:
            del self._known[each.name]
            self._seen += each.seen
            self._repeated += each.repeated
            gaps = [gap for gap in each.gaps if not gap.skipped]
            lost = sum(gap.size_up_to(each.settled) for gap in gaps)
            self._lost += each.lost + lost
            self._cut_off += sum(gap.size for gap in gaps) - lost
        return len(old[:limit])

    def keep_report(self, run_id: str, report: bytes) -> None:
        self._reports[run_id] = report

    def kept_reports(self) -> Mapping[str, bytes]:
        return dict(self._reports)

    def drop_report(self, run_id: str) -> None:
        self._reports.pop(run_id, None)

    def close(self) -> None:
        """Nothing to release."""

    def _add(self, each: SequencedMessage) -> None:
        if each.sequence is None:
            self._unstamped += 1
            return
        found = each.sequence
        numbers = self._known.setdefault(
            found.producer, Numbers(found.producer, max_gaps=self._most_holes)
        )
        numbers.add(found.number, found.skipped, each.timestamp_ms, settled=found.settled_to)
