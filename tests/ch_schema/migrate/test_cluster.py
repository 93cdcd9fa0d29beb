"""The tables of a cluster: made, filled, altered and asked through Distributed tables."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.tables import table_for
from ch_schema.ddl.targets import targets_for
from ch_schema.errors import MigrationNeededError, RefusedError
from ch_schema.migrate.erasure import Eraser
from ch_schema.migrate.run import Migrator
from contracts.model.loader import Catalog
from tests.support.cluster import (
    LAYOUT,
    NARROW,
    NOW,
    WIDE,
    OneShard,
    counted,
    insert,
    one_shard,
)
from tests.support.shapes import every_shape


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OneShard]:
    with closing(one_shard(tmp_path)) as client:
        yield client


def migrator(client: ClickHouse, contracts: Catalog) -> Migrator:
    return Migrator(client, targets_for(contracts, layout=LAYOUT))


def test_from_nothing_to_nothing_left_to_do(server: OneShard) -> None:
    contracts, _ = every_shape()
    applied = migrator(server, contracts).apply()
    assert all(" ON CLUSTER `main`" in statement for statement in server.ran)
    assert {task.statement for task in applied.tasks} <= set(server.ran)
    found = migrator(server, contracts).plan()
    assert (found.tasks, found.notes, found.edited) == ((), (), ())
    assert migrator(server, contracts).apply().tasks == ()
    engines = server.query(
        "SELECT DISTINCT database, engine FROM system.tables WHERE startsWith(database, 'ugc')"
        " AND engine NOT LIKE '%View' ORDER BY database"
    )
    assert [tuple(each.values()) for each in engines] == [
        ("ugc", "Distributed"),
        ("ugc_shard", "ReplacingMergeTree"),
    ]


def test_a_block_that_is_sent_again_is_stored_once(server: OneShard) -> None:
    migrator(server, NARROW).apply()
    insert(server, "a")
    insert(server, "a")
    assert counted(server, "ugc_shard.visit") == counted(server, "ugc.visit") == 1


def test_an_event_that_is_sent_again_in_another_month_is_one(server: OneShard) -> None:
    migrator(server, NARROW).apply()
    insert(server, "a")
    insert(server, "b", timestamp=NOW + dt.timedelta(days=5))
    assert counted(server, "ugc.visit") == 2
    assert counted(server, "ugc_unique.visit") == counted(server, "ugc.visit FINAL") == 1


def test_a_new_column_is_added_where_the_rows_are_and_where_they_are_asked_for(
    server: OneShard,
) -> None:
    migrator(server, NARROW).apply()
    insert(server, "a")
    found = migrator(server, WIDE).plan()
    assert [task.object for task in found.tasks] == [
        *("visit", "visit"),  # a column, and the comment
        *("ugc.visit", "ugc_unique.visit", "ugc_reports.visit__page"),
    ]
    migrator(server, WIDE).apply()
    insert(server, "b", event_id=uuid.UUID(int=2), from_page="/x")
    rows = server.query("SELECT from_page FROM ugc_unique.visit ORDER BY event_id")
    assert [row["from_page"] for row in rows] == [None, "/x"]
    assert migrator(server, WIDE).apply().tasks == ()
    old = migrator(server, NARROW).plan()
    assert old.tasks == ()
    assert old.notes[0] == "visit is at version 2, these contracts end at visit@1"


def test_who_was_killed_between_the_rows_and_what_asks_for_them_goes_on(server: OneShard) -> None:
    migrator(server, NARROW).apply()
    first, *_ = migrator(server, WIDE).plan().tasks
    assert first.statement is not None
    assert first.statement.startswith("ALTER TABLE `ugc_shard`.`visit` ON CLUSTER `main` ADD")
    server.execute(first.statement)
    assert "ugc.visit" in {task.object for task in migrator(server, WIDE).apply().tasks}
    assert server.query("SELECT from_page FROM ugc_unique.visit") == []


def test_a_user_is_erased_where_the_rows_are(server: OneShard) -> None:
    migrator(server, NARROW).apply()
    insert(server, "a", user_id="someone")
    insert(server, "b", event_id=uuid.UUID(int=2))
    tables = [table_for(contract) for contract in NARROW.tables]
    eraser = Eraser(server, tables, layout=LAYOUT)
    assert eraser.strangers() == ()
    assert eraser.erase("someone", settle_seconds=0) == 1
    rows = server.query("SELECT user_id FROM ugc_unique.visit ORDER BY event_id")
    assert [row["user_id"] for row in rows] == ["erased", "u"]
    assert counted(server, "ugc.erased_users") == 1


def test_a_program_that_knows_of_no_cluster_is_told_the_setting(server: OneShard) -> None:
    migrator(server, NARROW).apply()
    with pytest.raises(MigrationNeededError, match="set CLICKHOUSE_CLUSTER"):
        Migrator(server, targets_for(NARROW)).apply()


def test_the_tables_of_a_cluster_are_not_copied_for_a_dry_run(server: OneShard) -> None:
    with pytest.raises(RefusedError, match="try the steps on one server"):
        migrator(server, NARROW).dry_run()
