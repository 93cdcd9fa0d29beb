"""Column types, and what each direction makes of a value; the servers' part is in the suites."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from ch_schema.client import json_rows
from ch_schema.client.native import ticks
from ch_schema.client.parameters import bind
from ch_schema.client.render import renderer
from ch_schema.client.statements import makes_database
from ch_schema.columns import raw_of
from ch_schema.errors import (
    AmbiguousError,
    ClickHouseError,
    RefusedError,
    RetryableError,
    code_in,
    connection_lost,
    server_error,
)
from ch_schema.values import converter, plain_type, split_type


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("Int64", "Int64", ()),
        ("DateTime64(3, 'UTC')", "DateTime64", ("3", "'UTC'")),
        ("Map(String, Array(Nullable(Int64)))", "Map", ("String", "Array(Nullable(Int64))")),
        (r"Enum8('a,)' = 1, 'b\'(' = 2)", "Enum8", ("'a,)' = 1", r"'b\'(' = 2")),
        ("Tuple(`a,b` Int8, c String)", "Tuple", ("`a,b` Int8", "c String")),
    ],
)
def test_types_are_split(text: str, name: str, arguments: tuple[str, ...]) -> None:
    assert split_type(text) == (name, arguments)


@pytest.mark.parametrize(
    "text", ["", "Int64)", "Tuple(Nothing2)", "Nothing2", "Array", "Map(String)"]
)
def test_types_without_a_python_value(text: str) -> None:
    with pytest.raises(RefusedError):
        converter(text, json_rows.READ_LEAVES)


ITEM = "Tuple(sku String, price Decimal(12, 2), size Tuple(w Int64, h Nullable(Int64)))"
PRETTY = """Tuple(
    sku String,
    price Decimal(12, 2),
    size Tuple(
        w Int64,
        h Nullable(Int64)))"""


def test_a_type_that_is_described_on_several_lines_is_the_same_on_one() -> None:
    assert plain_type(PRETTY) == ITEM
    assert plain_type("Tuple(`values` Int64, `a b` Int64)") == "Tuple(values Int64, `a b` Int64)"


def test_named_tuples_are_objects_whichever_way_they_come() -> None:
    item = {"sku": "a", "price": Decimal("1.10"), "size": {"w": 1, "h": None}}
    wire = converter(ITEM, json_rows.WRITE_LEAVES)(item)
    assert wire == {"sku": "a", "price": "1.10", "size": {"w": 1, "h": None}}
    assert converter(ITEM, json_rows.READ_LEAVES)(wire) == item
    raw = raw_of(ITEM)(item)
    assert raw == (b"a", 110, (1, None))
    assert raw_of("Tuple(Int64, String)")((1, "a")) == (1, b"a")
    for wrong in ((1,), "ab", None, {"sku": "a"}):
        with pytest.raises((TypeError, ValueError, KeyError)):
            raw_of(ITEM)(wrong)


def test_json_is_written_so_that_it_is_read_exactly() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    moment = dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=zone)
    write = converter("Array(DateTime64(6, 'UTC'))", json_rows.WRITE_LEAVES)
    assert write([moment]) == ["1969-12-31T21:59:59.999999Z"]
    statement = json_rows.insert_statement("a.t", ["k", "s`"], [[2**53 + 1, "é\0\n"], [1, ""]])
    assert statement.decode() == (
        "INSERT INTO `a`.`t` (`k`, `s\\``) FORMAT JSONCompactEachRow\n"
        '[9007199254740993,"é\\u0000\\n"]\n[1,""]'
    )


def test_json_answers_are_read_exactly() -> None:
    names = b'["i", "f", "d", "t", "m", "n"]\n'
    types = b'["Int64", "Float64", "Decimal(9, 2)", "DateTime64(9)", "Map(Int64, Bool)", "Nothing"]'
    row = b'\n[9007199254740993, "-0", "1.50", "1900-01-01T00:00:00.000001999Z", {"-5":true}, null]'
    (record,) = json_rows.read_rows(names + types + row + b"\n")
    assert repr(record["f"]) == "-0.0"
    assert record == {
        "i": 9007199254740993,
        "f": 0.0,
        "d": Decimal("1.50"),
        "t": dt.datetime(1900, 1, 1, microsecond=1, tzinfo=dt.UTC),
        "m": {-5: True},
        "n": None,
    }


@pytest.mark.parametrize("body", [b"1\n", b"a,b\n1,2\n", b'["a","a"]\n["Int8","Int8"]\n[1,2]\n'])
def test_answers_that_are_no_records(body: bytes) -> None:
    with pytest.raises(RefusedError):
        json_rows.read_rows(body)


@pytest.mark.parametrize(
    ("moment", "micros"),
    [
        (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), 0),
        (dt.datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=dt.UTC), -500_000),
        (dt.datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC), -2_208_988_799_999_999),
        (dt.datetime(2299, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC), 10_413_791_999_999_999),
    ],
)
def test_native_ticks_are_exact(moment: dt.datetime, micros: int) -> None:
    """Debian's server has no DateTime64, so this cannot be shown by a round trip."""
    assert ticks(("6", "'UTC'"))(moment) == micros
    assert ticks(("3",))(moment) == micros // 1000
    assert ticks(("9",))(moment) == micros * 1000


@pytest.mark.parametrize(
    ("sql", "parameters", "word"),
    [
        ("SELECT {a:String}", {}, "a has no value"),
        ("SELECT '{a:String}'", {"a": "x"}, "no placeholder for a"),
        ("SELECT {a:String}", {"a": object()}, "object is no query parameter"),
        ("SELECT {a:DateTime}", {"a": dt.datetime(2020, 1, 1)}, "datetime is no"),  # noqa: DTZ001
    ],
)
def test_parameters_are_refused(sql: str, parameters: dict[str, object], word: str) -> None:
    with pytest.raises(RefusedError, match=word):
        bind(sql, parameters)


def test_instants_and_nulls_are_parameters() -> None:
    moment = dt.datetime(2020, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    assert bind("{t:DateTime64(3, 'UTC')} {n:Nullable(Int8)}", {"t": moment, "n": None}) == (
        "CAST(toDateTime64('2020-01-01 00:00:00', 6, 'UTC') AS DateTime64(3, 'UTC')) "
        "CAST(NULL AS Nullable(Int8))"
    )


@pytest.mark.parametrize(
    ("sql", "makes"),
    [
        ("CREATE DATABASE a", True),
        ("  create\n database if not exists a", True),
        ("-- CREATE\n/* ; */DROP DATABASE a", True),
        ("CREATE TABLE database (a Int8)", False),
        ("SHOW CREATE DATABASE a", False),
        ("SELECT 'CREATE DATABASE a'", False),
        ("-- CREATE DATABASE a", False),
    ],
)
def test_statements_on_databases(sql: str, makes: bool) -> None:
    assert makes_database(sql) is makes


@pytest.mark.parametrize(
    ("code", "of_a_write", "of_a_query"),
    [
        (62, RefusedError, RefusedError),
        (999_999, RefusedError, RefusedError),
        (None, RefusedError, RefusedError),
        (252, RetryableError, RetryableError),
        (241, AmbiguousError, RetryableError),
        (319, AmbiguousError, RetryableError),
    ],
)
def test_codes_become_reactions(
    code: int | None, of_a_write: type[ClickHouseError], of_a_query: type[ClickHouseError]
) -> None:
    text = "Code: 1. DB::Exception: text. Stack trace:\n\n0. main"
    for writes, wanted in ((True, of_a_write), (False, of_a_query)):
        error = server_error(code, text, writes=writes)
        assert type(error) is wanted
        assert (error.code, error.text) == (code, "Code: 1. DB::Exception: text")


def test_a_lost_connection() -> None:
    assert type(connection_lost("gone", writes=True)) is AmbiguousError
    assert type(connection_lost("gone", writes=False)) is RetryableError


def test_codes_in_texts() -> None:
    assert code_in("Code: 60. DB::Exception: no table") == 60
    assert code_in("Code: 81, e.displayText() = DB::Exception") == 81
    assert code_in("no code") is None


def test_rendered_cells() -> None:
    moment = dt.datetime(2020, 1, 2, 3, 4, 5, 600, tzinfo=dt.UTC)
    names, rows = ("a", "b"), [(None, 'q"\t'), (True, moment), (1.5, ["x", None])]
    assert renderer("CSV")(names, rows) == (
        '\\N,"q""\t"\ntrue,"2020-01-02 03:04:05.000600"\n1.5,"[""x"", null]"\n'
    )
    assert renderer("TSVWithNames")(names, rows) == (
        'a\tb\n\\N\tq"\\t\ntrue\t2020-01-02 03:04:05.000600\n1.5\t["x", null]\n'
    )
    assert renderer("PrettyCompact")(names, rows) == (
        "┌─a────┬─b──────────────────────────┐\n"
        '│ ᴺᵁᴸᴸ │ q"\\t                       │\n'
        "│ true │ 2020-01-02 03:04:05.000600 │\n"
        '│ 1.5  │ ["x", null]                │\n'
        "└──────┴────────────────────────────┘\n"
    )
    assert renderer("PrettyCompact")(names, []) == ""
