"""Loading again: the same rows, nothing committed, nothing settled twice."""

from __future__ import annotations

import copy
import uuid
from typing import Any

import pytest

from etl.app import never
from etl.config import RunPolicy
from etl.errors import ReplayError, StateLostError
from etl.run.replay import ReplayReport, ReplayRequest, replay
from etl.sessions.pairing import milliseconds
from etl.source import Span
from etl.testing.kafka import MemoryHistory
from tests.etl.world import CLICK, END, HOUR, START, World

EVERYTHING = ReplayRequest(from_ms=0)
VIEWS = [uuid.UUID(int=number) for number in range(5)]


def again(world: World, request: ReplayRequest = EVERYTHING, **options: Any) -> ReplayReport:
    return replay(
        world.context, MemoryHistory(world.topic), request, **{"should_stop": never, **options}
    )


@pytest.fixture
def world() -> World:
    """Clicks, one of them twice; a pair, an unpaired start, an orphan end, an open view; poison."""
    world = World(policy=RunPolicy(chunk_messages=3))
    for number in range(4):
        world.click(event_id=uuid.UUID(int=number % 3))
    world.topic.append(0, CLICK.encode(), b"poison")
    world.start(VIEWS[0])
    world.clock.pass_seconds(30)
    world.end(VIEWS[0])
    world.start(VIEWS[1])
    world.end(VIEWS[2])
    world.run()
    world.clock.pass_seconds(13 * HOUR)
    world.start(VIEWS[3])
    world.run()
    return world


def state(world: World) -> tuple[Any, ...]:
    return (
        without_load_time(world),
        copy.deepcopy(world.topic.committed),
        len(world.dead_letters.letters),
        world.memory_store.truth.applied,
    )


def without_load_time(world: World) -> list[dict[str, Any]]:
    rows = [*world.rows(CLICK), *world.rows("page_view")]
    rows = [{k: v for k, v in row.items() if k != "loaded_at"} for row in rows]
    return sorted(rows, key=lambda row: str(row["event_id"]))


@pytest.mark.parametrize("seconds_later", [0, HOUR, 100 * HOUR])
def test_it_gives_the_same_rows_at_any_time(world: World, seconds_later: float) -> None:
    """Also long after the pair store has forgotten the views."""
    before = state(world)
    world.clock.pass_seconds(seconds_later)
    if seconds_later > 40 * HOUR:
        world.run()
        before = state(world)
    found = again(world)
    assert found.read == {CLICK: 4, START: 3, END: 2}
    assert (found.unusable, found.finished) == (1, True)
    assert state(world) == before
    world.run()
    world.clock.pass_seconds(20 * HOUR)
    world.run()
    views = {row["event_id"]: row["paired"] for row in world.rows("page_view")}
    assert sorted(views.values()) == [False, False, True]
    assert len(world.dead_letters.letters) == 2


def test_rows_that_were_lost_come_back(world: World) -> None:
    before = without_load_time(world)
    world.tables.rows.clear()
    world.tables._tokens.clear()
    again(world)
    assert without_load_time(world) == before


def test_a_dry_run_changes_nothing(world: World) -> None:
    before = copy.deepcopy((state(world), world.tables.rows, world.memory_store.truth))
    found = again(world, ReplayRequest(from_ms=0, dry_run=True))
    assert found.read == {CLICK: 4, START: 3, END: 2}
    assert found.rows == {}
    assert (state(world), world.tables.rows, world.memory_store.truth) == before


def test_it_ends_at_what_was_committed(world: World) -> None:
    world.click()
    assert again(world).read[CLICK] == 4


@pytest.mark.parametrize(
    ("events", "read"),
    [({CLICK}, {CLICK: 4}), ({"page_view"}, {START: 3, END: 2}), ({END}, {END: 2})],
)
def test_only_some_events(world: World, events: set[str], read: dict[str, int]) -> None:
    before = state(world)
    assert again(world, ReplayRequest(from_ms=0, events=frozenset(events))).read == read
    assert state(world) == before


def test_from_a_time(world: World) -> None:
    since = milliseconds(world.clock()) - 1000
    assert again(world, ReplayRequest(from_ms=since)).read == {START: 1}


def test_from_an_offset() -> None:
    world = World()
    for partition in (0, 1):
        for _ in range(3):
            world.click(partition=partition)
    world.run()
    assert again(world, ReplayRequest(from_offsets={1: 2})).spans == {1: Span(2, 3)}
    assert again(world, ReplayRequest(from_offsets={None: 1})).read == {CLICK: 4}
    assert again(world, ReplayRequest(from_offsets={None: 1, 0: 3})).read == {CLICK: 2}
    world.topic.low[0] = 1
    with pytest.raises(ReplayError, match="begins at offset 1; 0 is not kept any more"):
        again(world, ReplayRequest(from_offsets={0: 0}))
    with pytest.raises(ReplayError, match="no partition 7"):
        again(world, ReplayRequest(from_offsets={7: 0}))


def test_an_event_that_is_unknown(world: World) -> None:
    with pytest.raises(ReplayError, match="no contract has the event page_views"):
        again(world, ReplayRequest(from_ms=0, events=frozenset({"page_views"})))


def test_after_a_flush_a_run_comes_first(world: World) -> None:
    world.memory_store.flush()
    with pytest.raises(StateLostError):
        again(world)
    world.run()
    again(world)


def test_it_tells_how_far_it_is_and_stops_when_asked(world: World) -> None:
    told: list[tuple[int, int]] = []
    found = again(
        world,
        should_stop=lambda: len(told) > 1,
        progress=lambda done, total: told.append((done, total)),
    )
    assert not found.finished
    assert [total for _, total in told] == [10, 10]
    assert told[0][0] == 0 < told[1][0] < 10
