"""Where messages come from: a Protocol, and the values that pass through it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, overload

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One Kafka message as it lies in the topic. ``timestamp_ms`` is Kafka's own, Unix time."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Headers = ()

    @property
    def location(self) -> str:
        """``partition:offset``; what tells a message read twice from one sent twice."""
        return f"{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class MessageColumns(Sequence[RawMessage]):
    """Messages by column, each a :class:`RawMessage` when it is asked for.

    An object for each message costs more (1.2 µs) than reading its fields from Kafka (0.5 µs).
    """

    topic: str
    partitions: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    timestamps_ms: list[int] = field(default_factory=list)
    headers: list[Sequence[tuple[str, bytes | None]]] = field(default_factory=list)

    @classmethod
    def of(cls, messages: Sequence[RawMessage]) -> MessageColumns:
        """The same messages by column."""
        if isinstance(messages, MessageColumns):
            return messages
        columns = cls(messages[0].topic if messages else "")
        columns.extend(messages)
        return columns

    def extend(self, messages: Iterable[RawMessage]) -> None:
        """Adds messages behind the others."""
        for raw in messages:
            self.partitions.append(raw.partition)
            self.offsets.append(raw.offset)
            self.keys.append(raw.key)
            self.values.append(raw.value)
            self.timestamps_ms.append(raw.timestamp_ms)
            self.headers.append(raw.headers)

    def join(self, further: MessageColumns) -> None:
        """Adds messages behind the others, by column."""
        self.partitions.extend(further.partitions)
        self.offsets.extend(further.offsets)
        self.keys.extend(further.keys)
        self.values.extend(further.values)
        self.timestamps_ms.extend(further.timestamps_ms)
        self.headers.extend(further.headers)

    def __len__(self) -> int:
        return len(self.offsets)

    @overload
    def __getitem__(self, index: int) -> RawMessage: ...

    @overload
    def __getitem__(self, index: slice) -> MessageColumns: ...

    def __getitem__(self, index: int | slice) -> RawMessage | MessageColumns:
        if isinstance(index, slice):
            return MessageColumns(
                self.topic,
                self.partitions[index],
                self.offsets[index],
                self.keys[index],
                self.values[index],
                self.timestamps_ms[index],
                self.headers[index],
            )
        return RawMessage(
            self.topic,
            self.partitions[index],
            self.offsets[index],
            self.keys[index],
            self.values[index],
            self.timestamps_ms[index],
            tuple(self.headers[index]),
        )


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets from ``start`` up to, and without, ``stop``."""

    start: int
    stop: int


Spans = Mapping[int, Span]
"""Partition → what was read of it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Messages, each partition's in the order of their offsets, and the offsets they cover.

    A span may be wider than its messages: offsets can have no message.
    """

    messages: Sequence[RawMessage]
    spans: Spans


@dataclass(frozen=True, slots=True)
class AssignedPartition:
    """A partition that this worker has now.

    ``start`` is where reading begins: ``committed``, or the partition's first offset when the
    group has never committed one (``None``).
    """

    partition: int
    committed: int | None
    start: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """All partitions that this worker has now.

    ``partition_count`` counts the topic's partitions, other workers' too.  ``metadata`` are the
    texts that lie with the group's committed offsets, of all partitions that have one.
    ``topic_id`` as :meth:`History.topic_id` has it.
    """

    partitions: tuple[AssignedPartition, ...]
    partition_count: int
    metadata: Mapping[int, str]
    topic_id: uuid.UUID | None = None


class Source(Protocol):
    """One worker of a consumer group on one topic, for one run or for several in a row.

    Any method raises :class:`~etl.errors.SourceUnavailableError` when Kafka gives no answer in
    time.  Only one thread may use it.
    """

    def assign(self) -> Assignment:
        """Joins the group, or learns of its new assignment.

        Fixes where reading ends: what was in a partition when this was called is below its end,
        what comes after the first fetch from it is above.  Blocks until the group has settled.

        Raises:
            StoppedError: the worker was asked to stop before that.
        """
        ...

    def rewind(self, starts: Mapping[int, int]) -> None:
        """Makes reading begin at other offsets; only between :meth:`assign` and :meth:`read`."""
        ...

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        """For each partition an offset before which every message is older than the time.

        A partition without younger messages has its end.
        """
        ...

    def read(self, max_messages: int) -> Chunk | None:
        """The next messages; an empty chunk when none came within a moment; None at the ends.

        Raises:
            RebalancedError: the partitions were handed out anew; :meth:`assign` comes next.
            OffsetOutOfRangeError: the offset to read from is not in the partition.
        """
        ...

    def read_on(self, max_messages: int, seconds: float, should_stop: Callable[[], bool]) -> Chunk:
        """What comes within so many seconds, behind the ends too; may be empty.

        Only after :meth:`read` gave None, which :meth:`assign` lets begin anew.  Returns earlier
        with ``max_messages``, with as many bytes as are well in memory, or when asked to stop,
        which it asks several times a second.

        Raises:
            RebalancedError, OffsetOutOfRangeError: as :meth:`read`.
        """
        ...

    def commit(self, positions: Mapping[int, int], metadata: str) -> None:
        """Makes the group go on from these offsets; stored when it returns.

        Raises:
            RebalancedError: this worker no longer has the partitions; nothing was committed.
        """
        ...

    def lag(self) -> Mapping[int, int]:
        """For each assigned partition how many messages are behind what was read, about."""
        ...

    def close(self) -> None:
        """Leaves the group. What was not committed will be read again."""
        ...


class History(Protocol):
    """A topic read from offsets of the caller's choice, outside of any consumer group.

    Nothing is ever committed, so a group's offsets stay as they are.  Any method raises
    :class:`~etl.errors.SourceUnavailableError` when Kafka gives no answer in time.
    """

    def bounds(self) -> Spans:
        """For each partition its first offset and its end, which a broker may tell too low."""
        ...

    def committed(self) -> Mapping[int, int]:
        """Partition → the offset that the loader's group committed, where it ever did."""
        ...

    def topic_id(self) -> uuid.UUID | None:
        """The broker's id of the topic: another one when it is made anew. None: it gives none."""
        ...

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        """See :meth:`Source.offsets_at`."""
        ...

    def begin(self, starts: Mapping[int, int], stops: Mapping[int, int]) -> None:
        """Makes reading go from the starts up to the stops, without one up to the end as it is."""
        ...

    def read(self, max_messages: int) -> Chunk | None:
        """See :meth:`Source.read`; nothing is ever handed out anew."""
        ...

    def close(self) -> None:
        """Releases the connection."""
        ...


def pieces(chunk: Chunk, size: int) -> Iterator[Chunk]:
    """The chunk in parts of at most ``size`` messages, whose spans join without a gap.

    At least one part, also for a chunk without messages.
    """
    reached = {partition: span.start for partition, span in chunk.spans.items()}
    for first in range(0, max(1, len(chunk.messages)), size):
        part = chunk.messages[first : first + size]
        if first + size < len(chunk.messages):
            stops = {message.partition: message.offset + 1 for message in part}
        else:
            stops = {partition: span.stop for partition, span in chunk.spans.items()}
        yield Chunk(part, {p: Span(reached[p], stop) for p, stop in stops.items()})
        reached.update(stops)
