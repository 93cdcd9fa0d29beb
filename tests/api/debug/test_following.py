"""One event, stage by stage, where the tables are what a test says they are."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from api.debug.loaded import Loaded
from api.errors import TablesUnavailableError
from contracts.model.loader import load_catalog
from tests.api.debug.world import DebugWorld
from tests.api.world import CLICK, NOW, post

ID = "0190163d-8694-739b-aea5-966c26f8ad91"
END_ID = "0190163d-8694-739b-aea5-966c26f8ad99"
VIEW = "0190163d-8694-739b-aea5-966c26f8ad00"


class InMemoryTables:
    """Rows of tables, by table; each is found by its id or its place in Kafka."""

    def __init__(self) -> None:
        self.available = True
        self.tables: dict[str, list[dict[str, Any]]] = {}

    def add(self, table: str, partition: int, offset: int, **values: Any) -> None:
        row = {
            "event_id": uuid.UUID(ID),
            "user_id": "ada",
            "timestamp": NOW,
            "kafka_partition": partition,
            "kafka_offset": offset,
            "loaded_at": NOW + dt.timedelta(seconds=2),
            **values,
        }
        self.tables.setdefault(table, []).append(row)

    def add_run(self, partition: int, offset: int, **counts: Any) -> None:
        run = {"run_id": uuid.UUID(int=1), "started_at": NOW, "seconds": 1.0, "outcome": "done"}
        zero = {
            "events": ["element_click"],
            "dead": [0],
            "duplicates": [0],
            "partition": partition,
            "offset": offset,
        }
        self.tables.setdefault("etl_runs", []).append({**run, **zero, **counts})

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        if not self.available:
            raise TablesUnavailableError("ClickHouse does not answer")
        table = sql.split(" FROM ")[1].split()[0].split(".")[1].strip("`")
        at = (parameters.get("partition"), parameters.get("offset"))
        return [
            _Row(row)
            for row in self.tables.get(table, [])
            if row.get("event_id") == parameters.get("id", row.get("event_id"))
            and ("id" in parameters or (_place(row) == at and _is_of_time(row, parameters)))
        ]


class _Row(dict[str, Any]):
    """Columns that the test says nothing of are NULL."""

    def __missing__(self, name: str) -> None:
        return None


def _place(row: dict[str, Any]) -> tuple[Any, Any]:
    if "partition" in row:
        return row["partition"], row["offset"]
    return row["kafka_partition"], row["kafka_offset"]


def _is_of_time(row: dict[str, Any], parameters: Mapping[str, object]) -> bool:
    """The times that an answer is wanted of: a run ended since, a row's message is between."""
    since, until = parameters["since"], parameters.get("until")
    assert isinstance(since, dt.datetime)
    if "started_at" in row:
        ended_at = row["started_at"] + dt.timedelta(seconds=row["seconds"])
        return bool(ended_at >= since)
    assert isinstance(until, dt.datetime)
    return bool(since <= row["timestamp"] <= until)


def made() -> tuple[DebugWorld, InMemoryTables]:
    tables = InMemoryTables()
    return DebugWorld(loaded=Loaded(tables, load_catalog())), tables


def followed(world: DebugWorld, event_id: str = ID) -> dict[str, Any]:
    world.recorder.work()
    found: dict[str, Any] = world.client().get(f"/debug/follow/{event_id}").get_json()
    return found


def states(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(each["stage"], each["state"]) for each in found["stages"]]


def click(world: DebugWorld) -> None:
    post(world.client(), {**CLICK, "event_id": ID})


def test_an_event_is_followed_to_its_row_whose_person_is_masked() -> None:
    world, tables = made()
    world.places.note(uuid.UUID(ID), 3, 17)
    click(world)
    tables.add("element_click", 3, 17, page_type="movie")
    tables.add_run(3, 17)
    found = followed(world)
    assert states(found) == [
        ("http", "done"), ("kafka", "done"), ("loader", "done"), ("row", "done")
    ]  # fmt: skip
    assert found["stages"][1]["place"] == {"topic": "events", "partition": 3, "offset": 17}
    assert found["stages"][2]["run_id"] == str(uuid.UUID(int=1))
    assert (found["row"]["page_type"], found["row"]["user_id"]) == ("movie", "***")
    assert found["settled"] is True


def test_it_waits_for_the_loader() -> None:
    world, _ = made()
    world.places.note(uuid.UUID(ID), 3, 17)
    click(world)
    found = followed(world)
    assert states(found) == [("http", "done"), ("kafka", "done"), ("loader", "waiting")]
    assert found["settled"] is False


def test_it_waits_in_the_spool() -> None:
    world, _ = made()
    click(world)
    assert states(followed(world)) == [("http", "done"), ("kafka", "waiting")]


def test_an_event_that_became_no_row_is_told_with_what_the_run_set_aside() -> None:
    world, tables = made()
    world.places.note(uuid.UUID(ID), 3, 17)
    click(world)
    tables.add_run(3, 17, dead=[2])
    found = followed(world)
    assert states(found)[-1] == ("row", "failed")
    assert "2 dead letters" in found["stages"][-1]["text"]


def test_of_two_messages_with_one_id_the_row_that_stays_is_told() -> None:
    world, tables = made()
    world.places.note(uuid.UUID(ID), 3, 17)
    click(world)
    tables.add("element_click", 1, 5)
    found = followed(world)
    assert "as partition 1, offset 5" in found["stages"][-1]["text"]


def test_a_repetition_is_shown_beside_the_first_time() -> None:
    world, _ = made()
    world.places.note(uuid.UUID(ID), 3, 17)
    click(world)
    click(world)
    assert states(followed(world))[:2] == [("http", "done"), ("http", "ended")]


def test_a_rejected_event_goes_no_further() -> None:
    world, _ = made()
    post(world.client(), {**CLICK, "event_id": ID, "data": {}})
    assert states(followed(world)) == [("http", "failed"), ("kafka", "ended")]


def start(world: DebugWorld, event_id: str = ID, offset: int = 8) -> None:
    data = {"page_view_id": VIEW, "page_type": "movie"}
    event = {"event": "page_view_start", "token": None, "event_id": event_id, "data": data}
    world.places.note(uuid.UUID(event_id), 2, offset)
    assert post(world.client(), event).status_code == 202


def test_half_of_a_pair_tells_until_when_it_waits() -> None:
    world, _ = made()
    start(world)
    found = followed(world)
    assert found["stages"][-1]["until"] == "2026-02-01T00:00:00.123Z"
    assert found["settled"] is False
    world.now += dt.timedelta(hours=13)
    assert "makes an unpaired row" in followed(world)["stages"][-1]["text"]


def end(world: DebugWorld) -> None:
    data = {"page_view_id": VIEW, "page_type": "movie"}
    event = {"event": "page_view_end", "token": None, "event_id": END_ID, "data": data}
    world.places.note(uuid.UUID(END_ID), 2, 9)
    assert post(world.client(), event).status_code == 202


def test_both_halves_lead_to_the_row_of_the_pair() -> None:
    world, tables = made()
    start(world)
    end(world)
    tables.add("page_view", 2, 8, event_id=uuid.UUID(int=9), duration_seconds=12.5)
    for event_id in (ID, END_ID):
        found = followed(world, event_id)
        assert found["row"]["duration_seconds"] == 12.5
        assert found["settled"] is True


def test_a_start_that_no_run_has_told_of_is_open_all_the_same() -> None:
    world, _ = made()
    start(world)
    found = followed(world)
    assert states(found)[2:] == [("loader", "unknown"), ("row", "waiting")]
    assert found["stages"][-1]["text"].startswith("open: ")


def test_rows_and_runs_of_an_earlier_topic_with_these_offsets_are_of_other_events() -> None:
    world, tables = made()
    hour_ago = NOW - dt.timedelta(hours=1)
    tables.add("page_view", 2, 8, event_id=uuid.UUID(int=9), timestamp=hour_ago)
    tables.add_run(2, 8, started_at=hour_ago)
    start(world)
    found = followed(world)
    assert found["row"] is None
    assert states(found)[2:] == [("loader", "unknown"), ("row", "waiting")]


def test_an_end_goes_with_the_nearest_of_several_starts() -> None:
    world, tables = made()
    start(world)
    end(world)
    tables.add("page_view", 2, 8, event_id=uuid.UUID(int=9), duration_seconds=12.5)
    world.now += dt.timedelta(hours=1)
    start(world, "0190163d-8694-739b-aea5-966c26f8ad77", 12)
    assert followed(world, END_ID)["row"]["duration_seconds"] == 12.5


def test_an_event_of_an_earlier_topic_keeps_its_row() -> None:
    world, tables = made()
    start(world)
    tables.add("page_view", 2, 8, event_id=uuid.UUID(int=9), duration_seconds=12.5)
    hour_later = NOW + dt.timedelta(hours=1)
    tables.add("page_view", 2, 8, event_id=uuid.UUID(int=10), timestamp=hour_later)
    assert followed(world)["row"]["duration_seconds"] == 12.5


def test_an_event_that_is_not_recorded_is_looked_for_in_every_table() -> None:
    world, tables = made()
    assert states(followed(world)) == [("http", "unknown"), ("row", "unknown")]
    tables.add("element_click", 1, 5)
    assert states(followed(world)) == [("http", "unknown"), ("row", "done")]


def test_without_tables_the_rest_is_unknown() -> None:
    world, tables = made()
    world.places.note(uuid.UUID(ID), 3, 17)
    click(world)
    tables.available = False
    assert states(followed(world)) == [("http", "done"), ("kafka", "done"), ("loader", "unknown")]


def test_an_id_that_is_none_is_refused() -> None:
    world, _ = made()
    assert world.client().get("/debug/follow/mine").status_code == 400
