"""The server that shares one folder: ClickHouse's HTTP interface, and what ends of it leave."""

from __future__ import annotations

import gzip
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import lz4.frame
import pytest

from ch_schema.client.connect import connect
from ch_schema.errors import AmbiguousError, RetryableError
from tests.ch_schema.shared_folder import FolderServer, folder_server
from tests.fullstack.clickhouse_server import clickhouse_server
from tests.support.processes import START_SECONDS, listening, wait_until

pytestmark = pytest.mark.stack


class HeldPage:
    """A page that is answered when the test says so: a query that reads it runs until then.

    The event tells that a query runs and no clock has a part in it, so that a busy machine cannot
    miss it.
    """

    def __init__(self) -> None:
        self.asked_for = threading.Event()
        self.answer = threading.Event()

        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                page.asked_for.set()
                page.answer.wait(20)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                with suppress(OSError):  # who asked was killed
                    self.wfile.write(b"7\n")

            def log_message(self, *_: object) -> None:
                """Nothing: pytest's output is no access log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.rows = f"url('http://127.0.0.1:{self._server.server_port}/', 'TSV', 'k Int64')"

    def __enter__(self) -> HeldPage:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.set()
        self._server.shutdown()
        self._server.server_close()


def lock_of(server: FolderServer) -> Path:
    """The engine holds this file while it has the folder open, and removes it when it closes it."""
    assert server.folder is not None
    return server.folder / "status"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    code: str | None
    body: str


def ask(
    base: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    path: str = "/",
    **parameters: object,
) -> Answer:
    """POST when there is a body, else GET."""
    url = base + path + ("?" + urlencode(parameters) if parameters else "")
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return Answer(response.status, None, response.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            code = error.headers.get("X-ClickHouse-Exception-Code")
            return Answer(error.code, code, error.read().decode())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FolderServer]:
    folder = tmp_path_factory.mktemp("server")
    with folder_server(folder / "data", folder / "log") as running:
        yield running


def test_ping_and_front_page(server: FolderServer) -> None:
    assert ask(server.url, path="/ping") == Answer(200, None, "Ok.\n")
    assert ask(server.url) == Answer(200, None, "Ok.\n")


def test_curl(server: FolderServer) -> None:
    command = ["curl", "--silent", "--data-binary", "SELECT 1", f"{server.url}/"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"1\n"


def test_the_statement_is_in_the_parameter_the_body_or_both(server: FolderServer) -> None:
    assert ask(server.url, query="SELECT 1").body == "1\n"
    assert ask(server.url, b"SELECT 2").body == "2\n"
    assert ask(server.url, b"3", query="SELECT").body == "3\n"
    assert ask(server.url, b"", query="SELECT 4").body == "4\n"


def test_rows_after_the_statement(server: FolderServer) -> None:
    ask(server.url, b"CREATE TABLE posted (k Int64, s String) ENGINE = MergeTree ORDER BY k")
    insert = "INSERT INTO posted FORMAT JSONEachRow"
    assert ask(server.url, '{"k": 1, "s": "ключ"}\n'.encode(), query=insert).status == 200
    assert ask(server.url, f'{insert}\n{{"k": 2, "s": "b"}}'.encode()).status == 200
    rows = ask(server.url, b"SELECT * FROM posted ORDER BY k FORMAT CSV")
    assert rows.body == '1,"ключ"\n2,"b"\n'


def test_format_database_settings_and_parameters(server: FolderServer) -> None:
    ask(server.url, b"CREATE DATABASE somewhere")
    answer = ask(
        server.url,
        b"SELECT currentDatabase() AS d, getSetting('max_threads') AS t, {p:String} AS p",
        database="somewhere",
        default_format="JSONEachRow",
        max_threads=3,
        param_p=r"it's\ttabbed",
        wait_end_of_query=1,
        query_id="of no use here",
    )
    assert answer.body == '{"d":"somewhere","t":3,"p":"it\'s\\ttabbed"}\n'
    assert ask(server.url, b"SELECT getSetting('max_threads') = 3").body == "0\n"


def test_a_packed_body(server: FolderServer) -> None:
    packed = {"Content-Encoding": "gzip"}
    assert ask(server.url, gzip.compress(b"SELECT 'packed'"), packed).body == "packed\n"
    assert ask(server.url, b"SELECT 1", packed).status == 400
    assert ask(server.url, gzip.compress(b"SELECT 1")[:-3], packed).status == 400
    assert ask(server.url, b"SELECT 1", {"Content-Encoding": "br"}).status == 501


# What clickhouse-connect 1.12 sends when it is told nothing but host and port.
_STOCK = {
    "session_id": "3f0c5a5e-7a0f-4c0e-9f36-6f4c5b0a7c11",
    "client_protocol_version": 54405,
    "cancel_http_readonly_queries_on_client_close": 1,
    "send_progress_in_http_headers": 1,
    "http_headers_progress_interval_ms": 120_000,
    "wait_end_of_query": 1,
}


def test_what_stock_clients_send(server: FolderServer) -> None:
    accepting = {
        "Accept-Encoding": "lz4,zstd,br,gzip,deflate",
        "Authorization": "Basic ZGVmYXVsdDo=",
    }
    read = ask(server.url, b"SELECT 1 FORMAT CSV", accepting, enable_http_compression=1, **_STOCK)
    assert read == Answer(200, None, "1\n")
    ask(server.url, b"CREATE TABLE stock (k Int64) ENGINE = MergeTree ORDER BY k", **_STOCK)
    packed = lz4.frame.compress(b"INSERT INTO stock FORMAT CSV\n1\n2\n")
    assert ask(server.url, packed, {"Content-Encoding": "lz4"}, **_STOCK).status == 200
    assert ask(server.url, packed[:-9], {"Content-Encoding": "lz4"}, **_STOCK).status == 400
    assert ask(server.url, b"SELECT count() FROM stock", **_STOCK).body == "2\n"
    more = {
        "session_timeout": 60,
        "session_check": 0,
        "close_session": 1,
        "quota_key": "",
        "role": "r",
    }
    assert ask(server.url, b"SELECT 1", compress=0, decompress=0, **more).body == "1\n"


@pytest.mark.parametrize("name", ["compress", "decompress"])
def test_blocks_of_the_native_protocol_are_refused(server: FolderServer, name: str) -> None:
    assert ask(server.url, b"SELECT 1", **{name: 1}).status == 501


# What to ask, and with which parameters; None is a GET.
_REFUSALS: Mapping[str, tuple[bytes | None, Mapping[str, str]]] = {
    "syntax": (b"SELECT FROM WHERE", {}),
    "empty": (b"", {}),
    "unknown table": (b"SELECT * FROM nope", {}),
    "unknown function": (b"SELECT nope(1)", {}),
    "unknown database": (b"SELECT 1", {"database": "nope"}),
    "unknown setting": (b"SELECT 1", {"nope": "1"}),
    "unknown format": (b"SELECT 1 FORMAT Nope", {}),
    "write by GET": (None, {"query": "CREATE DATABASE by_get"}),
}


@pytest.mark.parametrize(
    ("case", "status", "code"),
    [
        ("syntax", 400, 62),
        ("empty", 400, 62),
        ("unknown table", 404, 60),
        ("unknown function", 404, 46),
        ("unknown database", 404, 81),
        ("unknown setting", 404, 115),
        ("unknown format", 404, 73),
        ("write by GET", 500, 164),
    ],
)
def test_refusals(server: FolderServer, case: str, status: int, code: int) -> None:
    body, parameters = _REFUSALS[case]
    answer = ask(server.url, body, **parameters)
    assert (answer.status, answer.code) == (status, str(code))
    assert answer.body.startswith(f"Code: {code}. DB::Exception: ")


@pytest.mark.full
def test_refusals_are_those_of_a_real_server(server: FolderServer, tmp_path: Path) -> None:
    with clickhouse_server(tmp_path) as real:
        for case, (body, parameters) in _REFUSALS.items():
            ours = ask(server.url, body, **parameters)
            theirs = ask(real.http_url, body, **parameters)
            assert ours.status == theirs.status, case
            assert ours.body[:8] == theirs.body[:8], case  # Code: 62
        for path in ("/", "/ping"):
            assert ask(server.url, path=path) == ask(real.http_url, path=path)


def test_addresses_and_methods_that_do_not_exist(server: FolderServer) -> None:
    assert ask(server.url, path="/nope").status == 404
    request = urllib.request.Request(f"{server.url}/", data=b"SELECT 1", method="PUT")
    with pytest.raises(urllib.error.HTTPError, match="405") as refused:
        urllib.request.urlopen(request, timeout=60)
    refused.value.close()


_PART = "INSERT INTO {table} FORMAT JSONCompactEachRow\n[1]\n[2]\n"


@pytest.mark.parametrize(
    ("framing", "stored"),
    [
        ("Content-Length: {size}\r\n\r\n{body}", 2),
        ("Content-Length: {longer}\r\n\r\n{body}", 0),
        ("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n", 2),
        ("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n", 0),
        ("Transfer-Encoding: chunked\r\n\r\n{longer:x}\r\n{body}", 0),
    ],
    ids=["all", "too short", "all chunks", "no last chunk", "half a chunk"],
)
def test_part_of_an_insert_is_no_insert(server: FolderServer, framing: str, stored: int) -> None:
    table = f"part_{uuid.uuid4().hex}"
    ask(server.url, f"CREATE TABLE {table} (k Int64) ENGINE = MergeTree ORDER BY k".encode())
    body = _PART.format(table=table)
    framed = framing.format(body=body, size=len(body), longer=len(body) + 10)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{framed}".encode())
        connection.shutdown(socket.SHUT_WR)
        # After a half-closed request the server may close without a word.
        assert connection.recv(12) in (b"", b"HTTP/1.1 200" if stored else b"HTTP/1.1 400")
    wanted = f"{stored}\n"
    counted = f"SELECT count() FROM {table}".encode()
    wait_until(lambda: ask(server.url, counted).body == wanted, "rows stored")


def test_a_long_query_does_not_hold_up_others(server: FolderServer) -> None:
    answers: list[Answer] = []
    with HeldPage() as page:
        slow = f"SELECT k FROM {page.rows}".encode()
        thread = threading.Thread(target=lambda: answers.append(ask(server.url, slow)))
        thread.start()
        assert page.asked_for.wait(START_SECONDS)
        assert ask(server.url, b"SELECT 1").body == "1\n"
        assert answers == []
    thread.join()
    assert answers == [Answer(200, None, "7\n")]


def test_nothing_is_lost_by_sigkill(tmp_path: Path) -> None:
    with (
        folder_server(tmp_path / "data", tmp_path / "log") as server,
        closing(connect(server.url)) as client,
        HeldPage() as page,
    ):
        client.execute(
            "CREATE TABLE kept (k Int64) ENGINE = MergeTree ORDER BY k "
            "SETTINGS non_replicated_deduplication_window = 100"
        )
        client.insert("kept", ["k"], [[1], [2]], deduplication_token="a")
        failures: list[Exception] = []

        def write_slowly() -> None:
            try:
                client.execute(f"INSERT INTO kept SELECT k FROM {page.rows}")
            except AmbiguousError as error:
                failures.append(error)

        writer = threading.Thread(target=write_slowly)
        writer.start()
        assert page.asked_for.wait(START_SECONDS)
        server.process.kill()
        writer.join()
        assert len(failures) == 1
        with pytest.raises(RetryableError):
            client.query("SELECT 1")

        server.start_again()
        assert client.query("SELECT k FROM kept ORDER BY k") == [{"k": 1}, {"k": 2}]
        client.insert("kept", ["k"], [[1], [2]], deduplication_token="a")
        assert client.query("SELECT count() AS n FROM kept") == [{"n": 2}]


def test_sigterm_answers_what_runs_and_closes_the_folder(tmp_path: Path) -> None:
    answers: list[Answer] = []
    with folder_server(tmp_path / "data", tmp_path / "log") as server:
        with HeldPage() as page:
            slow = f"SELECT k FROM {page.rows}".encode()
            thread = threading.Thread(target=lambda: answers.append(ask(server.url, slow)))
            thread.start()
            assert page.asked_for.wait(START_SECONDS)
            assert lock_of(server).exists()
            server.process.send(signal.SIGTERM)
            wait_until(lambda: listening(server.port) == 0, "nobody new is let in")
            assert answers == []
        assert server.process.wait_exit() == 0
        thread.join()
        assert answers == [Answer(200, None, "7\n")]
        assert not lock_of(server).exists()


def test_a_second_owner_of_the_folder_ends_with_a_clear_error(
    server: FolderServer, tmp_path: Path
) -> None:
    second = FolderServer(server.folder, tmp_path / "log")
    try:
        assert second.process.wait_exit() != 0
    finally:
        second.process.kill()
    said = f"RetryableError: the folder {server.folder} is in use by another process"
    assert said in second.process.log.read_text()
    assert ask(server.url, b"SELECT 1").body == "1\n"


def test_without_a_folder_it_ends_with_a_clear_error(tmp_path: Path) -> None:
    server = FolderServer(None, tmp_path / "log")
    try:
        assert server.process.wait_exit() != 0
    finally:
        server.process.kill()
    assert "AddressError: CLICKHOUSE_DATA_DIR is not set" in server.process.log.read_text()
