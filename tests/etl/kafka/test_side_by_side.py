"""Partitions that are fetched one after the other are handed on side by side in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st

from etl.config import KafkaConfig
from etl.kafka.reader import PartitionReader
from etl.kafka.side_by_side import SideBySide
from etl.source import MessageColumns, RawMessage, Span
from tests.api.servers import broker, create_topic
from tests.etl.kafka.test_sources import config_of

_TOPIC = "t"
BATCHES = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=6), max_size=8
)
"""Of each message its partition and its time."""


def columns(messages: Sequence[tuple[int, int, int]]) -> MessageColumns:
    """Of messages with a partition, an offset and a time."""
    raw = [RawMessage(_TOPIC, p, offset, b"k", b"four", time) for p, offset, time in messages]
    return MessageColumns.of(raw) if raw else MessageColumns(_TOPIC)


def numbered(batches: Sequence[Sequence[tuple[int, int]]]) -> list[MessageColumns]:
    reached: dict[int, int] = defaultdict(int)
    found = []
    for batch in batches:
        messages = []
        for partition, time in batch:
            messages.append((partition, reached[partition], time))
            reached[partition] += 1
        found.append(columns(messages))
    return found


@given(BATCHES, st.integers(1, 7))
def test_all_is_handed_on_once_and_in_order(
    batches: list[list[tuple[int, int]]], most: int
) -> None:
    """However it came, and however much is taken at a time."""
    came: dict[int, list[int]] = defaultdict(list)
    taken: dict[int, list[int]] = defaultdict(list)
    fetched = SideBySide(_TOPIC)

    def take() -> None:
        messages = fetched.take(most)
        assert len(messages) <= most
        for partition, offset in zip(messages.partitions, messages.offsets, strict=True):
            taken[partition].append(offset)

    for batch in numbered(batches):
        fetched.add(batch)
        for partition, offset in zip(batch.partitions, batch.offsets, strict=True):
            came[partition].append(offset)
        take()
    while fetched:
        take()
    assert taken == came
    assert fetched.size_bytes == 0
    assert not any(partition in fetched for partition in range(3))


@given(BATCHES, st.integers(1, 7))
def test_the_oldest_goes_first(batches: list[list[tuple[int, int]]], most: int) -> None:
    """Where a partition's times go back, a message counts as old as those before it."""
    fetched = SideBySide(_TOPIC)
    for batch in numbered(batches):
        fetched.add(batch)
    times: dict[int, list[int]] = defaultdict(list)
    for batch in batches:
        for partition, time in batch:
            times[partition].append(max([time, *times[partition][-1:]]))
    reached: dict[int, int] = defaultdict(int)
    messages = fetched.take(most)
    for partition in messages.partitions:
        reached[partition] += 1
    youngest = max((times[p][count - 1] for p, count in reached.items()), default=0)
    left = [each for p, of_partition in times.items() for each in of_partition[reached[p] :]]
    assert all(time >= youngest for time in left)


def test_who_is_awaited_holds_the_others_back() -> None:
    fetched = SideBySide(_TOPIC)
    fetched.add(columns([(0, offset, offset) for offset in range(10)]))
    assert not fetched.has_side_by_side(4, [0, 1])
    assert fetched.ahead([0, 1], 9) == {0}
    fetched.add(columns([(1, 0, 3)]))
    assert fetched.has_side_by_side(5, [0, 1])  # 0, 1, 2 and 3 of one, 3 of the other
    assert not fetched.has_side_by_side(6, [0, 1])
    assert fetched.ahead([0, 1], 5) == {0}
    assert fetched.ahead([0, 1], 6) == set()
    assert fetched.has_side_by_side(11, [])


def test_a_chunk_has_all_partitions_from_one_stretch_of_time(tmp_path: Path) -> None:
    """Over a broker that sends much of a partition at a time; each message comes once."""
    size, chunk_size = 12_000, 800
    with broker(tmp_path) as server:
        config: KafkaConfig = replace(config_of(server), topic=_TOPIC)
        create_topic(server, _TOPIC, partitions=3)
        producer = Producer({"bootstrap.servers": server.address, "linger.ms": 20})
        for partition in range(3):
            for number in range(size):
                time_ms = 1_700_000_000_000 + number
                producer.produce(_TOPIC, b"v", b"k", partition=partition, timestamp=time_ms)
                producer.poll(0)
            producer.flush(60)
        with closing(PartitionReader(config)) as reader:
            reader.begin(dict.fromkeys(range(3), 0))
            reached = dict.fromkeys(range(3), 0)
            widest = 0
            while (chunk := reader.read(chunk_size)) is not None:
                for partition, offset in zip(
                    chunk.messages.partitions, chunk.messages.offsets, strict=True
                ):
                    assert offset == reached[partition]
                    reached[partition] += 1
                for partition, span in chunk.spans.items():
                    assert isinstance(span, Span)
                    assert span.stop == reached[partition]
                times = chunk.messages.timestamps_ms
                widest = max(widest, max(times, default=0) - min(times, default=0))
            assert reached == dict.fromkeys(range(3), size)
            assert reader.positions == reached
    assert widest < 3 * chunk_size
