"""Rows of derived events by column, against each as a message that becomes a row."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from etl.run.derived import columns_of, loadables
from etl.sessions.pairing import Derived, plan_for
from etl.testing.kafka import MemoryTables
from tests.etl.world import CATALOG, NOON, World

PAGE_VIEW = plan_for(CATALOG).pairings["page_view"]
NOON_MS = int(NOON.timestamp() * 1000)

STARTS = st.fixed_dictionaries(
    {
        "at": st.integers(NOON_MS - 10**9, NOON_MS + 10**9),
        "partition": st.integers(0, 2),
        "offset": st.integers(0, 2**40),
        "keys": st.uuids().map(lambda key: [str(key)]),
        "user": st.text(max_size=5),
        "carry": st.text(max_size=5).map(lambda text: [text]),
    }
)
ROWS = st.builds(
    lambda start, elapsed_ms: PAGE_VIEW.row(
        f"pv:{start['keys'][0]}.{start['user']}",
        start,
        {} if elapsed_ms is None else {"at": start["at"] + elapsed_ms},
    ),
    STARTS,
    st.none() | st.integers(-(10**6), 10**9),
)


@given(st.lists(ROWS, max_size=8))
def test_rows_by_column_are_the_rows_of_their_messages(rows: list[Derived]) -> None:
    by_message, by_column = World(tables=MemoryTables()), World(tables=MemoryTables())
    by_message.context.loader.load(loadables(rows), NOON)
    loader = by_column.context.loader
    loader.load_columns(columns_of(loader, rows), NOON)
    assert stored(by_column) == stored(by_message)


def stored(world: World) -> dict[str, list[dict[str, Any]]]:
    tables: Any = world.context.loader._tables
    return {table: sorted(rows, key=place) for table, rows in tables.rows.items()}


def place(row: dict[str, Any]) -> tuple[int, int, uuid.UUID]:
    return row["kafka_partition"], row["kafka_offset"], row["event_id"]


@given(STARTS)
def test_the_id_of_a_row_as_text_is_that_of_its_message(start: dict[str, Any]) -> None:
    row = PAGE_VIEW.row("view", start, {})
    assert PAGE_VIEW.row_id(start).decode() == str(row.message.event_id)
