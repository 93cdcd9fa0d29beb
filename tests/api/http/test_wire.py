"""What comes over the wire to the real server, valid HTTP or not.

Each case is sent as bytes on a connection of its own, and its answers are read to the last. Then
the connection is either at its end, or a plain request on it gets its own answer: nothing of the
case was left over to be taken for a request (request smuggling).
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import parse_headers
from io import BufferedReader

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.http.rsgi import MOST_PIECES
from tests.api.servers import Server
from tests.api.test_stack import Stack, api_over, ready, running_stack
from tests.api.world import CLICK

pytestmark = pytest.mark.stack

EXAMPLES = int(os.environ.get("WIRE_EXAMPLES", "200"))

EVENT = json.dumps({**CLICK, "event_id": "@"}).encode().replace(b"@", b"%s")
"""With room for an ``event_id``."""

PROBE = b"GET /health/live HTTP/1.1\r\nHost: api\r\n\r\n"
POST = b"POST /api/v1/events HTTP/1.1\r\n"
HEADERS = b"Host: api\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LENGTH = len(EVENT % (b"0" * 36))
CONTENT_LENGTH = b"Content-Length: %d\r\n" % LENGTH

BODY = b"<event>"
"""Where the event of the case goes."""

CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (LENGTH, BODY)


@dataclass(frozen=True)
class Wire:
    """Bytes, and the answers to them.

    ``codes`` has one entry for each answer, ``None`` where it is no problem document; ``stored`` is
    how many messages there are in the end.
    """

    sent: bytes
    statuses: tuple[int, ...]
    codes: tuple[str | None, ...] = (None,)
    closes: bool = False
    stored: int = 0


def stored(sent: bytes, *, closes: bool = False) -> Wire:
    return Wire(sent, (202,), closes=closes, stored=1)


def refused(sent: bytes, status: int, code: str, *, closes: bool = False) -> Wire:
    return Wire(sent, (status,), (code,), closes=closes)


def no_http(sent: bytes, status: int = 400) -> Wire:
    """What the server itself refuses: it has no body to its answer, and ends the connection."""
    return Wire(sent, (status,), closes=True)


def headers(more: bytes, body: bytes = BODY) -> bytes:
    return POST + HEADERS + more + b"\r\n" + body


def target(path: bytes, method: bytes = b"POST") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\n" + HEADERS + CONTENT_LENGTH + b"\r\n" + BODY


def chunk(size: bytes) -> bytes:
    return headers(CHUNKED, size + b"\r\n" + BODY + b"\r\n0\r\n\r\n")


GOOD = headers(CONTENT_LENGTH)

CASES: Mapping[str, Wire] = {
    "with a length": stored(GOOD),
    "chunked": stored(headers(CHUNKED, CHUNKS)),
    # Chunks that lie about their length.
    "chunk shorter than its data": refused(
        chunk(b"%x" % (LENGTH - 1)), 400, "length_invalid", closes=True
    ),
    "chunk of negative length": refused(chunk(b"-1"), 400, "length_invalid", closes=True),
    "chunk length is a word": refused(chunk(b"xyz"), 400, "length_invalid", closes=True),
    "chunk length with 0x": refused(chunk(b"0x%x" % LENGTH), 400, "length_invalid", closes=True),
    "chunk length of 17 digits": refused(chunk(b"f" * 17), 400, "length_invalid", closes=True),
    "chunks with bare line feeds": refused(
        headers(CHUNKED, CHUNKS.replace(b"\r\n", b"\n")), 400, "length_invalid", closes=True
    ),
    "a byte in each of too many chunks": refused(
        headers(CHUNKED, b"1\r\n \r\n" * (MOST_PIECES + 1)), 400, "request_invalid", closes=True
    ),
    # granian shows trailers as it shows a body that breaks off (RFC 9112, 7.1.2 lets one ignore
    # them).
    "trailers after the chunks": refused(
        headers(CHUNKED, CHUNKS[:-2] + b"X-Checksum: 1\r\n\r\n"), 400, "length_invalid", closes=True
    ),
    "trailers that are announced": refused(
        headers(b"Trailer: X\r\n" + CHUNKED, CHUNKS[:-2] + b"X: 1\r\n\r\n"),
        400,
        "length_invalid",
        closes=True,
    ),
    "chunk extension": stored(chunk(b"%x;a=b" % LENGTH)),
    # Lengths.
    "no length": Wire(headers(b""), (400, 400), ("body_empty", None), closes=True),
    "two lengths": no_http(headers(CONTENT_LENGTH + b"Content-Length: 5\r\n")),
    "two lengths in one": no_http(headers(b"Content-Length: %d, %d\r\n" % (LENGTH, LENGTH))),
    "negative length": no_http(headers(b"Content-Length: -1\r\n")),
    "length with a sign": no_http(headers(b"Content-Length: +%d\r\n" % LENGTH)),
    "length in hexadecimal": no_http(headers(b"Content-Length: 0x10\r\n")),
    "length is a word": no_http(headers(b"Content-Length: abc\r\n")),
    "length of 23 digits": no_http(headers(b"Content-Length: %s\r\n" % (b"9" * 23))),
    # A length and chunks: the chunks count, and the connection ends (RFC 9112, 6.3).
    "length, then chunks": stored(headers(CONTENT_LENGTH + CHUNKED, CHUNKS), closes=True),
    "chunks, then length": stored(headers(CHUNKED + b"Content-Length: 4\r\n", CHUNKS), closes=True),
    "a request inside the length, after the chunks": stored(
        headers(b"Content-Length: 2000\r\n" + CHUNKED, CHUNKS + GOOD), closes=True
    ),
    "a request inside the chunks, after the length": Wire(
        headers(b"Content-Length: 3\r\n" + CHUNKED, b"3\r\n{x}\r\n0\r\n\r\n" + GOOD),
        (400,),
        ("json_invalid",),
        closes=True,
    ),
    # Transfer codings.
    "chunks of gzip": refused(
        headers(b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS), 400, "request_invalid"
    ),
    "gzip of chunks": no_http(headers(b"Transfer-Encoding: chunked, gzip\r\n", CHUNKS)),
    "identity": no_http(headers(b"Transfer-Encoding: identity\r\n" + CONTENT_LENGTH)),
    "nearly chunked": no_http(headers(b"Transfer-Encoding: xchunked\r\n", CHUNKS)),
    "blank before the colon": no_http(headers(b"Transfer-Encoding : chunked\r\n", CHUNKS)),
    "tab after the colon": stored(headers(b"Transfer-Encoding:\tchunked\r\n", CHUNKS)),
    "chunked in HTTP/1.0": no_http(headers(CHUNKED, CHUNKS).replace(b"HTTP/1.1", b"HTTP/1.0")),
    # Versions and pipelines.
    "HTTP/1.0": stored(GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"), closes=True),
    "HTTP/1.0 without a length": refused(
        headers(b"").replace(b"HTTP/1.1", b"HTTP/1.0"), 400, "body_empty", closes=True
    ),
    "HTTP/1.2": no_http(GOOD.replace(b"HTTP/1.1", b"HTTP/1.2")),
    "HTTP/0.9": no_http(b"GET /health/live\r\n"),
    "HTTP/2": Wire(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (), (), closes=True),
    "TLS": no_http(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "noise": no_http(bytes(range(256)) + b"\r\n\r\n"),
    "three requests at once": Wire(GOOD * 3, (202, 202, 202), (None,) * 3, stored=1),
    "a good request behind a bad one": Wire(
        headers(b"Content-Length: 3\r\n", b"{x}") + GOOD,
        (400, 202),
        ("json_invalid", None),
        stored=1,
    ),
    "an expectation we do not know": stored(headers(b"Expect: 200-ok\r\n" + CONTENT_LENGTH)),
    # Addresses.
    "absolute address": stored(target(b"http://elsewhere.example/api/v1/events")),
    "address of a proxy": refused(
        b"CONNECT elsewhere.example:80 HTTP/1.1\r\nHost: elsewhere.example:80\r\n\r\n",
        404,
        "not_found",
    ),
    "any address": refused(b"OPTIONS * HTTP/1.1\r\nHost: api\r\n\r\n", 404, "not_found"),
    "NUL in the address": no_http(target(b"/api/v1/events\x00")),
    "escaped NUL in the address": refused(target(b"/api/v1/events%00"), 404, "not_found"),
    "bytes in the address": no_http(target(b"/api/v1/\xff")),
    "escaped bytes in the address": refused(target(b"/api/v1/%ff"), 404, "not_found"),
    "broken escape in the address": refused(target(b"/api/v1/%zz"), 404, "not_found"),
    "two slashes": refused(target(b"//api/v1/events"), 404, "not_found"),
    "two slashes inside": refused(target(b"/api//v1/events"), 404, "not_found"),
    "slash at the end": refused(target(b"/api/v1/events/"), 404, "not_found"),
    "dots": refused(target(b"/api/v1/x/../events"), 404, "not_found"),
    "escaped slash is a slash": stored(target(b"/api/v1%2Fevents")),
    "dots to a file": refused(target(b"/docs/static/%2e%2e/__init__.py", b"GET"), 404, "not_found"),
    # Methods.
    "another method in a header": refused(
        target(b"/api/v1/events", b"GET").replace(
            HEADERS, HEADERS + b"X-HTTP-Method-Override: POST\r\n"
        ),
        405,
        "method_not_allowed",
    ),
    "a worse method in a header": stored(
        headers(b"X-HTTP-Method-Override: DELETE\r\nX-Method-Override: PUT\r\n" + CONTENT_LENGTH)
    ),
    "a method nobody knows": refused(target(b"/api/v1/events", b"FOO"), 405, "method_not_allowed"),
    "TRACE": refused(
        b"TRACE /api/v1/events HTTP/1.1\r\nHost: api\r\n\r\n", 405, "method_not_allowed"
    ),
    # Headers.
    "folded header": no_http(headers(b"X: a\r\n b\r\n" + CONTENT_LENGTH)),
    "NUL in a header": no_http(headers(b"X: a\x00b\r\n" + CONTENT_LENGTH)),
    "carriage return in a header": no_http(headers(b"X: a\rb\r\n" + CONTENT_LENGTH)),
    "header without a colon": no_http(headers(b"nonsense\r\n" + CONTENT_LENGTH)),
    "blank in a header's name": no_http(headers(b"X Y: 1\r\n" + CONTENT_LENGTH)),
    "underscores for dashes": stored(headers(b"Content_Length: 3\r\n" + CONTENT_LENGTH)),
    "500 headers": no_http(
        headers(b"".join(b"X-%d: y\r\n" % number for number in range(500)) + CONTENT_LENGTH), 431
    ),
    "two encodings": refused(
        headers(b"Content-Encoding: gzip\r\nContent-Encoding: identity\r\n" + CONTENT_LENGTH),
        415,
        "encoding_unsupported",
    ),
}


@dataclass(frozen=True)
class Seen:
    """What a case led to."""

    statuses: tuple[int, ...]
    codes: tuple[str | None, ...]
    closed: bool
    stored: int


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[Server]:
    # However busy the machine is, the same event sent three times is stored once.
    with api_over(stack, DUPLICATE_TIMEOUT_SECONDS="5") as running:
        yield running


def event_id(number: int) -> str:
    return f"6f1c2b1e-6d0c-4a3e-9d52-{number:012x}"


@pytest.fixture(scope="module")
def seen(stack: Stack, api: Server) -> Mapping[str, Seen]:
    """Every case, sent one after the other; Kafka is looked at once for all."""
    answers = [
        conversation(
            api, case.sent.replace(BODY, EVENT % event_id(number).encode()), len(case.statuses)
        )
        for number, case in enumerate(CASES.values())
    ]
    counted = Counter(str(message.event_id) for message in stack.messages())
    return {
        name: Seen(statuses, codes, closed, counted[event_id(number)])
        for number, (name, (statuses, codes, closed)) in enumerate(zip(CASES, answers, strict=True))
    }


def connect(api: Server) -> socket.socket:
    host, port = api.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def conversation(
    api: Server, sent: bytes, answers: int
) -> tuple[tuple[int, ...], tuple[str | None, ...], bool]:
    """Statuses and codes of so many answers, and whether the connection then is at its end."""
    with connect(api) as connection, connection.makefile("rb") as stream:
        connection.sendall(sent)
        found = [read_answer(stream) for _ in range(answers)]
        statuses, codes = zip(*found, strict=True) if found else ((), ())
        return statuses, codes, is_at_its_end(connection, stream)


def read_answer(stream: BufferedReader) -> tuple[int, str | None]:
    """The status of the next answer, and the code if it is a problem document."""
    version, status = stream.readline().split()[:2]
    assert version in (b"HTTP/1.1", b"HTTP/1.0")
    told = parse_headers(stream)
    body = stream.read(int(told.get("Content-Length", "0")))
    is_problem = told.get_content_type() == "application/problem+json"
    return int(status), json.loads(body)["code"] if is_problem else None


def is_at_its_end(connection: socket.socket, stream: BufferedReader) -> bool:
    """Whether the server has ended the connection; if not, a request on it gets its own answer."""
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(PROBE)
        line = stream.readline()
        if line:
            assert line.startswith(b"HTTP/1.1 200 ")
            assert json.loads(stream.read(int(parse_headers(stream)["Content-Length"]))) == {
                "status": "live"
            }
            return False
    return True


@pytest.mark.parametrize("name", CASES)
def test_each_request_gets_its_answer_and_nothing_is_left_over(
    seen: Mapping[str, Seen], name: str
) -> None:
    case = CASES[name]
    assert seen[name] == Seen(case.statuses, case.codes, case.closes, case.stored)


def test_who_waits_for_a_go_ahead_gets_it(stack: Stack, api: Server) -> None:
    sent = GOOD.replace(HEADERS, HEADERS + b"Expect: 100-continue\r\n")
    head, _ = sent.split(BODY)
    with connect(api) as connection, connection.makefile("rb") as stream:
        connection.sendall(head)
        assert read_answer(stream) == (100, None)
        connection.sendall(EVENT % event_id(len(CASES)).encode())
        assert read_answer(stream) == (202, None)
    assert stack.message(event_id(len(CASES))).event == CLICK["event"]


def test_chunks_without_their_end_are_no_body(stack: Stack, api: Server) -> None:
    """What came may be good by itself; the sender wanted to say more."""
    body = EVENT % event_id(len(CASES) + 1).encode()
    with connect(api) as connection, connection.makefile("rb") as stream:
        connection.sendall(headers(CHUNKED, b"%x\r\n%s\r\n" % (LENGTH, body)))
        connection.shutdown(socket.SHUT_WR)
        assert read_answer(stream) == (400, "length_invalid")
    assert event_id(len(CASES) + 1) not in {str(each.event_id) for each in stack.messages()}


@pytest.mark.parametrize("more", [b"", b" "], ids=["at the limit", "one byte above"])
@pytest.mark.parametrize("path", [b"/api/v1/events", b"/api/v1/validate", b"/api/v1/events/batch"])
def test_the_limit_is_to_the_byte_with_a_length_and_with_chunks(
    api: Server, path: bytes, more: bytes
) -> None:
    limit, event, good = LIMITS[path]
    body = event + b" " * (limit - len(event)) + more
    expected = (413, "body_too_large") if more else (good, None)
    head = b"POST " + path + b" HTTP/1.1\r\n" + HEADERS
    pieces = [body[at : at + 10_000] for at in range(0, len(body), 10_000)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in pieces)
    for sent in (
        head + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        head + CHUNKED + b"\r\n" + chunks + b"0\r\n\r\n",
    ):
        with connect(api) as connection, connection.makefile("rb") as stream:
            connection.sendall(sent)
            assert read_answer(stream) == expected


LIMITS: Mapping[bytes, tuple[int, bytes, int]] = {
    b"/api/v1/events": (65_536, json.dumps(CLICK).encode(), 202),
    b"/api/v1/validate": (65_536, json.dumps(CLICK).encode(), 200),
    b"/api/v1/events/batch": (1_048_576, json.dumps([CLICK]).encode(), 207),
}
"""Address → its limit in bytes, a body, and the status of what is good."""


@st.composite
def broken_requests(draw: st.DrawFn) -> bytes:
    """One or two of the requests above, after up to five accidents."""
    names = draw(st.lists(st.sampled_from(list(CASES)), min_size=1, max_size=2))
    sent = b"".join(CASES[name].sent for name in names)
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(sent)))
        put = draw(st.binary(max_size=3) | st.sampled_from([b"\r\n", b"\r\n\r\n", b"0\r\n\r\n"]))
        sent = sent[:at] + put + sent[at + draw(st.integers(0, 3)) :]
    return sent


@given(broken_requests())
@settings(max_examples=EXAMPLES, deadline=None)
def test_broken_requests_break_nothing(api: Server, sent: bytes) -> None:
    answered = b""
    with connect(api) as connection, suppress(OSError):
        connection.sendall(sent.replace(BODY, json.dumps(CLICK).encode()))
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65_536):
            answered += piece
    assert not re.search(rb"^HTTP/1\.[01] 5", answered, re.MULTILINE)


def test_the_server_lives_and_nothing_failed_in_it(stack: Stack, api: Server) -> None:
    """Runs last in this file."""
    assert ready(api)
    (log,) = stack.folder.glob("api-*.log")
    told = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert "refused" in {line["message"] for line in told}
    assert "failed" not in {line["message"] for line in told}
    assert "panicked" not in log.read_text()
