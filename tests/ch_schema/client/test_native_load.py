"""The loader's inserts over the native protocol, into Debian's server, killed in the middle.

That server is of 2018: the tables are written in types that it knows.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.tables import create_database_statement, table_for
from ch_schema.errors import AmbiguousError, RetryableError
from contracts.message import Message
from etl.run.load import Loadable, Loader
from tests.fullstack.clickhouse_server import ClickHouseServer, clickhouse_server
from tests.support.contract_folder import catalog_without_context
from tests.support.processes import wait_until

pytestmark = pytest.mark.full

CATALOG = catalog_without_context()
NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
CHUNKS, ROWS = 60, 500
_OLD_WORDS: tuple[tuple[str, str], ...] = (
    (r"DateTime64\(3, 'UTC'\)", "DateTime"),
    (r"LowCardinality\(String\)", "String"),
    (r" Bool ", " UInt8 "),
    (r" COMMENT '(?:[^'\\]|\\.)*'", ""),
    (r" CODEC\([^()]*(?:\([^()]*\)[^()]*)*\)", ""),
    (r",\n    INDEX [^\n]*(?=\n\))", ""),
    (r",\n    INDEX [^\n]*", ""),
    (r"toUInt128\(event_id\)", "event_id"),
    (r"TTL [^\n]*\n", ""),
    (r"SETTINGS [^\n]*", ""),
    (r"\nCOMMENT .*", ""),
)


def for_an_old_server(statement: str) -> str:
    """The same table without what came after 2018."""
    for pattern, plain in _OLD_WORDS:
        statement = re.sub(pattern, plain, statement)
    return statement


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClickHouseServer]:
    with clickhouse_server(tmp_path) as running:
        yield running


def prepare(client: ClickHouse) -> None:
    client.execute(create_database_statement())
    client.execute(for_an_old_server(table_for(CATALOG.get("quality_change")).create_statement()))


def chunk(number: int) -> list[Loadable]:
    return [
        Loadable(
            Message(
                event_id=uuid.UUID(int=1 + number * ROWS + row),
                event="quality_change",
                user_id="u",
                timestamp=NOW,
                contract_version=1,
                data={"video_id": "tt1", "old_quality": row, "new_quality": number},
            ),
            partition=0,
            offset=number * ROWS + row,
        )
        for row in range(ROWS)
    ]


def load(client: ClickHouse, done: list[int], failed: list[Exception]) -> None:
    """Every chunk until it is stored, as runs of the loader would."""
    loader = Loader(client, CATALOG, attempts=1, sleep=lambda _: None)
    pause = threading.Event()
    for number in range(CHUNKS):
        while True:
            try:
                loader.load(chunk(number), NOW)
                break
            except (RetryableError, AmbiguousError) as error:
                failed.append(error)
                pause.wait(0.05)
        done.append(number)


@pytest.mark.parametrize("interrupt", ["kill", "restart while idle"])
def test_a_load_survives_the_server(server: ClickHouseServer, interrupt: str) -> None:
    done: list[int] = []
    failed: list[Exception] = []
    with closing(connect(server.url())) as client:
        prepare(client)
        if interrupt == "kill":
            loading = threading.Thread(target=load, args=(client, done, failed))
            loading.start()
            for part in (0.2, 0.5):
                reached: Callable[[], bool] = lambda part=part: len(done) >= part * CHUNKS  # noqa: E731
                wait_until(reached, "a part of the load")
                server.kill()
                wait_until(lambda: bool(failed), "a failed insert")
                server.start()
            loading.join()
            assert failed
        else:
            assert client.query("SELECT 1 AS one")
            server.kill()
            server.start()
            load(client, done, failed)
            assert failed == [], "a connection that went away while idle is made anew"
        (found,) = client.query(
            "SELECT count() AS rows, uniqExact(event_id) AS events, sum(kafka_offset) AS offsets"
            " FROM ugc.quality_change FINAL"
        )
    total = CHUNKS * ROWS
    assert found == {"rows": total, "events": total, "offsets": total * (total - 1) // 2}
