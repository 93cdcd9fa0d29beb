"""The context on its way into the tables: columns of every event, and of a pair the start's."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from contracts.model.context import Context
from contracts.model.formats import instant_text
from tests.etl.world import CLICK, CLICK_DATA, END, HOUR, NOON, START, World
from tests.support.with_applications import catalog_with_applications
from tests.support.with_context import SENT, catalog_with_context

VIEW = uuid.UUID(int=1)


@pytest.fixture
def world() -> World:
    return World(catalog_with_context())


def context() -> Context:
    found = catalog_with_context().context
    assert found is not None
    return found


def fields(
    world: World, occurred_s: float, *, sent_s: float | None = None, **more: Any
) -> dict[str, Any]:
    """What the API makes of a context; times are seconds from noon by the client's clock."""
    times = [None if each is None else _text(each) for each in (occurred_s, sent_s)]
    return context().as_fields({**more, "occurred_at": times[0]}, times[1], world.clock.now)


def _text(seconds: float) -> str:
    return instant_text(NOON + dt.timedelta(seconds=seconds))


def half(world: World, event: str, **fields: Any) -> None:
    world.send(event, {"page_view_id": str(VIEW), "page_type": "movie", **fields})


def test_a_plain_event_has_the_columns_with_and_without_a_context(world: World) -> None:
    world.send(CLICK, {**CLICK_DATA, **context().as_fields(SENT, None, NOON)})
    world.click()
    world.run()
    rows = sorted(world.rows(CLICK), key=lambda row: row["context__sequence"] or 0)
    assert [row["context__session_id"] for row in rows] == [None, "s-1"]
    assert [row["context__sequence"] for row in rows] == [None, 7]
    assert [row["context__clock"] for row in rows] == [None, None]


@pytest.mark.parametrize("apart", [False, True], ids=["in one chunk", "in two runs"])
def test_a_pair_of_an_offline_queue_lasts_as_long_as_the_client_says(
    world: World, *, apart: bool
) -> None:
    world.clock.pass_seconds(1000)
    # Sent at once, by a client whose clock is an hour ahead.
    times = {"sent_s": HOUR + 1000}
    half(world, START, **fields(world, HOUR + 300, **times, session_id="s-1"))
    if apart:
        world.run()
    half(world, END, **fields(world, HOUR + 342.5, **times, session_id="s-2"))
    world.run()
    row = world.view()
    assert row["duration_seconds"] == 42.5
    assert row["context__session_id"] == "s-1"
    assert row["context__occurred_at"] == NOON + dt.timedelta(seconds=300)
    assert row["context__clock"] == "corrected"


def test_without_the_clients_time_of_both_the_times_of_arrival_count(world: World) -> None:
    half(world, START, **fields(world, -30))
    world.clock.pass_seconds(10)
    half(world, END)
    world.run()
    assert world.view()["duration_seconds"] == 10
    assert world.view()["context__clock"] == "as_sent"


def test_a_time_that_had_to_be_bounded_measures_nothing(world: World) -> None:
    half(world, START, **fields(world, 500))
    world.clock.pass_seconds(10)
    half(world, END, **fields(world, 505))
    world.run()
    assert world.view()["duration_seconds"] == 10
    assert world.view()["context__clock"] == "bounded"


def test_an_end_before_its_start_lasts_no_time(world: World) -> None:
    half(world, START, **fields(world, -30))
    half(world, END, **fields(world, -40))
    world.run()
    assert world.view()["duration_seconds"] == 0


def test_an_unpaired_start_has_its_context(world: World) -> None:
    half(world, START, **fields(world, -30, session_id="s-1"))
    world.run()
    world.clock.pass_seconds(13 * HOUR)
    world.run()
    row = world.view()
    assert (row["paired"], row["context__session_id"]) == (False, "s-1")


def test_a_start_that_was_kept_before_there_was_a_context_is_paired_without_one() -> None:
    before = World()
    before.start(VIEW)
    before.run()
    after = World(catalog_with_context(), store=before.memory_store)
    half(after, END, **fields(after, 5))
    after.run()
    (row,) = after.rows("page_view")
    assert row["paired"] is True
    assert row["context__session_id"] is None


def test_a_start_with_a_context_is_paired_by_contracts_without_one() -> None:
    before = World(catalog_with_context())
    half(before, START, **fields(before, -30, session_id="s-1"))
    before.run()
    after = World(store=before.memory_store)
    after.end(VIEW)
    after.run()
    (row,) = after.rows("page_view")
    assert row["paired"] is True


def test_a_rerun_changes_no_row(world: World) -> None:
    half(world, START, **fields(world, -30, session_id="s-1"))
    half(world, END, **fields(world, -20))
    world.run()
    before = world.rows("page_view")
    world.run()
    assert world.rows("page_view") == before


def test_the_application_that_sent_is_a_column_of_plain_events_and_of_pairs() -> None:
    world = World(catalog_with_applications())
    world.send(CLICK, {**CLICK_DATA, "context__sent_by": "web"})
    world.click()
    half(world, START, context__sent_by="phone")
    world.clock.pass_seconds(5)
    half(world, END, context__sent_by="web")
    world.run()
    assert {row["context__sent_by"] for row in world.rows(CLICK)} == {"web", None}
    (view,) = world.rows("page_view")
    assert view["context__sent_by"] == "phone"
