"""What the tables, views and reports of the contracts do on a real engine."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.migrate.run import ensure_tables
from contracts.model.loader import load_catalog

CATALOG = load_catalog()
NOW = dt.datetime(2026, 1, 31, 23, 59, 59, tzinfo=dt.UTC)
NEXT_MONTH = NOW + dt.timedelta(seconds=2)
ONE_PER_EVENT = "SELECT count() AS n FROM ugc.video_complete FINAL"


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    with closing(connect(f"chdb://{tmp_path}/data")) as client:
        ensure_tables(client, CATALOG)
        yield client


def insert(client: ClickHouse, event: str, *rows: dict[str, Any]) -> None:
    envelope = {"user_id": "u", "timestamp": NOW, "row_version": 1}
    whole = [{**envelope, **row} for row in rows]
    client.insert(
        f"ugc.{event}",
        list(whole[0]),
        [list(row.values()) for row in whole],
        deduplication_token=uuid.uuid4().hex,
    )


def ids(count: int) -> Iterator[uuid.UUID]:
    return (uuid.UUID(int=number) for number in range(1, count + 1))


def one(client: ClickHouse, query: str) -> Any:
    (row,) = client.query(query)
    (value,) = row.values()
    return value


def seen_twice(client: ClickHouse) -> None:
    """An event that the client sends again gets a new time, here in another month."""
    event = {"event_id": uuid.UUID(int=1), "video_id": "tt1", "duration_total": True}
    insert(client, "video_complete", event)
    insert(client, "video_complete", {**event, "timestamp": NEXT_MONTH})


def test_an_event_that_is_sent_again_in_another_month_is_one_row(clickhouse: ClickHouse) -> None:
    seen_twice(clickhouse)
    assert one(clickhouse, "SELECT count() FROM ugc.video_complete") == 2, "one per partition"
    assert one(clickhouse, ONE_PER_EVENT) == 1
    clickhouse.execute("OPTIMIZE TABLE ugc.video_complete FINAL")
    assert one(clickhouse, ONE_PER_EVENT) == 1


@pytest.mark.parametrize("where", ["timestamp < '2026-02-01'", "timestamp >= '2026-02-01'"])
def test_each_month_is_asked_alone(clickhouse: ClickHouse, where: str) -> None:
    """Months add up: a question for one of them looks at the other's rows of the same event."""
    seen_twice(clickhouse)
    counts = f"SELECT count() FROM ugc_unique.video_complete WHERE {where}"
    assert one(clickhouse, counts) == (1 if ">=" in where else 0)


def test_the_view_holds_against_the_setting_that_would_split_it(clickhouse: ClickHouse) -> None:
    seen_twice(clickhouse)
    split = " SETTINGS do_not_merge_across_partitions_select_final = 1"
    assert one(clickhouse, ONE_PER_EVENT + split) == 2, "what the view is protected from"
    assert one(clickhouse, "SELECT count() FROM ugc_unique.video_complete" + split) == 1


def test_a_block_that_is_inserted_again_is_dropped(clickhouse: ClickHouse) -> None:
    rows = [[uuid.UUID(int=1), NOW]]
    for _ in range(3):
        clickhouse.insert(
            "ugc.video_complete", ["event_id", "timestamp"], rows, deduplication_token="t"
        )
    assert one(clickhouse, "SELECT count() FROM ugc.video_complete") == 1


def test_the_highest_version_stays(clickhouse: ClickHouse) -> None:
    view = {"event_id": uuid.UUID(int=1), "page_type": "movie"}
    insert(clickhouse, "page_view", {**view, "row_version": 2, "paired": True})
    insert(clickhouse, "page_view", {**view, "row_version": 1, "paired": False})
    assert one(clickhouse, "SELECT paired FROM ugc_unique.page_view") is True


def test_daily_active_users(clickhouse: ClickHouse) -> None:
    first, second, third, fourth, fifth = ids(5)
    insert(clickhouse, "video_complete", {"event_id": first}, {"event_id": second})
    insert(clickhouse, "page_view", {"event_id": third, "user_id": "v", "page_type": "movie"})
    insert(clickhouse, "page_view", {"event_id": third, "user_id": "v", "page_type": "movie"})
    insert(
        clickhouse,
        "search_filter",
        {"event_id": fourth, "user_id": "anonymous"},
        {"event_id": fifth, "timestamp": NEXT_MONTH, "user_id": "erased"},
    )
    assert clickhouse.query("SELECT * FROM ugc_reports.daily_active_users") == [
        {"day": NOW.date(), "users": 2, "events": 4, "anonymous_events": 1},
        {"day": NEXT_MONTH.date(), "users": 0, "events": 1, "anonymous_events": 0},
    ]


def test_time_per_page_type(clickhouse: ClickHouse) -> None:
    durations = [("movie", 10.0), ("movie", 30.0), ("movie", None), ("main", None)]
    rows = [
        {"event_id": number, "page_type": page, "duration_seconds": seconds}
        for number, (page, seconds) in zip(ids(4), durations, strict=True)
    ]
    insert(clickhouse, "page_view", *rows)
    found = clickhouse.query(
        "SELECT page_type, events, ended, mean_seconds, total_seconds"
        " FROM ugc_reports.page_view__duration_seconds WHERE page_type = 'movie'"
    )
    assert [list(row.values()) for row in found] == [["movie", 3, 2, 20.0, 40.0]]
    unended = one(
        clickhouse,
        "SELECT ended FROM ugc_reports.page_view__duration_seconds WHERE page_type = 'main'",
    )
    assert unended == 0


def test_completion(clickhouse: ClickHouse) -> None:
    rows = [
        {"event_id": number, "video_id": "tt1", "duration_total": number.int != 1}
        for number in ids(4)
    ]
    insert(clickhouse, "video_complete", *rows)
    (row,) = clickhouse.query(
        "SELECT video_id, events, users, yes, share FROM ugc_reports.video_complete__duration_total"
    )
    assert row == {"video_id": "tt1", "events": 4, "users": 1, "yes": 3, "share": 0.75}


def test_filter_use(clickhouse: ClickHouse) -> None:
    filters = ["a", "b", "a"]
    rows = [
        {"event_id": number, "filters": name, "user_id": f"u{number.int}"}
        for number, name in zip(ids(3), filters, strict=True)
    ]
    insert(clickhouse, "search_filter", *rows)
    found = clickhouse.query(
        "SELECT filters, events, users FROM ugc_reports.search_filter__filters"
    )
    assert [list(row.values()) for row in found] == [["a", 2, 2], ["b", 1, 1]]


def test_what_is_marked_as_personal_is_in_no_report(clickhouse: ClickHouse) -> None:
    columns = clickhouse.query(
        "SELECT name FROM system.columns WHERE database = 'ugc_reports' AND name = 'search_query'"
    )
    assert columns == []


def test_a_column_of_a_view_without_duplicates_says_what_it_means(clickhouse: ClickHouse) -> None:
    asked = "SELECT name, type, comment FROM system.columns WHERE database = '{}' AND table = '{}'"
    for contract in CATALOG.tables:
        told = clickhouse.query(asked.format("ugc_unique", contract.event))
        assert told == clickhouse.query(asked.format("ugc", contract.event))
        assert all(column["comment"] for column in told)
