"""auth_service over HTTP.

``POST {url}{path}`` with ``{"token": "…"}``.  200 with ``{"user_id": "…", "expires_at": <Unix
seconds, null or absent>}`` is a yes; any 4xx is a no, whose ``code`` may be ``token_expired``,
``token_revoked`` or ``token_invalid``; everything else, a malformed answer too, is no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial

import httpx2
import orjson

from api.auth.users import Late, usable_user_id
from api.errors import AuthUnavailableError
from api.limits.breaker import Breaker
from api.model import ComponentHealth, ComponentStatus, Identity, TokenRejection, Verdict
from contracts.reasons import Reason

FAILURES_TO_OPEN = 5
RETRY_SECONDS = 2.0
CONNECTIONS = 32
ANSWER_LIMIT_BYTES = 16 * 1024
LATE_SECONDS = 1.0
"""An exchange that nobody waits for any more may take so long for each of its steps: when many
unknown tokens come at once, giving up at once would waste what the service has begun."""

_CODES: Mapping[str, Reason] = {
    code: code for code in (Reason.TOKEN_EXPIRED, Reason.TOKEN_INVALID, Reason.TOKEN_REVOKED)
}


class HttpAuthService:
    """Asks auth_service, and gives up after a fixed time however it fails.

    The time-outs of an HTTP client bound single steps and not their sum, and looking a host name
    up has none.  So the exchange runs on a thread of its own, and it is the wait for it that is
    bounded; a verdict that comes later is told all the same.  After a few failures in a row the
    service is not asked for a while.
    """

    def __init__(
        self, url: str, *, timeout_seconds: float, late_seconds: float = LATE_SECONDS
    ) -> None:
        """``url`` is the whole address; nothing is sent before the first use.

        An exchange that is given up after ``timeout_seconds`` goes on for as long as none of its
        steps takes more than ``late_seconds``; one that had not begun is dropped.
        """
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._client = httpx2.Client(
            timeout=max(timeout_seconds, late_seconds),
            limits=httpx2.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS
            ),
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,  # a token must not travel through a proxy by accident
        )
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="auth-service")
        self._breaker = Breaker(
            "auth_service", failures_to_open=FAILURES_TO_OPEN, retry_seconds=RETRY_SECONDS
        )

    def verify(self, token: str, late: Late = lambda _verdict: None) -> Verdict:
        """The service's verdict on a token.

        ``late`` is told, from another thread, one that comes when this has been given up.

        Raises:
            AuthUnavailableError: none within ``timeout_seconds``.
        """
        return self._breaker.call(lambda: self._within_time(token, late), AuthUnavailableError)

    @property
    def is_stopped(self) -> bool:
        """Whether the service is not asked for a while."""
        return not self._breaker.closed

    def health(self) -> ComponentHealth:
        """Whether the service answered when it was last asked. Events are accepted without it."""
        if not self.is_stopped:
            return ComponentHealth(status=ComponentStatus.UP, required=False, detail="answers")
        detail = "did not answer lately; tokens are checked locally"
        return ComponentHealth(status=ComponentStatus.DOWN, required=False, detail=detail)

    def close(self) -> None:
        """Drops what is under way and closes the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _within_time(self, token: str, late: Late) -> Verdict:
        exchange = self._threads.submit(self._exchange, token)
        try:
            return exchange.result(self._timeout_seconds)
        except FutureTimeoutError as error:
            if not exchange.cancel():
                exchange.add_done_callback(partial(_tell, late))
            milliseconds = round(self._timeout_seconds * 1000)
            raise AuthUnavailableError(f"no answer within {milliseconds} ms") from error

    def _exchange(self, token: str) -> Verdict:
        try:
            with self._client.stream("POST", self._url, json={"token": token}) as response:
                return _verdict(response.status_code, _limited(response))
        except httpx2.HTTPError as error:
            raise AuthUnavailableError(type(error).__name__) from error


def _tell(late: Late, exchange: Future[Verdict]) -> None:
    """Hands on what an exchange brought that was given up, if anything."""
    if not exchange.cancelled() and exchange.exception() is None:
        late(exchange.result())


def _limited(response: httpx2.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > ANSWER_LIMIT_BYTES:
            raise AuthUnavailableError(f"an answer of more than {ANSWER_LIMIT_BYTES} bytes")
    return bytes(body)


def _verdict(status: int, body: bytes) -> Verdict:
    if status == 200:
        return _identity(body)
    if 400 <= status < 500:
        return TokenRejection(_reason(body))
    raise AuthUnavailableError(f"status {status}")


def _identity(body: bytes) -> Identity:
    match _json(body):
        case {"expires_at": bool()}:
            raise AuthUnavailableError("a malformed answer: expires_at is no time")
        case {"user_id": found, "expires_at": None | int() | float() as expires_at}:
            pass
        case {"user_id": found, **others} if "expires_at" not in others:
            expires_at = None
        case _:
            raise AuthUnavailableError("a malformed answer")
    user_id = usable_user_id(found)
    if user_id is None:
        raise AuthUnavailableError("a malformed answer: user_id is no id")
    return Identity(user_id, expires_at)


def _reason(body: bytes) -> Reason:
    match _json(body):
        case {"code": str(code)}:
            return _CODES.get(code, Reason.TOKEN_INVALID)
        case _:
            return Reason.TOKEN_INVALID


def _json(body: bytes) -> object:
    """The JSON in an answer; ``None`` when there is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
