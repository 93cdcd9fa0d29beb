"""Erasing a user on a real engine; loading their events again brings nothing back."""

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
from ch_schema.ddl.rows import RowMaker, empty_value
from ch_schema.ddl.tables import table_for
from ch_schema.errors import EraseError
from ch_schema.migrate.erasure import ErasedUsers, Eraser, user_hash
from ch_schema.migrate.run import ensure_tables
from contracts.message import Message
from contracts.model.loader import Catalog, load_catalog, parse_contract
from etl.run.load import Loadable, Loader
from tests.support.shapes import SCHEMA, every_shape
from tests.support.with_context import nothing_said

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
USER, OTHER = "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11", "somebody else"

PERSONAL = ("context__anonymous_id", "context__page_url", "context__referrer")
"""Columns of the context that say something of a person."""

SORTED_BY_PERSON = {
    **SCHEMA,
    "x-table": {"key": ["text"]},
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "x-pii": "identifier", "description": "A name."},
        "count": {"type": "integer", "description": "A number."},
    },
}


def catalog() -> Catalog:
    """The project's own, and an event that is sorted by a name."""
    own = load_catalog()
    more = parse_contract("sorted", 1, SORTED_BY_PERSON, Path("sorted/v1.json"))
    return Catalog({**own.versions, "sorted": {1: more}}, own.envelopes)


CATALOG = catalog()


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    with closing(connect(f"chdb://{tmp_path}/data")) as client:
        ensure_tables(client, CATALOG)
        yield client


def message(number: int, event: str, data: dict[str, Any], user: str, at: dt.datetime) -> Message:
    return Message(
        event_id=uuid.UUID(int=number), event=event, user_id=user, timestamp=at,
        contract_version=1, data={**data, **nothing_said()},
    )  # fmt: skip


SEARCH = {"search_query": "my name", "filters": "genre=drama"}
MESSAGES = [
    message(1, "search_filter", SEARCH, USER, NOW),
    message(2, "search_filter", SEARCH, OTHER, NOW),
    message(3, "video_complete", {"video_id": "tt1", "duration_total": True}, USER, NOW),
    message(4, "sorted", {"text": "my name", "count": 1}, USER, NOW),
    message(5, "sorted", {"text": "other", "count": 1}, OTHER, NOW),
]


def load(client: ClickHouse, messages: list[Message], loaded_at: dt.datetime = NOW) -> None:
    loader = Loader(client, CATALOG, attempts=1, sleep=lambda _: None, erased=ErasedUsers(client))
    loader.load([Loadable(each, 0, each.event_id.int) for each in messages], loaded_at)


def eraser(client: ClickHouse, at: dt.datetime = LATER) -> Eraser:
    tables = [table_for(contract) for contract in CATALOG.tables]
    return Eraser(client, tables, clock=lambda: at, sleep=lambda _: None)


def rows(client: ClickHouse, event: str) -> list[tuple[Any, ...]]:
    names = {"search_filter": "search_query, filters", "video_complete": "video_id",
             "sorted": "text, count"}[event]  # fmt: skip
    found = client.query(
        f"SELECT event_id, user_id, {names} FROM ugc_unique.{event} ORDER BY event_id"
    )
    return [(row.pop("event_id").int, *row.values()) for row in found]


def test_what_would_be_erased(clickhouse: ClickHouse) -> None:
    load(clickhouse, MESSAGES)
    load(clickhouse, MESSAGES[:1])
    found = eraser(clickhouse).affected(USER)
    assert [(each.table.name, each.rows, each.columns) for each in found] == [
        ("search_filter", 2, ("user_id", "search_query", *PERSONAL)),
        ("sorted", 1, ()),
        ("video_complete", 1, ("user_id", *PERSONAL)),
    ]
    assert rows(clickhouse, "search_filter")[0] == (1, USER, "my name", "genre=drama")


def test_nothing_of_the_user_is_left_and_nothing_of_others_is_touched(
    clickhouse: ClickHouse,
) -> None:
    load(clickhouse, MESSAGES)
    assert eraser(clickhouse).erase(USER, settle_seconds=0) == 3
    assert rows(clickhouse, "search_filter") == [
        (1, "erased", "", "genre=drama"),
        (2, OTHER, "my name", "genre=drama"),
    ]
    assert rows(clickhouse, "video_complete") == [(3, "erased", "tt1")]
    assert rows(clickhouse, "sorted") == [(5, OTHER, "other", 1)]
    assert eraser(clickhouse).affected(USER) == ()
    shown = clickhouse.query("SELECT command FROM system.mutations WHERE database = 'ugc'")
    assert not [each for each in shown if USER in each["command"]]


def test_loading_again_brings_nothing_back(clickhouse: ClickHouse) -> None:
    load(clickhouse, MESSAGES)
    eraser(clickhouse).erase(USER, settle_seconds=0)
    load(clickhouse, MESSAGES, LATER)
    clickhouse.execute("OPTIMIZE TABLE ugc.search_filter FINAL")
    assert rows(clickhouse, "search_filter") == [
        (1, "erased", "", "genre=drama"),
        (2, OTHER, "my name", "genre=drama"),
    ]
    assert rows(clickhouse, "sorted")[0] == (4, "erased", "", 1)
    assert eraser(clickhouse).affected(USER) == ()


def test_a_user_who_comes_back_is_a_user(clickhouse: ClickHouse) -> None:
    eraser(clickhouse, NOW).erase(USER, settle_seconds=0)
    load(clickhouse, [message(9, "search_filter", SEARCH, USER, NOW + dt.timedelta(seconds=1))])
    assert rows(clickhouse, "search_filter") == [(9, USER, "my name", "genre=drama")]
    eraser(clickhouse, LATER).erase(USER, settle_seconds=0)
    assert rows(clickhouse, "search_filter") == [(9, "erased", "", "genre=drama")]


def test_a_row_that_comes_while_it_is_erased_goes_too(clickhouse: ClickHouse) -> None:
    """A loader that had asked before the record was made, and inserts after the mutation."""
    load(clickhouse, MESSAGES[:1])
    stale = Loader(clickhouse, CATALOG, attempts=1, sleep=lambda _: None)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if waits.count(7.0) == 1 and seconds == 7.0:
            late = message(8, "search_filter", SEARCH, USER, NOW)
            stale.load([Loadable(late, 0, 8)], NOW)

    tables = [table_for(contract) for contract in CATALOG.tables]
    Eraser(clickhouse, tables, clock=lambda: LATER, sleep=sleep).erase(USER, settle_seconds=7.0)
    assert [row[1] for row in rows(clickhouse, "search_filter")] == ["erased", "erased"]
    assert waits.count(7.0) == 2


@pytest.mark.parametrize("user", ["", "anonymous", "erased"])
def test_who_is_no_user(clickhouse: ClickHouse, user: str) -> None:
    with pytest.raises(EraseError):
        eraser(clickhouse).erase(user)


def test_only_a_hash_is_recorded(clickhouse: ClickHouse) -> None:
    eraser(clickhouse).erase(USER, settle_seconds=0)
    (row,) = clickhouse.query("SELECT * FROM ugc.erased_users FINAL")
    assert row["user_hash"] == user_hash(USER)
    assert USER not in str(row)


def test_empty_values_are_clickhouse_s(clickhouse: ClickHouse) -> None:
    """What a mutation writes and what the loader writes is the same."""
    _, contract = every_shape()
    types = {column.type for column in RowMaker(contract).table.columns if column.read}
    assert len(types) >= 19
    for name in sorted(types):
        quoted = name.replace("'", "\\'")
        (row,) = clickhouse.query(f"SELECT defaultValueOfTypeName('{quoted}') AS value")
        assert row["value"] == empty_value(name), name
