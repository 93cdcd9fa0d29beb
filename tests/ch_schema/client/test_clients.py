"""The embedded engine and the HTTP interface, under the shared suite and on their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.embedded import Engine
from ch_schema.client.json_client import JsonClickHouse
from ch_schema.client.protocol import NO_SETTINGS, ClickHouse
from ch_schema.errors import AddressError, RefusedError, RetryableError
from tests.ch_schema.shared_folder import folder_server
from tests.support.certificate import write_certificate

pytest.register_assert_rewrite("tests.ch_schema.client_suite")

from tests.ch_schema.client_suite import DATABASE, SINCE_2020, TokenSuite  # noqa: E402


class TestEmbedded(TokenSuite):
    column_types = SINCE_2020

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory: pytest.TempPathFactory) -> str:
        return f"chdb://{tmp_path_factory.mktemp('embedded')}?database={DATABASE}"

    def test_another_process_is_told_that_the_folder_is_in_use(
        self, clickhouse: ClickHouse, url: str
    ) -> None:
        program = f"from ch_schema.client.connect import connect; connect({url!r})"
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert other.returncode == 1
        folder = url.removeprefix("chdb://").partition("?")[0]
        assert f"RetryableError: the folder {folder} is in use by another process" in other.stderr

    def test_this_process_keeps_to_one_folder(self, clickhouse: ClickHouse, tmp_path: Path) -> None:
        with pytest.raises(AddressError, match="already initialized with path"):
            connect(f"chdb://{tmp_path}/second")

    def test_its_text_names_the_folder(self, clickhouse: ClickHouse, url: str) -> None:
        assert url.removeprefix("chdb://").partition("?")[0] in repr(clickhouse)


def test_a_closed_folder_can_be_opened_again(tmp_path: Path) -> None:
    for folder in ("one", "two", "one"):
        client = connect(f"chdb://{tmp_path}/{folder}")
        assert client.query("SELECT 1 AS one") == [{"one": 1}]
        client.close()
        client.close()
        with pytest.raises(RefusedError, match="closed"):
            client.query("SELECT 1")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AddressError, match="cannot be made"):
        connect(f"chdb://{tmp_path}/file/folder")


class OtherDefaults:
    """An engine as if its defaults were others: those of older servers, or of a profile."""

    defaults: ClassVar[Mapping[str, str | int]] = {
        "async_insert": 1,
        "max_insert_block_size": 100,
        "min_insert_block_size_rows": 1,
        "min_insert_block_size_bytes": 1,
        "max_partitions_per_insert_block": 100,
        "precise_float_parsing": 0,
        "date_time_input_format": "basic",
        "date_time_output_format": "simple",
        "output_format_json_quote_64bit_integers": 1,
        "output_format_json_quote_decimals": 0,
        "session_timezone": "America/New_York",
    }

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(
        self,
        statement: bytes,
        fmt: str,
        *,
        writes: bool,
        database: str | None = None,
        settings: Mapping[str, str | int] = NO_SETTINGS,
    ) -> bytes:
        settings = {**self.defaults, **settings}
        return self._engine.run(statement, fmt, writes=writes, database=database, settings=settings)

    def insert(
        self,
        into: str,
        fmt: str,
        body: bytes,
        *,
        database: str,
        settings: Mapping[str, str | int],
    ) -> None:
        settings = {**self.defaults, **settings}
        self._engine.insert(into, fmt, body, database=database, settings=settings)

    def close(self) -> None:
        self._engine.close()


class TestOtherDefaults(TokenSuite):
    """What a client needs it asks for with each statement."""

    column_types = SINCE_2020

    @pytest.fixture(scope="class")
    @classmethod
    def clickhouse(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
        engine = Engine(tmp_path_factory.mktemp("defaults"))
        client = JsonClickHouse(OtherDefaults(engine), DATABASE)
        client.execute(f"CREATE DATABASE {DATABASE}")
        yield client
        client.close()

    def test_inserts_are_synchronous(self, clickhouse: ClickHouse) -> None:
        """The embedded engine knows no other; a server acknowledges others before they are kept."""
        table = "t (k Int64, asynchronous Bool DEFAULT getSetting('async_insert'))"
        clickhouse.execute(f"CREATE TABLE {table} ENGINE = MergeTree ORDER BY k")
        clickhouse.insert("t", ["k"], [[1]], deduplication_token="t")
        assert clickhouse.query("SELECT asynchronous FROM t") == [{"asynchronous": False}]

    # Nothing about it depends on a setting, and there is no URL here.
    test_a_missing_database_is_refused_except_to_make_it = None


@pytest.mark.stack
class TestHttp(TokenSuite):
    column_types = SINCE_2020

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        folder = tmp_path_factory.mktemp("http")
        with folder_server(folder / "data", folder / "log") as server:
            yield f"{server.url}/{DATABASE}"


@pytest.mark.stack
def test_over_tls(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    with folder_server(tmp_path / "data", tmp_path / "log", (certificate, key)) as server:
        trusting = connect(f"{server.url}?ca_certs={certificate}")
        assert trusting.query("SELECT 1 AS one") == [{"one": 1}]
        trusting.close()
        distrusting = connect(server.url)
        with pytest.raises(RetryableError, match="certificate"):
            distrusting.query("SELECT 1")
        distrusting.close()
