"""What every source does; run over Kafka and over the one in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from typing import Protocol

import pytest

from etl.errors import OffsetOutOfRangeError, RebalancedError
from etl.source import AssignedPartition, Headers, RawMessage, Source, Span

PARTITIONS = 3
WAIT_SECONDS = 30.0


class Log(Protocol):
    """A topic of three partitions and its consumer group, empty at first."""

    def append(
        self, partition: int, *values: bytes | None, key: bytes | None = b"k", headers: Headers = ()
    ) -> None:
        """Stores messages, in one batch where there are batches."""

    def source(self) -> Source: ...

    def commit(self, partition: int, offset: int) -> None:
        """Sets the group's offset by hand; nobody is in the group."""

    def now_ms(self) -> int: ...


def read_all(source: Source, max_messages: int = 100) -> tuple[list[RawMessage], dict[int, Span]]:
    """Everything up to the ends, and the spans joined."""
    messages: list[RawMessage] = []
    spans: dict[int, Span] = {}
    while (chunk := source.read(max_messages)) is not None:
        assert len(chunk.messages) <= max_messages
        messages += chunk.messages
        for partition, span in chunk.spans.items():
            known = spans.get(partition)
            assert known is None or known.stop == span.start
            spans[partition] = Span(known.start if known else span.start, span.stop)
    return messages, spans


def read_on(source: Source, messages: int) -> dict[tuple[int, int], bytes | None]:
    """So many messages that come, by partition and offset; the spans are theirs."""
    found: dict[tuple[int, int], bytes | None] = {}
    deadline = time.monotonic() + WAIT_SECONDS
    while len(found) < messages:
        assert time.monotonic() < deadline, found
        chunk = source.read_on(messages - len(found), WAIT_SECONDS, lambda: False)
        offsets = {p: list(range(span.start, span.stop)) for p, span in chunk.spans.items()}
        assert offsets == {
            p: [m.offset for m in chunk.messages if m.partition == p] for p in offsets
        }
        found |= {(raw.partition, raw.offset): raw.value for raw in chunk.messages}
    return dict(sorted(found.items()))


def claim_and_read(source: Source) -> None:
    source.assign()
    read_all(source)


def rewind_and_read(source: Source, starts: Mapping[int, int]) -> None:
    source.assign()
    source.rewind(starts)
    read_all(source)


def values(messages: list[RawMessage], partition: int) -> list[bytes | None]:
    return [raw.value for raw in messages if raw.partition == partition]


class SourceSuite:
    """A subclass gives the fixture ``log``: an empty one."""

    @pytest.fixture
    def stack(self) -> Iterator[ExitStack]:
        with ExitStack() as stack:
            yield stack

    def open(self, log: Log, stack: ExitStack) -> Source:
        return stack.enter_context(closing(log.source()))

    def test_says_whose_offsets_they_are(self, log: Log) -> None:
        with closing(log.source()) as source:
            named = source.assign().topic_id
        assert named is not None
        with closing(log.source()) as source:
            assert source.assign().topic_id == named

    def test_it_begins_at_the_beginning_and_goes_on_after_a_commit(
        self, log: Log, stack: ExitStack
    ) -> None:
        log.append(0, b"a", b"b", b"c")
        log.append(2, b"d")
        with closing(log.source()) as source:
            assignment = source.assign()
            assert assignment.partitions == tuple(
                AssignedPartition(p, None, 0) for p in range(PARTITIONS)
            )
            assert assignment.partition_count == PARTITIONS
            messages, spans = read_all(source, 2)
            assert (values(messages, 0), values(messages, 2)) == ([b"a", b"b", b"c"], [b"d"])
            assert spans == {0: Span(0, 3), 2: Span(0, 1)}
            source.commit({0: 2}, "")
        source = self.open(log, stack)
        assert source.assign().partitions[0] == AssignedPartition(0, 2, 2)
        messages, spans = read_all(source)
        assert spans == {0: Span(2, 3), 2: Span(0, 1)}
        assert source.read(10) is None

    def test_a_message_comes_as_it_is(self, log: Log, stack: ExitStack) -> None:
        before_ms = log.now_ms()
        headers: Headers = (("a", b"\xff"), ("a", b""), ("b", None))
        log.append(1, None, key=None, headers=headers)
        log.append(1, b"")
        log.append(1, b"\0\1", key=b"")
        source = self.open(log, stack)
        source.assign()
        messages, _ = read_all(source)
        assert [(raw.key, raw.value) for raw in messages] == [
            (None, None),
            (b"k", b""),
            (b"", b"\0\1"),
        ]
        assert [raw.headers for raw in messages] == [headers, (), ()]
        assert [raw.location for raw in messages] == ["1:0", "1:1", "1:2"]
        assert all(before_ms <= raw.timestamp_ms <= log.now_ms() for raw in messages)
        assert {raw.topic for raw in messages} == {"ugc.events"}

    def test_a_last_batch_is_read_whole(self, log: Log, stack: ExitStack) -> None:
        log.append(0, b"a")
        log.append(0, b"b", b"c", b"d")
        with closing(log.source()) as source:
            source.assign()
            read_all(source)
            source.commit({0: 4}, "")
        log.append(0, b"e", b"f")
        source = self.open(log, stack)
        source.assign()
        messages, spans = read_all(source)
        assert values(messages, 0) == [b"e", b"f"]
        assert spans == {0: Span(4, 6)}

    def test_reading_ends_though_messages_keep_coming(self, log: Log, stack: ExitStack) -> None:
        log.append(0, *[b"x"] * 10)
        source = self.open(log, stack)
        source.assign()
        messages = []
        while (chunk := source.read(3)) is not None:
            messages += chunk.messages
            if chunk.messages:
                log.append(0, *[b"y"] * 10)
        assert [raw.value for raw in messages] == [b"x"] * 10

    def test_reading_on_behind_the_ends(self, log: Log, stack: ExitStack) -> None:
        log.append(0, b"a")
        source = self.open(log, stack)
        source.assign()
        assert source.read(1) is not None
        log.append(0, b"b")
        log.append(1, b"c")
        read_all(source)
        found = read_on(source, 2)
        log.append(2, b"d", b"e")
        log.append(0, b"f")
        found = {**found, **read_on(source, 3)}
        assert found == {
            (0, 1): b"b",
            (0, 2): b"f",
            (1, 0): b"c",
            (2, 0): b"d",
            (2, 1): b"e",
        }
        source.commit({0: 3, 1: 1, 2: 2}, "")
        assert [each.start for each in source.assign().partitions] == [3, 1, 2]
        assert read_all(source) == ([], {})
        log.append(1, b"g")
        assert read_on(source, 1) == {(1, 1): b"g"}

    def test_reading_on_takes_no_more_than_asked_for(self, log: Log, stack: ExitStack) -> None:
        source = self.open(log, stack)
        source.assign()
        read_all(source)
        log.append(0, *[b"x"] * 5)
        assert list(read_on(source, 3)) == [(0, 0), (0, 1), (0, 2)]
        assert list(read_on(source, 2)) == [(0, 3), (0, 4)]

    def test_reading_on_may_give_nothing(self, log: Log, stack: ExitStack) -> None:
        source = self.open(log, stack)
        source.assign()
        read_all(source)
        for chunk in (
            source.read_on(10, 0.0, lambda: False),
            source.read_on(10, WAIT_SECONDS, lambda: True),
        ):
            assert (len(chunk.messages), chunk.spans) == (0, {})

    def test_a_worker_that_reads_on_learns_of_another(self, log: Log, stack: ExitStack) -> None:
        first = self.open(log, stack)
        first.assign()
        read_all(first)
        first.read_on(1, 0.0, lambda: False)
        second = self.open(log, stack)
        self.join(second, first)

    def test_rewinding(self, log: Log, stack: ExitStack) -> None:
        log.append(0, b"a", b"b", b"c")
        log.commit(0, 3)
        source = self.open(log, stack)
        assert source.assign().partitions[0] == AssignedPartition(0, 3, 3)
        source.rewind({0: 1})
        messages, spans = read_all(source)
        assert values(messages, 0) == [b"b", b"c"]
        assert spans == {0: Span(1, 3)}

    def test_an_offset_beyond_the_end(self, log: Log, stack: ExitStack) -> None:
        log.append(1, b"a", b"b")
        log.commit(1, 5)
        source = self.open(log, stack)
        with pytest.raises(OffsetOutOfRangeError) as raised:
            claim_and_read(source)
        found = raised.value
        assert (found.topic, found.partition, found.offset) == ("ugc.events", 1, 5)
        assert (found.low, found.high) == (0, 2)

    def test_an_offset_beyond_the_end_that_reading_is_set_back_from(
        self, log: Log, stack: ExitStack
    ) -> None:
        """As when the topic was made anew, and Redis was emptied."""
        log.append(1, b"a", b"b")
        log.commit(1, 9)
        source = self.open(log, stack)
        with pytest.raises(OffsetOutOfRangeError) as raised:
            rewind_and_read(source, {1: 0})
        error = raised.value
        assert (error.partition, error.offset, error.low, error.high) == (1, 9, 0, 2)

    def test_an_offset_at_the_end(self, log: Log, stack: ExitStack) -> None:
        log.append(1, b"a", b"b")
        log.commit(1, 2)
        source = self.open(log, stack)
        source.assign()
        assert read_all(source) == ([], {})

    def test_workers_share_the_partitions(self, log: Log, stack: ExitStack) -> None:
        for partition in range(PARTITIONS):
            log.append(partition, b"a", b"b")
        first = self.open(log, stack)
        first.assign()
        assert first.read(2) is not None
        second = self.open(log, stack)
        assignment = self.claims_of_both(first, second)
        taken = [{assigned.partition for assigned in each} for each in assignment]
        assert taken[0] | taken[1] == set(range(PARTITIONS))
        assert not taken[0] & taken[1]
        for source, partitions in zip((first, second), taken, strict=True):
            messages, spans = read_all(source)
            assert set(spans) == partitions
            assert len(messages) == 2 * len(partitions)
            source.commit(dict.fromkeys(partitions, 2), "")

    def test_a_worker_that_was_given_up_commits_nothing(self, log: Log, stack: ExitStack) -> None:
        log.append(0, b"a")
        with closing(log.source()) as stale:
            stale.assign()
            read_all(stale)
            self.give_up(log, stale)
            with pytest.raises(RebalancedError):
                stale.commit({0: 1}, "")
        assert self.open(log, stack).assign().partitions[0].committed is None

    def claims_of_both(self, first: Source, second: Source) -> list[tuple[AssignedPartition, ...]]:
        """Both join; gives what each has."""
        raise NotImplementedError

    def join(self, second: Source, first: Source) -> None:
        """The second joins; the first, which reads on, is told."""
        raise NotImplementedError

    def give_up(self, log: Log, stale: Source) -> None:
        """The group takes a worker's partitions away, and the worker does not notice."""
        raise NotImplementedError
