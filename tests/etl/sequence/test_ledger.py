"""The ledger in Redis and the one in memory: one suite, and held against each other."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.sequence import SequenceHeader
from etl.errors import StoreUnavailableError
from etl.sequence.ledger import Ledger, SequencedMessage
from etl.sequence.numbers import Gap
from etl.sequence.redis_ledger import RedisLedger
from etl.source import Span
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
) -> SequencedMessage:
    stamp = (
        None
        if number is None
        else SequenceHeader(producer=producer, number=number, skipped=skipped)
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
                st.booleans(),
            ),
            max_size=30,
        )
    )
    def test_it_does_what_the_one_in_memory_does(
        self,
        server: RedisServer,
        actions: list[tuple[str | None, int, int, list[tuple[int, int]], bool]],
    ) -> None:
        ledgers: list[Ledger] = [connect(server), MemoryLedger(max_gaps=MOST)]
        offsets = [0, 0]
        for at, (producer, partition, number, ranges, again) in enumerate(actions, 1):
            offsets[partition] += not again or not offsets[partition]
            each = message(
                offsets[partition] - 1,
                None if producer is None else number,
                at=at,
                partition=partition,
                producer=producer or P,
                skipped=tuple((first, first + size) for first, size in ranges),
            )
            for ledger in ledgers:
                note(ledger, each)
            if number == 12:
                assert len({ledger.forget(at - 5, limit=1) for ledger in ledgers}) == 1
        assert ledgers[0].producers() == ledgers[1].producers()
        assert ledgers[0].totals() == ledgers[1].totals()
        ledgers[0].close()


def connect(server: RedisServer) -> RedisLedger:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
    return RedisLedger.connect(server.url, "ugc.events", timeout_seconds=2.0, max_gaps=MOST)


def test_redis_that_is_away() -> None:
    ledger = RedisLedger.connect("redis://127.0.0.1:1", "t", timeout_seconds=0.5)
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        ledger.totals()
    assert time.monotonic() - began < 5


@pytest.mark.stack
def test_a_chunk_is_noted_in_parts(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        # One partition is read whole before the other.
        numbers = sorted(range(1, 1_002), key=lambda number: number % 2)
        ledger = RedisLedger.connect(server.url, "ugc.events", timeout_seconds=2.0)
        offsets = itertools.count(), itertools.count()
        messages = [message(next(offsets[n % 2]), n, partition=n % 2) for n in numbers]
        note(ledger, *messages)
        (found,) = ledger.producers()
        assert (found.seen, found.gaps) == (1_001, ())
        ledger.close()
