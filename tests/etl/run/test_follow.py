"""Following a topic: runs in a row on one membership, blocks by time, and outages in between."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from etl.config import RunPolicy
from etl.errors import (
    OffsetOutOfRangeError,
    RebalancedError,
    SourceUnavailableError,
    StoreUnavailableError,
)
from etl.quality.objectives import range_faults
from etl.run.follow import Follower, follow
from etl.run.following import Following, Pace
from etl.run.report import RunReport
from etl.source import Chunk, Source
from etl.testing.kafka import MemorySource
from tests.etl.world import CLICK, HOUR, World

RUNS = "ugc.etl_runs"


class Seconds:
    """A clock that goes on when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class ScriptedSource(MemorySource):
    """While it waits for messages, the next step of a script is done and the time passes."""

    def __init__(self, world: World, seconds: Seconds, script: Iterator[Callable[[], object]]):
        super().__init__(world.topic)
        self._world = world
        self._seconds = seconds
        self._script = script
        self.waits: list[float] = []

    def read_on(self, max_messages: int, seconds: float, should_stop: Callable[[], bool]) -> Chunk:
        self.waits.append(seconds)
        next(self._script)()
        self._seconds.now += seconds
        self._world.clock.pass_seconds(seconds)
        return super().read_on(max_messages, seconds, should_stop)


class Stopped:
    """An event that somebody waits for without letting time pass, or gives up waiting for."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.stopped = False

    def is_set(self) -> bool:
        return self.stopped

    def set(self) -> None:
        self.stopped = True

    def wait(self, timeout: float) -> object:
        self.waits.append(timeout)
        return self.stopped


class Told:
    """:class:`etl.run.follow.Watcher` that keeps what it is told."""

    def __init__(self) -> None:
        self.reports: list[RunReport] = []
        self.stored_since: list[int | None] = []
        self.errors: list[str] = []

    def run_ended(self, report: RunReport) -> None:
        assert report.reconciled
        self.reports.append(report)

    def stored(self, since_ms: int | None) -> None:
        self.stored_since.append(since_ms)

    def waits(self, error: Exception, seconds: float) -> None:
        self.errors.append(str(error))


class Loader:
    """A loader that follows a world's topic while a script is done, and stops at its end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stop = Stopped()
        self.told = Told()
        self.seconds = Seconds()
        self.sources: list[ScriptedSource] = []
        self.prepared = 0

    def follow(
        self,
        *script: Callable[[], object],
        pace: Pace | None = None,
        prepare: Callable[[], object] = lambda: None,
    ) -> None:
        steps = itertools.chain(script, itertools.repeat(self.stop.set))

        def open_source() -> Source:
            self.sources.append(ScriptedSource(self.world, self.seconds, steps))
            return self.sources[-1]

        follower = Follower(
            context=self.world.context,
            prepare=prepare,
            open_source=open_source,
            is_passing=lambda error: isinstance(
                error, StoreUnavailableError | SourceUnavailableError | RebalancedError
            ),
            clock=self.seconds,
        )
        follow(follower, pace or Pace(report_seconds=10), self.stop, self.told)


def nothing() -> None:
    """No message comes."""


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def loader(world: World) -> Loader:
    return Loader(world)


def runs(world: World) -> Sequence[dict[str, Any]]:
    return world.tables.rows[RUNS]


def ranges(world: World) -> list[tuple[int, int, int]]:
    return sorted(
        each
        for run in runs(world)
        for each in zip(run["partitions"], run["from_offsets"], run["to_offsets"], strict=True)
    )


def test_what_comes_is_a_row_before_the_run_ends(world: World, loader: Loader) -> None:
    seen: list[tuple[int, int]] = []

    def look() -> None:
        seen.append((len(world.rows(CLICK)), len(loader.told.reports)))

    world.click()
    loader.follow(world.click, look, lambda: (world.click(), world.click()), look)
    assert seen == [(2, 0), (4, 0)]
    assert len(world.rows(CLICK)) == 4


def test_a_run_ends_when_its_time_is_over_and_the_next_one_goes_on(
    world: World, loader: Loader
) -> None:
    loader.follow(*[world.click] * 12, pace=Pace(max_delay_seconds=2, report_seconds=10))
    assert [report.consumed for report in loader.told.reports] == [5, 5, 2]
    assert [run["outcome"] for run in runs(world)] == ["done", "done", "stopped"]
    assert [sum(run["consumed"]) for run in runs(world)] == [5, 5, 2]
    assert [stop for _, _, stop in ranges(world)] == [5, 10, 12]


def test_it_keeps_its_place_in_the_group_over_many_runs(world: World, loader: Loader) -> None:
    loader.follow(*[world.click] * 40)
    assert len(loader.told.reports) > 5
    assert len(loader.sources) == 1
    # It entered once and left once.
    assert world.topic.generation == 2


def test_views_are_given_up_while_nothing_comes(world: World, loader: Loader) -> None:
    world.start(uuid.uuid4())
    loader.follow(nothing, lambda: world.clock.pass_seconds(13 * HOUR), *[nothing] * 12)
    assert world.view()["paired"] is False
    assert loader.told.reports[-2].swept_to is not None
    assert sum(report.pairs["page_view"].unpaired for report in loader.told.reports) == 1


def test_a_view_is_paired_across_blocks_and_runs(world: World, loader: Loader) -> None:
    view = uuid.uuid4()
    loader.follow(lambda: world.start(view), *[nothing] * 8, lambda: world.end(view), nothing)
    assert len(loader.told.reports) == 3
    assert world.view()["duration_seconds"] == pytest.approx(18)


def test_a_block_is_closed_early_enough_to_be_stored_in_time(world: World) -> None:
    """What came when the last one was closed has waited since, and waits while this is stored."""
    seconds = Seconds()
    inner = ScriptedSource(world, seconds, itertools.repeat(nothing))
    pace = Pace(max_delay_seconds=2, report_seconds=60)
    source = Following(inner, pace, clock=seconds, should_stop=lambda: False)
    with closing(source):
        source.assign()
        for stored_for in (0.5, 1.0, 7.0, 0.0):
            source.read(100)
            seconds.now += stored_for
        source.read(100)
    assert inner.waits == [2, 1, 0, 0, 2]


def test_a_run_ends_on_time_though_the_delay_is_longer(world: World, loader: Loader) -> None:
    loader.follow(world.click, nothing, pace=Pace(max_delay_seconds=60, report_seconds=10))
    assert loader.sources[0].waits == [10, 10, 10]


def test_a_backlog_is_read_in_full_blocks_without_waiting(loader: Loader) -> None:
    world = loader.world = World(policy=RunPolicy(chunk_messages=4))
    for _ in range(10):
        world.click()
    loader.follow(nothing)
    assert loader.sources[0].waits == [2, 2]
    assert len(loader.told.stored_since) == 4, "three blocks, and then nothing waits"


def test_a_block_is_told_with_the_time_of_its_first_message(world: World, loader: Loader) -> None:
    first = world.click().timestamp_ms
    loader.follow(nothing, lambda: (world.click(), world.click()), nothing)
    assert loader.told.stored_since == [first, None, first + 2_000]


def test_when_it_is_asked_to_stop_the_block_at_hand_is_stored(world: World, loader: Loader) -> None:
    loader.follow(lambda: (world.click(), loader.stop.set()))
    assert len(world.rows(CLICK)) == 1
    assert [run["outcome"] for run in runs(world)] == ["stopped"]
    assert world.topic.committed.keys()
    assert world.topic.members == []


def test_another_loader_takes_its_share_and_gives_it_back(world: World, loader: Loader) -> None:
    other = world.source()

    def everywhere() -> None:
        for partition in range(3):
            world.click(partition=partition)

    loader.follow(
        everywhere,
        lambda: (other.assign(), everywhere()),
        lambda: world.run(other),  # loads its share, and leaves
        everywhere,
        nothing,
    )
    world.run()
    assert len(world.rows(CLICK)) == 9
    assert range_faults(ranges(world)) == []
    assert [stop for _, _, stop in ranges(world)].count(3) == 3


def test_it_waits_for_parts_that_do_not_answer_and_goes_on(world: World, loader: Loader) -> None:
    answers = iter([StoreUnavailableError("Redis: no")] * 7 + [None] * 2)

    def prepare() -> None:
        if (error := next(answers)) is not None:
            raise error

    world.click()
    loader.follow(nothing, prepare=prepare)
    assert loader.stop.waits == [0.5, 1, 2, 4, 8, 10, 10]
    assert loader.told.errors == ["Redis: no"] * 7
    assert len(loader.sources) == 1, "it joins no group while it cannot load"
    assert len(world.rows(CLICK)) == 1


def test_an_outage_in_a_run_loses_and_doubles_nothing(world: World, loader: Loader) -> None:
    def away() -> None:
        world.click()
        raise SourceUnavailableError("Kafka: no")

    loader.follow(world.click, away, world.click, away, nothing)
    assert loader.stop.waits == [0.5, 0.5], "what was stored in between ends an outage"
    assert len(loader.sources) == 3
    assert len(world.rows(CLICK)) == 4
    assert range_faults(ranges(world)) == []
    outcomes = [run["outcome"] for run in runs(world)]
    assert outcomes == ["interrupted", "interrupted", "stopped"]
    assert sum(sum(run["consumed"]) for run in runs(world)) == 4


def test_an_error_that_waiting_does_not_cure_ends_it(world: World, loader: Loader) -> None:
    world.click()
    world.topic.committed[0] = 99, ""
    with pytest.raises(OffsetOutOfRangeError):
        loader.follow(nothing)
    assert loader.stop.waits == []
    assert world.topic.members == []
