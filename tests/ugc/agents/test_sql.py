"""Read-only SQL: what it answers, and that nothing personal and no other table can be reached."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from contracts.model.loader import Catalog, copy_contracts, default_folder, load_catalog
from tests.ugc.agents.sessions import REFUSED, ask
from tests.ugc.agents.sessions import rooms as served_rooms
from ugc.agents.sql import functions
from ugc.agents.sql.asking import Limits
from ugc.agents.sql.asking import ask as ask_clickhouse
from ugc.agents.sql.errors import QueryRefusedError
from ugc.agents.sql.relations import relations
from ugc.project.tables import migrator

SECRET = "a person's own words"
USER = "user-4711"
PAGES = ("https://example.com/?q=a person's own words", "https://example.com/a person's own words")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(default_folder())


@pytest.fixture(scope="module")
def clickhouse(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    client = connect(f"chdb://{tmp_path_factory.mktemp('agents')}/db?database=ugc")
    client.execute("CREATE DATABASE IF NOT EXISTS ugc")
    migrator(client, catalog).apply(frozenset())
    columns = ("event_id", "user_id", "timestamp", "search_query", "context__page_url")
    now = dt.datetime.now(dt.UTC)
    rows = [(uuid.uuid4(), USER, now, SECRET, PAGES[0]) for _ in range(5)]
    client.insert("ugc.search_filter", columns, rows, deduplication_token="rows")
    yield client
    client.close()


def rows(
    clickhouse: ClickHouse, catalog: Catalog, query: str, limits: Limits | None = None
) -> list[dict[str, object]]:
    found = ask_clickhouse(clickhouse, query, relations(catalog), limits or Limits())
    return [dict(row) for row in found.rows]


VIEW = "ugc_unique.search_filter"

ANSWERED = [
    (f"SELECT count() AS n FROM {VIEW}", [{"n": 5}]),
    ("SELECT count() AS n FROM search_filter", [{"n": 5}]),
    ('SELECT count() AS "how many" FROM `ugc_unique`."search_filter"', [{"how many": 5}]),
    (f"SELECT count() AS n FROM {VIEW} AS s WHERE s.timestamp > now() - INTERVAL 1 DAY",
     [{"n": 5}]),
    (f"SELECT COUNT(*) AS n -- all\nFROM {VIEW} /* of them */", [{"n": 5}]),
    (f"WITH x AS (SELECT event_id FROM {VIEW}) SELECT uniqExact(event_id) AS n FROM x", [{"n": 5}]),
    (f"SELECT count() AS n FROM {VIEW} AS a JOIN {VIEW} AS b USING (event_id)", [{"n": 5}]),
    (f"SELECT a.n FROM (SELECT count() AS n FROM {VIEW}) AS a", [{"n": 5}]),
    (f"SELECT n FROM (SELECT 2 AS n UNION ALL SELECT count() FROM {VIEW}) ORDER BY n",
     [{"n": 2}, {"n": 5}]),
    ("SELECT arrayJoin(range(3)) AS n ORDER BY n DESC", [{"n": 2}, {"n": 1}, {"n": 0}]),
    ("SELECT CASE WHEN 'a' IN ('a', 'b') THEN 'it''s' ELSE 'b' END AS c", [{"c": "it's"}]),
    ("SELECT CAST('1' AS Int8) AS a, '2'::Int8 AS b, 'x' LIKE 'x%' AS c",
     [{"a": 1, "b": 2, "c": 1}]),
    ("SELECT DATE '2026-01-31' + INTERVAL 1 DAY AS d", [{"d": dt.date(2026, 2, 1)}]),
    ("SELECT users, events FROM ugc_reports.daily_active_users", [{"users": 1, "events": 5}]),
    ("SELECT outcome FROM ugc.etl_runs", []),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), ANSWERED, ids=[query for query, _ in ANSWERED])
def test_a_question_is_answered(
    query: str, expected: list[dict[str, object]], clickhouse: ClickHouse, catalog: Catalog
) -> None:
    assert rows(clickhouse, catalog, query) == expected


REACHING = [
    f"SELECT user_id FROM {VIEW}",
    f"SELECT s.user_id FROM {VIEW} AS s",
    f"SELECT {VIEW}.search_query FROM {VIEW}",
    f"SELECT hex(search_query) FROM {VIEW}",
    f"SELECT count() FROM {VIEW} WHERE user_id = '{USER}'",
    f"SELECT count() FROM {VIEW} GROUP BY context__page_url",
    f"SELECT count() FROM {VIEW} ORDER BY any(user_id)",
    f"SELECT max(user_id) OVER () FROM {VIEW}",
    f"SELECT * REPLACE (user_id AS event_id) FROM {VIEW}",
    f"SELECT * APPLY toString FROM {VIEW}",
    f"SELECT (SELECT any(user_id) FROM {VIEW}) AS u",
    "SELECT * FROM ugc.search_filter",
    "SELECT * FROM `ugc` . `search_filter`",
    'SELECT * FROM "ugc"."search_filter"',
    "SELECT * FROM ugc/**/.search_filter",
    "SELECT * FROM ugc.erased_users",
    "SELECT 1.FROM ugc.erased_users",
    "SELECT 1 FROM 1.ugc.erased_users",
    "SELECT * FROM .ugc.erased_users",
    "SELECT * FROM x.ugc.erased_users",
    "SELECT * FROM ugc.'erased_users'",
    "SELECT user_hash FROM erased_users",
    "SELECT 1 WHERE 'x' IN erased_users",
    "SELECT * FROM 'erased_users'",
    f"SELECT * FROM {VIEW}, 'erased_users'",
    "WITH 'erased_users' AS t SELECT * FROM t",
    "SELECT * FROM system.tables",
    "SELECT * FROM information_schema.columns",
    "SELECT * FROM INFORMATION_SCHEMA.COLUMNS",
    "SELECT * FROM merge('ugc', 'search')",
    "SELECT * FROM remote('127.0.0.1', ugc.search_filter)",
    "SELECT * FROM file('/etc/passwd')",
    "SELECT \"file\"('/etc/passwd')",
    "SELECT * FROM \"/etc/passwd\"",
    "SELECT * FROM url('http://127.0.0.1/', CSV)",
    "SELECT * FROM mergeTreeIndex('ugc', 'search_filter')",
    "SELECT * FROM view(SELECT * FROM ugc.search_filter)",
    "SELECT * FROM executable('x', CSV, 'a String')",
    "SELECT dictGet('ugc.x', 'a', 1)",
    "SELECT joinGet('ugc.search_filter', 'user_id', 1)",
    "SELECT getSetting('max_threads')",
    "SELECT currentUser()",
    "SELECT hostName()",
    "SELECT sleep(3)",
    "SELECT * FROM numbers(1)",
    f"SELECT * FROM {VIEW} SETTINGS readonly = 0",
    f"SELECT * FROM {VIEW} FORMAT CSV",
    f"SELECT * FROM {VIEW} INTO OUTFILE '/tmp/x'",
    "SELECT 1) UNION ALL (SELECT user_id FROM ugc.search_filter",
    "SELECT 1; DROP TABLE ugc.search_filter",
    "SELECT {x:Identifier}",
    "SELECT $$a$$",
    "DROP TABLE ugc.search_filter",
    "INSERT INTO ugc.search_filter SELECT * FROM ugc.search_filter",
    "EXPLAIN SELECT 1",
    "SHOW TABLES",
    "(DROP TABLE ugc.search_filter)",
    "SELECT * FROM (DROP TABLE ugc.search_filter)",
    "",
    "SELECT '",
    "SELECT \u2018a\u2019",
    "SELECT 1 /* /* */ */",
    "SELECT " + "1," * 20_000 + "1",
]  # fmt: skip


@pytest.mark.parametrize("query", REACHING, ids=[query[:70] for query in REACHING])
def test_what_reaches_further_is_refused(
    query: str, clickhouse: ClickHouse, catalog: Catalog
) -> None:
    with pytest.raises(QueryRefusedError) as refused:
        rows(clickhouse, catalog, query)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("query", [
    f"SELECT * FROM {VIEW}", f"SELECT s.* FROM {VIEW} AS s", f"SELECT tuple(*) FROM {VIEW}",
    f"SELECT * EXCEPT (event_id) FROM {VIEW}", f"SELECT toString(tuple(*)) AS t FROM {VIEW}",
    f"SELECT * FROM {VIEW} AS a CROSS JOIN {VIEW} AS b",
    f"SELECT * FROM (SELECT * FROM {VIEW})",
])  # fmt: skip
def test_a_star_has_the_columns_that_are_not_personal(
    query: str, clickhouse: ClickHouse, catalog: Catalog
) -> None:
    found = str(rows(clickhouse, catalog, query))
    assert found != "[]"
    for personal in (SECRET, USER, *PAGES):
        assert personal not in found


def test_a_refusal_says_that_a_column_is_personal(clickhouse: ClickHouse, catalog: Catalog) -> None:
    with pytest.raises(QueryRefusedError, match=r"user_id: marked personal"):
        rows(clickhouse, catalog, f"SELECT user_id FROM {VIEW}")


def test_rows_are_limited_and_it_is_said_that_there_are_more(
    clickhouse: ClickHouse, catalog: Catalog
) -> None:
    found = ask_clickhouse(
        clickhouse, "SELECT arrayJoin(range(1000))", relations(catalog), Limits(rows=3)
    )
    assert len(found.rows) == 3
    assert found.is_cut


def test_time_is_limited(clickhouse: ClickHouse, catalog: Catalog) -> None:
    long = (
        "SELECT sum(sipHash64(a, b)) FROM (SELECT arrayJoin(range(100000)) AS a) AS x"
        " CROSS JOIN (SELECT arrayJoin(range(100000)) AS b) AS y"
    )
    with pytest.raises(QueryRefusedError, match=r"TIMEOUT_EXCEEDED|TOO_SLOW|MEMORY_LIMIT"):
        rows(clickhouse, catalog, long, replace(Limits(), seconds=1))


def test_no_allowed_function_is_also_a_function_that_reads_tables(clickhouse: ClickHouse) -> None:
    """But ``format``, which reads the text that it is given."""
    found = clickhouse.query("SELECT lower(name) AS name FROM system.table_functions")
    reading = {row["name"] for row in found if functions.is_allowed(row["name"])}
    assert reading <= {"format"}


def test_a_column_that_an_earlier_version_marks_stays_hidden(tmp_path: Path) -> None:
    folder = copy_contracts(default_folder(), tmp_path / "contracts")
    events = folder / "events" / "search_filter"
    document = json.loads((events / "v1.json").read_text(encoding="utf-8"))
    del document["properties"]["search_query"]["x-pii"]
    (events / "v2.json").write_text(json.dumps(document), encoding="utf-8")
    known = relations(load_catalog(folder))
    assert "search_query" in known["ugc_unique", "search_filter"].hidden


def test_a_report_on_a_personal_field_is_left_out(tmp_path: Path) -> None:
    folder = copy_contracts(default_folder(), tmp_path / "contracts")
    path = folder / "events" / "search_filter" / "v1.json"
    assert ("ugc_reports", "search_filter__filters") in relations(load_catalog(folder))
    document = json.loads(path.read_text(encoding="utf-8"))
    document["properties"]["filters"]["x-pii"] = "free_text"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert ("ugc_reports", "search_filter__filters") not in relations(load_catalog(folder))


def test_the_tool_says_which_columns_are_hidden(clickhouse: ClickHouse) -> None:
    folder = default_folder()
    del clickhouse  # the folder of this process's engine; the tool opens it by its address
    told = ask(served_rooms(folder), "query", sql="SELECT 1")
    assert "CLICKHOUSE_URL" in told[REFUSED]
    hidden = ask(served_rooms(folder), "dictionary", table=VIEW)["tables"][0]["hidden_columns"]
    assert {"user_id", "search_query"} <= set(hidden)


def test_what_is_personal_is_shown_where_a_person_allowed_it(
    clickhouse: ClickHouse, catalog: Catalog
) -> None:
    known = relations(catalog, with_personal=True)
    found = ask_clickhouse(clickhouse, f"SELECT user_id FROM {VIEW}", known, Limits())
    assert found.rows[0]["user_id"] == USER
    with pytest.raises(QueryRefusedError):
        ask_clickhouse(clickhouse, "SELECT * FROM ugc.erased_users", known, Limits())
