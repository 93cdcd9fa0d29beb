"""Contracts of the strict mode: every payload → Avro → a row of the real engine → equal JSON.

``STRICT_TABLES`` sets how many contracts are tried. The lossless mode has ``test_lossless.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.rows import Lineage, RowMaker
from ch_schema.ddl.tables import create_database_statement
from contracts.model.types import Contract
from tests.ch_schema.client_suite import block_of
from tests.support.compatibility_proof import EVENT, NOW, Change
from tests.support.contracts import contracts
from tests.support.payloads import payloads, values
from tests.support.rows_back import data_of, same_form
from tests.support.shapes import SCHEMA

EXAMPLES = int(os.environ.get("STRICT_TABLES", "30"))
TABLE = f"ugc.{EVENT}"


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    folder: Path = tmp_path_factory.mktemp("strict")
    with closing(connect(f"chdb://{folder}")) as client:
        client.execute(create_database_statement())
        yield client


def assert_come_back(client: ClickHouse, schema: Any, drawn: list[Any]) -> int:
    """Returns how many of the payloads the API would have taken."""
    change = Change(schema, schema)
    contract: Contract = change.old
    maker = RowMaker(contract)
    client.execute(f"DROP TABLE IF EXISTS {TABLE} SYNC")
    client.execute(maker.table.create_statement())
    taken = [payload for payload in drawn if change.was_accepted(payload)]
    rows = [
        maker.row(change.decoded(payload)[0], Lineage(partition=0, offset=number, loaded_at=NOW), 1)
        for number, payload in enumerate(taken)
    ]
    if not taken:
        return 0
    sent = [same_form(contract.data, payload) for payload in taken]
    query = f"SELECT * FROM {TABLE} FINAL ORDER BY kafka_offset"
    client.insert(TABLE, maker.columns, rows, deduplication_token="rows")
    assert [data_of(contract.data, row) for row in client.query(query)] == sent
    client.execute(f"TRUNCATE TABLE {TABLE}")
    types = {column.name: column.type for column in maker.table.columns}
    block = block_of(TABLE, types, rows)
    assert None not in block.encoded, "every type of a table has bytes in the Native format"
    client.insert_columns(block, deduplication_token="columns")
    assert [data_of(contract.data, row) for row in client.query(query)] == sent
    return len(taken)


def test_every_payload_comes_back(clickhouse: ClickHouse) -> None:
    taken = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[
            HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much,
        ],
    )  # fmt: skip
    @given(contracts(), st.data())
    def check(schema: Any, data: st.DataObject) -> None:
        nonlocal taken
        drawn = data.draw(st.lists(values(schema), min_size=4, max_size=8))
        taken += assert_come_back(clickhouse, schema, drawn)

    check()
    assert taken > EXAMPLES, "too few payloads were taken for the test to mean anything"


def test_every_shape_comes_back(clickhouse: ClickHouse) -> None:
    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(payloads(Change(SCHEMA, SCHEMA).old), min_size=2, max_size=6))
    def check(drawn: list[Any]) -> None:
        assert assert_come_back(clickhouse, SCHEMA, drawn) == len(drawn)

    check()
