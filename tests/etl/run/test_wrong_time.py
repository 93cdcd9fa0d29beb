"""Late and wrong times: what ``docs/pairing.md`` says of each case, case by case."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from contracts.reasons import Reason
from etl.run.report import PairCounts
from tests.etl.world import HOUR, World

VIEW = uuid.UUID(int=7)
DAY = 24 * HOUR


@pytest.fixture
def world() -> World:
    return World()


def run(world: World) -> PairCounts:
    return world.run().pairs["page_view"]


def with_clock_off(world: World, seconds: float, send: Any) -> None:
    """Sends something from an API host whose clock is ahead by so much (or behind)."""
    right = world.clock.now
    world.clock.now = right + dt.timedelta(seconds=seconds)
    kafka_time = world.topic.clock_ms
    try:
        world.topic.clock_ms = lambda: int(right.timestamp() * 1000)
        send(VIEW)
    finally:
        world.clock.now = right
        world.topic.clock_ms = kafka_time


def row(world: World) -> tuple[bool, float | None]:
    found = world.view()
    return found["paired"], found["duration_seconds"]


def test_an_end_that_is_read_a_run_before_its_start(world: World) -> None:
    world.end(VIEW)
    assert run(world).after.ends_waiting == 1
    world.clock.pass_seconds(-4)
    world.start(VIEW)
    world.clock.pass_seconds(4)
    assert run(world).paired == 1
    assert row(world) == (True, 4)


def test_an_end_that_comes_after_the_waiting_time_and_before_the_sweep(world: World) -> None:
    world.start(VIEW)
    run(world)
    world.clock.pass_seconds(20 * HOUR)
    world.end(VIEW)
    counts = run(world)
    assert (counts.paired, counts.late, counts.unpaired) == (1, 0, 0)
    assert row(world) == (True, 20 * HOUR)


def test_an_end_that_comes_after_the_sweep_replaces_the_row(world: World) -> None:
    world.start(VIEW)
    run(world)
    world.clock.pass_seconds(13 * HOUR)
    assert run(world).unpaired == 1
    first = world.view()
    assert row(world) == (False, None)
    world.clock.pass_seconds(HOUR)
    world.end(VIEW)
    counts = run(world)
    assert (counts.paired, counts.late) == (1, 1)
    assert row(world) == (True, 14 * HOUR)
    assert (world.view()["event_id"], world.view()["row_version"]) == (first["event_id"], 2)


def test_an_end_that_comes_when_its_view_is_forgotten_is_an_orphan(world: World) -> None:
    world.start(VIEW)
    run(world)
    for _ in range(2):
        world.clock.pass_seconds(13 * HOUR)
        run(world)
    world.end(VIEW)
    run(world)
    world.clock.pass_seconds(13 * HOUR)
    assert run(world).orphan_ends == 1
    assert row(world) == (False, None)
    assert [letter.reason for letter in world.dead_letters.letters] == [Reason.ORPHAN_END]


def test_a_start_from_a_clock_that_is_ahead(world: World) -> None:
    with_clock_off(world, DAY, world.start)
    world.clock.pass_seconds(60)
    world.end(VIEW)
    counts = run(world)
    assert (counts.paired, counts.skewed) == (1, 1)
    assert row(world) == (True, 0), "a duration is never negative"


def test_a_start_from_a_clock_that_is_ahead_waits_longer(world: World) -> None:
    with_clock_off(world, DAY, world.start)
    run(world)
    world.clock.pass_seconds(13 * HOUR)
    assert run(world).after.starts_waiting == 1
    world.clock.pass_seconds(DAY)
    assert run(world).unpaired == 1


def test_a_start_from_a_clock_that_is_behind(world: World) -> None:
    with_clock_off(world, -DAY, world.start)
    assert run(world).unpaired == 1, "it seems to have waited long enough"
    world.clock.pass_seconds(60)
    world.end(VIEW)
    counts = run(world)
    assert (counts.late, counts.skewed) == (1, 1)
    assert row(world) == (True, DAY + 60)


def test_an_end_from_a_clock_that_is_behind(world: World) -> None:
    world.start(VIEW)
    world.clock.pass_seconds(60)
    with_clock_off(world, -DAY, world.end)
    counts = run(world)
    assert (counts.paired, counts.skewed) == (1, 1)
    assert row(world) == (True, 0)


def test_a_start_that_lay_in_a_spool_while_its_end_went_on(world: World) -> None:
    """The spool gives the message its own timestamp, and Kafka a later one."""
    started = world.clock.now
    world.clock.pass_seconds(30)
    world.end(VIEW)
    run(world)
    world.clock.pass_seconds(13 * HOUR)
    assert run(world).orphan_ends == 1
    late = world.clock.now
    world.clock.now = started
    value = world.producer.value("page_view_start", {"page_view_id": str(VIEW), "page_type": "x"})
    world.clock.now = late
    world.topic.append(0, b"page_view_start", value, world.stamp())
    counts = run(world)
    assert (counts.paired, counts.late, counts.skewed) == (1, 1, 0)
    assert row(world) == (True, 30)


def test_the_first_start_and_the_first_end_win(world: World) -> None:
    """First in their partition, whatever their times say."""
    world.start(VIEW)
    with_clock_off(world, -10, world.start)
    world.clock.pass_seconds(60)
    world.end(VIEW)
    with_clock_off(world, 30, world.end)
    report = world.run()
    assert report.events["page_view_start"].duplicates == 1
    assert report.events["page_view_end"].duplicates == 1
    assert row(world) == (True, 60)


def test_an_end_from_another_user_ends_nothing(world: World) -> None:
    world.start(VIEW, user_id="ann")
    world.end(VIEW, user_id="bob")
    run(world)
    world.clock.pass_seconds(13 * HOUR)
    counts = run(world)
    assert (counts.unpaired, counts.orphan_ends) == (1, 1)
    assert row(world) == (False, None)


@pytest.mark.parametrize(
    ("seconds", "duration", "skewed"),
    [(DAY, DAY + 60, 1), (-DAY, 0, 1), (HOUR, HOUR + 60, 0)],
    ids=["a day ahead", "a day behind", "within the waiting time: cannot be told"],
)
def test_a_worker_whose_clock_jumps_in_mid_view(
    world: World, seconds: float, duration: float, skewed: int
) -> None:
    world.start(VIEW)
    run(world)
    world.clock.pass_seconds(60)
    with_clock_off(world, seconds, world.end)
    counts = run(world)
    assert (counts.paired, counts.skewed) == (1, skewed)
    assert row(world) == (True, duration)


def with_loader_off(world: World, seconds: float) -> PairCounts:
    """A run on a host whose clock is ahead by so much (or behind); Redis's clock is right."""
    world.clock.pass_seconds(seconds)
    world.store_clock_behind_ms = int(seconds * 1000)
    try:
        return run(world)
    finally:
        world.clock.pass_seconds(-seconds)
        world.store_clock_behind_ms = 0


def test_a_loader_that_is_a_day_ahead_gives_up_nothing_early(world: World) -> None:
    """Its view of Kafka's time is wrong, and the markers in Redis still live."""
    world.start(VIEW)
    assert with_loader_off(world, DAY).unpaired == 0
    world.clock.pass_seconds(60)
    world.end(VIEW)
    counts = run(world)
    assert (counts.paired, counts.skewed) == (1, 0)
    assert row(world) == (True, 60)


def test_a_loader_that_is_a_day_behind_gives_up_a_day_later(world: World) -> None:
    world.start(VIEW)
    world.clock.pass_seconds(13 * HOUR)
    assert with_loader_off(world, -DAY).unpaired == 0
    assert run(world).unpaired == 1
    world.end(VIEW)
    assert run(world).paired == 1


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_a_redis_whose_clock_is_off_gives_up_nothing_early(world: World, seconds: float) -> None:
    world.store_clock_behind_ms = int(-seconds * 1000)
    world.start(VIEW)
    assert run(world).unpaired == 0
    world.clock.pass_seconds(60)
    world.end(VIEW)
    assert run(world).paired == 1
    assert row(world) == (True, 60)
