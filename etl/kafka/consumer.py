"""Reading from Kafka: the one module of the ETL that does.

A consumer lives for one run: it joins the group, reads, leaves.  Between runs nothing has to be
kept alive, and a crashed schedule blocks no partition; joining costs a few seconds.

Reading ends at the high watermark that the *first fetch* from a partition shows.  That is at least
what was in it when the partitions were claimed, moves no further however fast messages come, and
is right also where a broker's own answer to "where is the end" is too low (a broker may count a
last batch of several records as one).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from etl.config import KafkaConfig
from etl.errors import (
    OffsetOutOfRangeError,
    RebalancedError,
    SourceUnavailableError,
    TopicMissingError,
)
from etl.source import Chunk, Claim, Claims, Headers, RawMessage, Span

_log = logging.getLogger(__name__)

_REQUEST_SECONDS = 10.0
_POLL_SECONDS = 0.2
_BATCH_MESSAGES = 1_000
_CHUNK_BYTES = 64 * 2**20

_NO_LONGER_OURS = frozenset(
    {
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError._ASSIGNMENT_LOST,
        KafkaError._STATE,
        KafkaError._FENCED,
    }
)


class KafkaSource:
    """:class:`etl.source.Source` on a topic, as one member of a consumer group."""

    def __init__(
        self,
        config: KafkaConfig,
        *,
        silence_seconds: float = 30.0,
        join_seconds: float = 120.0,
    ) -> None:
        """Connects in the background.

        Args:
            config: where, which topic, which group.
            silence_seconds: a partition from which nothing came for that long, though it is not
                at its end, counts as unavailable.
            join_seconds: longest wait for partitions.  A group settles when all its workers have
                come back from the chunk they are at.
        """
        self._topic = config.topic
        self._silence_seconds = silence_seconds
        self._join_seconds = join_seconds
        self._consumer = Consumer(
            {
                "bootstrap.servers": config.bootstrap_servers,
                "client.id": "ugc-etl",
                "group.id": config.group_id,
                "session.timeout.ms": config.session_timeout_ms,
                "heartbeat.interval.ms": max(1, config.session_timeout_ms // 3),
                "max.poll.interval.ms": int(config.chunk_seconds * 1000),
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 100,
                # What is fetched ahead is in memory beside the chunk: by default up to 100,000
                # messages of each partition, of which the kilobytes count the values alone.
                "queued.min.messages": 5_000,
                "queued.max.messages.kbytes": 2_048,
                "fetch.max.bytes": 2 * 2**20,
                # A full queue is looked at again after that; by default a second.
                "fetch.queue.backoff.ms": 20,
                "partition.assignment.strategy": "range",
            },
            logger=_log,
        )
        self._subscribed = False
        self._assigned: list[int] | None = None
        self._revoked = False
        # Of the current claim:
        self._started = False
        self._positions: dict[int, int] = {}
        self._rewound_from: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._silent_polls = 0

    def claim(self) -> Claims:
        """See :meth:`etl.source.Source.claim`."""
        count = self._partition_count()
        assigned = self._join()
        committed = self._committed_of(range(count))
        claimed = tuple(
            Claim(
                partition,
                committed[partition][0] if partition in committed else None,
                committed[partition][0] if partition in committed else self._bounds(partition)[0],
            )
            for partition in sorted(assigned)
        )
        self._positions = {claim.partition: claim.start for claim in claimed}
        self._rewound_from = {}
        self._ends, self._started, self._silent_polls = {}, False, 0
        return Claims(claimed, count, {p: note for p, (_, note) in committed.items()})

    def rewind(self, starts: Mapping[int, int]) -> None:
        """See :meth:`etl.source.Source.rewind`."""
        self._rewound_from = {partition: self._positions[partition] for partition in starts}
        self._positions.update(starts)

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        """See :meth:`etl.source.Source.offsets_at`."""
        asked = [TopicPartition(self._topic, p, timestamp_ms) for p in partitions]
        with _translated("the offsets of a time"):
            found = self._consumer.offsets_for_times(asked, timeout=_REQUEST_SECONDS)
        return {
            each.partition: each.offset if each.offset >= 0 else self._bounds(each.partition)[1]
            for each in found
        }

    def read(self, max_messages: int) -> Chunk | None:
        """See :meth:`etl.source.Source.read`."""
        if not self._started:
            self._start()
        if not self._unfinished():
            self._check_rewound()
            return None
        starts = dict(self._positions)
        messages: list[RawMessage] = []
        size_bytes = 0
        while self._unfinished() and len(messages) < max_messages and size_bytes < _CHUNK_BYTES:
            wanted = min(_BATCH_MESSAGES, max_messages - len(messages))
            batch = self._consume(wanted)
            if not batch:
                break
            taken = [raw for message in batch if (raw := self._take(message)) is not None]
            size_bytes += sum(len(raw.value or b"") for raw in taken)
            messages += taken
        spans = {
            partition: Span(starts[partition], position)
            for partition, position in self._positions.items()
            if position > starts[partition]
        }
        return Chunk(messages, spans)

    def commit(self, positions: Mapping[int, int], note: str) -> None:
        """See :meth:`etl.source.Source.commit`."""
        if not positions:
            return
        offsets = [TopicPartition(self._topic, p, at, note) for p, at in positions.items()]
        with _translated("the commit"):
            committed = self._consumer.commit(offsets=offsets, asynchronous=False)
            for each in committed or ():
                if each.error is not None:
                    raise KafkaException(each.error)

    def lag(self) -> Mapping[int, int]:
        """See :meth:`etl.source.Source.lag`."""
        return {p: max(0, self._bounds(p)[1] - at) for p, at in self._positions.items()}

    def close(self) -> None:
        """See :meth:`etl.source.Source.close`."""
        self._consumer.close()

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
            message = self._consumer.poll(_POLL_SECONDS)
            if message is not None and (error := message.error()) is not None:
                raise SourceUnavailableError(f"Kafka: {error.str()}")
            if time.monotonic() > give_up_at:
                waited = f"{self._join_seconds} s"
                raise SourceUnavailableError(f"{self._topic}: no partitions came within {waited}")
        self._revoked = False
        return self._assigned

    def _start(self) -> None:
        begin = [TopicPartition(self._topic, p, offset) for p, offset in self._positions.items()]
        self._consumer.assign(begin)
        self._consumer.resume(begin)  # those that an earlier claim had read to their ends
        self._started = True

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # Fetching begins in read(), from offsets that have been looked at.
        consumer.assign([])
        self._assigned = [each.partition for each in partitions]

    def _on_revoke(self, _consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self._assigned = None
        self._revoked = True

    def _consume(self, wanted: int) -> list[Message]:
        with _translated("reading"):
            batch = self._consumer.consume(wanted, _POLL_SECONDS)
        if self._revoked:
            raise RebalancedError(f"{self._topic}: the group hands its partitions out anew")
        self._silent_polls = 0 if batch else self._silent_polls + 1
        if self._silent_polls * _POLL_SECONDS > self._silence_seconds:
            raise self._silence()
        return batch

    def _take(self, message: Message) -> RawMessage | None:
        """Notes how far the partition is read; None for what is no message of this run."""
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        error = message.error()
        if error is not None:
            self._take_report(partition, offset, error)
            return None
        if partition not in self._ends:
            self._ends[partition] = max(offset + 1, self._bounds(partition, cached=True)[1])
        if offset >= self._ends[partition]:
            self._advance(partition, self._ends[partition])
            return None
        self._advance(partition, offset + 1)
        timestamp_type, timestamp_ms = message.timestamp()
        return RawMessage(
            topic=self._topic,
            partition=partition,
            offset=offset,
            key=message.key(),
            value=message.value(),
            timestamp_ms=timestamp_ms if timestamp_type else 0,
            headers=_headers(message),
        )

    def _take_report(self, partition: int, offset: int, error: KafkaError) -> None:
        match error.code():
            case KafkaError._PARTITION_EOF:
                # The last offsets before the end may have no message, as after a transaction.
                self._ends[partition] = min(offset, self._ends.get(partition, offset))
                self._advance(partition, self._ends[partition])
            case KafkaError._AUTO_OFFSET_RESET:
                raise self._out_of_range(partition, self._bounds(partition))
            case _:
                raise SourceUnavailableError(f"Kafka: {error.str()}")

    def _advance(self, partition: int, position: int) -> None:
        self._positions[partition] = max(position, self._positions[partition])
        if self._positions[partition] >= self._ends[partition]:
            self._consumer.pause([TopicPartition(self._topic, partition)])

    def _unfinished(self) -> list[int]:
        return [
            partition
            for partition, position in self._positions.items()
            if partition not in self._ends or position < self._ends[partition]
        ]

    def _check_rewound(self) -> None:
        """An offset that reading was set back from has to be there all the same.

        It is not when the topic was made anew, and what is below it now was never loaded.
        """
        for partition, offset in self._rewound_from.items():
            low, end = self._bounds(partition)
            high = max(end, self._ends[partition])
            if high < offset:
                raise OffsetOutOfRangeError(self._topic, partition, offset, low, high)

    def _silence(self) -> Exception:
        """Why nothing comes: some brokers keep silent about an offset beyond the end."""
        for partition in self._unfinished():
            low, high = self._bounds(partition, cached=True)
            if high >= 0 and self._positions[partition] > high:
                return self._out_of_range(partition, (low, high))
        where = ", ".join(map(str, self._unfinished()))
        return SourceUnavailableError(f"{self._topic}: nothing comes from partition {where}")

    def _out_of_range(self, partition: int, bounds: tuple[int, int]) -> OffsetOutOfRangeError:
        position = self._positions[partition]
        return OffsetOutOfRangeError(self._topic, partition, position, *bounds)

    def _partition_count(self) -> int:
        with _translated("the topic's partitions"):
            found = self._consumer.list_topics(self._topic, timeout=_REQUEST_SECONDS)
        topic = found.topics[self._topic]
        if topic.error is not None or not topic.partitions:
            raise TopicMissingError(f"Kafka has no topic {self._topic}: {topic.error}")
        return len(topic.partitions)

    def _committed_of(self, partitions: Sequence[int]) -> dict[int, tuple[int, str]]:
        asked = [TopicPartition(self._topic, partition) for partition in partitions]
        with _translated("the committed offsets"):
            found = self._consumer.committed(asked, timeout=_REQUEST_SECONDS)
            for each in found:
                if each.error is not None:
                    raise KafkaException(each.error)
        return {
            each.partition: (each.offset, each.metadata or "") for each in found if each.offset >= 0
        }

    def _bounds(self, partition: int, *, cached: bool = False) -> tuple[int, int]:
        """First offset and end; -1001 each while nothing was fetched, when ``cached``."""
        with _translated("a partition's offsets"):
            bounds = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, partition), timeout=_REQUEST_SECONDS, cached=cached
            )
        if bounds is None:
            raise SourceUnavailableError(f"{self._topic}: no offsets of partition {partition}")
        return bounds


def _headers(message: Message) -> Headers:
    """The binding's type also allows a dict and text, which it never gives."""
    found = cast("list[tuple[str, bytes | None]] | None", message.headers())
    return tuple(found or ())


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        cause = error.args[0]
        if cause.code() in _NO_LONGER_OURS:
            raise RebalancedError(f"{what}: {cause.str()}") from error
        raise SourceUnavailableError(f"{what}: {cause.str()}") from error
