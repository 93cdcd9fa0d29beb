"""Kafka and ClickHouse within this process, for tests; the same behaviour as the real ones."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ch_schema.columns import ColumnBlock
from etl.decode.dead_letters import DeadLetter
from etl.errors import OffsetOutOfRangeError, RebalancedError
from etl.producer import Record
from etl.source import AssignedPartition, Assignment, Chunk, Headers, RawMessage, Span, Spans


class MemoryTopic:
    """One topic with its consumer group: what a broker keeps. ``clock_ms`` gives Unix time."""

    def __init__(self, name: str, partitions: int, clock_ms: Callable[[], int]) -> None:
        self.name = name
        self.clock_ms = clock_ms
        self.logs: list[list[RawMessage]] = [[] for _ in range(partitions)]
        self.low = [0] * partitions
        self.committed: dict[int, tuple[int, str]] = {}
        self.generation = 0
        self.members: list[MemorySource] = []
        self.id = uuid.uuid4()

    def make_anew(self) -> None:
        """Without its messages and offsets, as a broker has it that kept nothing."""
        self.logs = [[] for _ in self.logs]
        self.low = [0] * len(self.logs)
        self.committed = {}
        self.id = uuid.uuid4()

    def append(
        self, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> RawMessage:
        """Stores a message with the time of the clock."""
        log = self.logs[partition]
        raw = RawMessage(self.name, partition, len(log), key, value, self.clock_ms(), headers)
        log.append(raw)
        return raw

    def enter(self, member: MemorySource) -> None:
        """A worker joins; the partitions are handed out anew."""
        self.members.append(member)
        self.generation += 1

    def expel(self, member: MemorySource) -> None:
        """A worker leaves or is given up; the partitions are handed out anew."""
        if member in self.members:
            self.members.remove(member)
            self.generation += 1

    def share_of(self, member: MemorySource) -> tuple[int, ...]:
        """The partitions that a member has in this generation."""
        return tuple(range(self.members.index(member), len(self.logs), len(self.members)))


class MemorySource:
    """:class:`etl.source.Source` on a :class:`MemoryTopic`."""

    def __init__(self, topic: MemoryTopic) -> None:
        self._topic = topic
        self._generation = -1
        self._positions: dict[int, int] = {}
        self._ends: dict[int, int] = {}

    def assign(self) -> Assignment:
        topic = self._topic
        if self not in topic.members:
            topic.enter(self)
        self._generation = topic.generation
        assignment = Assignment(
            partitions=tuple(self._assigned(partition) for partition in topic.share_of(self)),
            partition_count=len(topic.logs),
            metadata={partition: text for partition, (_, text) in topic.committed.items()},
            topic_id=topic.id,
        )
        self._positions = {assigned.partition: assigned.start for assigned in assignment.partitions}
        self._ends = {partition: len(topic.logs[partition]) for partition in self._positions}
        return assignment

    def rewind(self, starts: Mapping[int, int]) -> None:
        self._positions.update(starts)

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        return {
            partition: next(
                (
                    raw.offset
                    for raw in self._topic.logs[partition][self._topic.low[partition] :]
                    if raw.timestamp_ms >= timestamp_ms
                ),
                len(self._topic.logs[partition]),
            )
            for partition in partitions
        }

    def read(self, max_messages: int) -> Chunk | None:
        self._require_membership()
        if all(self._positions[partition] >= end for partition, end in self._ends.items()):
            return None
        return self._read(max_messages, self._ends)

    def read_on(self, max_messages: int, seconds: float, should_stop: Callable[[], bool]) -> Chunk:
        """What is there: no time passes here."""
        self._require_membership()
        return self._read(max_messages, {p: len(self._topic.logs[p]) for p in self._ends})

    def _read(self, max_messages: int, ends: Mapping[int, int]) -> Chunk:
        messages: list[RawMessage] = []
        spans: dict[int, Span] = {}
        for partition, end in ends.items():
            start = self._positions[partition]
            stop = min(end, start + max_messages - len(messages))
            if stop > start:
                messages += self._topic.logs[partition][start:stop]
                spans[partition] = Span(start, stop)
                self._positions[partition] = stop
        return Chunk(messages, spans)

    def commit(self, positions: Mapping[int, int], metadata: str) -> None:
        self._require_membership()
        for partition, position in positions.items():
            self._topic.committed[partition] = position, metadata

    def lag(self) -> Mapping[int, int]:
        return {p: len(self._topic.logs[p]) - at for p, at in self._positions.items()}

    def close(self) -> None:
        self._topic.expel(self)

    def _assigned(self, partition: int) -> AssignedPartition:
        topic = self._topic
        low, high = topic.low[partition], len(topic.logs[partition])
        committed = topic.committed[partition][0] if partition in topic.committed else None
        start = low if committed is None else committed
        if not low <= start <= high:
            raise OffsetOutOfRangeError(topic.name, partition, start, low, high)
        return AssignedPartition(partition, committed, start)

    def _require_membership(self) -> None:
        if self._generation != self._topic.generation or self not in self._topic.members:
            raise RebalancedError("the partitions were handed out anew")


class MemoryHistory:
    """:class:`etl.source.History` on a :class:`MemoryTopic`."""

    def __init__(self, topic: MemoryTopic) -> None:
        self._topic = topic
        self._positions: dict[int, int] = {}
        self._ends: dict[int, int] = {}

    def bounds(self) -> Spans:
        topic = self._topic
        return {p: Span(topic.low[p], len(log)) for p, log in enumerate(topic.logs)}

    def committed(self) -> Mapping[int, int]:
        return {partition: offset for partition, (offset, _) in self._topic.committed.items()}

    def topic_id(self) -> uuid.UUID | None:
        return self._topic.id

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        return MemorySource(self._topic).offsets_at(partitions, timestamp_ms)

    def begin(self, starts: Mapping[int, int], stops: Mapping[int, int]) -> None:
        self._positions = dict(starts)
        highs = {partition: len(self._topic.logs[partition]) for partition in starts}
        self._ends = {p: min(high, stops.get(p, high)) for p, high in highs.items()}

    def read(self, max_messages: int) -> Chunk | None:
        messages: list[RawMessage] = []
        spans: dict[int, Span] = {}
        for partition, end in self._ends.items():
            start = self._positions[partition]
            stop = min(end, start + max_messages - len(messages))
            if stop > start:
                messages += self._topic.logs[partition][start:stop]
                spans[partition] = Span(start, stop)
                self._positions[partition] = stop
        return Chunk(messages, spans) if spans else None

    def close(self) -> None:
        """Nothing to release."""


class MemoryProducer:
    """:class:`etl.producer.MessageProducer` into :class:`MemoryTopic` objects, by name."""

    def __init__(self, *topics: MemoryTopic) -> None:
        self._topics = {topic.name: topic for topic in topics}

    def publish(self, topic: str, records: Sequence[Record]) -> None:
        for record in records:
            self._topics[topic].append(
                record.partition or 0, record.key, record.value, record.headers
            )

    def close(self) -> None:
        """Nothing to release."""


class MemoryDeadLetters:
    """:class:`etl.decode.dead_letters.DeadLetters` in a list."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    def send(self, dead_letters: Sequence[DeadLetter]) -> None:
        self.letters += dead_letters

    def close(self) -> None:
        """Nothing to release."""


class MemoryTables:
    """What of ClickHouse the loader uses: ReplacingMergeTree with a deduplication window."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._tokens: set[tuple[str, str]] = set()

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        deduplication_token: str,
    ) -> None:
        if (table, deduplication_token) not in self._tokens:
            self._tokens.add((table, deduplication_token))
            named = (dict(zip(columns, row, strict=True)) for row in rows)
            self.rows.setdefault(table, []).extend(named)

    def insert_columns(self, block: ColumnBlock, *, deduplication_token: str) -> None:
        rows = block.as_rows()
        self.insert(block.table, block.names, rows, deduplication_token=deduplication_token)

    def final(self, table: str) -> dict[uuid.UUID, dict[str, Any]]:
        """Of the rows with one id the last of those with the highest version, as FINAL gives."""
        found: dict[uuid.UUID, dict[str, Any]] = {}
        for row in self.rows.get(table, []):
            known = found.get(row["event_id"])
            if known is None or row["row_version"] >= known["row_version"]:
                found[row["event_id"]] = row
        return found
