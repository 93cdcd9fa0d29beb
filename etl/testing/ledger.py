"""The ledger within this process, for tests; the same behaviour as the one in Redis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl.sequence.ledger import LedgerTotals, Stamped
from etl.sequence.numbers import MOST_HOLES, Numbers, Producer
from etl.source import Spans


class MemoryLedger:
    """:class:`etl.sequence.ledger.Ledger` in dicts."""

    def __init__(self, *, most_holes: int = MOST_HOLES) -> None:
        self._most_holes = most_holes
        self.flush()

    def flush(self) -> None:
        """Loses everything, as FLUSHALL does."""
        self._noted: dict[int, int] = {}
        self._known: dict[str, Numbers] = {}
        self._since_ms = self._unstamped = 0
        self._seen = self._repeated = self._lost = 0
        self._books: dict[str, bytes] = {}

    def note(self, spans: Spans, stamped: Sequence[Stamped]) -> None:
        for partition, span in spans.items():
            if span.start > self._noted.get(partition, 0):
                times = [each.timestamp_ms for each in stamped if each.partition == partition]
                self._since_ms = max(self._since_ms, *times[:1], 0)
        for each in stamped:
            if each.offset >= self._noted.get(each.partition, 0):
                self._add(each)
        for partition, span in spans.items():
            self._noted[partition] = max(span.stop, self._noted.get(partition, 0))

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
        )

    def forget(self, before_ms: int, *, limit: int) -> int:
        old = [each for each in self._known.values() if each.last_ms < before_ms]
        old.sort(key=lambda each: (each.last_ms, each.name))
        for each in old[:limit]:
            del self._known[each.name]
            self._seen += each.seen
            self._repeated += each.repeated
            self._lost += each.lost + sum(hole.size for hole in each.holes if not hole.void)
        return len(old[:limit])

    def keep_books(self, run_id: str, books: bytes) -> None:
        self._books[run_id] = books

    def kept_books(self) -> Mapping[str, bytes]:
        return dict(self._books)

    def drop_books(self, run_id: str) -> None:
        self._books.pop(run_id, None)

    def close(self) -> None:
        """Nothing to release."""

    def _add(self, each: Stamped) -> None:
        if each.stamp is None:
            self._unstamped += 1
            return
        name = each.stamp.producer
        numbers = self._known.setdefault(name, Numbers(name, most_holes=self._most_holes))
        numbers.add(each.stamp.number, each.stamp.voids, each.timestamp_ms)
