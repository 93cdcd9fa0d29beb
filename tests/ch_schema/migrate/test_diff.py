"""Old table → new table: each step's effect, its statement, and that ClickHouse does it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.ddl.tables import Column, Index, Table, create_database_statement
from ch_schema.migrate.diff import LONGEST_RETENTION_DAYS, Effect, Step, table_changes
from ch_schema.values import plain_type

TABLE = Table(
    name="visits",
    columns=(
        Column("event_id", "UUID", "The id"),
        Column("timestamp", "DateTime64(3, 'UTC')", "When"),
        Column("row_version", "UInt8", "Which stays"),
        Column("page", "String", "A page"),
    ),
    sorting_key=("page",),
    retention_days=365,
    comment="Visits",
    indexes=(),
)


def with_column(type_text: str, *, comment: str = "A value", name: str = "v") -> Table:
    return dataclasses.replace(TABLE, columns=(*TABLE.columns, Column(name, type_text, comment)))


def only(old: Table, new: Table) -> Step:
    (step,) = table_changes(old, new)
    return step


WIDENINGS = [
    ("Int64", "Nullable(Int64)", "-5"),
    ("Bool", "Nullable(Bool)", "true"),
    ("Date32", "Nullable(Date32)", "'2299-12-31'"),
    ("UUID", "Nullable(UUID)", "'6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11'"),
    ("DateTime64(6, 'UTC')", "Nullable(DateTime64(6, 'UTC'))", "'2026-01-31 12:00:00.123456'"),
    ("LowCardinality(String)", "LowCardinality(Nullable(String))", "'a'"),
    ("Array(Int64)", "Array(Nullable(Int64))", "[1, 2]"),
    ("Array(Array(Int64))", "Array(Array(Nullable(Int64)))", "[[1], []]"),
    ("Map(String, Int64)", "Map(String, Nullable(Int64))", "map('a', 1)"),
    ("Decimal(8, 2)", "Decimal(12, 2)", "-123456.78"),
    ("Decimal(8, 2)", "Nullable(Decimal(38, 2))", "0.01"),
    ("Array(Tuple(a Int64))", "Array(Tuple(a Nullable(Int64)))", "[tuple(7)]"),
    ("Array(Tuple(a Int64))", "Array(Tuple(b Nullable(String), a Int64))", "[tuple(7)]"),
    (
        "Array(Tuple(a Int64, b Decimal(8, 2)))",
        "Array(Tuple(b Decimal(18, 2), l Array(Int64), l__present Bool, a Int64))",
        "[(7, 0.01)]",
    ),
    (
        "Array(Tuple(a Array(Tuple(b Int64))))",
        "Array(Tuple(a Array(Tuple(b Int64, c LowCardinality(Nullable(String))))))",
        "[tuple([tuple(7)])]",
    ),
    ("Array(Map(String, UUID))", "Array(Map(String, Nullable(UUID)))", "[map()]"),
]
REWRITINGS = [
    ("LowCardinality(String)", "String", "'a'"),
    ("String", "LowCardinality(String)", "'a'"),
    ("String", "LowCardinality(Nullable(String))", "'a'"),
    ("Array(LowCardinality(String))", "Array(String)", "['a']"),
    ("Array(Tuple(a LowCardinality(String)))", "Array(Tuple(a String))", "[tuple('x')]"),
    ("UUID", "String", "'6f1c2b1e-6d0c-4a3e-9d52-0a1f5a3c7b11'"),
]
REFUSALS = [
    ("Nullable(Int64)", "Int64"),
    ("Decimal(12, 2)", "Decimal(8, 2)"),
    ("Decimal(12, 2)", "Decimal(14, 4)"),
    ("Decimal(12, 2)", "Float64"),
    ("Array(Tuple(a Int64))", "Array(Tuple(b Int64))"),
    ("Array(Tuple(a Int64))", "Array(Tuple(a Int64, b Int64))"),
    ("Array(Tuple(a Int64))", "Array(Tuple(a Int64, b Array(Int64)))"),
    ("Array(Tuple(a Array(Int64)))", "Array(Tuple(a Array(Int64), a__present Bool))"),
    ("Array(Tuple(a__x Int64))", "Array(Tuple(a__present Bool, a__x Nullable(Int64)))"),
    ("Nullable(String)", "Array(String)"),
    ("Int64", "Float64"),
    ("Int64", "String"),
    ("String", "UUID"),
    ("String", "Date32"),
    ("DateTime64(3, 'UTC')", "DateTime64(6, 'UTC')"),
    ("DateTime64(6, 'UTC')", "DateTime64(3, 'UTC')"),
    ("Array(Int64)", "Nullable(String)"),
    ("Array(Int64)", "String"),
    ("Array(Int64)", "Map(String, Int64)"),
    ("Map(String, Int64)", "Nullable(String)"),
    ("Map(String, Int64)", "Map(String, Float64)"),
    ("Array(UUID)", "Array(Int64)"),
]


@pytest.mark.parametrize(("old", "new", "value"), WIDENINGS)
def test_widenings(old: str, new: str, value: str) -> None:
    step = only(with_column(old), with_column(new))
    assert (step.effect, step.column) == (Effect.WIDENING, "v")
    assert step.statement == f"ALTER TABLE `ugc`.`visits` MODIFY COLUMN `v` {new} COMMENT 'A value'"


@pytest.mark.parametrize(("old", "new", "value"), REWRITINGS)
def test_rewritings(old: str, new: str, value: str) -> None:
    step = only(with_column(old), with_column(new))
    assert step.effect is Effect.REWRITING
    assert step.statement is not None


@pytest.mark.parametrize(("old", "new"), REFUSALS)
def test_refusals(old: str, new: str) -> None:
    step = only(with_column(old), with_column(new))
    assert (step.effect, step.statement) == (Effect.REFUSED, None)


def says(before: Any, after: Any) -> bool:
    """Whether it is the same, perhaps in another form; what is new in an object says nothing."""
    match before, after:
        case dict(), dict():
            new = after.keys() - before.keys()
            return all(says(before[name], after[name]) for name in before) and all(
                after[name] in (None, [], False) for name in new
            )
        case list(), list():
            return len(before) == len(after) and all(map(says, before, after))
        case _:
            return str(before) == str(after)


def test_equal_tables_need_nothing() -> None:
    assert table_changes(TABLE, TABLE) == ()


def test_a_new_column_stands_where_the_contract_has_it() -> None:
    first, second = table_changes(
        TABLE,
        dataclasses.replace(
            TABLE,
            columns=(
                *TABLE.columns[:2],
                Column("a", "Nullable(Int64)", "It's"),
                Column("b", "LowCardinality(Nullable(String))", ""),
                *TABLE.columns[2:],
            ),
        ),
    )
    assert first.effect is second.effect is Effect.ADDITIVE
    assert first.statement == (
        "ALTER TABLE `ugc`.`visits` ADD COLUMN IF NOT EXISTS `a` Nullable(Int64)"
        " COMMENT 'It\\'s' AFTER `timestamp`"
    )
    assert second.statement is not None
    assert second.statement.endswith("AFTER `a`")


def with_columns(*columns: tuple[str, str]) -> Table:
    made = (Column(name, type_text, "") for name, type_text in columns)
    return dataclasses.replace(TABLE, columns=(*TABLE.columns, *made))


def test_a_mark_comes_in_one_statement_with_what_it_tells_of() -> None:
    """Stopped between two statements, nobody would know what the mark says of old rows."""
    new = with_columns(
        ("n", "Nullable(Int64)"),
        ("g__present", "Bool"),
        ("g__a", "Nullable(String)"),
        ("g__l", "Array(Int64)"),
        ("g__m", "Array(Int64)"),
        ("g__m__present", "Bool"),
    )
    steps = table_changes(TABLE, new)
    assert {step.effect for step in steps} == {Effect.ADDITIVE}
    alone, together = (step.statement for step in steps if step.statement)
    assert "`n`" in alone
    assert together.startswith(
        "ALTER TABLE `ugc`.`visits` ADD COLUMN IF NOT EXISTS `g__present` Bool "
    )
    assert together.count("ADD COLUMN IF NOT EXISTS") == 5
    assert "DEFAULT" not in together


def test_old_rows_have_what_was_always_there() -> None:
    """The default is also what a loader of the release before leaves the mark to."""
    old = with_columns(("l", "Array(Int64)"), ("g__a", "String"))
    new = with_columns(
        ("l", "Array(Int64)"), ("l__present", "Bool"),
        ("g__present", "Bool"), ("g__a", "Nullable(String)"),
    )  # fmt: skip
    added = [step.statement for step in table_changes(old, new) if step.effect is Effect.ADDITIVE]
    assert [" Bool DEFAULT true " in (statement or "") for statement in added] == [True, True]


def test_a_new_list_in_an_object_that_was_there_would_make_values_up() -> None:
    old = with_columns(("g__present", "Bool"), ("g__a", "Nullable(String)"))
    new = with_columns(
        ("g__present", "Bool"), ("g__a", "Nullable(String)"), ("g__l", "Array(Int64)")
    )  # fmt: skip
    assert only(old, new).effect is Effect.REFUSED


@pytest.mark.parametrize("type_text", ["Int64", "Array(Int64)", "Map(String, Nullable(Int64))"])
def test_a_new_column_without_null_would_make_values_up(type_text: str) -> None:
    step = only(TABLE, with_column(type_text))
    assert (step.effect, step.statement) == (Effect.REFUSED, None)


@pytest.mark.parametrize(("old", "new"), [("v__a", "v"), ("v", "v__a")])
def test_a_value_does_not_move_between_columns(old: str, new: str) -> None:
    steps = table_changes(
        with_column("Nullable(String)", name=old), with_column("Nullable(String)", name=new)
    )
    assert [step.effect for step in steps] == [Effect.REFUSED, Effect.ADDITIVE]


def test_a_column_that_the_contract_lacks_is_kept() -> None:
    step = only(with_column("Nullable(Int64)"), TABLE)
    assert (step.effect, step.statement) == (Effect.ADDITIVE, None)
    assert only(with_column("Int64"), TABLE).effect is Effect.REFUSED


@pytest.mark.parametrize("new", ["Nullable(String)", "LowCardinality(String)"])
def test_the_sorting_key_keeps_its_types(new: str) -> None:
    columns = (*TABLE.columns[:3], Column("page", new, "A page"))
    step = only(TABLE, dataclasses.replace(TABLE, columns=columns))
    assert (step.effect, step.statement) == (Effect.REFUSED, None)


@pytest.mark.parametrize("key", [(), ("page", "timestamp"), ("timestamp",)])
def test_the_sorting_key_stays(key: tuple[str, ...]) -> None:
    step = only(TABLE, dataclasses.replace(TABLE, sorting_key=key))
    assert (step.effect, step.column, step.statement) == (Effect.REFUSED, None, None)


@pytest.mark.parametrize(
    ("before", "after", "ending", "effect"),
    [
        (30, 90, "MODIFY TTL toDateTime(timestamp) + INTERVAL 90 DAY", Effect.ADDITIVE),
        (30, None, "REMOVE TTL", Effect.ADDITIVE),
        (90, 30, "MODIFY TTL toDateTime(timestamp) + INTERVAL 30 DAY", Effect.ERASING),
        (None, 30, "MODIFY TTL toDateTime(timestamp) + INTERVAL 30 DAY", Effect.ERASING),
        (30, LONGEST_RETENTION_DAYS + 1, None, Effect.REFUSED),
        (None, LONGEST_RETENTION_DAYS + 1, None, Effect.REFUSED),
    ],
)
def test_rows_that_live_shorter_are_erased(
    before: int | None, after: int | None, ending: str | None, effect: Effect
) -> None:
    step = only(
        dataclasses.replace(TABLE, retention_days=before),
        dataclasses.replace(TABLE, retention_days=after),
    )
    assert step.effect is effect
    assert step.statement == (ending and f"ALTER TABLE `ugc`.`visits` {ending}")


def kept_for(days: int | None) -> Table:
    column = Column("v", "String", "A value", kept_days=days)
    return dataclasses.replace(TABLE, columns=(*TABLE.columns, column))


@pytest.mark.parametrize(
    ("before", "after", "ending", "effect"),
    [
        (None, 5, "String TTL toDateTime(timestamp) + INTERVAL 5 DAY", Effect.ERASING),
        (9, 5, "String TTL toDateTime(timestamp) + INTERVAL 5 DAY", Effect.ERASING),
        (5, 9, "String TTL toDateTime(timestamp) + INTERVAL 9 DAY", Effect.ADDITIVE),
        (5, None, "REMOVE TTL", Effect.ADDITIVE),
    ],
)
def test_values_that_live_shorter_are_erased(
    before: int | None, after: int | None, ending: str, effect: Effect
) -> None:
    step = only(kept_for(before), kept_for(after))
    assert (step.effect, step.column) == (effect, "v")
    assert step.statement == f"ALTER TABLE `ugc`.`visits` MODIFY COLUMN `v` {ending}"


def test_an_index_and_another_codec_are_for_new_parts() -> None:
    index = Index("page_filter", "page", "bloom_filter(0.01)")
    columns = (*TABLE.columns[:3], dataclasses.replace(TABLE.columns[3], codec="ZSTD(1)"))
    codec, added = table_changes(
        TABLE, dataclasses.replace(TABLE, columns=columns, indexes=(index,))
    )
    assert codec.effect is added.effect is Effect.ADDITIVE
    assert codec.statement == (
        "ALTER TABLE `ugc`.`visits` MODIFY COLUMN `page` String CODEC(ZSTD(1))"
    )
    assert added.statement == (
        "ALTER TABLE `ugc`.`visits` ADD INDEX IF NOT EXISTS"
        " page_filter page TYPE bloom_filter(0.01) GRANULARITY 1"
    )


def test_the_lifetime_is_written_as_in_a_new_table() -> None:
    step = only(dataclasses.replace(TABLE, retention_days=30), TABLE)
    assert step.statement is not None
    assert step.statement.removeprefix("ALTER TABLE `ugc`.`visits` MODIFY ") in (
        TABLE.create_statement()
    )


def test_comments_follow_the_contract() -> None:
    new = dataclasses.replace(with_column("Int64", comment="b'c"), comment="It's")
    column, table = table_changes(with_column("Int64"), new)
    assert column.statement == "ALTER TABLE `ugc`.`visits` COMMENT COLUMN `v` 'b\\'c'"
    assert table.statement == "ALTER TABLE `ugc`.`visits` MODIFY COMMENT 'It\\'s'"
    assert column.effect is table.effect is Effect.ADDITIVE


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    folder: Path = tmp_path_factory.mktemp("diff")
    client = connect(f"chdb://{folder}")
    client.execute(create_database_statement())
    yield client
    client.close()


@pytest.mark.parametrize(("old", "new", "value"), [*WIDENINGS, *REWRITINGS])
def test_clickhouse_keeps_every_value(
    clickhouse: ClickHouse, old: str, new: str, value: str
) -> None:
    before = dataclasses.replace(with_column(old), retention_days=None)
    after = dataclasses.replace(with_column(new), retention_days=None, comment="New")
    name = before.qualified_name
    clickhouse.execute(f"DROP TABLE IF EXISTS {name} SYNC")
    clickhouse.execute(before.create_statement())
    clickhouse.execute(
        f"INSERT INTO {name} SELECT generateUUIDv4(), now(), 1, '/', CAST({value} AS {old})"
    )
    (was,) = clickhouse.query(f"SELECT v FROM {name}")
    for step in table_changes(before, after):
        assert step.statement is not None
        clickhouse.execute(step.statement)
    (row,) = clickhouse.query(f"SELECT v, toTypeName(v) AS type FROM {name}")
    assert plain_type(row["type"]) == new
    assert says(was["v"], row["v"])
