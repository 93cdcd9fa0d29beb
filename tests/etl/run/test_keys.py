"""Users in the keys (KAFKA_KEY=event,user): every guarantee holds, wherever a message lies."""

from __future__ import annotations

import itertools
import uuid

import pytest

from contracts.message import ANONYMOUS
from contracts.reasons import Reason
from etl.app import never
from etl.config import RunPolicy
from etl.quality.facts import waiting
from etl.run.replay import ReplayRequest, replay
from etl.run.report import UNKNOWN_EVENT, EventCounts
from etl.testing.kafka import MemoryHistory
from registry.keys import KeyForm
from tests.etl.workers import Worker
from tests.etl.world import CLICK, END, HOUR, NOON, START, World

USERS = [ANONYMOUS, "ann", "bob", "cid", "dot", "eve"]
VIEWS = [uuid.UUID(int=number) for number in range(len(USERS))]


@pytest.fixture
def world() -> World:
    return World(key_form=KeyForm.EVENT_AND_USER)


def test_clicks_of_many_users_lie_in_every_partition_and_each_becomes_a_row(world: World) -> None:
    for number in range(30):
        world.click(user_id=f"user-{number}")
    assert all(world.topic.logs)
    world.run()
    assert {row["user_id"] for row in world.rows(CLICK)} == {f"user-{n}" for n in range(30)}


def test_both_halves_of_a_view_lie_in_one_partition_the_start_first(world: World) -> None:
    for user_id, view in zip(USERS, VIEWS, strict=True):
        start = world.start(view, user_id=user_id)
        end = world.end(view, user_id=user_id)
        assert (start.partition, start.offset) < (end.partition, end.offset)
        assert start.partition == end.partition


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("end_first", [False, True])
def test_halves_in_any_order_over_any_partitions_and_runs_are_paired(
    world: World, order: tuple[int, ...], *, end_first: bool
) -> None:
    """As after the topic got more partitions: a half lies where its key no longer leads to."""
    halves = [world.end, world.start] if end_first else [world.start, world.end]
    for half, shift in zip(halves, (0, 1), strict=True):
        for number, (user_id, view) in enumerate(zip(USERS, VIEWS, strict=True)):
            half(view, user_id=user_id, partition=order[(number + shift) % 3])
            if number % 2:
                world.run()
    world.run()
    assert len(world.rows("page_view")) == len(VIEWS)
    assert all(row["paired"] for row in world.rows("page_view"))


@pytest.mark.parametrize("forms", [tuple(KeyForm), tuple(KeyForm)[::-1]])
def test_the_setting_may_change_between_the_halves_of_a_view(
    world: World, forms: tuple[KeyForm, KeyForm]
) -> None:
    world.key_form = forms[0]
    for user_id, view in zip(USERS, VIEWS, strict=True):
        world.start(view, user_id=user_id)
    world.click(event_id=VIEWS[0])
    world.run()
    world.key_form = forms[1]
    for user_id, view in zip(USERS, VIEWS, strict=True):
        world.end(view, user_id=user_id)
    world.click(event_id=VIEWS[0])
    report = world.run()
    assert report.pairs["page_view"].paired == len(VIEWS)
    assert report.events[CLICK] == EventCounts(consumed=1, duplicates=1)


def test_two_workers_share_one_event_type(world: World) -> None:
    for number in range(30):
        world.click(user_id=f"user-{number}")
    first, second = world.source(), world.source()
    for source in (first, second):
        world.topic.enter(source)
    consumed = [world.run(source).consumed for source in (first, second)]
    assert sum(consumed) == 30
    assert all(consumed)
    assert len(world.rows(CLICK)) == 30


def test_views_of_a_lost_store_are_read_again_by_keys_of_both_forms(world: World) -> None:
    for form, (user_id, view) in zip(
        itertools.cycle(KeyForm), zip(USERS, VIEWS, strict=True), strict=False
    ):
        world.key_form = form
        world.start(view, user_id=user_id)
    world.run()
    world.memory_store.flush()
    for user_id, view in zip(USERS, VIEWS, strict=True):
        world.end(view, user_id=user_id)
    report = world.run()
    assert report.pairs["page_view"].rebuilt == len(VIEWS)
    assert report.pairs["page_view"].paired == len(VIEWS)


@pytest.mark.parametrize("form", list(KeyForm))
@pytest.mark.parametrize("user_id", [ANONYMOUS, "ann"])
def test_an_orphan_end_is_set_aside_with_the_key_it_had(
    world: World, form: KeyForm, user_id: str
) -> None:
    world.key_form = form
    end = world.end(VIEWS[0], user_id=user_id)
    world.run()
    world.clock.pass_seconds(13 * HOUR)
    world.click()
    world.run()
    (letter,) = world.dead_letters.letters
    assert letter.reason is Reason.ORPHAN_END
    assert (letter.original.key, letter.original.value) == (end.key, end.value)
    assert letter.original.location == end.location


def test_an_unusable_message_counts_by_the_name_in_its_key(world: World) -> None:
    for key in (b"element_click:ann", b"page_view:ann", b"nobody:ann"):
        world.topic.append(0, key, b"")
    dead = EventCounts(consumed=1, dead=1, unstamped=1)
    assert world.run().events == {CLICK: dead, "page_view": dead, UNKNOWN_EVENT: dead}


def test_a_key_of_another_event_is_set_aside(world: World) -> None:
    click = world.click(user_id="ann")
    for key in (b"page_view:ann", b"page_view_start", b"element_click2:ann"):
        world.topic.append(0, key, click.value)
    world.run()
    assert [letter.reason for letter in world.dead_letters.letters] == [Reason.KEY_MISMATCH] * 3


def test_a_replay_of_starts_leaves_the_ends_out_that_share_their_keys() -> None:
    world = World(policy=RunPolicy(chunk_messages=2), key_form=KeyForm.EVENT_AND_USER)
    for user_id, view in zip(USERS, VIEWS, strict=True):
        world.start(view, user_id=user_id)
        world.end(view, user_id=user_id)
    world.run()
    for events, read in (
        ({START}, {START: 6}),
        ({"page_view"}, {START: 6, END: 6}),
        ({CLICK}, {}),
    ):
        request = ReplayRequest(from_ms=0, events=frozenset(events))
        history = MemoryHistory(world.topic)
        report = replay(world.context, history, request, should_stop=never)
        assert report.read == read
    assert len(world.rows("page_view")) == len(VIEWS)


def test_what_waits_is_told_by_the_name_in_its_key(world: World) -> None:
    world.start(VIEWS[0], user_id="ann")
    for partition in range(3):
        world.topic.committed[partition] = 0, ""
    (found,) = waiting(MemoryHistory(world.topic), NOON)
    assert found.event == "page_view"


@pytest.mark.parametrize("form", list(KeyForm))
@pytest.mark.parametrize("steps", [1, 5, 9, 14, 20, 27])
@pytest.mark.parametrize("fate", ["stays", "is asked to leave", "is killed"])
def test_nothing_is_lost_or_doubled_when_a_loader_joins_in_the_middle(
    form: KeyForm, steps: int, fate: str
) -> None:
    """And when it stays, leaves or is killed in the middle of its own run."""
    world = World(policy=RunPolicy(chunk_messages=4), key_form=form)
    for user_id, view in zip(USERS, VIEWS, strict=True):
        world.click(user_id=user_id)
        world.start(view, user_id=user_id)
        world.end(view, user_id=user_id)
    first, second = Worker(world), Worker(world)
    first.begin()
    first.go(steps)
    second.begin()
    second.go(steps)
    match fate:
        case "is asked to leave":
            second.should_stop = True
        case "is killed":
            second.kill()
            second.expel()
    second.finish()
    first.finish()
    last = world.run()
    assert len(world.rows(CLICK)) == len(USERS)
    assert len(world.rows("page_view")) == len(VIEWS)
    assert all(row["paired"] for row in world.rows("page_view"))
    committed = {partition: offset for partition, (offset, _) in world.topic.committed.items()}
    assert sum(committed.values()) == 3 * len(USERS)
    reports = [*first.reports, *second.reports, last]
    assert fate == "is killed" or sum(each.consumed for each in reports) == 3 * len(USERS)
