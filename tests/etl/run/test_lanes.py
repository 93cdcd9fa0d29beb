"""What overlaps in a run, and what does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from ch_schema.columns import ColumnBlock
from ch_schema.errors import RefusedError
from etl.config import RunPolicy
from etl.errors import RebalancedError, SourceUnavailableError
from etl.run.lanes import IN_TURN, Lanes, Threads
from etl.run.load import Loader
from etl.run.runner import run
from etl.source import Chunk
from etl.testing.kafka import MemorySource, MemoryTables, MemoryTopic
from tests.etl.world import CLICK, World

END_SECONDS = 30.0


@pytest.fixture
def threads() -> Iterator[Threads]:
    with closing(Threads()) as threads:
        yield threads


class Noted(MemorySource):
    """Tells when it is read from and committed to; raises in the reads with these numbers."""

    def __init__(self, topic: MemoryTopic, raises: Mapping[int, Exception] | None = None) -> None:
        super().__init__(topic)
        self.told: list[str] = []
        self.reads = 0
        self.second_read = threading.Event()
        self._raises = raises or {}

    def read(self, max_messages: int) -> Chunk | None:
        self.reads += 1
        self.told.append("read")
        if self.reads == 2:
            self.second_read.set()
        if self.reads in self._raises:
            raise self._raises[self.reads]
        return super().read(max_messages)

    def commit(self, positions: Mapping[int, int], metadata: str) -> None:
        self.told.append("commit")
        super().commit(positions, metadata)


class Patient(MemoryTables):
    """Takes no block before the source was read from twice."""

    def __init__(self, source: Noted) -> None:
        super().__init__()
        self._source = source

    def insert_columns(self, block: ColumnBlock, *, deduplication_token: str) -> None:
        assert self._source.second_read.wait(END_SECONDS), "nothing was read meanwhile"
        super().insert_columns(block, deduplication_token=deduplication_token)


def world_of(lanes: Lanes, clicks: int) -> World:
    world = World(partitions=1, policy=RunPolicy(chunk_messages=2))
    world.context = replace(world.context, lanes=lanes)
    for _ in range(clicks):
        world.click()
    return world


def test_a_chunk_is_read_while_the_former_one_is_stored(threads: Threads) -> None:
    world = world_of(threads, clicks=6)
    source = Noted(world.topic)
    tables = Patient(source)
    world.context = replace(
        world.context, loader=Loader(tables, world.catalog, sleep=world.slept.append)
    )
    assert run(world.context, source, lambda: False).consumed == 6
    assert len(tables.final(f"ugc.{CLICK}")) == 6
    # The last commit is that of the sweep.
    assert source.told == ["read", "read", "commit", "read", "commit", "read", "commit", "commit"]


def test_in_turn_a_chunk_is_committed_before_the_next_one_is_read() -> None:
    world = world_of(IN_TURN, clicks=4)
    source = Noted(world.topic)
    run(world.context, source, lambda: False)
    assert source.told == ["read", "commit", "read", "commit", "read", "commit"]


def test_what_is_stored_when_the_partitions_are_lost_is_not_committed(threads: Threads) -> None:
    world = world_of(threads, clicks=4)
    source = Noted(world.topic, {2: RebalancedError("handed out anew")})
    assert run(world.context, source, lambda: False).consumed == 4
    assert source.told[:4] == ["read", "read", "read", "read"], "from the beginning again"
    assert len(world.rows(CLICK)) == 4


def test_a_chunk_that_was_read_before_an_error_is_committed(threads: Threads) -> None:
    world = world_of(threads, clicks=2)
    source = Noted(world.topic, {2: SourceUnavailableError("nothing comes")})
    with pytest.raises(SourceUnavailableError):
        run(world.context, source, lambda: False)
    assert world.topic.committed[0][0] == 2


def test_the_first_failure_is_raised_when_all_have_ended(threads: Threads) -> None:
    goes_on, ended = threading.Event(), []

    def fails() -> None:
        goes_on.set()
        raise RefusedError("first")

    def ends() -> None:
        assert goes_on.wait(END_SECONDS)
        ended.append(1)

    waits: Sequence[Any] = [threads.begin(fails), threads.begin(ends)]
    with pytest.raises(RefusedError, match="first"):
        threads.wait(waits)
    assert ended == [1]


def test_what_is_dropped_goes_on_no_more(threads: Threads) -> None:
    ended = []

    def fails() -> None:
        raise RefusedError("whatever")

    threads.drop([threads.begin(fails), threads.begin(lambda: ended.append(1))])
    assert ended == [1]


def test_in_turn_nothing_begins_behind_a_failure() -> None:
    began = []

    def fails() -> None:
        raise RefusedError("first")

    waits = [IN_TURN.begin(fails), IN_TURN.begin(lambda: began.append(1))]
    with pytest.raises(RefusedError):
        IN_TURN.wait(waits)
    IN_TURN.drop(waits)
    assert began == []
