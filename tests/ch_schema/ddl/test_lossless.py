"""Any JSON Schema → a table of the real engine: every instance comes back equal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ch_schema.client.connect import connect
from ch_schema.ddl.lossless import LosslessTable
from contracts.lossless.same_json import differences
from registry.translate import translate
from tests.support.schemas import ANYTHING, Drawn, documents
from ugc.roundtrip.table import Tables

EXAMPLES = int(os.environ.get("TOTAL_TABLES", "40"))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder: Path = tmp_path_factory.mktemp("total")
    client = connect(f"chdb://{folder}/ugc")
    try:
        yield Tables(client)
    finally:
        client.close()


def assert_come_back(tables: Tables, schema: Any, values: list[Any]) -> LosslessTable:
    translation = translate(schema)
    table = LosslessTable("document", translation.record)
    sent = [translation.read(translation.encode(value)) for value in values]
    for value, record in zip(values, tables.through(table, sent), strict=True):
        back = translation.from_avro(record)
        assert list(differences(back, value, translation.instance_type)) == []
    return table


def test_every_instance_comes_back(tables: Tables) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(documents(), st.data())
    def check(drawn: Drawn, data: st.DataObject) -> None:
        values = data.draw(st.lists(drawn.instances, min_size=1, max_size=6))
        others = data.draw(st.lists(ANYTHING, max_size=2))
        assert_come_back(tables, drawn.schema, [*values, *others])

    check()


SHAPES: dict[str, Any] = {
    "user_id": {"type": "string"},
    "_part": {"type": "number"},
    "_row_exists": True,
    "x" * 300: {"type": "boolean"},
    "o": {
        "properties": {
            "id": {"format": "uuid"},
            "tags": {"type": "array", "items": {"enum": ["a", None]}},
            "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
        }
    },
    "o__id": {"type": "string"},
    "days": {"type": "array", "items": {"type": "string", "format": "date"}},
    "rows": {
        "type": "array",
        "items": {"properties": {"at": {"format": "date-time"}}, "type": "object"},
    },
}
TIME = "2026-01-31T12:00:00.000001Z"
UUID = "6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11"


def test_absence_null_and_emptiness_are_kept_apart(tables: Tables) -> None:
    values: list[Any] = [
        {}, None, [], {"o": {}}, {"o": None}, {"o": {"tags": []}}, {"o": {"tags": None}},
        {"o": {"tags": [None]}}, {"o": {"labels": {}}}, {"o": {"labels": {"": 2**63}}},
        {"o": {"labels": {"": -1}, "id": UUID}}, {"o": {"id": UUID.upper()}}, {"rows": []},
        {"rows": [{}]}, {"rows": [{"at": TIME}, {"at": None}]}, {"days": ["2026-01-31"]},
        {"days": []}, {"days": ["2026-02-30"]}, {"user_id": "u", "_part": -0.0, "o__id": ""},
        {"_row_exists": None}, {"x" * 300: False}, {"o": {"tags": [], "more": "\ud800"}},
    ]  # fmt: skip
    table = assert_come_back(tables, {"properties": SHAPES}, values)
    found = {
        column.name: column.type for column in table.table.columns if column.name in table.columns
    }
    assert found == {
        "user_id_2": "Nullable(String)",
        "x_part": "Nullable(Float64)",
        "x_row_exists": "Nullable(String)",
        "x" * 107 + "_0d4e2ca9e9cb": "Nullable(Bool)",
        "o__id": "Nullable(UUID)",
        "o__tags": "Array(LowCardinality(Nullable(String)))",
        "o__labels": "Map(String, Int64)",
        "o__ugc_rest": "Nullable(String)",
        "o__id_2": "Nullable(String)",
        "days": "Array(Date32)",
        "rows": "Nullable(String)",
        "ugc_rest": "Nullable(String)",
    }


def test_a_row_that_no_record_made_is_told() -> None:
    table = LosslessTable("document", translate(True).record)
    with pytest.raises(ValueError, match="holds nothing"):
        table.typed(dict.fromkeys(table.columns))


def test_json_text_is_marked_in_the_column_comment() -> None:
    schema = {"properties": {"a": True, "b": {"description": "B", "type": ["string", "integer"]}}}
    table = LosslessTable("document", translate(schema).record)
    comments = {column.name: column.comment for column in table.table.columns}
    assert comments["a"] == "JSON text (a boolean schema allows any value)"
    assert comments["b"] == "B (JSON text)"
