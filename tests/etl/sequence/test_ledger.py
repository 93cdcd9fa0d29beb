"""The ledger in Redis and the one in memory: one suite, and held against each other."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.sequence import SequenceHeader
from etl.errors import StoreUnavailableError
from etl.sequence.columns import (
    ProducerRanges,
    SequenceColumns,
    ranges_of,
    sequence_columns,
)
from etl.sequence.headers import sequence_header_of
from etl.sequence.ledger import Ledger, SequencedMessage
from etl.sequence.numbers import Gap
from etl.sequence.redis_ledger import RedisLedger
from etl.source import MessageColumns, RawMessage, Span
from etl.testing.ledger import MemoryLedger
from tests.api.servers import RedisServer, redis_server

MOST = 40
P, Q = "a" * 32, "b" * 32


def message(
    offset: int,
    number: int | None,
    *,
    at: int = 100,
    partition: int = 0,
    producer: str = P,
    skipped: tuple[tuple[int, int], ...] = (),
    settled: int | None = None,
) -> SequencedMessage:
    stamp = (
        None
        if number is None
        else SequenceHeader(producer=producer, number=number, skipped=skipped, settled=settled)
    )
    return SequencedMessage(partition, offset, at, stamp)


def note(ledger: Ledger, *messages: SequencedMessage) -> None:
    spans: dict[int, Span] = {}
    for each in messages:
        start = spans.get(each.partition, Span(each.offset, 0)).start
        spans[each.partition] = Span(start, each.offset + 1)
    ledger.record(spans, messages)


class LedgerSuite:
    """A subclass gives the fixture ``ledger``: an empty one."""

    def test_numbers_without_holes(self, ledger: Ledger) -> None:
        note(ledger, message(0, 1), message(1, 2, at=50), message(2, 3, at=200))
        (found,) = ledger.producers()
        assert (found.name, found.highest, found.seen, found.repeated) == (P, 3, 3, 0)
        assert (found.first_ms, found.last_ms, found.gaps) == (50, 200, ())

    def test_a_hole_is_known_since_it_was_revealed_and_closes_when_filled(
        self, ledger: Ledger
    ) -> None:
        note(ledger, message(0, 1), message(1, 7, at=300))
        assert ledger.producers()[0].gaps == (Gap(2, 6, 300),)
        note(ledger, message(2, 4, at=900))
        assert ledger.producers()[0].gaps == (Gap(2, 3, 300), Gap(5, 6, 300))
        note(ledger, *(message(3 + n, number) for n, number in enumerate((2, 3, 6, 5))))
        (found,) = ledger.producers()
        assert (found.gaps, found.seen, found.repeated) == ((), 7, 0)

    def test_the_first_numbers_are_missing_too(self, ledger: Ledger) -> None:
        note(ledger, message(0, 3))
        assert ledger.producers()[0].open_gaps(revealed_before_ms=101) == (Gap(1, 2, 100),)
        assert ledger.producers()[0].open_gaps(revealed_before_ms=100) == ()

    def test_a_number_at_two_offsets_is_repeated(self, ledger: Ledger) -> None:
        note(ledger, message(0, 1), message(1, 1))
        note(ledger, message(0, 1, partition=1))
        assert ledger.producers()[0].repeated == 2

    def test_the_same_message_read_again_changes_nothing(self, ledger: Ledger) -> None:
        for _ in range(3):
            note(ledger, message(0, 1), message(1, 3), message(2, None))
        note(ledger, message(1, 3), message(2, None), message(3, 2))
        (found,) = ledger.producers()
        assert (found.seen, found.repeated, found.gaps) == (3, 0, ())
        assert ledger.totals().unstamped == 1

    def test_void_numbers_are_no_gap_and_no_duplicate(self, ledger: Ledger) -> None:
        note(ledger, message(0, 1), message(1, 9, skipped=((3, 5), (8, 8))))
        (found,) = ledger.producers()
        assert found.open_gaps(revealed_before_ms=999) == (
            Gap(2, 2, 100),
            Gap(6, 7, 100),
        )
        note(ledger, message(2, 4))
        assert ledger.producers()[0].repeated == 0
        assert ledger.producers()[0].seen == 3

    def test_a_void_range_may_be_ahead_of_its_message(self, ledger: Ledger) -> None:
        note(ledger, message(0, 1, skipped=((3, 4),)))
        (found,) = ledger.producers()
        assert found.highest == 4
        assert found.open_gaps(revealed_before_ms=999) == (Gap(2, 2, 100),)

    def test_producers_are_apart(self, ledger: Ledger) -> None:
        note(ledger, message(0, 1), message(1, 2, producer=Q, at=500))
        assert [each.name for each in ledger.producers()] == [Q, P]
        assert ledger.producers()[0].gaps == (Gap(1, 1, 500),)

    def test_old_producers_are_forgotten_but_not_their_losses(self, ledger: Ledger) -> None:
        note(
            ledger,
            message(0, 1),
            message(1, 5, skipped=((2, 2),)),
            message(2, 5),
            message(3, 1, producer=Q, at=900),
        )
        assert ledger.forget(900, limit=10) == 1
        assert ledger.forget(900, limit=10) == 0
        assert [each.name for each in ledger.producers()] == [Q]
        totals = ledger.totals()
        assert totals.forgotten_seen == 2
        assert totals.forgotten_repeated == 1
        assert totals.forgotten_lost == 2

    def test_the_highest_settled_number_stays(self, ledger: Ledger) -> None:
        note(ledger, message(0, 1), message(1, 9, settled=4), message(2, 7, settled=2))
        assert ledger.producers()[0].settled == 4
        note(ledger, message(3, 10))
        assert ledger.producers()[0].settled == 9

    def test_of_the_forgotten_the_unsettled_were_cut_off(self, ledger: Ledger) -> None:
        note(ledger, message(0, 1), message(1, 9, skipped=((2, 2),), settled=5))
        assert ledger.forget(900, limit=10) == 1
        totals = ledger.totals()
        assert (totals.forgotten_lost, totals.forgotten_cut_off) == (3, 3)

    def test_what_was_before_the_ledger_is_not_missing(self, ledger: Ledger) -> None:
        """As after a flush: the loader goes on from the middle of the topic."""
        note(ledger, message(70, 41, at=500), message(71, 43, at=600))
        since = ledger.totals().since_ms
        assert since == 500
        (found,) = ledger.producers()
        assert found.open_gaps(revealed_before_ms=999, known_since_ms=since) == (Gap(42, 42, 600),)

    def test_a_span_that_does_not_join(self, ledger: Ledger) -> None:
        note(ledger, message(0, 1))
        assert ledger.totals().since_ms == 0
        note(ledger, message(5, 2, at=700))
        assert ledger.totals().since_ms == 700

    def test_a_producer_takes_bounded_room(self, ledger: Ledger) -> None:
        count = MOST + 50
        messages = [message(n, 2 * n + 2) for n in range(count)]
        note(ledger, *messages)
        (found,) = ledger.producers()
        assert len(found.gaps) == MOST
        assert found.lost == 50

    def test_numbers_stay_exact(self, ledger: Ledger) -> None:
        large = 2**53 - 10
        note(ledger, message(0, large))
        assert ledger.producers()[0].gaps == (Gap(1, large - 1, 100),)

    def test_partitions_without_messages(self, ledger: Ledger) -> None:
        ledger.record({0: Span(0, 7), 3: Span(0, 1)}, [])
        note(ledger, message(3, 1))
        assert ledger.producers() == []

    def test_a_topic_that_was_made_anew_is_noted_from_its_beginning(self, ledger: Ledger) -> None:
        first, second = uuid.UUID(int=1), uuid.UUID(int=2)
        note(ledger, *(message(offset, offset + 1) for offset in range(5)))
        ledger.begin(first)
        ledger.begin(first)
        note(ledger, message(4, 5))  # as after a commit that got lost
        ledger.begin(second)
        note(ledger, *(message(offset, offset + 1, producer=Q) for offset in range(3)))
        found = {each.name: (each.seen, each.repeated, each.highest) for each in ledger.producers()}
        assert found == {P: (5, 0, 5), Q: (3, 0, 3)}
        assert [list(each.gaps) for each in ledger.producers()] == [[], []]
        assert ledger.totals().since_ms == 0

    def test_books_of_runs(self, ledger: Ledger) -> None:
        ledger.keep_report("x", b"1")
        ledger.keep_report("x", b"\xff2")
        ledger.keep_report("y", b"3")
        ledger.drop_report("y")
        ledger.drop_report("z")
        assert ledger.kept_reports() == {"x": b"\xff2"}


class TestMemory(LedgerSuite):
    @pytest.fixture
    def ledger(self) -> Ledger:
        return MemoryLedger(max_gaps=MOST)


@pytest.mark.stack
class TestRedis(LedgerSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
        with redis_server(tmp_path_factory.mktemp("redis")) as server:
            yield server

    @pytest.fixture
    def ledger(self, server: RedisServer) -> Iterator[RedisLedger]:
        ledger = connect(server)
        yield ledger
        ledger.close()

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from([P, Q, None]),
                st.integers(0, 1),
                st.integers(1, 12),
                st.lists(st.tuples(st.integers(1, 12), st.integers(0, 4)), max_size=2),
                st.none() | st.integers(0, 12),
                st.booleans(),
            ),
            max_size=30,
        )
    )
    def test_it_does_what_the_one_in_memory_does(
        self,
        server: RedisServer,
        actions: list[tuple[str | None, int, int, list[tuple[int, int]], int | None, bool]],
    ) -> None:
        ledgers: list[Ledger] = [connect(server), MemoryLedger(max_gaps=MOST)]
        offsets = [0, 0]
        for at, (producer, partition, number, ranges, settled, again) in enumerate(actions, 1):
            offsets[partition] += not again or not offsets[partition]
            each = message(
                offsets[partition] - 1,
                None if producer is None else number,
                at=at,
                partition=partition,
                producer=producer or P,
                skipped=tuple((first, first + size) for first, size in ranges),
                settled=settled,
            )
            for ledger in ledgers:
                note(ledger, each)
            if number == 12:
                assert len({ledger.forget(at - 5, limit=1) for ledger in ledgers}) == 1
        assert ledgers[0].producers() == ledgers[1].producers()
        assert ledgers[0].totals() == ledgers[1].totals()
        ledgers[0].close()


@pytest.mark.stack
class TestRedisWithPrefix(LedgerSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
        with redis_server(tmp_path_factory.mktemp("redis")) as server:
            yield server

    @pytest.fixture
    def ledger(self, server: RedisServer) -> Iterator[RedisLedger]:
        ledger = connect(server, "shop:")
        yield ledger
        ledger.close()


def connect(server: RedisServer, key_prefix: str = "") -> RedisLedger:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    return RedisLedger.connect(
        server.url, "ugc.events", timeout_seconds=30.0, max_gaps=MOST, key_prefix=key_prefix
    )


def test_redis_that_is_away() -> None:
    ledger = RedisLedger.connect("redis://127.0.0.1:1", "t", timeout_seconds=600)
    with pytest.raises(StoreUnavailableError):
        ledger.totals()


@pytest.mark.stack
def test_a_chunk_is_noted_in_parts(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        # One partition is read whole before the other.
        numbers = sorted(range(1, 1_002), key=lambda number: number % 2)
        ledger = RedisLedger.connect(server.url, "ugc.events", timeout_seconds=30.0)
        offsets = itertools.count(), itertools.count()
        messages = [message(next(offsets[n % 2]), n, partition=n % 2) for n in numbers]
        note(ledger, *messages)
        (found,) = ledger.producers()
        assert (found.seen, found.gaps) == (1_001, ())
        ledger.close()


NUMBERS = st.tuples(
    st.sampled_from([P, Q, None]),
    st.integers(0, 1),
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=1),
    st.none() | st.integers(0, 12),
    st.integers(1, 99),
)


@pytest.mark.stack
def test_what_is_told_in_ranges_gives_the_books_of_what_is_told_one_by_one(tmp_path: Path) -> None:
    """In chunks that are read again from anywhere, in part noted, with numbers in any order."""
    with redis_server(tmp_path) as server, redis.Redis.from_url(server.url, db=2) as raw:
        told = RedisLedger.connect(server.url, "t", timeout_seconds=30.0)

        @settings(deadline=None, max_examples=300)
        @given(
            st.lists(NUMBERS, max_size=40),
            st.lists(st.tuples(*[st.integers(0, 40)] * 4), max_size=8),
            st.booleans(),
        )
        def compare(
            sent: list[tuple[str | None, int, int, list[tuple[int, int]], int | None, int]],
            reads: list[tuple[int, int, int, int]],
            in_order: bool,
        ) -> None:
            raw.flushall()
            model = MemoryLedger()
            topic: list[list[SequencedMessage]] = [[], []]
            for producer, partition, drawn, ranges, settled, at in sent:
                number = sum(map(len, topic)) + 1 if in_order else drawn
                topic[partition].append(
                    message(
                        len(topic[partition]),
                        None if producer is None else number,
                        at=at,
                        partition=partition,
                        producer=producer or P,
                        skipped=tuple(
                            (max(1, number - back), max(1, number - back) + size)
                            for back, size in ranges
                        ),
                        settled=settled,
                    )
                )
            for first, stop, other, end in (*reads, (0, 40, 0, 40)):
                spans = {0: Span(first, max(first, stop)), 1: Span(other, max(other, end))}
                chunk = [
                    each
                    for partition, span in spans.items()
                    for each in topic[partition][span.start : span.stop]
                ]
                told.record_columns(spans, sequence_columns(columns_of(chunk)))
                model.record(spans, chunk)
                assert told.producers() == model.producers()
                assert told.totals() == model.totals()

        compare()
        told.close()


def columns_of(messages: list[SequencedMessage]) -> MessageColumns:
    columns = MessageColumns("t")
    columns.extend(
        RawMessage(
            "t",
            each.partition,
            each.offset,
            b"",
            b"",
            each.timestamp_ms,
            tuple(
                (name, text.encode())
                for name, text in (each.sequence.headers() if each.sequence else {}).items()
            ),
        )
        for each in messages
    )
    return columns


def test_a_chunk_of_one_producer_is_one_range_and_what_a_chunk_closes_is_none() -> None:
    chunk = [message(offset, number) for offset, number in enumerate(range(5, 1_005))]
    columns = sequence_columns(columns_of(chunk))
    (told,) = told_of(columns)
    assert [(each.first, each.last) for each in told.ranges] == [(5, 1_004)]
    mixed = sorted(chunk, key=lambda each: each.offset % 3)
    (told,) = told_of(sequence_columns(columns_of(mixed)))
    assert [(each.first, each.last) for each in told.ranges] == [(5, 1_004)]


def told_of(columns: SequenceColumns) -> Sequence[ProducerRanges]:
    found = ranges_of(columns, {0: 0})
    assert found is not None
    return found.producers


def test_headers_are_read_alike_by_column_and_one_by_one() -> None:
    stamps: list[dict[str, bytes | None]] = [
        {},
        {"ugc-producer": P.encode(), "ugc-seq": b"7"},
        {"ugc-producer": P.encode(), "ugc-seq": b"8"},
        {"ugc-seq": b"9", "other": None, "ugc-producer": P.encode(), "ugc-settled": b"3"},
        {"ugc-producer": P.encode(), "ugc-seq": b"10", "ugc-settled": b"0"},
        {"ugc-producer": P.encode(), "ugc-seq": b"10", "ugc-settled": b"x"},
        {"ugc-producer": P.encode(), "ugc-seq": b"11", "ugc-void": b"1-3,9"},
        {"ugc-producer": P.encode(), "ugc-seq": b"12", "ugc-void": None},
        *(
            {"ugc-producer": P.encode(), "ugc-seq": bad}
            for bad in (b"0", b"07", b" 7", b"1_0", b"")
        ),
        {"ugc-producer": P.encode(), "ugc-seq": b"1" * 17},
        {"ugc-producer": P.encode(), "ugc-seq": None},
        {"ugc-producer": P.upper().encode(), "ugc-seq": b"7"},
        {"ugc-producer": None, "ugc-seq": b"7"},
        {"ugc-seq": b"7"},
    ]
    raws = [
        RawMessage("t", 0, n, b"", b"", 5, tuple(each.items())) for n, each in enumerate(stamps)
    ]
    columns = MessageColumns("t")
    columns.extend(raws)
    told = [each.sequence for each in sequence_columns(columns).messages()]
    for found, raw in zip(told, raws, strict=True):
        reference = sequence_header_of(raw)
        assert (found is None) == (reference is None)
        if found is not None and reference is not None:
            assert replace(found, settled=found.settled_to) == replace(
                reference, settled=reference.settled_to
            )
