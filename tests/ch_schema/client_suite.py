"""What every :class:`ch_schema.client.protocol.ClickHouse` does, whatever it speaks.

A test module subclasses :class:`ClientSuite`, says which column types its server has, and gives
a fixture ``url`` of a server that holds nothing, whose scope is the class.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import struct
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.columns import ColumnBlock, encoded, encoder, raw_of
from ch_schema.errors import RefusedError
from ch_schema.quoting import quote_identifier, quote_table

DATABASE = "ugc"

_SERIAL = count()

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
INT64 = st.integers(-(2**63), 2**63 - 1)
DOUBLES = st.floats(allow_nan=False)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))


def _instants(low: dt.date, high: dt.date, digits: int) -> st.SearchStrategy[dt.datetime]:
    """Aware, in any zone, with so many digits after the second."""
    step = 10 ** (6 - digits)
    midnight = dt.time()
    return st.datetimes(
        dt.datetime.combine(low, midnight), dt.datetime.combine(high, midnight), timezones=ZONES
    ).map(lambda moment: moment.replace(microsecond=moment.microsecond // step * step))


# What all servers since 2020 hold, a day away from the ends so that zones do no harm.
_OLDEST, _LATEST = dt.date(1900, 1, 2), dt.date(2299, 12, 30)
_OLDEST_SECONDS, _LATEST_SECONDS = dt.date(1970, 1, 3), dt.date(2105, 12, 30)


def _decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    most = 10**precision - 1
    return st.integers(-most, most).map(lambda units: Decimal(f"{units}E-{scale}"))


_ITEM = (
    "Tuple(sku String, price Decimal(12, 2), kind LowCardinality(Nullable(String)),"
    " values Array(Nullable(Int64)))"
)
_ITEMS = st.fixed_dictionaries(
    {
        "sku": TEXTS,
        "price": _decimals(12, 2),
        "kind": st.none() | TEXTS,
        "values": st.lists(st.none() | INT64, max_size=2),
    }
)

EVERY_SERVER: Mapping[str, st.SearchStrategy[Any]] = {
    "String": TEXTS,
    "Nullable(String)": st.none() | TEXTS,
    "LowCardinality(String)": TEXTS,
    "LowCardinality(Nullable(String))": st.none() | TEXTS,
    "UUID": st.uuids(),
    "Nullable(UUID)": st.none() | st.uuids(),
    "Int64": INT64,
    "Nullable(Int64)": st.none() | INT64,
    "UInt8": st.integers(0, 255),
    "Float64": DOUBLES,
    "Nullable(Float64)": st.none() | DOUBLES,
    "DateTime": _instants(_OLDEST_SECONDS, _LATEST_SECONDS, 0),
    "DateTime('Europe/Berlin')": _instants(_OLDEST_SECONDS, _LATEST_SECONDS, 0),
    "Array(String)": st.lists(TEXTS, max_size=3),
    "Array(Nullable(Int64))": st.lists(st.none() | INT64, max_size=3),
    "Array(Array(Float64))": st.lists(st.lists(DOUBLES, max_size=3), max_size=3),
    "Array(UUID)": st.lists(st.uuids(), max_size=2),
    "Decimal(9, 2)": _decimals(9, 2),
    "Decimal(18, 4)": _decimals(18, 4),
    "Decimal(38, 10)": _decimals(38, 10),
    "Nullable(Decimal(12, 2))": st.none() | _decimals(12, 2),
    "Array(Decimal(12, 2))": st.lists(_decimals(12, 2), max_size=3),
}

SINCE_2020: Mapping[str, st.SearchStrategy[Any]] = {
    **EVERY_SERVER,
    "Bool": st.booleans(),
    "Nullable(Bool)": st.none() | st.booleans(),
    "Date32": st.dates(_OLDEST, _LATEST),
    "Nullable(Date32)": st.none() | st.dates(_OLDEST, _LATEST),
    "DateTime64(3, 'UTC')": _instants(_OLDEST, _LATEST, 3),
    "DateTime64(6, 'UTC')": _instants(_OLDEST, _LATEST, 6),
    "DateTime64(6, 'America/New_York')": _instants(_OLDEST, _LATEST, 6),
    "Nullable(DateTime64(6, 'UTC'))": st.none() | _instants(_OLDEST, _LATEST, 6),
    "Map(String, Int64)": st.dictionaries(TEXTS, INT64, max_size=3),
    "Map(String, Nullable(Float64))": st.dictionaries(TEXTS, st.none() | DOUBLES, max_size=3),
    "Map(String, Array(Bool))": st.dictionaries(
        TEXTS, st.lists(st.booleans(), max_size=2), max_size=2
    ),
    "Map(Int64, DateTime64(3, 'UTC'))": st.dictionaries(
        INT64, _instants(_OLDEST, _LATEST, 3), max_size=2
    ),
    f"Array({_ITEM})": st.lists(_ITEMS, max_size=3),
    "Array(Map(String, Date32))": st.lists(
        st.dictionaries(TEXTS, st.dates(_OLDEST, _LATEST), max_size=2), max_size=2
    ),
}


EXAMPLES = settings(
    max_examples=40,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # to shrink takes minutes when each example asks a server
    suppress_health_check=list(HealthCheck),
)


def bits(value: float) -> bytes:
    """A double as it lies in memory: tells -0.0 from 0.0."""
    return struct.pack("<d", value)


_NO_RAW_VALUES = frozenset({"DateTime64(6, 'America/New_York')"})
"""Its instants are the same, but come back in UTC."""


def block_of(table: str, types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> ColumnBlock:
    """The rows as a block; ``types`` by column."""
    columns = [
        [raw_of(kind)(value) for value in column]
        for kind, column in zip(types.values(), zip(*rows, strict=True), strict=True)
    ]
    return ColumnBlock(
        table=table,
        names=tuple(types),
        types=tuple(types.values()),
        columns=columns,
        encoded=[encoded(*each) for each in zip(types.values(), columns, strict=True)],
    )


class ClientSuite:
    """The tests. See the module."""

    column_types: ClassVar[Mapping[str, st.SearchStrategy[Any]]]
    ddl_settings: ClassVar[Mapping[str, str | int]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def clickhouse(cls, url: str) -> Iterator[ClickHouse]:
        """Connected to a database that this fixture made."""
        client = connect(url)
        try:
            client.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
            yield client
        finally:
            client.close()

    def table(self, clickhouse: ClickHouse, columns: Mapping[str, str], extra: str = "") -> str:
        """Makes a MergeTree table with a name of its own, and gives the name."""
        name = f"t{next(_SERIAL)}"
        described = ", ".join(f"{quote_identifier(n)} {kind}" for n, kind in columns.items())
        key = quote_identifier(next(iter(columns)))
        clickhouse.execute(
            f"CREATE TABLE {quote_table(name)} ({described}) ENGINE = MergeTree "
            f"ORDER BY {key} {extra}",
            settings=self.ddl_settings,
        )
        return name

    def counted(self, clickhouse: ClickHouse, table: str) -> int:
        (row,) = clickhouse.query(f"SELECT count() AS n FROM {quote_table(table)}")
        number: int = row["n"]
        return number

    def test_rows_come_back_equal(self, clickhouse: ClickHouse) -> None:
        """For every column type the contracts use, over generated rows."""
        names = {f"c{number}": kind for number, kind in enumerate(self.column_types)}
        table = self.table(clickhouse, {"k": "Int64", **names})
        rows_of_cells = st.lists(st.tuples(*self.column_types.values()), min_size=1, max_size=8)
        keys = count()

        @EXAMPLES
        @given(rows_of_cells)
        def holds(cells: list[tuple[Any, ...]]) -> None:
            rows = [(next(keys), *row) for row in cells]
            token = str(rows[0][0])
            clickhouse.insert(table, ["k", *names], rows, deduplication_token=token)
            back = clickhouse.query(
                "SELECT * FROM " + table + " WHERE k >= {low:Int64} ORDER BY k",
                parameters={"low": rows[0][0]},
            )
            assert [tuple(row.values()) for row in back] == rows
            for row in back:
                assert row["c9"].__class__ is float
                assert row["c11"].tzinfo is dt.UTC

        holds()

    def test_blocks_of_columns_come_back_equal(self, clickhouse: ClickHouse) -> None:
        """For every column type with bytes of its own, and with those that go as rows."""
        kinds = {
            kind: values
            for kind, values in self.column_types.items()
            if kind not in _NO_RAW_VALUES and encoder(kind)
        }
        names = {f"c{number}": kind for number, kind in enumerate(kinds)}
        types = {"k": "Int64", **names}
        table = self.table(clickhouse, types)
        other = self.table(clickhouse, {**types, "k": "UInt64"})
        keys = count()

        @EXAMPLES
        @given(st.lists(st.tuples(*kinds.values()), min_size=1, max_size=8))
        def holds(cells: list[tuple[Any, ...]]) -> None:
            rows = [(next(keys), *row) for row in cells]
            for name in (table, other):
                block = block_of(name, types, rows)
                assert block.native() is not None
                clickhouse.insert_columns(block, deduplication_token=str(rows[0][0]))
                back = clickhouse.query(
                    f"SELECT * FROM {name} WHERE k >= {{low:Int64}} ORDER BY k",
                    parameters={"low": rows[0][0]},
                )
                assert [tuple(row.values()) for row in back] == rows

        holds()

    def test_a_long_block_of_columns(self, clickhouse: ClickHouse) -> None:
        """With any byte in it, texts of every length, and more keys than one byte numbers."""
        types = {"k": "Int64", "t": "String"}
        if "DateTime64(3, 'UTC')" in self.column_types:
            types["c"] = "LowCardinality(String)"
        table = self.table(clickhouse, types)
        rows = [
            (number, "\n\n;" + "x" * (number % 1_500), f"key {number % 700}")[: len(types)]
            for number in range(2_600)
        ]
        clickhouse.insert_columns(block_of(table, types, rows), deduplication_token="long")
        back = clickhouse.query(f"SELECT * FROM {table} ORDER BY k")
        assert [tuple(row.values()) for row in back] == rows

    def test_a_block_with_lists_goes_as_columns(self, clickhouse: ClickHouse) -> None:
        types = {"k": "Int64", "a": "Array(String)"}
        rows = [(1, ["x", "é"]), (2, [])]
        table = self.table(clickhouse, types)
        block = block_of(table, types, rows)
        assert block.native() is not None
        clickhouse.insert_columns(block, deduplication_token="lists")
        back = clickhouse.query(f"SELECT * FROM {table} ORDER BY k")
        assert [tuple(row.values()) for row in back] == rows

    def test_a_block_goes_as_rows_where_the_table_has_other_types(
        self, clickhouse: ClickHouse
    ) -> None:
        table = self.table(clickhouse, {"k": "Int64", "a": "Array(Nullable(String))"})
        rows = [(1, ["x", "é"]), (2, [])]
        block = block_of(table, {"k": "Int64", "a": "Array(String)"}, rows)
        clickhouse.insert_columns(block, deduplication_token="rows")
        back = clickhouse.query(f"SELECT * FROM {table} ORDER BY k")
        assert [tuple(row.values()) for row in back] == rows

    def test_doubles_come_back_to_the_bit(self, clickhouse: ClickHouse) -> None:
        numbers = random.Random(20240229)
        doubles = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0, 0.1 + 0.2, 1e23]
        doubles += [9007199254740993.0, float("inf"), float("-inf")]
        while len(doubles) < 5000:
            (value,) = struct.unpack("<d", struct.pack("<Q", numbers.getrandbits(64)))
            if value == value:
                doubles.append(value)
        table = self.table(clickhouse, {"k": "Int64", "d": "Float64", "a": "Array(Float64)"})
        rows = [(key, value, [value]) for key, value in enumerate(doubles)]
        clickhouse.insert(table, ["k", "d", "a"], rows, deduplication_token="doubles")
        back = clickhouse.query(f"SELECT d, a FROM {table} ORDER BY k")
        assert [bits(row["d"]) for row in back] == list(map(bits, doubles))
        assert [bits(row["a"][0]) for row in back] == list(map(bits, doubles))

    def test_not_a_number_comes_back(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"d": "Float64"})
        clickhouse.insert(table, ["d"], [[float("nan")]], deduplication_token="nan")
        ((value,),) = (row.values() for row in clickhouse.query(f"SELECT d FROM {table}"))
        assert value != value

    def test_json_text_stays_text(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"k": "Int64", "j": "String"})
        texts = ['{"a": [1, 2.50, null], "ключ": "\\u0000"}', "null", "[]", '"x"', "1e999", ""]
        rows = list(enumerate(texts))
        clickhouse.insert(table, ["k", "j"], rows, deduplication_token="json")
        back = clickhouse.query(f"SELECT j FROM {table} ORDER BY k")
        assert [row["j"] for row in back] == texts

    def test_columns_left_out_get_their_default(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"k": "Int64", "n": "Nullable(String)", "d": "String"})
        clickhouse.insert(table, ["d", "k"], [["x", 1]], deduplication_token="t")
        assert clickhouse.query(f"SELECT * FROM {table}") == [{"k": 1, "n": None, "d": "x"}]

    @pytest.mark.parametrize(
        "name", ["order by", "a`b", "a\\", "naïve ключ", 'a"b', "a'b", "{x:T}"]
    )
    def test_names_are_quoted(self, clickhouse: ClickHouse, name: str) -> None:
        clickhouse.execute(
            f"CREATE TABLE {quote_identifier(name)} ({quote_identifier(name)} String) "
            f"ENGINE = MergeTree ORDER BY tuple()"
        )
        clickhouse.insert(name, [name], [["v"]], deduplication_token="t")
        assert clickhouse.query(f"SELECT * FROM {quote_table(name)}") == [{name: "v"}]
        clickhouse.execute(f"DROP TABLE {quote_table(f'{DATABASE}.{name}')}")

    def test_a_table_of_another_database(self, clickhouse: ClickHouse) -> None:
        clickhouse.execute("CREATE DATABASE other")
        clickhouse.execute("CREATE TABLE other.t (k Int64) ENGINE = MergeTree ORDER BY k")
        clickhouse.insert("other.t", ["k"], [[7]], deduplication_token="t")
        assert clickhouse.query("SELECT k FROM other.t") == [{"k": 7}]
        clickhouse.execute("/* and */ drop database other")
        with pytest.raises(RefusedError):
            clickhouse.query("SELECT k FROM other.t")

    def test_no_rows_are_no_insert(self, clickhouse: ClickHouse) -> None:
        clickhouse.insert("there_is_no_such_table", ["k"], [], deduplication_token="t")

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("Int64", None),
            ("Int64", 2**63),
            ("Int64", -(2**63) - 1),
            ("Int64", 1.0),
            ("Int64", "1"),
            ("UInt8", 256),
            ("UInt8", -1),
            ("Float64", None),
            ("Float64", True),
            ("Float64", "1"),
            ("Float64", 10**400),
            ("String", None),
            ("String", 1),
            ("String", b"x"),
            ("String", {"a": 1}),
            ("String", "\ud800"),
            ("UUID", None),
            ("UUID", "not-a-uuid"),
            ("Date", dt.date(1969, 12, 31)),
            ("Date", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
            ("DateTime", dt.datetime(2020, 1, 1)),  # noqa: DTZ001 - this is the point
            ("DateTime", dt.datetime(1969, 12, 31, tzinfo=dt.UTC)),
            ("DateTime", dt.datetime(2107, 1, 1, tzinfo=dt.UTC)),
            ("DateTime", "2020-01-01 00:00:00"),
            ("Array(Int64)", None),
            ("Array(Int64)", [None]),
            ("Array(Int64)", [2**63]),
            ("Array(String)", "abc"),
            ("Nullable(Int64)", 2**63),
        ],
        ids=lambda value: f"{value!r:.20}",
    )
    def test_a_value_that_does_not_fit_is_refused(
        self, clickhouse: ClickHouse, kind: str, value: object
    ) -> None:
        """ClickHouse or its driver would store many of these as something else."""
        table = self.table(clickhouse, {"k": "Int64", "v": kind})
        good: dict[str, Any] = {
            "Int64": 1,
            "Nullable(Int64)": None,
            "UInt8": 1,
            "Float64": 1.5,
            "String": "x",
        }
        good |= {"UUID": uuid.UUID(int=1), "Date": dt.date(2020, 1, 1), "Array(Int64)": []}
        good |= {"DateTime": dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "Array(String)": []}
        rows = [[1, good[kind]], [2, value]]
        with pytest.raises(RefusedError, match="row 1, column v"):
            clickhouse.insert(table, ["k", "v"], rows, deduplication_token="t")
        assert self.counted(clickhouse, table) == 0

    def test_a_row_of_another_length_is_refused(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"k": "Int64", "v": "String"})
        with pytest.raises(RefusedError, match="row 1 has 1 values for 2 columns"):
            clickhouse.insert(table, ["k", "v"], [[1, "a"], [2]], deduplication_token="t")
        assert self.counted(clickhouse, table) == 0

    def test_an_unknown_column_or_table_is_refused(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"k": "Int64"})
        with pytest.raises(RefusedError, match="no column nope"):
            clickhouse.insert(table, ["k", "nope"], [[1, 2]], deduplication_token="t")
        with pytest.raises(RefusedError) as refused:
            clickhouse.insert("nope", ["k"], [[1]], deduplication_token="t")
        assert refused.value.code == 60

    def test_errors_carry_code_and_text(self, clickhouse: ClickHouse) -> None:
        for sql, code, word in (
            ("SELECT FROM WHERE", 62, "Syntax error"),
            ("SELECT * FROM nope", 60, "nope"),
            ("SELECT nope", 47, "nope"),
            ("SELECT nope(1)", 46, "nope"),
        ):
            with pytest.raises(RefusedError, match=word) as refused:
                clickhouse.query(sql)
            assert refused.value.code == code
            assert f"Code: {code}" in refused.value.text
            assert "Stack trace" not in refused.value.text

    def test_the_client_works_on_after_an_error(self, clickhouse: ClickHouse) -> None:
        with pytest.raises(RefusedError):
            clickhouse.query("SELECT throwIf(number = 3, 'stop') FROM numbers(10)")
        assert clickhouse.query("SELECT 1 AS one") == [{"one": 1}]

    def test_a_missing_database_is_refused_except_to_make_it(
        self, clickhouse: ClickHouse, url: str
    ) -> None:
        client = connect("later".join(url.rsplit(DATABASE, 1)))
        try:
            with pytest.raises(RefusedError) as refused:
                client.execute("CREATE TABLE t (k Int64) ENGINE = MergeTree ORDER BY k")
            assert refused.value.code == 81
            client.execute("-- first of all\nCREATE DATABASE later")
            client.execute("CREATE TABLE t (k Int64) ENGINE = MergeTree ORDER BY k")
            client.insert("t", ["k"], [[1]], deduplication_token="t")
            assert clickhouse.query("SELECT k FROM later.t") == [{"k": 1}]
        finally:
            client.execute("DROP DATABASE IF EXISTS later")
            client.close()

    def test_settings_hold_for_one_statement(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"k": "Int64"})
        with pytest.raises(RefusedError) as refused:
            clickhouse.execute(f"DROP TABLE {table}", settings={"readonly": 1})
        assert refused.value.code == 164
        clickhouse.execute(f"DROP TABLE {table}")

    def test_parameters_are_values_and_never_sql(self, clickhouse: ClickHouse) -> None:
        @EXAMPLES
        @given(
            text=st.text(st.characters(codec="utf-8") | st.sampled_from("'\\`\"{}:-/*\n\0")),
            number=INT64,
            double=st.floats(allow_nan=False, allow_subnormal=False),  # Debian's knows no literal
            identifier=st.uuids(),
            day=st.dates(dt.date(1970, 1, 1), dt.date(2100, 1, 1)),
            texts=st.lists(TEXTS, min_size=1, max_size=3),
        )
        def holds(**parameters: Any) -> None:
            (row,) = clickhouse.query(
                "SELECT {text:String} AS text, {number:Int64} AS number, "
                "{double:Float64} AS double, {identifier:UUID} AS identifier, "
                "{day:Date} AS day, {texts:Array(String)} AS texts, "
                "'{text:String}' AS quoted -- {text:String}",
                parameters=parameters,
            )
            assert row == {**parameters, "quoted": "{text:String}"}

        holds()

    def test_a_query_without_rows(self, clickhouse: ClickHouse) -> None:
        assert clickhouse.query("SELECT 1 AS one WHERE 0") == []

    def test_types_without_a_python_value_are_refused(self, clickhouse: ClickHouse) -> None:
        with pytest.raises(RefusedError, match="no Python value"):
            clickhouse.query("SELECT toIntervalDay(1) AS pause")

    def test_tuples_and_those_with_names(self, clickhouse: ClickHouse) -> None:
        (row,) = clickhouse.query(
            "SELECT (1, 'a') AS pair, [CAST((1, NULL), 'Tuple(n Int64, s Nullable(String))')] AS l"
        )
        assert row == {"pair": (1, "a"), "l": [{"n": 1, "s": None}]}

    @pytest.mark.parametrize("fmt", ["JSONEachRow", "CSVWithNames", "TSV", "PrettyCompact"])
    def test_answers_as_text(self, clickhouse: ClickHouse, fmt: str) -> None:
        text = clickhouse.query_text("SELECT toInt32(1) AS n, 'it\\'s \"so\"' AS s", fmt)
        match fmt:
            case "JSONEachRow":
                assert json.loads(text) == {"n": 1, "s": 'it\'s "so"'}
            case "CSVWithNames":
                assert text == '"n","s"\n1,"it\'s ""so"""\n'
            case "TSV":
                assert text.replace("\\'", "'") == '1\tit\'s "so"\n'
            case _:
                assert "─n─┬─s────" in text
                assert '│ 1 │ it\'s "so" │' in text

    def test_text_of_a_statement_without_answer(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"k": "Int64"})
        assert clickhouse.query_text(f"DROP TABLE {table}", "TSV") == ""

    def test_an_unknown_format_is_refused(self, clickhouse: ClickHouse) -> None:
        for fmt in ("Nope", "DataFrame"):
            with pytest.raises(RefusedError, match=fmt):
                clickhouse.query_text("SELECT 1", fmt)

    def test_threads_share_a_client(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"k": "Int64", "w": "Int64"})

        def work(worker: int) -> None:
            for step in range(5):
                key = worker * 1000 + step
                clickhouse.insert(table, ["k", "w"], [[key, worker]], deduplication_token=str(key))
                (row,) = clickhouse.query(
                    "SELECT max(k) AS k FROM " + table + " WHERE w = {w:Int64}",
                    parameters={"w": worker},
                )
                assert row["k"] == key

        with ThreadPoolExecutor(6) as workers:
            for done in [workers.submit(work, worker) for worker in range(6)]:
                done.result()
        assert self.counted(clickhouse, table) == 30


class TokenSuite(ClientSuite):
    """Also for servers since 2021, which know ``insert_deduplication_token``."""

    def test_one_token_stores_once(self, clickhouse: ClickHouse) -> None:
        """Over more partitions than a block may have by itself, and a place in the window each."""
        table = self.table(
            clickhouse,
            {"k": "Int64", "at": "DateTime('UTC')"},
            "PARTITION BY toYYYYMM(at) SETTINGS non_replicated_deduplication_window = 1000",
        )
        first = dt.datetime(1999, 1, 1, tzinfo=dt.UTC)
        rows = [(number, first + dt.timedelta(days=31 * number)) for number in range(101)]
        for _ in range(2):
            clickhouse.insert(table, ["k", "at"], rows, deduplication_token="a")
        assert self.counted(clickhouse, table) == 101
        clickhouse.insert(table, ["k", "at"], rows, deduplication_token="b")
        assert self.counted(clickhouse, table) == 202

    def test_one_token_stores_a_block_of_columns_once(self, clickhouse: ClickHouse) -> None:
        """As one block, over more partitions than it may have by itself."""
        types = {"k": "Int64", "t": "String"}
        extra = "PARTITION BY k % 150 SETTINGS non_replicated_deduplication_window = 1000"
        table = self.table(clickhouse, types, extra)
        block = block_of(table, types, [(number, "x") for number in range(300)])
        for token in ("a", "a", "b"):
            clickhouse.insert_columns(block, deduplication_token=token)
        assert self.counted(clickhouse, table) == 600

    def test_other_rows_under_a_used_token_are_dropped(self, clickhouse: ClickHouse) -> None:
        """As :meth:`ClickHouse.insert` warns."""
        table = self.table(
            clickhouse, {"k": "Int64"}, "SETTINGS non_replicated_deduplication_window = 10"
        )
        clickhouse.insert(table, ["k"], [[1]], deduplication_token="t")
        clickhouse.insert(table, ["k"], [[2]], deduplication_token="t")
        assert clickhouse.query(f"SELECT k FROM {table}") == [{"k": 1}]

    def test_a_row_the_server_refuses_leaves_nothing(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"k": "Int64", "e": "Enum8('a' = 1)"}, "PARTITION BY k")
        rows = [[number % 3, "a"] for number in range(1000)]
        rows[-1] = [1, "b"]
        with pytest.raises(RefusedError, match="enum"):
            clickhouse.insert(table, ["k", "e"], rows, deduplication_token="t")
        assert self.counted(clickhouse, table) == 0
