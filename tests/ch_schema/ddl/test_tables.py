"""Contract → DDL, as whole documents, and rows that fit it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

import pytest

from ch_schema.ddl.rows import Lineage, RowMaker
from ch_schema.ddl.tables import table_for
from ch_schema.errors import TableError
from ch_schema.migrate.run import statements
from ch_schema.quoting import quote_identifier, quote_string
from contracts.message import Message
from contracts.model.loader import load_catalog
from contracts.model.types import Contract, Field, IntegerType, RecordType, StringType, ValueType
from tests.support.golden import Golden
from tests.support.shapes import every_shape
from tests.support.with_context import nothing_said

CATALOG = load_catalog()
OTHERS = {"every_shape", "new_database", "cluster", "replicated"}


def golden_name(contract: Contract) -> str:
    return f"ddl/{contract.event}-v{contract.version}.sql"


@pytest.mark.parametrize("contract", CATALOG.tables, ids=lambda c: c.id)
def test_golden(contract: Contract, golden: Golden) -> None:
    statement = table_for(contract).create_statement()
    golden(golden_name(contract), statement + ";\n")


def test_golden_of_every_shape(golden: Golden) -> None:
    _, contract = every_shape()
    golden("ddl/every_shape.sql", table_for(contract).create_statement() + ";\n")


def test_golden_of_a_new_database(golden: Golden) -> None:
    """Every statement that an empty server gets, in order."""
    golden("ddl/new_database.sql", ";\n\n".join(statements(CATALOG)) + ";\n")


def test_no_golden_file_is_an_orphan(golden: Golden) -> None:
    golden.nothing_but(
        "ddl", [*map(golden_name, CATALOG.tables), *(f"ddl/{name}.sql" for name in OTHERS)]
    )


def test_a_row_has_a_cell_for_each_column() -> None:
    contract = CATALOG.get("quality_change")
    maker = RowMaker(contract)
    now = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    message = Message(
        event_id=uuid.UUID(int=1),
        event="quality_change",
        user_id="anonymous",
        timestamp=now,
        contract_version=1,
        data={"video_id": "tt1", "old_quality": 720, "new_quality": 1080, **nothing_said()},
    )
    row = maker.row(message, Lineage(partition=2, offset=3, loaded_at=now), row_version=1)
    assert dict(zip(maker.columns, row, strict=True)) == {
        "event_id": uuid.UUID(int=1),
        "user_id": "anonymous",
        "timestamp": now,
        "contract_version": 1,
        "video_id": "tt1",
        "old_quality": 720,
        "new_quality": 1080,
        **nothing_said(),
        "kafka_partition": 2,
        "kafka_offset": 3,
        "loaded_at": now,
        "row_version": 1,
    }


def _with_fields(*fields: Field) -> Contract:
    return dataclasses.replace(CATALOG.get("element_click"), data=RecordType(fields))


def _field(name: str, value: ValueType) -> Field:
    return Field(name=name, json_name=name, value=value, required=True)


def test_columns_of_nested_objects_carry_the_path() -> None:
    inner = RecordType((_field("os", ValueType(StringType())),))
    table = table_for(_with_fields(_field("device", ValueType(inner))))
    column = next(c for c in table.columns if c.name == "device__os")
    assert column.type == "String"
    assert column.read is not None
    assert column.read({"device": {"os": "linux"}}) == "linux"


@pytest.mark.parametrize(
    "fields",
    [
        (_field("user_id", ValueType(StringType())),),
        (
            _field("a", ValueType(RecordType((_field("b", ValueType(IntegerType())),)))),
            _field("a__b", ValueType(IntegerType())),
        ),
    ],
)
def test_two_columns_of_one_name_are_refused(fields: tuple[Field, ...]) -> None:
    with pytest.raises(TableError, match="two columns"):
        table_for(_with_fields(*fields))


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("a", "`a`"), ("a`b", "`a\\`b`"), ("a\\", "`a\\\\`"), ("a b", "`a b`")],
)
def test_identifiers_are_quoted(name: str, quoted: str) -> None:
    assert quote_identifier(name) == quoted


@pytest.mark.parametrize(("text", "quoted"), [("a", "'a'"), ("it's", "'it\\'s'"), ("\\", "'\\\\'")])
def test_strings_are_quoted(text: str, quoted: str) -> None:
    assert quote_string(text) == quoted
