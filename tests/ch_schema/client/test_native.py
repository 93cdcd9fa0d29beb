"""The native protocol, against Debian's server, which is old: simpler types, no tokens."""

from __future__ import annotations

import datetime as dt
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.errors import AmbiguousError, ClickHouseError, RefusedError, RetryableError
from tests.fullstack.clickhouse_server import PASSWORD, ClickHouseServer, clickhouse_server
from tests.support.processes import free_port, wait_until

pytest.register_assert_rewrite("tests.ch_schema.client_suite")

from tests.ch_schema.client_suite import DATABASE, EVERY_SERVER, ClientSuite  # noqa: E402

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseServer]:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


class TestNative(ClientSuite):
    column_types = EVERY_SERVER
    ddl_settings = {"allow_experimental_low_cardinality_type": 1}  # noqa: RUF012 - as declared

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, server: ClickHouseServer) -> str:
        return server.url(DATABASE)

    def test_true_and_false_fit_a_server_without_bool(self, clickhouse: ClickHouse) -> None:
        table = self.table(clickhouse, {"k": "Int64", "b": "UInt8"})
        rows = [[1, True], [2, False]]
        clickhouse.insert(table, ["k", "b"], rows, deduplication_token="t")
        back = clickhouse.query(f"SELECT b FROM {table} ORDER BY k")
        assert [row["b"] for row in back] == [1, 0]

    def test_an_hour_that_comes_twice(self, clickhouse: ClickHouse) -> None:
        """The server's time zone is New York's, whose clocks went back at 06:00 UTC."""
        first = dt.datetime(2024, 11, 3, 5, 30, tzinfo=dt.UTC)
        instants = [first, first + dt.timedelta(hours=1)]
        table = self.table(clickhouse, {"t": "DateTime"})
        clickhouse.insert(table, ["t"], [[i] for i in instants], deduplication_token="t")
        back = clickhouse.query(f"SELECT t FROM {table} ORDER BY t")
        assert [row["t"] for row in back] == instants


def test_over_tls(server: ClickHouseServer) -> None:
    url = f"clickhouses://127.0.0.1:{server.tls_port}"
    with closing(connect(f"{url}?ca_certs={server.certificate}")) as trusting:
        assert trusting.query("SELECT 1 AS one") == [{"one": 1}]
    with closing(connect(url)) as distrusting, pytest.raises(RetryableError, match="certificate"):
        distrusting.query("SELECT 1")


def test_the_next_host_answers_for_a_dead_one(server: ClickHouseServer) -> None:
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{server.native_port}"
    with closing(connect(f"clickhouse://{hosts}/default")) as client:
        assert client.query("SELECT 1 AS one") == [{"one": 1}]


def test_a_wrong_password_is_refused_and_not_shown(server: ClickHouseServer) -> None:
    url = f"clickhouse://ugc:secret-but-wrong@127.0.0.1:{server.native_port}/default"
    with closing(connect(url)) as client:
        with pytest.raises(RefusedError) as refused:
            client.query("SELECT 1")
        assert "secret" not in f"{refused.value!r} {client!r}"
    with closing(connect(server.url())) as client:
        assert PASSWORD not in repr(client)


def test_a_server_that_does_not_answer(server: ClickHouseServer) -> None:
    """Before a statement is sent that is retryable, afterwards ambiguous for what writes."""
    options = "?connect_timeout=0.5&send_receive_timeout=0.5"
    with closing(connect(server.url(options=options))) as client:
        client.execute("CREATE TABLE silent (k Int64) ENGINE = Memory")
        server.send(signal.SIGSTOP)
        try:
            with pytest.raises(RetryableError):
                client.insert("silent", ["k"], [[1]], deduplication_token="t")
        finally:
            server.send(signal.SIGCONT)
        with pytest.raises(AmbiguousError):
            client.execute("INSERT INTO silent SELECT sleep(2)")
        with pytest.raises(RetryableError):
            client.query("SELECT sleep(2)")


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    """Blocks are inserted all the while; each is whole or absent, acknowledged ones are there."""
    block = 500
    acknowledged: list[int] = []
    failures: list[ClickHouseError] = []
    done = threading.Event()
    with clickhouse_server(tmp_path) as server, closing(connect(server.url())) as client:
        client.execute("CREATE TABLE load (n Int64, k Int64) ENGINE = MergeTree ORDER BY (n, k)")

        def load() -> None:
            number = 0
            while not done.is_set():
                number += 1
                rows = [[number, key] for key in range(block)]
                try:
                    client.insert("load", ["n", "k"], rows, deduplication_token=str(number))
                    acknowledged.append(number)
                except (RetryableError, AmbiguousError) as error:
                    failures.append(error)
                    done.wait(0.02)

        loader = threading.Thread(target=load)
        loader.start()
        try:
            for _ in range(2):
                before = len(acknowledged)
                wait_until(lambda: len(acknowledged) >= before + 20, "blocks")  # noqa: B023
                server.kill()
                server.start()
            before = len(acknowledged)
            wait_until(lambda: len(acknowledged) > before, "a block after the restarts")
        finally:
            done.set()
            loader.join()
        counts = client.query("SELECT n, count() AS rows FROM load GROUP BY n")
        assert {row["rows"] for row in counts} == {block}
        assert set(acknowledged) <= {row["n"] for row in counts}
        assert failures
