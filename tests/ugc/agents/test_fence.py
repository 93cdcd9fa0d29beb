"""The fence against whatever can be put together of words that reach further."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from contracts.model.loader import default_folder, load_catalog
from ugc.agents.sql.asking import Limits, ask
from ugc.agents.sql.errors import QueryRefusedError
from ugc.agents.sql.fence import Server, fenced
from ugc.agents.sql.lexemes import lexemes
from ugc.agents.sql.relations import relations
from ugc.project.tables import migrator

CATALOG = load_catalog(default_folder())
KNOWN = relations(CATALOG)
SECRET = "a person's own words"
USER = "user-4711"

WORDS = [
    *("SELECT", "*", "FROM", "WHERE", "AS", "IN", "JOIN", "USING", "UNION ALL", "WITH", "GROUP BY"),
    *(
        "ORDER BY",
        "LIMIT",
        "ARRAY JOIN",
        "CROSS JOIN",
        "EXCEPT",
        "REPLACE",
        "APPLY",
        "COLUMNS",
        "ON",
    ),
    *("ugc", "ugc_unique", "ugc_reports", "system", "search_filter", "erased_users", "user_id"),
    *("search_query", "event_id", "a", "b", "x", "1", "0x1", "1.", ".5", "''", "'search_filter'"),
    *(
        "'user_id'",
        '"user_id"',
        '"ugc"',
        "`search_filter`",
        '"ugc.search_filter"',
        ".",
        ",",
        "(",
        ")",
    ),
    *("[", "]", "->", "::", "=", "-", "--", "/*", "*/", "\n", "merge", "file", "toString", "any"),
    *("tuple", "numbers", "ugc.search_filter", "ugc_unique.search_filter", "SETTINGS", "FINAL"),
    *(";", "{", "}", "\\", "'", '"', "`", "$$", "#", "\u2018", "\x00", "FORMAT", "INTO OUTFILE"),
]
SHAPES = st.sampled_from([
    "SELECT {} FROM ugc_unique.search_filter",
    "SELECT * FROM {}",
    "SELECT * FROM ugc_unique.search_filter {}",
    "SELECT * FROM (SELECT {} FROM ugc_unique.search_filter)",
    "WITH a AS (SELECT * FROM ugc_unique.search_filter) SELECT {} FROM a",
    "{}",
])  # fmt: skip
SOUP = st.builds(
    lambda shape, words, space: shape.format(space.join(words)),
    SHAPES,
    st.lists(st.sampled_from(WORDS), max_size=8),
    st.sampled_from([" ", " ", "", "/**/"]),
)


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    client = connect(f"chdb://{tmp_path_factory.mktemp('fence')}/db?database=ugc")
    client.execute("CREATE DATABASE IF NOT EXISTS ugc")
    migrator(client, CATALOG).apply(frozenset())
    columns = ("event_id", "user_id", "timestamp", "search_query")
    rows = [(uuid.uuid4(), USER, dt.datetime.now(dt.UTC), SECRET)]
    client.insert("ugc.search_filter", columns, rows, deduplication_token="rows")
    yield client
    client.close()


@settings(deadline=None, max_examples=150)
@given(query=SOUP)
def test_no_words_together_bring_out_what_is_personal(clickhouse: ClickHouse, query: str) -> None:
    try:
        found = str(ask(clickhouse, query, KNOWN, Limits(rows=5, seconds=2)).rows)
    except QueryRefusedError as error:
        found = "" if query in str(error) else str(error)
        assert SECRET not in found
        return
    assert SECRET not in found
    assert USER not in found


SERVER = Server(
    databases=frozenset({"ugc", "ugc_unique", "ugc_reports", "system"}),
    database="ugc",
    tables=frozenset({"search_filter", "erased_users", "etl_runs"}),
)


@settings(deadline=None, max_examples=500)
@given(query=SOUP)
def test_what_is_sent_names_a_database_only_where_the_columns_are_chosen(query: str) -> None:
    """Said of the text alone, for it holds on every server."""
    try:
        made = fenced(query, KNOWN, SERVER)
    except QueryRefusedError:
        return
    given_by_us = "".join(each.select() for each in made.read)
    inner = made.statement
    for each in made.read:
        assert each.select() in inner
        inner = inner.replace(each.select(), "")
    words = list(lexemes(inner))
    for before, word, after in zip([None, *words], words, [*words[1:], None], strict=False):
        is_behind_a_dot = before is not None and before.text == "."
        if word.name in SERVER.databases and not is_behind_a_dot:
            assert after is None or after.text != "."
        if word.name in SERVER.tables:
            assert is_behind_a_dot
    assert "user_id" not in given_by_us
