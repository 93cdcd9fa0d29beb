"""Senders that are slow, or send too much before an event, to a real server on real parts."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from threading import Event

import pytest

from tests.api.servers import Server
from tests.api.test_stack import Stack, api_over, call, running_stack, send
from tests.api.world import CLICK
from tests.support.processes import free_port, wait_until

pytestmark = pytest.mark.stack

SENDERS = 60
"""More than the server has threads."""

HEAD = b"POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
EVENT = json.dumps(CLICK).encode()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[Server]:
    with api_over(stack, BODY_TIMEOUT_SECONDS="4", API_THREADS="8") as running:
        yield running


def connect(server: Server) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


@contextmanager
def slow_senders(server: Server, beginning: bytes, piece: bytes) -> Iterator[list[socket.socket]]:
    """Connections that have sent a beginning; some go on with a piece now and then."""
    stopped = Event()
    with ExitStack() as opened:
        senders = [opened.enter_context(connect(server)) for _ in range(SENDERS)]
        for each in senders:
            each.sendall(beginning)

        def trickle() -> None:
            trickling = set(senders[::2])
            while trickling and not stopped.wait(0.2):
                for each in list(trickling):
                    try:
                        each.sendall(piece)
                    except OSError:
                        trickling.discard(each)

        thread = opened.enter_context(ThreadPoolExecutor(1))
        thread.submit(trickle)
        try:
            yield senders
        finally:
            stopped.set()


def last_words(connection: socket.socket) -> bytes:
    """All that the server still sends before it cuts the connection."""
    received = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(4096):
            received += piece
    return received


def test_slow_headers_hold_nobody_up_and_are_cut(api: Server) -> None:
    with slow_senders(api, b"POST /api/v1/events HTTP/1.1\r\nX-Slow: ", b"x") as senders:
        assert {send(api).status for _ in range(30)} == {202}
        for each in senders:
            last_words(each)


@pytest.mark.parametrize(
    "length", [b"Content-Length: 5000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"]
)
def test_slow_bodies_hold_nobody_up_and_get_408(api: Server, length: bytes) -> None:
    piece = b"1\r\n \r\n" if b"chunked" in length else b" "
    with slow_senders(api, HEAD + length + piece, piece) as senders:
        assert {send(api).status for _ in range(30)} == {202}
        answers = [last_words(each) for each in senders]
    assert {each[:13] for each in answers} <= {b"HTTP/1.1 408 ", b""}
    silent = answers[1::2]
    assert {each[:13] for each in silent} == {b"HTTP/1.1 408 "}
    assert all(b"body_timeout" in each and b"connection: close" in each for each in silent)
    assert send(api).status == 202


def test_a_slow_body_that_is_whole_in_time_is_an_event(api: Server) -> None:
    with connect(api) as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(EVENT))
        for byte in EVENT:
            connection.sendall(bytes([byte]))
        assert last_words(connection).startswith(b"HTTP/1.1 202 ")


def exchange(server: Server, request: bytes) -> bytes:
    """What a server answers; it may do so, and end, before it has read everything."""
    with connect(server) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        return last_words(connection)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (HEAD + b"Authorization: Bearer " + b"a" * 1_000_000 + b"\r\n\r\n", b"431"),
        (HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(1000)) + b"\r\n", b"431"),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET /?" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"431"),
        (b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET /%ff%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
    ],
    ids=["a token of 1 MB", "1,000 headers", "a long path", "a long query", "a path", "bytes"],
)
def test_what_is_too_much_before_the_body_is_refused(
    api: Server, request_: bytes, status: bytes
) -> None:
    assert exchange(api, request_).startswith(b"HTTP/1.1 " + status)
    assert send(api).status == 202


def test_headers_that_are_large_and_not_too_large_are_taken(api: Server) -> None:
    headers = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 2000) for number in range(80))
    length = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(EVENT)
    assert exchange(api, HEAD + headers + length + EVENT).startswith(b"HTTP/1.1 202 ")


def test_no_log_of_the_server_tells_who_sent_what(stack: Stack) -> None:
    """Kafka is away, so that events go to the spool; what the server itself prints counts too."""
    told = [b"eyJhbGciOiJIUzI1NiJ9.e30.x", b"marie.curie@example.org", b"198.51.100.88", b"Tell/7"]
    head = HEAD + b"User-Agent: Tell/7\r\nX-Forwarded-For: 198.51.100.88\r\nConnection: close\r\n"
    search = {
        "event": "search_filter",
        "token": None,
        "data": {"search_query": "marie.curie@example.org", "filters": "genre=sci-fi"},
    }
    bodies: list[object] = [
        search,
        {**search, "token": "eyJhbGciOiJIUzI1NiJ9.e30.x"},
        {**search, "marie.curie@example.org": 1},
        {**search, "event": "marie.curie@example.org"},
    ]
    with api_over(stack, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}") as server:
        for body in map(json.dumps, bodies):
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            answer = exchange(server, head + length + body.encode())
            assert answer[9:12] in (b"202", b"401", b"422")
        exchange(
            server, b"GET /marie.curie@example.org HTTP/1.1\r\nX: eyJhbGciOiJIUzI1NiJ9.e30.x\r\n"
        )
        server.process.terminate()
        log = server.process.log.read_bytes()
    assert b"refused" in log
    assert [each for each in told if each in log] == []


def test_workers_count_a_clients_events_together(stack: Stack) -> None:
    settings = {"RATE_LIMIT": "20/hour", "BATCH_LIMIT_EVENTS": "20"}
    with api_over(stack, workers=2, DUPLICATE_TIMEOUT_SECONDS="5", **settings) as server:
        statuses = [send(server).status for _ in range(30)]
        assert (statuses.count(202), statuses.count(429)) == (20, 10)
        refused = send(server)
        assert (refused.json["code"], call(server, "GET", "/health/live").status) == (
            "rate_limited",
            200,
        )
        assert int(refused.headers["Retry-After"]) > 0


def test_a_reload_refuses_nobody(stack: Stack) -> None:
    """The one worker is replaced while events come in, on new connections each.

    A connection that the old one has accepted and read nothing of is closed, one of each sender at
    most (docs/operations.md, "Reloading").
    """
    with api_over(stack) as server:
        before = server.process.children()
        stopped = Event()
        statuses: list[int] = []
        cut: list[OSError] = []

        def keep_sending() -> None:
            while not stopped.is_set():
                try:
                    statuses.append(send(server).status)
                except (BrokenPipeError, ConnectionResetError) as error:
                    cut.append(error)

        with ThreadPoolExecutor(4) as threads:
            sending: list[Future[None]] = [threads.submit(keep_sending) for _ in range(4)]
            try:
                wait_until(lambda: len(statuses) > 40, "the old one is used")
                server.process.reload()
                wait_until(lambda: not before & server.process.children(), "the worker is new", 90)
                replaced = len(statuses)
                wait_until(lambda: len(statuses) > replaced + 40, "the new one is used")
            finally:
                stopped.set()
            for each in sending:
                each.result(60)
    assert set(statuses) == {202}
    assert len(cut) <= len(sending)
