"""Reading a Kafka topic outside of the consumer group, for replays and for looking at it."""

from __future__ import annotations

from collections.abc import Mapping

from etl.kafka.consumer import KafkaSource
from etl.source import Span, Spans


class KafkaHistory(KafkaSource):
    """:class:`etl.source.History` on a topic.

    It asks for the group's offsets but never joins: partitions are assigned by hand, and nothing
    is ever committed.
    """

    def bounds(self) -> Spans:
        """See :meth:`etl.source.History.bounds`."""
        return {p: Span(*self._bounds(p)) for p in range(self._partition_count())}

    def committed(self) -> Mapping[int, int]:
        """See :meth:`etl.source.History.committed`."""
        found = self._committed_of(range(self._partition_count()))
        return {partition: offset for partition, (offset, _) in found.items()}

    def begin(self, starts: Mapping[int, int], stops: Mapping[int, int]) -> None:
        """See :meth:`etl.source.History.begin`."""
        self._positions = dict(starts)
        self._ends = {p: stop for p, stop in stops.items() if p in starts}
        self._started, self._silent_polls = False, 0
