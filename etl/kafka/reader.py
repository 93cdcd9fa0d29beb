"""Reading partitions of a Kafka topic from chosen offsets up to their ends.

Reading ends at the high watermark that the *first fetch* from a partition shows.  That is at least
what was in it when reading was begun, moves no further however fast messages come, and is right
also where a broker's own answer to "where is the end" is too low (a broker may count a last batch
of several records as one).  :meth:`PartitionReader.read_on` goes on behind these ends.
"""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from etl.config import KafkaConfig
from etl.errors import (
    OffsetOutOfRangeError,
    SourceUnavailableError,
    TopicMissingError,
)
from etl.kafka.client import consumer_settings, translated
from etl.kafka.side_by_side import SideBySide
from etl.kafka.topic_id import administrator, topic_id
from etl.source import Chunk, MessageColumns, RawMessage, Span

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.2

_REQUEST_SECONDS = 10.0
_BATCH_MESSAGES = 250
"""So many are taken from the client at a time: more fall out of the processor's caches."""

_AHEAD_PART = 8
"""A partition that is this part of a chunk ahead of another is not read until that has come."""

_CHUNK_BYTES = 32 * 2**20
"""A chunk is stored while the next one is read, so that two are in memory."""

_Headers = Sequence[tuple[str, bytes | None]]


class PartitionReader:
    """Partitions of one topic, read up to their ends. It knows of no group; one thread uses it.

    Any method raises :class:`~etl.errors.SourceUnavailableError` when Kafka gives no answer in
    time.
    """

    def __init__(
        self,
        config: KafkaConfig,
        *,
        silence_seconds: float = 30.0,
        check_still_ours: Callable[[], None] = lambda: None,
    ) -> None:
        """Connects in the background.

        Args:
            config: where, which topic, and which group's offsets are asked for.
            silence_seconds: a partition from which nothing came for that long, though it is not
                at its end, counts as unavailable.
            check_still_ours: called before messages count as read; what it raises ends reading.
        """
        self.topic = config.topic
        self._check_still_ours = check_still_ours
        self._silence_seconds = silence_seconds
        self.consumer = Consumer(consumer_settings(config), logger=_log)
        self._admin = administrator(config)
        self.positions: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self._fetched_to: dict[int, int] = {}
        self._fetched = SideBySide(self.topic)
        self._ahead: set[int] = set()
        self._started = False
        self._goes_on = False
        self._silent_seconds = 0.0

    def begin(self, starts: Mapping[int, int], stops: Mapping[int, int] | None = None) -> None:
        """Makes reading go from the starts up to the stops, without one up to the end as it is."""
        self.positions = dict(starts)
        self.ends = {p: stop for p, stop in (stops or {}).items() if p in starts}
        self._started, self._silent_seconds, self._goes_on = False, 0.0, False
        self._fetched, self._fetched_to = SideBySide(self.topic), dict(starts)

    def read(self, max_messages: int) -> Chunk | None:
        """The next messages; an empty chunk when none came within a moment; None at the ends.

        Raises:
            OffsetOutOfRangeError: the offset to read from is not in the partition.
        """
        if not self._started:
            self._start()
        if not self._unfinished() and not self._fetched:
            return None
        most_ahead = max(_BATCH_MESSAGES, max_messages // _AHEAD_PART)

        def goes_on(came: bool) -> bool:
            awaited = self._unfinished()
            self._pause_ahead(awaited, most_ahead)
            return bool(
                came
                and awaited
                and len(self._fetched) < 2 * max_messages
                and not self._fetched.has_side_by_side(max_messages, awaited)
            )

        return self._gathered(max_messages, goes_on)

    def read_on(self, max_messages: int, seconds: float, should_stop: Callable[[], bool]) -> Chunk:
        """See :meth:`etl.source.Source.read_on`."""
        if not self._goes_on:
            self._goes_on = True
            self._start()  # what was fetched from behind the ends was thrown away
        until = time.monotonic() + seconds

        def goes_on(came: bool) -> bool:
            # When the time is over, what is in memory already is taken without waiting.
            goes_on = (came or time.monotonic() < until) and not should_stop()
            return goes_on and len(self._fetched) < max_messages

        return self._gathered(max_messages, goes_on, until)

    def _gathered(
        self, max_messages: int, goes_on: Callable[[bool], bool], until: float = math.inf
    ) -> Chunk:
        """What comes as long as it goes on, which is asked whether the last batch had messages."""
        came = True
        while goes_on(came) and self._fetched.size_bytes < _CHUNK_BYTES:
            wait_seconds = min(POLL_SECONDS, max(0.0, until - time.monotonic()))
            batch = self._consume(_BATCH_MESSAGES, wait_seconds)
            if batch:
                self._fetched.add(self._taken(batch))
            came = bool(batch)
        messages = self._fetched.take(max_messages)
        return Chunk(messages, self._handed_on(messages))

    def _handed_on(self, messages: MessageColumns) -> dict[int, Span]:
        """Notes how far the partitions are read, to the last of these messages; what that adds."""
        reached = {
            partition: offset + 1
            for partition, offset in zip(messages.partitions, messages.offsets, strict=True)
        }
        # Behind the last message may come offsets that have none.
        reached |= {p: at for p, at in self._fetched_to.items() if p not in self._fetched}
        spans = {
            partition: Span(self.positions[partition], position)
            for partition, position in reached.items()
            if position > self.positions[partition]
        }
        self.positions |= reached
        return spans

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        """See :meth:`etl.source.Source.offsets_at`."""
        asked = [TopicPartition(self.topic, p, timestamp_ms) for p in partitions]
        with translated("the offsets of a time"):
            found = self.consumer.offsets_for_times(asked, timeout=_REQUEST_SECONDS)
        return {
            each.partition: each.offset if each.offset >= 0 else self.bounds(each.partition).stop
            for each in found
        }

    def partition_count(self) -> int:
        """How many partitions the topic has.

        Raises:
            TopicMissingError: Kafka does not have it.
        """
        with translated("the topic's partitions"):
            found = self.consumer.list_topics(self.topic, timeout=_REQUEST_SECONDS)
        topic = found.topics[self.topic]
        if topic.error is not None or not topic.partitions:
            raise TopicMissingError(f"Kafka has no topic {self.topic}: {topic.error}")
        return len(topic.partitions)

    def topic_id(self) -> uuid.UUID | None:
        """See :meth:`etl.source.History.topic_id`."""
        return topic_id(self._admin, self.topic)

    def committed(self, partitions: Sequence[int]) -> dict[int, tuple[int, str]]:
        """Partition → the offset that the group committed, where it did, and its metadata."""
        asked = [TopicPartition(self.topic, partition) for partition in partitions]
        with translated("the committed offsets"):
            found = self.consumer.committed(asked, timeout=_REQUEST_SECONDS)
            for each in found:
                if each.error is not None:
                    raise KafkaException(each.error)
        return {
            each.partition: (each.offset, each.metadata or "") for each in found if each.offset >= 0
        }

    def bounds(self, partition: int) -> Span:
        """First offset and end, as the broker tells them now; it may tell the end too low."""
        found = self._bounds(partition, cached=False)
        if found is None:
            raise SourceUnavailableError(f"{self.topic}: no offsets of partition {partition}")
        return found

    def close(self) -> None:
        """Releases the connection, and leaves the group if it was joined."""
        self.consumer.close()

    def _start(self) -> None:
        self._fetched, self._fetched_to = SideBySide(self.topic), dict(self.positions)
        self._ahead = set()
        begin = [TopicPartition(self.topic, p, offset) for p, offset in self.positions.items()]
        self.consumer.assign(begin)
        self.consumer.resume(begin)  # those that were read to their ends before
        self._started = True

    def _consume(self, wanted: int, wait_seconds: float) -> list[Message]:
        with translated("reading"):
            batch = self.consumer.consume(wanted, wait_seconds)
        self._check_still_ours()
        self._silent_seconds = 0.0 if batch else self._silent_seconds + wait_seconds
        if self._silent_seconds > self._silence_seconds:
            if not self._goes_on:
                raise self._silence()
            self.partition_count()  # nothing may have come; Kafka has to answer all the same
            self._silent_seconds = 0.0
        return batch

    def _taken(self, batch: list[Message]) -> MessageColumns:
        """The batch's messages.

        A column of each field costs half of what a call for each field of each message does.  What
        such a batch cannot be, with reports among its messages, an end in it or what came before,
        goes one by one.
        """
        partitions = cast("list[int]", list(map(Message.partition, batch)))
        offsets = cast("list[int]", list(map(Message.offset, batch)))
        stops = dict(zip(partitions, offsets, strict=True))  # of each partition the last
        has_report = any(error is not None for error in map(Message.error, batch))
        if self._goes_on and not has_report:
            self.ends |= {p: max(offset + 1, self.ends.get(p, 0)) for p, offset in stops.items()}
        firsts = dict(zip(reversed(partitions), reversed(offsets), strict=True))
        if has_report or not all(
            p in self.ends and self._fetched_to[p] <= firsts[p] and offset < self.ends[p]
            for p, offset in stops.items()
        ):
            taken = MessageColumns(self.topic)
            taken.extend(raw for message in batch if (raw := self._take(message)) is not None)
            return taken
        for partition, offset in stops.items():
            self._advance(partition, offset + 1)
        headers = cast("list[_Headers | None]", list(map(Message.headers, batch)))
        return MessageColumns(
            self.topic,
            partitions,
            offsets,
            list(map(Message.key, batch)),
            list(map(Message.value, batch)),
            [ms if kind else 0 for kind, ms in map(Message.timestamp, batch)],
            [each or () for each in headers],
        )

    def _take(self, message: Message) -> RawMessage | None:
        """Notes how far the partition is read; None for what is no message of this reading."""
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        error = message.error()
        if error is not None:
            self._take_report(partition, offset, error)
            return None
        if self._goes_on:
            self.ends[partition] = max(offset + 1, self.ends.get(partition, 0))
        elif partition not in self.ends:
            fetched = self._bounds(partition, cached=True)
            self.ends[partition] = max(offset + 1, fetched.stop if fetched else 0)
        if offset >= self.ends[partition]:
            self._advance(partition, self.ends[partition])
            return None
        if offset < self._fetched_to[partition]:
            return None  # it came before the partition was paused
        self._advance(partition, offset + 1)
        timestamp_type, timestamp_ms = message.timestamp()
        return RawMessage(
            topic=self.topic,
            partition=partition,
            offset=offset,
            key=message.key(),
            value=message.value(),
            timestamp_ms=timestamp_ms if timestamp_type else 0,
            headers=tuple(_headers(message)),
        )

    def _take_report(self, partition: int, offset: int, error: KafkaError) -> None:
        match error.code():
            case KafkaError._PARTITION_EOF:
                # The last offsets before the end may have no message, as after a transaction.
                known = offset if self._goes_on else self.ends.get(partition, offset)
                self.ends[partition] = min(offset, known)
                self._advance(partition, self.ends[partition])
            case KafkaError._AUTO_OFFSET_RESET:
                raise self._out_of_range(partition, self.bounds(partition))
            case _:
                raise SourceUnavailableError(f"Kafka: {error.str()}")

    def _advance(self, partition: int, position: int) -> None:
        self._fetched_to[partition] = max(position, self._fetched_to[partition])
        if self._fetched_to[partition] >= self.ends[partition] and not self._goes_on:
            self.consumer.pause([TopicPartition(self.topic, partition)])

    def _pause_ahead(self, awaited: Collection[int], count: int) -> None:
        """Lets the partitions that are so many messages ahead of others wait for them.

        The client throws away what it has fetched of them, and fetches it again when they go on.
        """
        ahead = self._fetched.ahead(awaited, count)
        still = self._fetched.ahead(awaited, count // 2) & self._ahead if self._ahead else set()
        go_on = self._ahead - still
        if wait := ahead - self._ahead:
            self.consumer.pause([TopicPartition(self.topic, partition) for partition in wait])
        if wanted := go_on & {*awaited}:
            self.consumer.resume([TopicPartition(self.topic, partition) for partition in wanted])
        self._ahead = still | ahead

    def _unfinished(self) -> list[int]:
        return [
            partition
            for partition, position in self._fetched_to.items()
            if partition not in self.ends or position < self.ends[partition]
        ]

    def _silence(self) -> Exception:
        """Why nothing comes: some brokers keep silent about an offset beyond the end."""
        for partition in self._unfinished():
            fetched = self._bounds(partition, cached=True)
            if fetched is not None and self._fetched_to[partition] > fetched.stop:
                return self._out_of_range(partition, fetched)
        where = ", ".join(map(str, self._unfinished()))
        return SourceUnavailableError(f"{self.topic}: nothing comes from partition {where}")

    def _out_of_range(self, partition: int, bounds: Span) -> OffsetOutOfRangeError:
        position = self._fetched_to[partition]
        return OffsetOutOfRangeError(self.topic, partition, position, bounds.start, bounds.stop)

    def _bounds(self, partition: int, *, cached: bool) -> Span | None:
        """First offset and end; None when ``cached`` and nothing was fetched of the partition."""
        with translated("a partition's offsets"):
            found = self.consumer.get_watermark_offsets(
                TopicPartition(self.topic, partition), timeout=_REQUEST_SECONDS, cached=cached
            )
        # librdkafka tells an offset that it does not know as a negative number.
        return Span(*found) if found is not None and found[1] >= 0 else None


def _headers(message: Message) -> _Headers:
    """The binding's type also allows a dict and text, which it never gives."""
    return cast("_Headers | None", message.headers()) or ()
