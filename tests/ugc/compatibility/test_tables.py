"""Every "ok" row of the verdict table: its plan really applied to a table with old rows.

By the statements that the check shows, and by the runner against the live database.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.rows import Lineage, RowMaker
from ch_schema.ddl.tables import table_for
from ch_schema.migrate.diff import table_changes
from ch_schema.migrate.run import ensure_tables
from contracts.evolution.rules import EXAMPLE, RULES
from contracts.model.loader import Catalog
from contracts.samples.payloads import Sampler
from tests.support.compatibility_proof import ENVELOPES, EVENT, NOW, Change
from tests.support.rows_back import data_of
from ugc.compatibility.verdict_table import FURTHER, judge_pair

Pair = tuple[Mapping[str, Any], Mapping[str, Any]]


def _whole(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lifetimes a hundred times as long: the rows are of a fixed day, which grows old."""
    table = {
        name: value * 100 if name.endswith("_days") else value
        for name, value in part.get("x-table", {}).items()
    }
    return {**EXAMPLE, **part, **({"x-table": table} if table else {})}


def _rows() -> dict[str, Pair]:
    rules = {rule.kind: (rule.before, rule.after) for rule in RULES.values()}
    rows = {**rules, **FURTHER}
    whole = {title: (_whole(old), _whole(new)) for title, (old, new) in rows.items()}
    return {
        title: pair
        for title, pair in whole.items()
        if not judge_pair(*pair, ENVELOPES).breaking and "x-pairing" not in pair[0]
    }


OK = _rows()


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    folder: Path = tmp_path_factory.mktemp("verdicts")
    with closing(connect(f"chdb://{folder}")) as client:
        yield client


def payloads(change: Change) -> list[Any]:
    """A few that the old version takes, the same on every run."""
    sampler, rng = Sampler(change.old.schema), random.Random(7)
    drawn = [sampler.valid(rng) for _ in range(8)]
    found = [payload for payload in drawn if change.was_accepted(payload)]
    assert found
    return found


def catalog(change: Change, *, both: bool) -> Catalog:
    versions = {1: change.old, 2: change.new} if both else {1: change.old}
    return Catalog({EVENT: versions}, ENVELOPES)


def test_there_are_rows() -> None:
    assert len(OK) > 15


@pytest.mark.parametrize("title", OK)
def test_the_statements_harm_no_row(clickhouse: ClickHouse, title: str) -> None:
    old, new = OK[title]
    report = judge_pair(old, new, ENVELOPES)
    change = Change(old, new)
    assert change.table_harm(clickhouse, report.statements, payloads(change)) == []


@pytest.mark.parametrize("title", OK)
def test_the_runner_brings_the_live_table_along(clickhouse: ClickHouse, title: str) -> None:
    change = Change(*OK[title])
    for name in ("ugc", "ugc_unique", "ugc_reports"):
        clickhouse.execute(f"DROP DATABASE IF EXISTS {name} SYNC")
    ensure_tables(clickhouse, catalog(change, both=False))
    maker = RowMaker(change.old)
    lineage = Lineage(partition=0, offset=0, loaded_at=NOW)
    rows = [maker.row(change.decoded(each)[0], lineage, 1) for each in payloads(change)]
    clickhouse.insert(f"ugc.{EVENT}", maker.columns, rows, deduplication_token="old")
    query = f"SELECT * FROM ugc_unique.{EVENT} ORDER BY event_id"
    before = [data_of(change.old.data, row) for row in clickhouse.query(query)]
    assert before
    ran = ensure_tables(clickhouse, catalog(change, both=True))
    wanted = table_changes(table_for(change.old), table_for(change.new))
    assert {step.statement for step in wanted if step.statement} <= set(ran)
    after = [data_of(change.old.data, row) for row in clickhouse.query(query)]
    assert after == before
    assert ensure_tables(clickhouse, catalog(change, both=True)) == ()
