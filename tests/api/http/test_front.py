"""Bodies awaited before a thread works on a request: over pieces that a test hands in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from io import BytesIO
from typing import Any

import pytest

from api.errors import Refusal
from api.http.front import Front, environ
from contracts.reasons import Reason


class Request:
    """A scope and its protocol in one."""

    http_version = "1.1"
    scheme = "http"
    server = "127.0.0.1:8000"
    query_string = "a=%20"

    def __init__(
        self,
        *pieces: bytes | asyncio.Event,
        path: str = "/in",
        method: str = "POST",
        client: str = "203.0.113.9:4711",
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.path, self.method, self.client = path, method, client
        self.headers = Headers(headers)
        self.pieces = pieces
        self.taken = 0
        self.answers: list[tuple[int, list[tuple[str, str]], bytes]] = []

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.taken += 1
            if isinstance(piece, bytes):
                yield piece
            else:
                await piece.wait()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answers.append((status, headers, body))


class Headers:
    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = list(pairs)

    def get(self, name: str) -> str | None:
        return dict(self.pairs).get(name)

    def items(self) -> list[tuple[str, str]]:
        return self.pairs


def echo(request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answers with the body, or with why there is none."""
    try:
        body = request["wsgi.input"].read()
    except Refusal as refusal:
        start(f"{refusal.status} X", list(refusal.headers.items()))
        return [str(refusal.reason).encode()]
    start("200 OK", [("X-A", "b")])
    return [body[:1], body[1:]]


def front(**changes: Any) -> Front:
    options = {"body_limits": {"/in": 10}, "timeout_seconds": 30.0, "threads": 2, **changes}
    return Front(echo, **options)


def answer(request: Request, over: Front | None = None) -> tuple[int, dict[str, str], bytes]:
    asyncio.run((over or front())(request, request))
    ((status, headers, body),) = request.answers
    return status, dict(headers), body


def test_pieces_become_one_body() -> None:
    assert answer(Request(b"ab", b"", b"c")) == (200, {"X-A": "b"}, b"abc")


def test_nothing_is_read_where_no_body_is_taken() -> None:
    request = Request(b"ab", path="/out")
    assert answer(request)[2] == b""
    assert request.taken == 0


def test_no_more_is_read_than_shows_that_it_is_too_long() -> None:
    request = Request(*[b"abcd"] * 9)
    assert answer(request)[2] == b"abcd" * 3
    assert request.taken == 3


def test_a_body_that_is_announced_as_too_long_is_not_read() -> None:
    request = Request(b"ab", headers=[("content-length", "11")])
    assert answer(request)[2] == b""
    assert request.taken == 0


def test_a_body_that_does_not_come_in_time_is_a_408_and_ends_the_connection() -> None:
    request = Request(b"ab", asyncio.Event())
    status, headers, body = answer(request, front(timeout_seconds=0.01))
    assert (status, headers, body) == (408, {"Connection": "close"}, b"body_timeout")


def test_bodies_that_wait_hold_no_thread() -> None:
    async def scenario() -> None:
        over, hold = front(threads=1), asyncio.Event()
        slow = [Request(b"a", hold) for _ in range(50)]
        waiting = [asyncio.ensure_future(over(each, each)) for each in slow]
        quick = Request(b"q")
        await over(quick, quick)
        assert quick.answers
        assert not any(each.answers for each in slow)
        hold.set()
        await asyncio.gather(*waiting)
        assert {each.answers[0][2] for each in slow} == {b"a"}

    asyncio.run(scenario())


def test_all_bodies_together_are_bounded() -> None:
    async def scenario() -> None:
        over, hold = front(held_limit_bytes=15), asyncio.Event()
        first = Request(b"a" * 10, hold)
        waiting = asyncio.ensure_future(over(first, first))
        await asyncio.sleep(0)
        second, third = Request(b"b" * 6), Request(b"c" * 5)
        await over(second, second)
        await over(third, third)
        assert second.answers[0][::2] == (503, str(Reason.STORE_UNAVAILABLE).encode())
        assert third.answers[0][2] == b"c" * 5
        hold.set()
        await waiting
        again = Request(b"b" * 6)
        await over(again, again)
        assert again.answers[0][0] == 200

    asyncio.run(scenario())


def test_a_request_as_wsgi_has_it() -> None:
    request = Request(
        path="/ä",
        client="[2001:db8::1]:4711",
        headers=[("content-type", "a"), ("x-b", "1"), ("x-b", "2"), ("content-length", "3")],
    )
    found = environ(request, BytesIO())
    assert found["PATH_INFO"].encode("latin-1").decode() == "/ä"
    assert found["REMOTE_ADDR"] == "2001:db8::1"
    assert (found["CONTENT_TYPE"], found["CONTENT_LENGTH"], found["HTTP_X_B"]) == ("a", "3", "1,2")
    assert (found["SERVER_NAME"], found["SERVER_PORT"]) == ("127.0.0.1", "8000")
    assert (found["SERVER_PROTOCOL"], found["QUERY_STRING"]) == ("HTTP/1.1", "a=%20")


def test_an_error_of_the_application_is_a_500_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_request: dict[str, Any], _start: Callable[..., Any]) -> Iterable[bytes]:
        raise RuntimeError("broken")

    over = Front(broken, body_limits={}, timeout_seconds=1.0, threads=1)
    assert answer(Request(), over) == (500, {}, b"")
    assert [record.message for record in caplog.records] == ["the application failed"]
