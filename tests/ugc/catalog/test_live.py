"""Live facts of events: what the tables tell, kept for a while, and nothing while they are away."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.errors import TablesUnavailableError
from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from contracts.naming import Naming
from tests.support.everything import catalog_with_everything
from ugc.catalog.live import KEPT, TableFacts
from ugc.project.tables import migrator

NOW = dt.datetime(2026, 1, 31, 12, 0, tzinfo=dt.UTC)
CATALOG = replace(catalog_with_everything(), naming=Naming(database="shop"))


class Asked:
    """The tables of a client, which can be away; counts the questions."""

    def __init__(self, client: ClickHouse) -> None:
        self._client = client
        self.is_away = False
        self.questions = 0

    def rows(self, sql: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        self.questions += 1
        if self.is_away:
            raise TablesUnavailableError("away")
        return self._client.query(sql, parameters=parameters)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    folder: Path = tmp_path_factory.mktemp("chdb")
    with closing(connect(f"chdb://{folder}/shop")) as found:
        migrator(found, CATALOG).apply()
        for hours, version, sender in ((1, 3, "till"), (2, 3, "till"), (3, 2, None), (30, 1, None)):
            at = (NOW - dt.timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S")
            sent_by = "NULL" if sender is None else f"'{sender}'"
            found.execute(
                "INSERT INTO shop.order_placed"
                " (event_id, user_id, timestamp, contract_version, context__sent_by)"
                f" SELECT '{uuid.uuid4()}', 'u', '{at}', {version}, {sent_by}"
            )
        started = NOW.strftime("%Y-%m-%d %H:%M:%S")
        found.execute(
            "INSERT INTO shop.etl_runs (run_id, version, started_at, events, consumed,"
            f" duplicates, dead) SELECT '{uuid.uuid4()}', 1, '{started}',"
            " ['cart_changed', 'order_placed'], [7, 100], [0, 5], [0, 1]"
        )
        yield found


def test_an_event_has_the_figures_of_its_last_day(client: ClickHouse) -> None:
    found = TableFacts(Asked(client), CATALOG, lambda: NOW).of("order_placed")
    assert found is not None
    assert found.events == 3
    assert found.last_seen == NOW - dt.timedelta(hours=1)
    assert found.versions == ((3, 2), (2, 1))
    assert found.applications == (("till", 2),)
    assert found.shares == (("Sent more than once", 0.05), ("Set aside as dead letters", 0.01))


def test_an_event_that_nobody_sent_has_none_and_a_half_of_a_pair_is_not_asked_for(
    client: ClickHouse,
) -> None:
    tables = Asked(client)
    facts = TableFacts(tables, CATALOG, lambda: NOW)
    assert facts.of("checkout_started") is None
    assert tables.questions == 0
    found = facts.of("checkout")
    assert found is not None
    assert (found.events, found.last_seen, found.shares) == (0, None, ())


def test_an_answer_is_kept_and_so_is_none(client: ClickHouse) -> None:
    tables, now = Asked(client), [NOW]
    facts = TableFacts(tables, CATALOG, lambda: now[0])
    tables.is_away = True
    assert facts.of("order_placed") is None
    assert facts.of("order_placed") is None
    assert tables.questions == 1
    tables.is_away = False
    now[0] += KEPT
    assert facts.of("order_placed") == facts.of("order_placed")
    assert tables.questions == 4
