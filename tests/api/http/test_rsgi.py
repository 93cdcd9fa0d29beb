"""Bodies awaited before a thread works on a request: over pieces that a test hands in."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import pytest

from api.errors import Rejection
from api.http.environ import BEGAN, REJECTION, environ
from api.http.lanes import Lane, Queueing
from api.http.rsgi import MOST_PIECES, RsgiBridge
from api.instrumentation import NoInstrumentation
from tests.api.http.rsgi_request import Request


def echo(request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answers with the body, or with why there is none."""
    try:
        if REJECTION in request:
            raise request[REJECTION]
        assert request[BEGAN] > 0
        body = request["wsgi.input"].read()
    except Rejection as rejection:
        start(f"{rejection.status} X", list(rejection.headers.items()))
        return [str(rejection.reason).encode()]
    start("200 OK", [("X-A", "b")])
    return [body[:1], body[1:]]


def lane(*, threads: int = 2, requests: int = 100) -> Lane:
    queueing = Queueing(requests=requests, seconds=60.0)
    return Lane("test", threads=threads, queueing=queueing, instrumentation=NoInstrumentation())


def front(application: Any = echo, *, threads: int = 2, **changes: Any) -> RsgiBridge:
    options = {
        "body_limits": {"/in": 10},
        "timeout_seconds": 30.0,
        "lane": lane(threads=threads),
        "lanes": {},
        **changes,
    }
    return RsgiBridge(application, **options)


def answer(request: Request, over: RsgiBridge | None = None) -> tuple[int, dict[str, str], bytes]:
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
        assert second.answers[0] == (503, [("Connection", "close")], b"overloaded")
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

    request = Request(headers=[("x-correlation-id", "abc-1")], path="/api/v1/events")
    status, headers, body = answer(request, front(broken))
    document = json.loads(body)
    assert (status, headers["Content-Type"]) == (500, "application/problem+json")
    assert (document["code"], document["status"]) == ("internal_error", 500)
    assert document["correlation_id"] == headers["X-Correlation-Id"] == "abc-1"
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    ((message, logged_id),) = [(r.message, r.__dict__["correlation_id"]) for r in caplog.records]
    assert (message, logged_id) == ("the application failed", "abc-1")


def test_a_failure_has_an_id_when_the_sender_gave_none() -> None:
    def broken(_request: dict[str, Any], _start: Callable[..., Any]) -> Iterable[bytes]:
        raise RuntimeError("broken")

    made = uuid.UUID(int=7)
    request = Request(headers=[("x-correlation-id", "not sane")])
    _, headers, body = answer(request, front(broken, make_id=lambda: made))
    assert headers["X-Correlation-Id"] == json.loads(body)["correlation_id"] == str(made)


@pytest.mark.parametrize(
    "broken",
    [
        lambda _request, _start: 1 // 0,
        lambda _request, _start: [b"an answer without a status"],
        lambda _request, start: [start("200 OK", []) or "text"],
        lambda _request, start: start("nonsense", []),
    ],
    ids=["raises", "no status", "no bytes", "no number"],
)
def test_whatever_fails_behind_the_front_is_a_problem_document(broken: Any) -> None:
    status, headers, body = answer(Request(), front(broken))
    assert (status, headers["Content-Type"]) == (500, "application/problem+json")
    assert json.loads(body)["code"] == "internal_error"


def test_a_body_in_too_many_pieces_is_refused_and_ends_the_connection() -> None:
    limits = {"/in": 2 * MOST_PIECES}
    enough = Request(*[b"a"] * (MOST_PIECES - 1), b"")
    assert answer(enough, front(body_limits=limits))[0] == 200
    request = Request(*[b"a"] * MOST_PIECES, b"", *[b"a"] * MOST_PIECES)
    status, headers, body = answer(request, front(body_limits=limits))
    assert (status, headers, body) == (400, {"Connection": "close"}, b"request_invalid")
    assert request.taken == MOST_PIECES + 1


def test_trailers_or_an_error_after_the_chunks_are_no_whole_body() -> None:
    """granian gives an empty piece for either, and one at the end."""
    status, headers, body = answer(Request(b"ab", b"", b""))
    assert (status, headers, body) == (400, {"Connection": "close"}, b"length_invalid")


def test_what_finds_no_room_before_the_threads_is_refused_at_once_and_in_full() -> None:
    async def scenario() -> None:
        held, begun = threading.Event(), threading.Event()

        def slow(request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            if REJECTION not in request:
                begun.set()
                held.wait(60)
            return echo(request, start)

        over = front(slow, lane=lane(threads=1, requests=1), lanes={"/other": lane(threads=1)})
        first, second, third = (Request(b"%d" % number) for number in range(3))
        waiting = [asyncio.ensure_future(over(each, each)) for each in (first, second)]
        await asyncio.to_thread(begun.wait, 60)
        await over(third, third)
        assert third.answers == [(503, [], b"overloaded")]
        other = Request(path="/other", method="GET")
        held.set()
        await over(other, other)
        await asyncio.gather(*waiting)
        assert [each.answers[0][2] for each in (first, second, other)] == [b"0", b"1", b""]

    asyncio.run(scenario())
