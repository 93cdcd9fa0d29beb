"""auth_service over HTTP: every kind of answer, and a wait that is bounded however it fails."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from queue import SimpleQueue
from threading import Barrier

import pytest

from api.auth.auth_http import FAILURES_TO_OPEN, HttpAuthService
from api.auth.users import AuthService, Late
from api.errors import AuthUnavailableError
from api.model import ComponentStatus, Identity, TokenRejection, Verdict
from api.testing.auth import InMemoryAuthService
from contracts.reasons import Reason
from tests.api.auth_stub import PATH, Stub, auth_stub
from tests.support.processes import free_port

LONG_SECONDS = 60.0
SHORT_SECONDS = 0.05
TO_BEGIN_SECONDS = 2.0
"""What is given up before it begins is dropped: enough for a thread of a busy machine."""
BOUND_SECONDS = 60.0
"""Less than an answer takes that drips to its end, and enough for a busy machine."""


@pytest.fixture
def stub() -> Iterator[Stub]:
    with auth_stub() as running:
        yield running


@pytest.fixture
def service(stub: Stub) -> Iterator[HttpAuthService]:
    with closing(HttpAuthService(stub.url + PATH, timeout_seconds=LONG_SECONDS)) as service:
        yield service


def test_sends_the_token_and_nothing_else(stub: Stub, service: HttpAuthService) -> None:
    service.verify("the token")
    assert stub.requests == [(PATH, {"token": "the token"})]


@pytest.mark.parametrize(
    ("body", "identity"),
    [
        ({"user_id": "u", "expires_at": 1_800_000_000}, Identity("u", 1_800_000_000)),
        ({"user_id": "u", "expires_at": 1.5}, Identity("u", 1.5)),
        ({"user_id": "u", "expires_at": None}, Identity("u", None)),
        ({"user_id": "u"}, Identity("u", None)),
        ({"user_id": "u", "roles": ["x"]}, Identity("u", None)),
    ],
)
def test_a_200_is_a_yes(
    stub: Stub, service: HttpAuthService, body: object, identity: Identity
) -> None:
    stub.always(200, body)
    assert service.verify("t") == identity


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, {"code": "token_expired"}, Reason.TOKEN_EXPIRED),
        (401, {"code": "token_revoked"}, Reason.TOKEN_REVOKED),
        (401, {"code": "token_invalid"}, Reason.TOKEN_INVALID),
        (401, {"code": "something else"}, Reason.TOKEN_INVALID),
        (401, {"code": "store_unavailable"}, Reason.TOKEN_INVALID),
        (401, {"code": 7}, Reason.TOKEN_INVALID),
        (401, b"not JSON", Reason.TOKEN_INVALID),
        (401, b"", Reason.TOKEN_INVALID),
        (400, {}, Reason.TOKEN_INVALID),
        (403, {}, Reason.TOKEN_INVALID),
        (404, {}, Reason.TOKEN_INVALID),
        (422, {}, Reason.TOKEN_INVALID),
        (429, {}, Reason.TOKEN_INVALID),
    ],
)
def test_any_4xx_is_a_no(
    stub: Stub, service: HttpAuthService, status: int, body: object, reason: Reason
) -> None:
    stub.always(status, body)
    assert service.verify("t") == TokenRejection(reason)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {}),
        (502, b"<html>"),
        (503, {"user_id": "u"}),
        (302, {"user_id": "u"}),
        (201, {"user_id": "u"}),
        (204, b""),
        (200, b""),
        (200, b"not JSON"),
        (200, []),
        (200, None),
        (200, {}),
        (200, {"user_id": ""}),
        (200, {"user_id": 7}),
        (200, {"user_id": None}),
        (200, {"user_id": "anonymous"}),
        (200, {"user_id": "a\nb"}),
        (200, {"user_id": "x" * 129}),
        (200, {"user_id": "u", "expires_at": "soon"}),
        (200, {"user_id": "u", "expires_at": True}),
        (200, b'{"user_id": "\\ud800"}'),
        (200, b'{"user_id": "u"' + b" " * 20_000 + b"}"),
    ],
)
def test_everything_else_is_no_verdict(
    stub: Stub, service: HttpAuthService, status: int, body: object
) -> None:
    stub.always(status, body)
    with pytest.raises(AuthUnavailableError):
        service.verify("t")


def test_a_redirect_is_not_followed(stub: Stub, service: HttpAuthService) -> None:
    stub.always(307, b"")
    stub.redirect_to = f"{stub.url}/elsewhere"
    with pytest.raises(AuthUnavailableError):
        service.verify("t")
    assert len(stub.requests) == 1


def never_answers(stub: Stub) -> None:
    stub.hold.clear()


def drips(stub: Stub) -> None:
    """Each byte comes in time, all of them together do not."""
    stub.drip = True
    stub.always(200, b'{"user_id": "u"' + b" " * 100 + b"}")


@pytest.mark.parametrize("behave", [never_answers, drips])
def test_the_wait_for_a_slow_service_is_bounded(stub: Stub, behave: Callable[[Stub], None]) -> None:
    behave(stub)
    with closing(HttpAuthService(stub.url + PATH, timeout_seconds=SHORT_SECONDS)) as service:
        took = seconds_to_fail(service)
    assert SHORT_SECONDS <= took < BOUND_SECONDS


def test_a_service_that_is_not_there_fails_at_once() -> None:
    url = f"http://127.0.0.1:{free_port()}{PATH}"
    with closing(HttpAuthService(url, timeout_seconds=LONG_SECONDS)) as service:
        assert seconds_to_fail(service) < LONG_SECONDS


def test_a_host_that_swallows_connections_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}{PATH}"
        with closing(HttpAuthService(url, timeout_seconds=SHORT_SECONDS)) as service:
            assert SHORT_SECONDS <= seconds_to_fail(service) < BOUND_SECONDS


def test_after_failures_in_a_row_the_service_is_left_alone(stub: Stub) -> None:
    stub.always(500, b"")
    with closing(HttpAuthService(stub.url + PATH, timeout_seconds=LONG_SECONDS)) as service:
        assert service.health().status is ComponentStatus.UP
        for _ in range(10):
            with pytest.raises(AuthUnavailableError):
                service.verify("t")
        assert service.health().status is ComponentStatus.DOWN
        assert not service.health().required
    assert len(stub.requests) == 5


def test_a_verdict_that_comes_too_late_is_told_all_the_same(stub: Stub) -> None:
    stub.always(200, {"user_id": "u"})
    stub.hold.clear()
    told: SimpleQueue[Verdict] = SimpleQueue()
    with closing(patient(stub)) as service:
        with pytest.raises(AuthUnavailableError):
            service.verify("t", told.put)
        stub.hold.set()
        assert told.get(timeout=60) == Identity("u")


def test_a_burst_that_is_too_much_for_a_moment_does_not_keep_the_service_from_being_asked(
    stub: Stub,
) -> None:
    """Each gives up, and is told afterwards: none of the tokens has to be asked for again."""
    stub.always(200, {"user_id": "u"})
    stub.hold.clear()
    tokens = [f"token {number}" for number in range(4 * FAILURES_TO_OPEN)]
    together = Barrier(len(tokens))
    told: SimpleQueue[Verdict] = SimpleQueue()

    def ask(token: str) -> None:
        together.wait(60)
        with pytest.raises(AuthUnavailableError):
            service.verify(token, told.put)

    with closing(patient(stub)) as service:
        with ThreadPoolExecutor(len(tokens)) as threads:
            for each in [threads.submit(ask, token) for token in tokens]:
                each.result()
        assert not service.is_stopped
        stub.hold.set()
        assert [told.get(timeout=60) for _ in tokens] == [Identity("u")] * len(tokens)


def test_a_no_is_no_failure(stub: Stub, service: HttpAuthService) -> None:
    for _ in range(10):
        assert service.verify("t") == TokenRejection(Reason.TOKEN_INVALID)
    assert len(stub.requests) == 10


def patient(stub: Stub) -> HttpAuthService:
    """Gives up when each exchange has begun, and never the exchange itself."""
    return HttpAuthService(
        stub.url + PATH, timeout_seconds=TO_BEGIN_SECONDS, late_seconds=LONG_SECONDS
    )


def seconds_to_fail(service: AuthService) -> float:
    began = time.monotonic()
    with pytest.raises(AuthUnavailableError):
        service.verify("t")
    return time.monotonic() - began


@pytest.mark.parametrize("kind", ["memory", "http"])
class TestBothKinds:
    """What the policy relies on, held by the real edge and by the one that tests use."""

    @pytest.fixture
    def down(self) -> list[bool]:
        """Non-empty: the service is down."""
        return []

    @pytest.fixture
    def auth(self, kind: str, stub: Stub, down: list[bool]) -> Iterator[AuthService]:
        if kind == "memory":
            in_memory = InMemoryAuthService({"good": Identity("u", 5)})
            yield _Switched(in_memory, down)
            return
        yes = b'{"user_id": "u", "expires_at": 5}'
        stub.answer = lambda token: (
            (500, b"") if down else (200, yes) if token == "good" else (401, b"")
        )
        with closing(HttpAuthService(stub.url + PATH, timeout_seconds=LONG_SECONDS)) as service:
            yield service

    def test_a_yes(self, auth: AuthService) -> None:
        assert auth.verify("good") == Identity("u", 5)

    def test_a_no(self, auth: AuthService) -> None:
        assert auth.verify("bad") == TokenRejection(Reason.TOKEN_INVALID)

    def test_no_verdict(self, auth: AuthService, down: list[bool]) -> None:
        down.append(True)
        with pytest.raises(AuthUnavailableError):
            auth.verify("good")


class _Switched:
    def __init__(self, auth: InMemoryAuthService, down: list[bool]) -> None:
        self._auth = auth
        self._down = down

    def verify(self, token: str, late: Late = lambda _verdict: None) -> Verdict:
        self._auth.available = not self._down
        return self._auth.verify(token, late)
