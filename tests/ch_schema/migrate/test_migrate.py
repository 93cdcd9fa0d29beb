"""The runner on a real engine: nothing → tables, old → new, drift, edits, two at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.internal import internal_table
from ch_schema.ddl.tables import Column, Table
from ch_schema.ddl.targets import targets_for
from ch_schema.errors import EditedHistoryError, MigrationNeededError
from ch_schema.migrate.diff import Effect
from ch_schema.migrate.history import Entry, Record
from ch_schema.migrate.plan import Kind, Plan
from ch_schema.migrate.run import Migrator, ensure_tables, statements
from contracts.model.loader import Catalog, load_catalog, parse_contract
from tests.support.shapes import every_shape

CATALOG = load_catalog()
NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
TEXT = {"type": "string", "maxLength": 9, "description": "A text.", "examples": ["a"]}


def schema(**keywords: Any) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A visit",
        "description": "A visit.",
        "x-owner": "tests",
        "x-origin": "client",
        "type": "object",
        "additionalProperties": False,
        "required": ["page"],
        "properties": {"page": TEXT},
        **keywords,
    }


def catalog(*versions: Mapping[str, Any]) -> Catalog:
    found = {
        number: parse_contract("visit", number, document, Path(f"visit/v{number}.json"))
        for number, document in enumerate(versions, start=1)
    }
    return Catalog({"visit": found}, CATALOG.envelopes)


V1 = schema()
V2 = schema(properties={"page": TEXT, "from_page": TEXT})
CATEGORICAL = schema(properties={"page": {**TEXT, "x-categorical": True}})


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    with closing(connect(f"chdb://{tmp_path}/data")) as client:
        yield client


def migrator(client: ClickHouse, contracts: Catalog, internal: tuple[Table, ...] = ()) -> Migrator:
    return Migrator(client, targets_for(contracts, internal))


def insert(client: ClickHouse, **values: Any) -> None:
    row = {
        "event_id": uuid.UUID(int=1),
        "user_id": "u",
        "timestamp": NOW,
        "contract_version": 1,
        "kafka_partition": 0,
        "kafka_offset": 0,
        "loaded_at": NOW,
        "row_version": 1,
        **values,
    }
    client.insert(
        "ugc.visit", list(row), [list(row.values())], deduplication_token=uuid.uuid4().hex
    )


def about(plan: Plan, name: str) -> list[tuple[Kind, Effect, str | None]]:
    return [(task.kind, task.effect, task.column) for task in plan.tasks if task.object == name]


def test_from_nothing_to_nothing_left_to_do(clickhouse: ClickHouse) -> None:
    contracts, _ = every_shape()
    first = migrator(clickhouse, contracts).plan()
    assert {task.kind for task in first.tasks} == {Kind.MISSING}
    ran = ensure_tables(clickhouse, contracts)
    assert set(ran) == {task.statement for task in first.tasks} == set(statements(contracts))
    assert migrator(clickhouse, contracts).plan() == Plan(tasks=(), notes=(), edited=())
    assert ensure_tables(clickhouse, contracts) == ()


def test_the_url_may_name_the_database_that_is_to_be_made(tmp_path: Path) -> None:
    with closing(connect(f"chdb://{tmp_path}/data?database=ugc")) as client:
        assert migrator(client, catalog(V1)).plan().tasks
        assert ensure_tables(client, catalog(V1))
        assert migrator(client, catalog(V1)).plan().tasks == ()


def test_each_step_is_recorded(clickhouse: ClickHouse) -> None:
    ran = ensure_tables(clickhouse, catalog(V1))
    rows = clickhouse.query("SELECT * FROM ugc.schema_migrations FINAL WHERE statement != ''")
    assert sorted(row["statement"] for row in rows) == sorted(ran)
    assert {row["state"] for row in rows} == {"done"}
    (version,) = clickhouse.query(
        "SELECT contract FROM ugc.schema_migrations FINAL WHERE contract_checksum != ''"
    )
    assert version == {"contract": "visit@1"}


def test_a_new_column_is_added_and_the_view_shows_it(clickhouse: ClickHouse) -> None:
    ensure_tables(clickhouse, catalog(V1))
    insert(clickhouse, page="/")
    plan = migrator(clickhouse, catalog(V1, V2)).plan()
    assert about(plan, "visit") == [
        (Kind.CHANGED, Effect.ADDITIVE, "from_page"),
        (Kind.CHANGED, Effect.ADDITIVE, None),
    ]
    assert about(plan, "ugc_unique.visit") == [(Kind.CHANGED, Effect.ADDITIVE, None)]
    ensure_tables(clickhouse, catalog(V1, V2))
    (row,) = clickhouse.query("SELECT page, from_page FROM ugc_unique.visit")
    assert row == {"page": "/", "from_page": None}
    assert migrator(clickhouse, catalog(V1, V2)).plan().tasks == ()


def test_an_older_program_takes_nothing_back(clickhouse: ClickHouse) -> None:
    ensure_tables(clickhouse, catalog(V1, V2))
    old = migrator(clickhouse, catalog(V1)).plan()
    assert old.tasks == ()
    assert old.notes == ("visit is at version 2, these contracts end at visit@1",)
    assert ensure_tables(clickhouse, catalog(V1)) == ()


def test_a_rewrite_needs_a_flag(clickhouse: ClickHouse) -> None:
    ensure_tables(clickhouse, catalog(V1))
    insert(clickhouse, page="/")
    new = migrator(clickhouse, catalog(V1, CATEGORICAL))
    (task,) = new.plan().dangerous
    assert (task.column, task.effect, task.rows) == ("page", Effect.REWRITING, 1)
    assert task.bytes > 0
    with pytest.raises(MigrationNeededError, match=r"visit.page.*ugc schema apply --allow-rewrite"):
        ensure_tables(clickhouse, catalog(V1, CATEGORICAL))
    assert about(new.plan(), "visit"), "nothing was done"
    new.apply(frozenset({Effect.REWRITING}))
    (row,) = clickhouse.query("SELECT page, toTypeName(page) AS type FROM ugc_unique.visit")
    assert row == {"page": "/", "type": "LowCardinality(String)"}


def test_an_edited_contract_is_refused_until_it_is_accepted(clickhouse: ClickHouse) -> None:
    ensure_tables(clickhouse, catalog(V1))
    ending = {"since": "2026-01-01", "sunset": "2026-06-01", "reason": "Nobody visits."}
    assert ensure_tables(clickhouse, catalog(schema(**{"x-deprecated": ending}))) == ()
    edited = catalog(schema(title="Another visit"))
    with pytest.raises(EditedHistoryError, match="visit@1"):
        ensure_tables(clickhouse, edited)
    migrator(clickhouse, edited).apply(accept_edited=True)
    assert ensure_tables(clickhouse, edited) == ()


def test_an_edited_record_is_refused(clickhouse: ClickHouse) -> None:
    ensure_tables(clickhouse, catalog(V1))
    clickhouse.execute(
        "ALTER TABLE ugc.schema_migrations UPDATE statement = 'SELECT 1'"
        " WHERE object = 'visit' AND statement != '' SETTINGS mutations_sync = 1"
    )
    with pytest.raises(EditedHistoryError, match="visit at "):
        ensure_tables(clickhouse, catalog(V1))


@pytest.mark.parametrize(
    ("by_hand", "task"),
    [
        ("DROP COLUMN kafka_offset", (Kind.DRIFTED, Effect.REFUSED, "kafka_offset")),
        ("COMMENT COLUMN page 'Mine'", (Kind.DRIFTED, Effect.ADDITIVE, "page")),
        ("MODIFY COLUMN page CODEC(NONE)", (Kind.DRIFTED, Effect.ADDITIVE, "page")),
        ("MODIFY COLUMN page Nullable(String)", (Kind.DRIFTED, Effect.REFUSED, "page")),
        ("DROP INDEX user_id_filter", (Kind.DRIFTED, Effect.ADDITIVE, None)),
        ("MODIFY TTL toDateTime(timestamp) + INTERVAL 9 DAY",
         (Kind.DRIFTED, Effect.ADDITIVE, None)),
        ("MODIFY COLUMN page TTL toDateTime(timestamp) + INTERVAL 9 DAY",
         (Kind.DRIFTED, Effect.ADDITIVE, "page")),
        ("MODIFY SETTING non_replicated_deduplication_window = 0",
         (Kind.DRIFTED, Effect.ADDITIVE, None)),
    ],
)  # fmt: skip
def test_drift_is_told_and_mended_where_that_is_safe(
    clickhouse: ClickHouse, by_hand: str, task: tuple[Kind, Effect, str | None]
) -> None:
    ensure_tables(clickhouse, catalog(V1))
    clickhouse.execute(f"ALTER TABLE ugc.visit {by_hand}")
    assert about(migrator(clickhouse, catalog(V1)).plan(), "visit") == [task]
    if task[1] is Effect.ADDITIVE:
        ensure_tables(clickhouse, catalog(V1))
        assert migrator(clickhouse, catalog(V1)).plan().tasks == ()


def test_another_table_of_that_name_is_told(clickhouse: ClickHouse) -> None:
    clickhouse.execute("CREATE DATABASE ugc")
    clickhouse.execute("CREATE TABLE ugc.visit (a Int8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(MigrationNeededError, match=r"the engine is MergeTree.*by hand"):
        ensure_tables(clickhouse, catalog(V1))
    assert clickhouse.query("SHOW TABLES FROM ugc") == [{"name": "visit"}]


def test_a_column_of_somebody_s_own_is_kept(clickhouse: ClickHouse) -> None:
    ensure_tables(clickhouse, catalog(V1))
    clickhouse.execute("ALTER TABLE ugc.visit ADD COLUMN mine Int64")
    plan = migrator(clickhouse, catalog(V1)).plan()
    assert plan.tasks == ()
    assert plan.notes == ("visit.mine is in no contract of today; it is kept",)


def test_what_no_contract_describes_is_told_and_kept(clickhouse: ClickHouse) -> None:
    both = catalog(V1)
    gone = Catalog(
        {**both.versions, "gone": {1: dataclasses.replace(both.get("visit"), event="gone")}},
        both.envelopes,
    )
    ensure_tables(clickhouse, gone)
    plan = migrator(clickhouse, both).plan()
    assert [task.object for task in plan.tasks] == ["ugc_reports.daily_active_users"]
    assert plan.notes == (
        "ugc.gone is in no contract of today; it is kept",
        "ugc_reports.gone__page is a view of no contract of today; it is kept",
        "ugc_unique.gone is a view of no contract of today; it is kept",
    )


def test_tables_of_other_rooms_go_the_same_way(clickhouse: ClickHouse) -> None:
    columns = (Column("at", "DateTime64(3, 'UTC')", "When"), Column("version", "UInt32", "Which"))
    made = internal_table("own", columns, key=("at",), time="at", version="version", comment="Own")
    assert made.create_statement() in ensure_tables(clickhouse, catalog(V1), (made,))
    more = internal_table(
        "own",
        (*columns, Column("note", "Nullable(String)", "A note")),
        key=("at",), time="at", version="version", comment="Own", retention_days=9,
    )  # fmt: skip
    plan = migrator(clickhouse, catalog(V1), (more,)).plan()
    assert [task.effect for task in plan.tasks] == [Effect.ADDITIVE, Effect.ERASING]


def test_two_appliers_at_once_do_no_harm(clickhouse: ClickHouse) -> None:
    ensure_tables(clickhouse, catalog(V1))
    insert(clickhouse, page="/")
    both = catalog(V1, V2)
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(ensure_tables, clickhouse, both) for _ in range(8)]:
            future.result()
    assert migrator(clickhouse, both).plan().tasks == ()
    assert len(clickhouse.query("SELECT * FROM ugc.visit FINAL")) == 1
    pending = "SELECT count() AS n FROM ugc.schema_migrations FINAL WHERE state = 'begun'"
    assert clickhouse.query(pending) == [{"n": 0}]


def test_a_step_that_was_begun_and_done_is_settled(clickhouse: ClickHouse) -> None:
    ensure_tables(clickhouse, catalog(V1))
    record = Record(clickhouse, "ugc", clock=lambda: NOW, who="killed")
    record.begin([Entry(object="visit", statement="ALTER TABLE done", begun_at=NOW)])
    assert len(record.read().pending) == 1
    applied = migrator(clickhouse, catalog(V1)).apply()
    assert (applied.tasks, applied.resumed) == ((), 1)
    assert record.read().pending == ()


def test_a_dry_run_leaves_nothing_behind(clickhouse: ClickHouse) -> None:
    ensure_tables(clickhouse, catalog(V1))
    insert(clickhouse, page="/")
    new = migrator(clickhouse, catalog(V1, CATEGORICAL))
    before = clickhouse.query("SHOW DATABASES"), new.plan()
    with pytest.raises(MigrationNeededError):
        new.dry_run()
    applied = new.dry_run(frozenset({Effect.REWRITING}))
    assert any("LowCardinality" in (task.statement or "") for task in applied.tasks)
    assert (clickhouse.query("SHOW DATABASES"), new.plan()) == before


def test_a_dry_run_of_an_empty_server(clickhouse: ClickHouse) -> None:
    assert migrator(clickhouse, CATALOG).dry_run().tasks
    assert not [each for each in clickhouse.query("SHOW DATABASES") if "ugc" in each["name"]]
