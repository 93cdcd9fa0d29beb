"""Blocks and their tokens; and that the tables in memory behave as ClickHouse's do."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from ch_schema.client.connect import connect
from ch_schema.migrate.run import ensure_tables
from contracts.message import Message
from etl.run.load import Loadable, Loader, Tables
from etl.testing.kafka import MemoryTables
from tests.etl.world import CATALOG, CLICK, NOON
from tests.support.with_context import nothing_said

LATER = NOON + dt.timedelta(minutes=1)


CLICK_DATA = {"element_type": "movie", "page_type": "main"}


def loadable(number: int, *, version: int = 1, **options: Any) -> Loadable:
    message = Message(
        event_id=uuid.UUID(int=number),
        event=options.get("event", CLICK),
        user_id=options.get("user_id", "ann"),
        timestamp=NOON,
        contract_version=1,
        data={**options.get("data", CLICK_DATA), **nothing_said()},
    )
    return Loadable(message, options.get("partition", 0), options.get("offset", number), version)


LOADER = Loader(MemoryTables(), CATALOG, sleep=lambda _: None)


def token(*loadables: Loadable, at: dt.datetime = NOON) -> str:
    (block,) = LOADER.blocks(loadables, at)
    return block.token


def test_there_is_one_block_for_each_table() -> None:
    video = {"video_id": "v", "duration_total": True}
    blocks = LOADER.blocks(
        [loadable(2), loadable(3, event="video_complete", data=video), loadable(1)], NOON
    )
    assert [(block.table, len(block.rows)) for block in blocks] == [
        ("ugc.element_click", 2),
        ("ugc.video_complete", 1),
    ]
    assert [row[0].int for row in blocks[0].rows] == [1, 2]
    assert LOADER.blocks([], NOON) == []


def test_events_that_become_something_else_have_no_table() -> None:
    assert LOADER.has_table("element_click")
    assert LOADER.has_table("page_view")
    assert not LOADER.has_table("page_view_start")


def test_the_same_rows_have_the_same_token_whenever_they_are_loaded() -> None:
    rows = [loadable(1), loadable(2)]
    assert token(*rows) == token(*reversed(rows)) == token(*rows, at=LATER)


@pytest.mark.parametrize(
    "other",
    [
        loadable(2),
        loadable(1, offset=9),
        loadable(1, partition=9),
        loadable(1, version=2),
        loadable(1, user_id="bob"),
        loadable(1, data={"element_type": "movie", "page_type": "other"}),
        loadable(1, data={"element_type": "movie'", "page_type": "main"}),
    ],
)
def test_other_rows_have_another_token(other: Loadable) -> None:
    assert token(other) != token(loadable(1))
    assert token(loadable(1), other) != token(loadable(1))


Rows = Callable[[], dict[int, tuple[str, int]]]


class TablesSuite:
    """A subclass gives the fixtures ``tables`` (empty) and ``rows`` (what FINAL gives)."""

    def load(self, tables: Tables, *loadables: Loadable, at: dt.datetime = NOON) -> None:
        Loader(tables, CATALOG, sleep=lambda _: None).load(loadables, at)

    def test_rows_are_stored_once(self, tables: Tables, rows: Rows) -> None:
        for at in (NOON, LATER):
            self.load(tables, loadable(1), loadable(2), at=at)
        assert rows() == {1: ("ann", 1), 2: ("ann", 1)}

    def test_the_highest_version_stays(self, tables: Tables, rows: Rows) -> None:
        self.load(tables, loadable(1, version=2, user_id="paired"))
        self.load(tables, loadable(1, version=1, user_id="unpaired"))
        assert rows() == {1: ("paired", 2)}

    def test_of_equal_versions_the_last_stays(self, tables: Tables, rows: Rows) -> None:
        self.load(tables, loadable(1, user_id="first"))
        self.load(tables, loadable(1, user_id="second"))
        assert rows() == {1: ("second", 1)}

    def test_a_used_token_drops_other_rows(self, tables: Tables, rows: Rows) -> None:
        (block,) = LOADER.blocks([loadable(1)], NOON)
        (other,) = LOADER.blocks([loadable(2)], NOON)
        for each in (block, other):
            tables.insert(each.table, each.columns, each.rows, deduplication_token="t")
        assert rows() == {1: ("ann", 1)}


class TestMemory(TablesSuite):
    @pytest.fixture
    def tables(self) -> MemoryTables:
        return MemoryTables()

    @pytest.fixture
    def rows(self, tables: MemoryTables) -> Rows:
        return lambda: {
            event_id.int: (row["user_id"], row["row_version"])
            for event_id, row in tables.final("ugc.element_click").items()
        }


@pytest.mark.stack
class TestClickHouse(TablesSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory: pytest.TempPathFactory) -> str:
        return f"chdb://{tmp_path_factory.mktemp('tables')}"

    @pytest.fixture
    def tables(self, url: str) -> Iterator[Tables]:
        with closing(connect(url)) as client:
            client.execute("DROP DATABASE IF EXISTS ugc")
            ensure_tables(client, CATALOG)
            yield client

    @pytest.fixture
    def rows(self, tables: Any) -> Rows:
        def found() -> dict[int, tuple[str, int]]:
            query = "SELECT event_id, user_id, row_version FROM ugc.element_click FINAL"
            return {
                row["event_id"].int: (row["user_id"], row["row_version"])
                for row in tables.query(query)
            }

        return found

    def test_an_emptied_table_can_be_loaded_again(self, tables: Any, rows: Rows) -> None:
        """Emptying a table also empties its memory of tokens."""
        self.load(tables, loadable(1))
        tables.execute("TRUNCATE TABLE ugc.element_click")
        self.load(tables, loadable(1))
        assert rows() == {1: ("ann", 1)}
