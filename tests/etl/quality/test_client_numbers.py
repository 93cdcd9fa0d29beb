"""What clients' own numbers tell: gaps and repetitions, by application and version."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.migrate.run import ensure_tables
from contracts.model.loader import load_catalog
from etl.quality.client_numbers import ClientNumbers, read
from etl.quality.objectives import Facts, Verdict, judge
from etl.sessions.pairing import VERSION_PAIRED, VERSION_UNPAIRED
from tests.support.with_context import catalog_with_context

NOON = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
SINCE, SETTLED = NOON - dt.timedelta(days=1), NOON - dt.timedelta(hours=13)
OLD, NEW = SETTLED - dt.timedelta(hours=1), SETTLED + dt.timedelta(hours=1)
CATALOG = catalog_with_context()


class Tables:
    """The project's tables, into which rows are put by hand."""

    def __init__(self, engine: ClickHouse) -> None:
        self.engine = engine
        engine.execute("DROP DATABASE IF EXISTS ugc")
        ensure_tables(engine, CATALOG)

    def click(self, *numbers: int, **more: Any) -> None:
        self._rows("element_click", numbers, more)

    def view(self, *numbers: int, row_version: int = VERSION_PAIRED, **more: Any) -> None:
        self._rows("page_view", numbers, {"row_version": row_version, **more})

    def _rows(self, event: str, numbers: tuple[int, ...], more: dict[str, Any]) -> None:
        for number in numbers:
            row = {
                "event_id": uuid.uuid4(),
                "timestamp": OLD,
                "context__anonymous_id": "a",
                "context__sequence": number,
                "context__application": "web",
                "context__version": "1",
                **more,
            }
            self.engine.insert(
                f"ugc.{event}",
                tuple(row),
                [tuple(row.values())],
                deduplication_token=str(row["event_id"]),
            )

    def found(self) -> tuple[ClientNumbers, ...]:
        found = read(CATALOG, self.engine, SINCE, SETTLED)
        assert found is not None
        return found

    def only(self) -> ClientNumbers:
        (found,) = self.found()
        return found


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with closing(connect(f"chdb://{tmp_path_factory.mktemp('chdb')}/ugc")) as client:
        yield client


@pytest.fixture
def tables(engine: ClickHouse) -> Tables:
    return Tables(engine)


def test_numbers_that_join_over_several_tables_are_no_gap(tables: Tables) -> None:
    tables.click(1, 2, 5)
    tables.view(3)  # its end is 4
    assert tables.only() == ClientNumbers(
        application="web", version="1", installations=1, rows=4, missing=0, awaited=0, repeated=0
    )


def test_a_gap_counts_for_the_version_behind_it(tables: Tables) -> None:
    tables.click(1, 2)
    tables.click(6, 7, context__version="2")
    tables.click(40, 41, context__anonymous_id="b")
    assert {(each.version, each.missing) for each in tables.found()} == {("1", 0), ("2", 3)}


def test_a_number_of_two_events_is_a_repetition(tables: Tables) -> None:
    tables.click(1, 2, 2, 2, 3)
    found = tables.only()
    assert (found.rows, found.repeated, found.missing) == (5, 2, 0)


def test_one_event_that_is_stored_twice_is_none(tables: Tables) -> None:
    event_id = uuid.uuid4()
    tables.click(1, event_id=event_id)
    tables.click(1, event_id=event_id, row_version=9)
    assert tables.only().repeated == 0


def test_what_lies_before_a_recent_row_may_still_come(tables: Tables) -> None:
    tables.click(1, 3)
    tables.click(7, timestamp=NEW)
    found = tables.only()
    assert (found.missing, found.awaited) == (1, 3)


def test_an_event_that_came_late_fills_its_gap(tables: Tables) -> None:
    tables.click(1, 3)
    tables.click(2, timestamp=NEW)
    assert tables.only().missing == 0


def test_an_end_that_came_last_hides_no_gap(tables: Tables) -> None:
    tables.click(1)
    tables.view(4)
    assert tables.only().missing == 2


def test_a_view_without_an_end_allows_for_none(tables: Tables) -> None:
    tables.view(1, row_version=VERSION_UNPAIRED)
    tables.click(3)
    assert tables.only().missing == 1


def test_events_without_a_number_or_an_installation_are_left_out(tables: Tables) -> None:
    tables.click(1, context__anonymous_id=None)
    tables.click(1, context__sequence=None)
    assert tables.found() == ()


def test_names_that_nobody_said_are_told_so(tables: Tables) -> None:
    tables.click(1, context__application=None, context__version=None)
    assert tables.only().name == "no application without a version"


def test_a_project_without_the_context_has_no_such_numbers(engine: ClickHouse) -> None:
    without = load_catalog()
    if without.context is None:
        assert read(without, engine, SINCE, SETTLED) is None


def verdict(missing: int, repeated: int = 0) -> Verdict:
    found = ClientNumbers(
        application="web",
        version="1",
        installations=10,
        rows=1000,
        missing=missing,
        awaited=5,
        repeated=repeated,
    )
    return judge(CATALOG, Facts(clients=(found,)))


def test_the_strictest_objective_of_what_clients_send_is_held_against_them() -> None:
    """As many as may be lost, and as many as the API may refuse."""
    (found,) = (f for f in verdict(30).findings if f.check == "client numbers")
    assert found.limit == pytest.approx(0.0201)
    assert found.met is False
    assert found.explanation == (
        "30 of 1030 numbers of web 1 came to no row: not sent, lost, or refused by the API;"
        " 5 more may still come"
    )
    assert verdict(20).met
    assert not verdict(0, repeated=11).met
    assert verdict(0, repeated=10).met
