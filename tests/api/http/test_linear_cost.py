"""Every path from a stranger's bytes takes work that grows no faster than they do.

The bounds behind which nothing grows at all have tests of their own: bodies and headers
(``test_wire.py``, ``test_slow_clients.py``), what bodies unpack to (``test_codecs.py``), problem
documents (``test_problem_sizes.py``), contract files (``tests/contracts/``).
"""

from __future__ import annotations

import base64
import json
import logging
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import brotli
import pytest

from api.auth.jwt_local import MAX_TOKEN_CHARACTERS, JwtVerifier
from api.errors import CodecError, Rejection
from api.http import batch
from api.http.codecs import CODECS
from api.pipeline import strict_json
from api.rejections.record import Hints, Rejected, key_and_value
from api.telemetry.logs import JsonFormatter
from registry.errors import UndecodableError
from registry.serde import Decoder
from registry.testing import InMemoryRegistry
from tests.api.world import CLICK, NOW, World, post
from tests.support.growth import AT_MOST, Work, growth
from tests.support.wire import wires

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Sized = Callable[[int], bytes]


def test_work_that_grows_faster_is_noticed() -> None:
    def prepare(size: int) -> Work:
        return lambda: sum(1 for _ in range(size) for _ in range(size))

    assert growth(prepare, 100) > AT_MOST


BODIES: Mapping[str, Sized] = {
    "arrays side by side": lambda n: b"[" + b"[]," * n + b"[]]",
    "arrays in each other": lambda n: b"[" * n,
    "keys": lambda n: json.dumps({f"k{at}": at for at in range(n)}).encode(),
    "a key twice at the end": lambda n: b'{"":0' + b',"%d":0' % n + b',"a":[0]' * n + b"}",
    "escapes": lambda n: b'"' + b"\\n" * n + b'"',
    "backslashes without an end": lambda n: b'"' + b"\\\\" * n,
    "surrogates": lambda n: b'"' + b"\\ud83d\\ude00" * n + b'\\ud83d"',
    "quotes": lambda n: b'["' * n,
    "empty strings": lambda n: b"[" + b'"",' * n + b'""]',
    "strings and blanks": lambda n: b'{"a":[' + b'""  ,' * n + b'""]' + b" " * n + b', "a":0}',
    "numbers": lambda n: b"[" + b"1e5," * n + b"-0]",
    "a number": lambda n: b"1" * 8 * n,
    "blanks": lambda n: b" " * 8 * n + b"x",
    "line feeds": lambda n: b"[" + b"\n" * 8 * n + b"x",
    "words": lambda n: b"[" + b"null," * n + b"NaN]",
}


@pytest.mark.parametrize("name", BODIES)
def test_json(name: str) -> None:
    def prepare(size: int) -> Work:
        body = BODIES[name](size)

        def work() -> None:
            with suppress(Rejection):
                strict_json.parse(body, max_depth=32)

        return work

    assert growth(prepare, 4_000) < AT_MOST


BATCHES: Mapping[str, tuple[str, Sized]] = {
    **{name: (batch.ARRAY, body) for name, body in BODIES.items()},
    "commas": (batch.ARRAY, lambda n: b"[" + b"," * n + b"]"),
    "commas on lines": (batch.ARRAY, lambda n: b"[" + b"\n," * n + b"]"),
    "lines": (batch.LINES, lambda n: b"1\n" * n),
    "blank lines": (batch.LINES, lambda n: b" \n" * n),
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_is_taken_apart(name: str) -> None:
    media_type, make = BATCHES[name]

    def prepare(size: int) -> Work:
        body = make(size)

        def work() -> None:
            with suppress(Rejection):
                batch.split(body, media_type=media_type, most=10**9)

        return work

    assert growth(prepare, 4_000) < AT_MOST


DOCUMENTS: Mapping[str, Callable[[int], object]] = {
    "unknown fields": lambda n: {**CLICK, "data": {f"k{at}": at for at in range(n)}},
    "unknown fields around the data": lambda n: {**CLICK, **{f"k{at}": at for at in range(n)}},
    "a long text": lambda n: {**CLICK, "data": {"element_type": "я" * 8 * n, "page_type": "x"}},
    "a long name": lambda n: {**CLICK, "event": "x" * 8 * n},
    "a long key": lambda n: {**CLICK, "data": {"k" * 8 * n: {"k": [1]}}},
    "a list": lambda n: {**CLICK, "data": {"element_type": list(range(n)), "page_type": "x"}},
    "a list instead": lambda n: list(range(n)),
    "a long version": lambda n: {**CLICK, "version": 10 ** min(n, 300)},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_judged_and_answered(name: str) -> None:
    client = World().client()

    def prepare(size: int) -> Work:
        body = json.dumps(DOCUMENTS[name](size)).encode()
        options = {"data": body, "content_type": "application/json"}
        return lambda: client.post("/api/v1/validate", **options)

    assert growth(prepare, 400) < AT_MOST


HEADERS: Mapping[str, tuple[str, str]] = {
    "parameters": ("CONTENT_TYPE", "application/json;a=b;"),
    "nameless parameters": ("CONTENT_TYPE", "application/json;;"),
    "continued parameters": ("CONTENT_TYPE", "application/json;a*0=b;"),
    "quoted pairs": ("CONTENT_TYPE", 'application/json;a="\\"'),
    "encodings": ("HTTP_CONTENT_ENCODING", "gzip,"),
    "what is accepted": ("HTTP_ACCEPT", "a/b;q=0.1,"),
    "what encoding is accepted": ("HTTP_ACCEPT_ENCODING", "gzip;q=0.1,"),
    "an origin": ("HTTP_ORIGIN", "https://a."),
    "headers of a preflight": ("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "a,"),
    "an id": ("HTTP_X_CORRELATION_ID", "a"),
    "a trace": ("HTTP_TRACEPARENT", "00-"),
    "a host": ("HTTP_HOST", "a."),
    "a host beyond ASCII": ("HTTP_HOST", "ä."),
    "proxies": ("HTTP_X_FORWARDED_FOR", "192.0.2.1,"),
    "quoted proxies": ("HTTP_X_FORWARDED_FOR", '"\\'),
    "cookies": ("HTTP_COOKIE", "a=b; "),
    "entity tags": ("HTTP_IF_NONE_MATCH", '"a",'),
    "open entity tags": ("HTTP_IF_NONE_MATCH", '"'),
    "a time": ("HTTP_IF_MODIFIED_SINCE", "Mon, ("),
    "ranges": ("HTTP_RANGE", "bytes=0-1,"),
    "a client": ("HTTP_USER_AGENT", "Mozilla/5.0 ("),
    "an address": ("REMOTE_ADDR", "1."),
}
"""A variable of the environment, and what it holds many times; a parameter only its last part."""

SETTINGS = {"TRUSTED_PROXIES": "1", "CORS_ORIGINS": "https://a.example,https://b.example"}

PREFLIGHT = {"HTTP_ORIGIN": "https://b.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name: str) -> None:
    """Up to the 400 KiB that the server takes."""
    variable, text = HEADERS[name]
    first, semicolon, repeated = text.partition(";") if variable == "CONTENT_TYPE" else ("", "", "")
    client = World().client(**SETTINGS)

    def prepare(size: int) -> Work:
        times = size // len(repeated or text)
        value = f"{first}{semicolon}{(repeated or text) * times}"

        def work() -> None:
            for method, path in (
                ("POST", "/api/v1/events"),
                ("OPTIONS", "/api/v1/events"),
                ("GET", "/api/v1/contracts"),
            ):
                sent = {"CONTENT_TYPE": "application/json", **PREFLIGHT, variable: value}
                client.open(path, method=method, data=b"{}", environ_overrides=sent)

        return work

    assert growth(prepare, 25_000) < AT_MOST


ADDRESSES: Mapping[str, Callable[[int], str]] = {
    "slashes": lambda n: "/api" + "/" * n,
    "parts": lambda n: "/a" * (n // 2),
    "an event": lambda n: "/api/v1/contracts/" + "a" * n,
    "a version": lambda n: "/api/v1/contracts/element_click/" + "9" * n,
    "dots": lambda n: "/docs/static/" + "a/../" * (n // 5),
    "escapes": lambda n: "/docs/" + "%41" * (n // 3),
    "a query": lambda n: "/api/v1/contracts?" + "a=b&" * (n // 4),
    "a query to the metrics": lambda n: "/metrics?" + "name[]=b&" * (n // 9),
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_addresses(name: str) -> None:
    client = World().client()

    def prepare(size: int) -> Work:
        path = ADDRESSES[name](size)
        return lambda: client.get(path)

    assert growth(prepare, 4_000) < AT_MOST


def _sync_flushed(times: int, window_bits: int) -> bytes:
    packer = zlib.compressobj(wbits=window_bits)
    return b"".join(packer.flush(zlib.Z_SYNC_FLUSH) for _ in range(times)) + packer.flush()


def _brotli_flushed(times: int) -> bytes:
    packer = brotli.Compressor()
    return b"".join(packer.process(b" ") + packer.flush() for _ in range(times)) + packer.finish()


def _zstd_flushed(times: int) -> bytes:
    packer = zstd.ZstdCompressor()
    pieces = (packer.compress(b" ", packer.FLUSH_BLOCK) for _ in range(times))
    return b"".join(pieces) + packer.flush()


BLOCKS: Mapping[str, Callable[[int], bytes]] = {
    "gzip": lambda n: _sync_flushed(n, 16 + zlib.MAX_WBITS),
    "deflate": lambda n: _sync_flushed(n, zlib.MAX_WBITS),
    "br": _brotli_flushed,
    "zstd": _zstd_flushed,
}
"""Streams of blocks that hold nothing, or one character each."""


@pytest.mark.parametrize("encoding", CODECS)
def test_compressed_bodies(encoding: str) -> None:
    def prepare(size: int) -> Work:
        packed = BLOCKS[encoding](size)

        def work() -> None:
            with suppress(CodecError):
                CODECS[encoding].unpack(packed, 1_048_577)

        return work

    assert growth(prepare, 2_000) < AT_MOST


def _part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


TOKENS: Mapping[str, Callable[[int], str]] = {
    "dots": lambda n: "." * n,
    "a header in itself": lambda n: _part("[" * (n * 3 // 4 - 10)) + ".e30.x",
    "claims in themselves": lambda n: "e30." + _part('{"sub":' * (n // 12)) + ".x",
    "a number in the header": lambda n: _part('{"alg":' + "9" * (n * 3 // 4 - 20) + "}") + ".e30.x",
    "many claims": lambda n: "e30." + _part('{"a":1,' * (n // 12)) + ".x",
    "no base64": lambda n: "=" * (n // 2) + ".e30." + "я" * (n // 4),
}


@pytest.mark.parametrize("name", TOKENS)
def test_tokens(name: str) -> None:
    world = World()
    verifier = JwtVerifier(world.policy, clock=world.seconds)

    def prepare(size: int) -> Work:
        token = TOKENS[name](size)
        assert len(token) <= MAX_TOKEN_CHARACTERS

        def work() -> None:
            verifier.verify(token)
            verifier.claimed_user(token)

        return work

    assert growth(prepare, MAX_TOKEN_CHARACTERS // 16) < AT_MOST


def _rejected(name: str, size: int) -> Rejected:
    return Rejected(
        event=None,
        version=None,
        code="json_invalid",
        violations=(),
        time=NOW,
        correlation_id="c",
        body=BODIES[name](size),
        hints=Hints(user_agent="(" * 512),
    )


@pytest.mark.parametrize("name", BODIES)
def test_what_is_told_of_a_refused_body(name: str) -> None:
    def prepare(size: int) -> Work:
        found = _rejected(name, size)
        return lambda: key_and_value(found, 1)

    assert growth(prepare, 4_000) < AT_MOST
    _, told = key_and_value(_rejected(name, 64_000), 1)
    assert len(told) < 6_000


@pytest.mark.parametrize(
    "damage",
    [
        lambda value, n: value + b"\0" * n,
        lambda value, n: value[:6] + b"\xff" * n,
        lambda value, n: value[:6] + b"\x80" * n,
        lambda value, n: value[:6] + b"\x02" * n,
        lambda value, n: b"\1" * n,
    ],
    ids=["trailing", "no length", "endless number", "short texts", "no frame"],
)
def test_kafka_values_and_keys(damage: Callable[[bytes, int], bytes]) -> None:
    world = World()
    registry = InMemoryRegistry()
    messages = wires(world.catalog, registry)
    decoder = Decoder(world.catalog, registry)

    def prepare(size: int) -> Work:
        values = [damage(each.value, size) for each in messages]

        def work() -> None:
            for value in values:
                with suppress(UndecodableError):
                    decoder.decode(b"k" * size, value)

        return work

    assert growth(prepare, 60_000) < AT_MOST


class Lines(logging.Handler):
    """What the API's log would hold, line by line."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonFormatter(errors_quoted=False))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log() -> Iterator[Lines]:
    root, lines = logging.getLogger(), Lines()
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(lines)
        root.setLevel(level)


def test_no_line_of_the_log_grows_with_what_is_sent(log: Lines) -> None:
    world = World()
    client = world.client()
    for make in DOCUMENTS.values():
        post(client, json.dumps(make(4_000)).encode())
        body = json.dumps([make(40)] * 400).encode()
        client.post("/api/v1/events/batch", data=body, content_type="application/json")
    for make in BODIES.values():
        post(client, make(4_000))
    for variable, text in HEADERS.values():
        sent = {variable: text * 1_000}
        client.post("/api/v1/events", data=b"{}", environ_overrides=sent)
    world.auth.available = False
    for make in TOKENS.values():
        post(client, {**CLICK, "token": make(8_000)})
    assert len(log.lines) > 40
    assert max(map(len, log.lines)) < 600
