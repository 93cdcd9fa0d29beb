"""A source that a run reads on from, by itself."""

from __future__ import annotations

from collections.abc import Callable

from etl.run.following import Following, Pace
from etl.source import Chunk, Span
from etl.testing.kafka import MemorySource
from tests.etl.world import World


class Noting(MemorySource):
    """Notes for how long it was to read on."""

    def __init__(self, world: World) -> None:
        super().__init__(world.topic)
        self.seconds: list[float] = []

    def read_on(self, max_messages: int, seconds: float, should_stop: Callable[[], bool]) -> Chunk:
        self.seconds.append(seconds)
        return super().read_on(max_messages, seconds, should_stop)


def test_no_block_waits_for_more_while_another_is_not_committed() -> None:
    world = World(partitions=1)
    source, told = Noting(world), list[int | None]()
    pace = Pace(max_delay_seconds=2, report_seconds=60)
    following = Following(
        source, pace, clock=lambda: 0.0, should_stop=lambda: False, stored=told.append
    )
    following.assign()
    sent = []
    for _ in range(2):
        sent.append(world.click())
        world.clock.pass_seconds(1)
    assert following.read(1) == Chunk([sent[0]], {0: Span(0, 1)})
    assert following.read(1) == Chunk([sent[1]], {0: Span(1, 2)})
    assert following.read(1) == Chunk([], {})
    assert source.seconds == [2, 0, 0]
    following.commit({0: 1}, "")
    following.commit({0: 2}, "")
    assert told == [None, sent[0].timestamp_ms, sent[1].timestamp_ms]
    following.read(1)
    assert source.seconds[-1] == 2


def test_what_is_never_committed_does_not_hurry_it_for_ever() -> None:
    """As what is only put back after Redis was lost."""
    world = World(partitions=1)
    source = Noting(world)
    following = Following(source, Pace(), clock=lambda: 0.0, should_stop=lambda: False)
    following.assign()
    world.click()
    for _ in range(3):
        following.read(1)
    assert source.seconds == [2, 0, 2]
