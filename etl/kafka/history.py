"""Reading a Kafka topic outside of the consumer group, for replays and for looking at it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from etl.config import KafkaConfig
from etl.kafka.reader import PartitionReader
from etl.source import Chunk, Spans


class KafkaHistory:
    """:class:`etl.source.History` on a topic. It asks for the group's offsets but never joins."""

    def __init__(self, config: KafkaConfig, *, silence_seconds: float = 30.0) -> None:
        """Connects in the background; see :class:`~etl.kafka.reader.PartitionReader`."""
        self._reader = PartitionReader(config, silence_seconds=silence_seconds)

    def bounds(self) -> Spans:
        """See :meth:`etl.source.History.bounds`."""
        return {p: self._reader.bounds(p) for p in range(self._reader.partition_count())}

    def committed(self) -> Mapping[int, int]:
        """See :meth:`etl.source.History.committed`."""
        found = self._reader.committed(range(self._reader.partition_count()))
        return {partition: offset for partition, (offset, _) in found.items()}

    def topic_id(self) -> uuid.UUID | None:
        """See :meth:`etl.source.History.topic_id`."""
        return self._reader.topic_id()

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        """See :meth:`etl.source.History.offsets_at`."""
        return self._reader.offsets_at(partitions, timestamp_ms)

    def begin(self, starts: Mapping[int, int], stops: Mapping[int, int]) -> None:
        """See :meth:`etl.source.History.begin`."""
        self._reader.begin(starts, stops)

    def read(self, max_messages: int) -> Chunk | None:
        """See :meth:`etl.source.History.read`."""
        return self._reader.read(max_messages)

    def close(self) -> None:
        """See :meth:`etl.source.History.close`."""
        self._reader.close()
