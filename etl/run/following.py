"""A source of which a run reads on when it has come to the ends, until its time is over.

So a run of the loader that follows the topic is the same run as a scheduled one, only longer: it
adopts what is there, stores and commits block by block, and closes with the sweep of the views and
its report.  It ends no earlier than at the ends that were there when it was given its partitions,
as a run has to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from etl.source import Assignment, Chunk, Source, Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long messages may wait to be loaded, and how often a run ends with its report.

    A message that comes just when a block is closed waits longest: until the next one is closed and
    stored.  That one is closed so early that this takes ``max_delay_seconds``, if storing takes as
    long as it did for the block before; when it takes more than half of that time, at once.  So
    blocks come no more often than every half of it, and less often when storing is quick.
    """

    max_delay_seconds: float = 2.0
    report_seconds: float = 60.0


class Following:
    """:class:`etl.source.Source` for one run."""

    def __init__(
        self,
        source: Source,
        pace: Pace,
        *,
        clock: Callable[[], float],
        should_stop: Callable[[], bool],
        stored: Callable[[int | None], object] = lambda _since_ms: None,
    ) -> None:
        """
        Args:
            source: goes on to belong to the caller, who hands it to one run after the other.
            pace: when blocks and the run end.
            clock: seconds that only go forward.
            should_stop: asked several times a second; the block at hand ends then.
            stored: called when a block was committed, with the time that Kafka gave to its first
                message (Unix time, ms), and with None when there is nothing that waits.
        """
        self._source = source
        self._pace = pace
        self._clock = clock
        self._should_stop = should_stop
        self._stored = stored
        self._over_at = clock() + pace.report_seconds
        self._closed_at = clock()
        self._at_ends = False
        self._is_ahead = False
        self._uncommitted: list[tuple[Spans, int | None]] = []

    def assign(self) -> Assignment:
        """See :meth:`etl.source.Source.assign`."""
        self._at_ends, self._uncommitted = False, []
        return self._source.assign()

    def rewind(self, starts: Mapping[int, int]) -> None:
        """See :meth:`etl.source.Source.rewind`."""
        self._source.rewind(starts)

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        """See :meth:`etl.source.Source.offsets_at`."""
        return self._source.offsets_at(partitions, timestamp_ms)

    def read(self, max_messages: int) -> Chunk | None:
        """The next block, which may be empty; None at the ends when the time is over.

        While a block is not committed, what is there is taken without waiting for more.
        """
        chunk = None if self._at_ends else self._source.read(max_messages)
        if chunk is None:
            if not self._at_ends:
                self._at_ends = True
                self._stored(None)
            if self._clock() >= self._over_at:
                return None
            chunk = self._source.read_on(max_messages, self._seconds_left(), self._should_stop)
        self._closed_at = self._clock()
        self._is_ahead = bool(chunk.spans)
        if chunk.spans:
            since_ms = chunk.messages[0].timestamp_ms if chunk.messages else None
            self._uncommitted.append((chunk.spans, since_ms))
        return chunk

    def _seconds_left(self) -> float:
        """Until the block at hand is to be closed."""
        if self._is_ahead and self._uncommitted:
            return 0.0
        now = self._clock()
        stored_for = now - self._closed_at
        due = now + self._pace.max_delay_seconds - 2 * stored_for
        return max(0.0, min(due, self._over_at) - now)

    def read_on(self, max_messages: int, seconds: float, should_stop: Callable[[], bool]) -> Chunk:
        """See :meth:`etl.source.Source.read_on`."""
        return self._source.read_on(max_messages, seconds, should_stop)

    def commit(self, positions: Mapping[int, int], metadata: str) -> None:
        """See :meth:`etl.source.Source.commit`."""
        self._source.commit(positions, metadata)
        committed = [
            (spans, since_ms)
            for spans, since_ms in self._uncommitted
            if any(positions.get(p, -1) >= span.stop for p, span in spans.items())
        ]
        self._uncommitted = [each for each in self._uncommitted if each not in committed]
        known = [since_ms for _, since_ms in committed if since_ms is not None]
        if known:
            self._stored(min(known))

    def lag(self) -> Mapping[int, int]:
        """See :meth:`etl.source.Source.lag`."""
        return self._source.lag()

    def close(self) -> None:
        """See :meth:`etl.source.Source.close`."""
        self._source.close()
