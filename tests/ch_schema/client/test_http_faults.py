"""What becomes of an HTTP call whose answer does not come, or is a failure."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.errors import AmbiguousError, ClickHouseError, RefusedError, RetryableError
from tests.fullstack.clickhouse_server import clickhouse_server
from tests.support.processes import free_port

Behaviour = Callable[[BaseHTTPRequestHandler], None]

_DESCRIBED = b'["name","type"]\n["String","String"]\n["k","Int64"]\n'


def answer(status: int, body: bytes, code: int | None = None) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        if code is not None:
            handler.send_header("X-ClickHouse-Exception-Code", str(code))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def say_nothing(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.0)
    handler.close_connection = True


def break_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"[")
    handler.close_connection = True


@contextmanager
def server_that(behave: Behaviour) -> Iterator[ClickHouse]:
    """A client of a server that describes every table as ``k Int64`` and otherwise behaves so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            describes = "JSONCompactEachRowWithNamesAndTypes" in self.path
            (answer(200, _DESCRIBED) if describes else behave)(self)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            url = f"http://us%C3%A9r:secret@127.0.0.1:{listener.server_port}/?send_receive_timeout=0.2"
            with closing(connect(url)) as client:
                yield client
        finally:
            listener.shutdown()
            thread.join()


def insert(client: ClickHouse) -> None:
    client.insert("t", ["k"], [[1]], deduplication_token="t")


@pytest.mark.parametrize(
    ("behave", "error", "code"),
    [
        (hang_up, AmbiguousError, None),
        (say_nothing, AmbiguousError, None),
        (break_off, AmbiguousError, None),
        (answer(502, b"<html>no upstream</html>"), AmbiguousError, None),
        (answer(504, b"<html>no upstream</html>"), AmbiguousError, None),
        (answer(500, b"Code: 241. DB::Exception: Memory limit", 241), AmbiguousError, 241),
        (answer(500, b"Code: 243. DB::Exception: Cannot reserve 1.00 MiB"), AmbiguousError, 243),
        (answer(500, b"Code: 252. DB::Exception: Too many parts", 252), RetryableError, 252),
        (answer(500, b"Code: 202. DB::Exception: Too many queries", 202), RetryableError, 202),
        (answer(403, b"Code: 516. DB::Exception: Authentication failed", 516), RefusedError, 516),
        (answer(400, b"Code: 27. DB::Exception: Cannot parse input", 27), RefusedError, 27),
        (answer(404, b"Code: 60, e.displayText() = DB::Exception: of 2018"), RefusedError, 60),
        (answer(302, b""), RefusedError, None),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_an_insert(behave: Behaviour, error: type[ClickHouseError], code: int | None) -> None:
    with server_that(behave) as client, pytest.raises(error) as raised:
        insert(client)
    assert type(raised.value) is error
    assert raised.value.code == code
    assert raised.value.text
    assert "secret" not in f"{raised.value!r} {client!r}"


@pytest.mark.parametrize("behave", [hang_up, say_nothing, break_off, answer(503, b"busy")])
def test_a_command_may_have_been_run(behave: Behaviour) -> None:
    with server_that(behave) as client:
        with pytest.raises(AmbiguousError):
            client.execute("CREATE TABLE t (k Int64) ENGINE = Memory")
        with pytest.raises(AmbiguousError):
            client.query_text("DROP TABLE t", "TSV")


def test_a_query_may_be_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # The kernel takes the connection; nobody ever reads from it.
        url = f"http://127.0.0.1:{listener.getsockname()[1]}?send_receive_timeout=0.2"
        with closing(connect(url)) as client, pytest.raises(RetryableError, match="ReadTimeout"):
            client.query("SELECT 1")


@pytest.mark.full
def test_a_real_server(tmp_path: Path) -> None:
    """Debian's is too old for the rows' format, so by texts."""
    with clickhouse_server(tmp_path) as server:
        url = server.url().replace(f":{server.native_port}", f":{server.http_port}")
        with closing(connect(url.replace("clickhouse://", "http://"))) as client:
            client.execute("CREATE TABLE t (k Int64) ENGINE = Memory")
            client.execute("INSERT INTO t VALUES (1), (2)", settings={"max_threads": 1})
            assert client.query_text("SELECT sum(k) FROM t", "CSV") == "3\n"
            # The error comes after megabytes of rows, and still there is no half answer.
            late = "SELECT throwIf(number = 3000000), number FROM numbers(4000000)"
            with pytest.raises(RefusedError) as refused:
                client.query_text(late, "TSV")
            assert refused.value.code == 395
        with closing(connect(server.http_url.replace("127", "ugc:wrong@127"))) as stranger:
            with pytest.raises(RefusedError) as refused:
                stranger.query_text("SELECT 1", "TSV")
            assert "wrong" not in repr(stranger)
            assert refused.value.code == 193


def test_nothing_was_sent_where_nobody_listens() -> None:
    with closing(connect(f"http://user:secret@127.0.0.1:{free_port()}")) as client:
        for call in (insert, lambda c: c.query("SELECT 1"), lambda c: c.execute("SELECT 1")):
            with pytest.raises(RetryableError, match="no connection") as raised:
                call(client)
            assert "secret" not in repr(raised.value)
