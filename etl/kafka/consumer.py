"""Reading from Kafka as a member of the loader's consumer group.

A consumer of a scheduled run lives as long as the run: it joins the group, reads, leaves.  Between
runs nothing has to be kept alive, and a crashed schedule blocks no partition; joining costs a few
seconds.  One that follows the topic stays in the group over many runs, with the partitions it has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from etl.config import KafkaConfig
from etl.errors import (
    OffsetOutOfRangeError,
    RebalancedError,
    SourceUnavailableError,
    StoppedError,
)
from etl.kafka.client import translated
from etl.kafka.reader import POLL_SECONDS, PartitionReader
from etl.source import AssignedPartition, Assignment, Chunk


class KafkaSource:
    """:class:`etl.source.Source` on a topic, as one member of a consumer group."""

    def __init__(
        self,
        config: KafkaConfig,
        *,
        silence_seconds: float = 30.0,
        join_seconds: float = 120.0,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Connects in the background.

        Args:
            config: where, which topic, which group.
            silence_seconds: a partition from which nothing came for that long, though it is not
                at its end, counts as unavailable.
            join_seconds: longest wait for partitions.  A group settles when all its workers have
                come back from the chunk they are at.
            should_stop: asked several times a second while it waits for them.
        """
        self._topic = config.topic
        self._join_seconds = join_seconds
        self._should_stop = should_stop
        self._reader = PartitionReader(
            config, silence_seconds=silence_seconds, check_still_ours=self._check_still_ours
        )
        self._consumer = self._reader.consumer
        self._subscribed = False
        self._assigned: list[int] | None = None
        self._revoked = False
        self._rewound_from: dict[int, int] = {}

    def assign(self) -> Assignment:
        """See :meth:`etl.source.Source.assign`."""
        count = self._reader.partition_count()
        assigned = self._join()
        committed = self._reader.committed(range(count))
        partitions = tuple(
            AssignedPartition(partition, offset, self._first(partition, offset))
            for partition in sorted(assigned)
            for offset in (committed[partition][0] if partition in committed else None,)
        )
        self._reader.begin({each.partition: each.start for each in partitions})
        self._rewound_from = {}
        notes = {p: text for p, (_, text) in committed.items()}
        return Assignment(partitions, count, notes, self._reader.topic_id())

    def rewind(self, starts: Mapping[int, int]) -> None:
        """See :meth:`etl.source.Source.rewind`."""
        self._rewound_from = {p: self._reader.positions[p] for p in starts}
        self._reader.begin({**self._reader.positions, **starts})

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        """See :meth:`etl.source.Source.offsets_at`."""
        return self._reader.offsets_at(partitions, timestamp_ms)

    def read(self, max_messages: int) -> Chunk | None:
        """See :meth:`etl.source.Source.read`."""
        chunk = self._reader.read(max_messages)
        if chunk is None:
            self._check_rewound()
        return chunk

    def read_on(self, max_messages: int, seconds: float, should_stop: Callable[[], bool]) -> Chunk:
        """See :meth:`etl.source.Source.read_on`."""
        return self._reader.read_on(max_messages, seconds, should_stop)

    def commit(self, positions: Mapping[int, int], metadata: str) -> None:
        """See :meth:`etl.source.Source.commit`."""
        if not positions:
            return
        offsets = [TopicPartition(self._topic, p, at, metadata) for p, at in positions.items()]
        with translated("the commit"):
            committed = self._consumer.commit(offsets=offsets, asynchronous=False)
            for each in committed or ():
                if each.error is not None:
                    raise KafkaException(each.error)

    def lag(self) -> Mapping[int, int]:
        """See :meth:`etl.source.Source.lag`."""
        reader = self._reader
        return {p: max(0, reader.bounds(p).stop - at) for p, at in reader.positions.items()}

    def close(self) -> None:
        """See :meth:`etl.source.Source.close`."""
        self._reader.close()

    def _first(self, partition: int, committed: int | None) -> int:
        return self._reader.bounds(partition).start if committed is None else committed

    def _join(self) -> list[int]:
        """Blocks until this worker has an assignment; fetches nothing yet."""
        if not self._subscribed:
            self._consumer.subscribe(
                [self._topic],
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_revoke,
            )
            self._subscribed = True
        give_up_at = time.monotonic() + self._join_seconds
        while self._assigned is None:
            if self._should_stop():
                raise StoppedError(
                    "stopped before the group gave any partitions; nothing was loaded"
                )
            message = self._consumer.poll(POLL_SECONDS)
            if message is not None and (error := message.error()) is not None:
                raise SourceUnavailableError(f"Kafka: {error.str()}")
            if time.monotonic() > give_up_at:
                waited = f"{self._join_seconds} s"
                raise SourceUnavailableError(f"{self._topic}: no partitions came within {waited}")
        self._revoked = False
        return self._assigned

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Fetching begins in read(), from offsets that have been looked at.
        consumer.assign([])
        self._assigned = [each.partition for each in partitions]

    def _on_revoke(self, _consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self._assigned = None
        self._revoked = True

    def _check_still_ours(self) -> None:
        if self._revoked:
            raise RebalancedError(f"{self._topic}: the group hands its partitions out anew")

    def _check_rewound(self) -> None:
        """An offset that reading was set back from has to be there all the same.

        It is not when the topic was made anew, and what is below it now was never loaded.
        """
        for partition, offset in self._rewound_from.items():
            bounds = self._reader.bounds(partition)
            high = max(bounds.stop, self._reader.ends[partition])
            if high < offset:
                raise OffsetOutOfRangeError(self._topic, partition, offset, bounds.start, high)
