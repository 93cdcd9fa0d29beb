"""One event from its answer to its row, as the debugger tells it, over the whole local stack."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.support.stack import NO_SCHEDULE, Running, free_ports
from ugc.local.stack import Stack, StackConfig

pytestmark = pytest.mark.stack

CLICK = {"element_type": "trailer", "page_type": "movie"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Without a loader of its own: a test loads when it wants to."""
    config = StackConfig(
        state_dir=tmp_path_factory.mktemp("stack"),
        ports=free_ports(),
        parts=NO_SCHEDULE,
        alone=True,
        api_workers=2,
        # An event that goes through the spool has no offset yet, and a busy machine is slow.
        env={"PUBLISH_TIMEOUT_SECONDS": "10"},
    )
    with Stack.start(config) as started:
        yield Running(started)


def followed(stack: Running, event_id: uuid.UUID) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{stack.api}/debug/follow/{event_id}", timeout=20).json()
    return found


def recorded(stack: Running, event_id: uuid.UUID) -> None:
    """Returns when there is a record of it, whichever worker is asked."""
    url = f"{stack.api}/debug/events?event_id={event_id}"
    while not httpx2.get(url, timeout=20).json()["events"]:
        pass


def test_an_event_waits_for_the_loader_and_then_has_run_and_row(stack: Running) -> None:
    event_id = stack.accept("element_click", CLICK)
    recorded(stack, event_id)
    before = followed(stack, event_id)
    assert [each["state"] for each in before["stages"]] == ["done", "done", "waiting"]
    stack.load()
    after = followed(stack, event_id)
    assert [each["stage"] for each in after["stages"]] == ["http", "kafka", "loader", "row"]
    assert after["settled"] is True
    assert after["stages"][2]["run_id"] in stack.ugc("sql", "SELECT run_id FROM etl_runs FINAL")
    place, row = after["stages"][1]["place"], after["row"]
    assert (row["kafka_partition"], row["kafka_offset"]) == (place["partition"], place["offset"])
    assert (row["element_type"], row["user_id"]) == ("trailer", "***")


def test_a_half_is_open_until_the_other_one_came(stack: Running) -> None:
    view = {"page_view_id": str(uuid.uuid4()), "page_type": "movie"}
    start = stack.accept("page_view_start", view)
    recorded(stack, start)
    stack.load()
    assert followed(stack, start)["stages"][-1]["text"].startswith("open: waits for its")
    end = stack.accept("page_view_end", view)
    recorded(stack, end)
    stack.load()
    for event_id in (start, end):
        found = followed(stack, event_id)
        assert found["row"]["page_type"] == "movie"
        assert found["stages"][-1]["table"] == "page_view"


def test_an_event_that_came_before_the_memory_of_the_debugger_is_found_by_its_row(
    stack: Running,
) -> None:
    event_id = stack.accept("element_click", CLICK)
    stack.load()
    assert httpx2.post(f"{stack.api}/debug/reset", timeout=20).status_code == 204
    found = followed(stack, event_id)
    assert [each["state"] for each in found["stages"]] == ["unknown", "done"]
    assert found["row"]["event_id"] == str(event_id)
