"""``ugc schema`` as a user runs it, on an embedded engine."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ch_schema.client.connect import connect
from ch_schema.errors import ClickHouseError
from ch_schema.migrate.run import ensure_tables
from contracts.model.loader import load_catalog
from tests.support.golden import Golden
from ugc.project.tables import INTERNAL
from ugc.schema.command import command

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)


class Schema:
    """The command on one folder's engine."""

    def __init__(self, folder: Path) -> None:
        self.url = f"chdb://{folder}/data"

    def __call__(self, *arguments: str, answer: str | None = None, cluster: str = "") -> Result:
        env = {"CLICKHOUSE_URL": self.url, "CLICKHOUSE_CLUSTER": cluster}
        found: Result = CliRunner().invoke(command, arguments, env=env, input=answer)
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        return found

    def sql(self, statement: str) -> list[dict[str, object]]:
        with closing(connect(self.url)) as client:
            return client.query(statement)


@pytest.fixture
def schema(tmp_path: Path) -> Schema:
    return Schema(tmp_path)


def test_the_dictionary_in_the_documentation_is_the_contracts(
    schema: Schema, golden: Golden
) -> None:
    golden.file("docs/data-dictionary.md", schema("dictionary").stdout)


def test_ddl_is_what_an_empty_database_gets(schema: Schema) -> None:
    found = schema("ddl").stdout
    with closing(connect(schema.url)) as client:
        ran = ensure_tables(client, load_catalog(), INTERNAL)
    assert sorted(found.removesuffix(";\n").split(";\n\n")) == sorted(ran)


def test_golden_ddl_of_a_cluster(schema: Schema, golden: Golden) -> None:
    golden("ddl/cluster.sql", schema("ddl", "--cluster", "main", "--replicated").stdout)
    golden("ddl/replicated.sql", schema("ddl", "page_view@1", "--replicated").stdout)


def test_clickhouse_can_read_every_statement_of_a_cluster(schema: Schema) -> None:
    """It has no cluster here, so they are only parsed."""
    text = schema("ddl", "--cluster", "main", "--replicated").stdout
    found = [each for each in text.split(";\n") if each.strip()]
    assert len(found) > 20
    with closing(connect(schema.url)) as client:
        for statement in found:
            assert client.query(f"EXPLAIN AST {statement}")


def test_the_plan_of_a_cluster_is_what_ddl_prints_for_it(schema: Schema) -> None:
    printed = schema("ddl", "--cluster", "main", "--replicated").stdout
    found = schema("plan", "--json", cluster="main")
    assert found.exit_code == 3
    steps = [step["statement"] for step in json.loads(found.stdout)["steps"]]
    assert sorted(printed.removesuffix(";\n").split(";\n\n")) == sorted(steps)


def test_a_cluster_that_the_server_does_not_know_is_told(schema: Schema) -> None:
    with pytest.raises(ClickHouseError, match="Requested cluster 'elsewhere' not found"):
        schema("apply", cluster="elsewhere")


def test_ddl_of_half_a_pair_is_refused(schema: Schema) -> None:
    with pytest.raises(Exception, match="page_view_start has no table"):
        schema("ddl", "page_view_start")


def test_plan_apply_plan(schema: Schema) -> None:
    first = schema("plan", "--json")
    assert first.exit_code == 3
    found = json.loads(first.stdout)
    assert {step["kind"] for step in found["steps"]} == {"missing"}
    tried = schema("apply", "--dry-run-on-copy")
    assert tried.stdout.startswith("tried on empty copies: ")
    assert tried.stdout.endswith(" steps; nothing was changed\n")
    assert schema("plan", "--json").stdout == first.stdout
    applied = schema("apply")
    assert applied.exit_code == 0
    assert applied.stdout.splitlines()[-1] == f"{len(found['steps'])} steps taken"
    again = schema("plan")
    assert (again.exit_code, again.stdout) == (0, "the database is in step with the contracts\n")


def test_plan_tells_what_a_rewrite_costs(schema: Schema) -> None:
    schema("apply")
    with closing(connect(schema.url)) as client:
        client.execute(
            "ALTER TABLE ugc.page_view MODIFY TTL toDateTime(timestamp) + toIntervalDay(999)"
        )
        client.execute(
            "INSERT INTO ugc.page_view (event_id, timestamp) SELECT generateUUIDv4(), now()"
            " FROM numbers(10)"
        )
    found = schema("plan")
    assert found.exit_code == 4
    line, statement, summary = found.stdout.splitlines()
    assert line.startswith("drifted  page_view: rows older than 730 days are dropped (erasing; 10 ")
    assert statement == (
        "    ALTER TABLE `ugc`.`page_view` MODIFY TTL toDateTime(timestamp) + INTERVAL 730 DAY;"
    )
    assert summary.startswith("1 step: 1 erasing; ")
    with pytest.raises(Exception, match="--allow-erase"):
        schema("apply")
    assert schema("apply", "--allow-erase").stdout.endswith("1 step taken\n")


def test_erase(schema: Schema) -> None:
    schema("apply")
    row = {"event_id": uuid.UUID(int=1), "user_id": "me", "timestamp": NOW, "search_query": "x"}
    with closing(connect(schema.url)) as client:
        client.insert("ugc.search_filter", list(row), [list(row.values())], deduplication_token="t")
        client.execute("CREATE TABLE ugc.strange (user_id String) ENGINE = Memory")
    dry = schema("erase", "--user", "me", "--dry-run")
    assert dry.stdout.splitlines() == [
        "ugc.search_filter: 1 row loses user_id, search_query, context__anonymous_id,"
        " context__page_url, context__referrer",
        "1 row would change; nothing was done",
    ]
    which, warning = dry.stderr.splitlines()
    assert which.startswith("contracts: /")
    assert warning == "warning: ugc.strange has users and no contract; it is not touched"
    assert schema("erase", "--user", "me", answer="n\n").exit_code != 0
    users = "SELECT user_id, search_query FROM ugc_unique.search_filter"
    assert schema.sql(users) == [{"user_id": "me", "search_query": "x"}]
    done = schema("erase", "--user", "me", "--yes", "--settle", "0")
    assert done.stdout.endswith("1 row changed; nothing of this user is left in the tables\n")
    assert schema.sql(users) == [{"user_id": "erased", "search_query": ""}]
