"""Every query of the cookbook, over two weeks of known traffic: the answers are counted by hand.

Ada comes on three days, Bob on one, Cy on two, first without being signed in; a stranger clicks.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.migrate.run import ensure_tables
from contracts.model.loader import load_catalog, package_folder
from tests.support.readme import ROOT

PAGE = (ROOT / "docs/guides/cookbook.md").read_text(encoding="utf-8")
TODAY = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
FIRST_DAY = TODAY - dt.timedelta(days=12)
"""Recent, since rows go when their time is over."""

ANYBODY = "anonymous"
ADA, BOB, CY, STRANGER = "phone-a", "phone-b", "phone-c", "phone-s"
"""Devices; each is used by the person of its letter."""



def ended(seconds: float | None) -> dict[str, Any]:
    """Of a page view: how long it was, or that no end came."""
    return {"paired": seconds is not None, "duration_seconds": seconds}


Row = tuple[int, str, str, str, str, dict[str, Any]]
VIEWS: list[Row] = [
    (0, "09:00", ANYBODY, CY, "c-1", {"page_type": "main", **ended(None)}),
    (0, "10:00", "ada", ADA, "a-1", {"page_type": "movie", **ended(30.0)}),
    (0, "11:00", "bob", BOB, "b-1", {"page_type": "movie", **ended(10.0)}),
    (1, "10:00", "ada", ADA, "a-2", {"page_type": "main", **ended(5.0)}),
    (1, "20:00", "cy", CY, "c-2", {"page_type": "movie", **ended(60.0)}),
    (1, "20:01", "cy", CY, "c-2", {"page_type": "main", **ended(40.0)}),
    (7, "10:00", "ada", ADA, "a-3", {"page_type": "movie", **ended(20.0)}),
]
CLICKS: list[Row] = [
    (0, "09:02", ANYBODY, CY, "c-1", {"element_type": "sign_in", "page_type": "main"}),
    (0, "09:05", "cy", CY, "c-1", {"element_type": "movie", "page_type": "main"}),
    (0, "10:01", "ada", ADA, "a-1", {"element_type": "play", "page_type": "movie"}),
    (0, "11:05", "bob", BOB, "b-1", {"element_type": "play", "page_type": "movie"}),
    (1, "20:01", "cy", CY, "c-2", {"element_type": "play", "page_type": "movie"}),
    (7, "12:00", ANYBODY, STRANGER, "s-1", {"element_type": "movie", "page_type": "main"}),
]
QUALITY: list[Row] = [
    (0, "11:10", "bob", BOB, "b-1", {"video_id": "tt1", "old_quality": 1080, "new_quality": 720}),
    (0, "11:12", "bob", BOB, "b-1", {"video_id": "tt1", "old_quality": 720, "new_quality": 480}),
    (1, "20:02", "cy", CY, "c-2", {"video_id": "tt2", "old_quality": 720, "new_quality": 1080}),
]
ENDS: list[Row] = [
    (0, "12:00", "ada", ADA, "a-1", {"video_id": "tt1", "duration_total": True}),
    (1, "21:30", "cy", CY, "c-2", {"video_id": "tt2", "duration_total": False}),
    (7, "11:30", "ada", ADA, "a-3", {"video_id": "tt2", "duration_total": True}),
]
SEARCHES: list[Row] = [
    (1, "10:01", "ada", ADA, "a-2", {"search_query": "fox", "filters": "genre=drama"}),
    (7, "10:01", "ada", ADA, "a-3", {"search_query": "", "filters": "genre=drama"}),
    (7, "10:02", "ada", ADA, "a-3", {"search_query": "owl", "filters": ""}),
]
TRAFFIC = {
    "page_view": VIEWS,
    "element_click": CLICKS,
    "quality_change": QUALITY,
    "video_complete": ENDS,
    "search_filter": SEARCHES,
}


def day(number: int) -> dt.date:
    return (FIRST_DAY + dt.timedelta(days=number)).date()


ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "1": [(day(0), 3, 10, 2), (day(1), 2, 7, 0), (day(7), 1, 5, 1)],
    "2": [(2, 2, 3, 6)],
    "3": [(CY, ["cy"], 1)],
    "4": [(2, 1), (3, 2)],
    "5": [(day(0), 2, 1, 1), (day(1), 1, 0, 0)],
    "6": [(6, 1.17, 20.0)],
    "7": [("ada", 3), ("bob", 1), ("cy", 2)],
    "8": [(3, 2, 0.667)],
    "9": [("tt1", 1, 1, 1.0), ("tt2", 1, 2, 0.5)],
    "10": [("tt1", 2, 0, 1), ("tt2", 0, 1, 1)],
    "11": [("main", 3, 2, 40.0), ("movie", 4, 4, 30.0)],
    "12": [(7, 6, 0.143)],
    "13": [(7, 6, 1)],
    "14": [("genre=drama", 2), ("", 1)],
    "15": [("web", "2.0", 6, 3)],
}
"""Number of the question → its rows."""

QUERIES = {
    section.partition(".")[0]: section.split("```sql\n")[1].split("```")[0]
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
}


def stored(row: Row, number: int) -> dict[str, Any]:
    days, time, user, device, session, data = row
    hours, minutes = map(int, time.split(":"))
    at = FIRST_DAY + dt.timedelta(days=days, hours=hours, minutes=minutes)
    return {
        "event_id": uuid.uuid4(),
        "user_id": user,
        "timestamp": at,
        "kafka_offset": number,
        "row_version": 1,
        "context__anonymous_id": device,
        "context__session_id": session,
        "context__application": "web",
        "context__version": "2.0",
        "context__occurred_at": at - dt.timedelta(seconds=3),
        **data,
    }


def insert(client: ClickHouse, event: str, *rows: dict[str, Any]) -> None:
    client.insert(
        f"ugc.{event}",
        list(rows[0]),
        [list(row.values()) for row in rows],
        deduplication_token=uuid.uuid4().hex,
    )


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    folder: Path = tmp_path_factory.mktemp("cookbook")
    with closing(connect(f"chdb://{folder}/data")) as client:
        ensure_tables(client, load_catalog(package_folder()))
        for event, rows in TRAFFIC.items():
            whole = [stored(row, number) for number, row in enumerate(rows)]
            insert(client, event, *whole)
            if event == "element_click":
                insert(client, event, whole[2])  # Ada's, sent twice
        yield client


def test_there_are_fifteen_questions_each_with_a_query() -> None:
    assert list(QUERIES) == list(ANSWERS) == [str(number) for number in range(1, 16)]
    assert PAGE.count("```sql") == len(QUERIES)


@pytest.mark.parametrize("number", ANSWERS)
def test_the_answer_is_what_was_counted_by_hand(clickhouse: ClickHouse, number: str) -> None:
    rows = clickhouse.query(QUERIES[number])
    assert [tuple(row.values()) for row in rows] == ANSWERS[number]
