"""Verdicts on tokens in Redis (requirement L2), and the same in memory.

Keys are ``auth:<sha256 of the token>``: who reads Redis learns no token.  Waiting for Redis is
bounded, and after a few failures in a row it is not asked for a while.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import orjson
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from api.breaker import Breaker
from api.errors import CacheUnavailableError
from api.model import Identity, PartHealth, PartStatus, Rejection, Verdict
from api.users import usable_user_id
from contracts.reasons import Reason

_log = logging.getLogger(__name__)

_DB = 0
"""The other dbs hold the loader's page views."""

_FAILURES_TO_OPEN = 5
_RETRY_SECONDS = 1.0


def bounded_client(url: str, *, timeout_seconds: float) -> redis.Redis:
    """A client whose calls take at most that long to connect and as long again for the answer.

    Plain RESP2 without CLIENT SETINFO keeps a new connection from waiting for further answers.  A
    broken connection is replaced once; a time-out is not repeated.
    """
    return redis.Redis.from_url(
        url,
        db=_DB,
        protocol=2,
        driver_info=None,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


class RedisTokenCache:
    """Verdicts in a Redis that all API processes share."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._breaker = Breaker(
            "Redis", failures_to_open=_FAILURES_TO_OPEN, retry_seconds=_RETRY_SECONDS
        )

    @classmethod
    def connect(cls, url: str, *, timeout_seconds: float) -> RedisTokenCache:
        """A cache at ``redis://host:port``; nothing is sent before the first use.

        A call takes at most ``timeout_seconds`` for connecting and as much for the answer.
        """
        return cls(bounded_client(url, timeout_seconds=timeout_seconds))

    def get(self, token: str) -> Verdict | None:
        """The verdict on a token, if one is kept; an entry that is not ours counts as none.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        kept = self._call(lambda: self._client.get(_key(token)))
        return None if kept is None else _from_json(kept)

    def put(self, token: str, verdict: Verdict, ttl_seconds: float) -> None:
        """Keeps a verdict for that long, rounded down to milliseconds.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        ttl_milliseconds = int(ttl_seconds * 1000)
        if ttl_milliseconds > 0:
            self._call(
                lambda: self._client.set(_key(token), _to_json(verdict), px=ttl_milliseconds)
            )

    def health(self) -> PartHealth:
        """Whether Redis answers now. Events are accepted without it, only more slowly."""
        try:
            self._call(self._client.ping)
        except CacheUnavailableError as error:
            return PartHealth(status=PartStatus.DOWN, required=False, detail=str(error))
        return PartHealth(status=PartStatus.UP, required=False, detail="answers")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _call(self, command: Callable[[], Any]) -> Any:
        def translated() -> Any:
            try:
                return command()
            except redis.RedisError as error:
                raise CacheUnavailableError(f"Redis: {type(error).__name__}") from error

        return self._breaker.call(translated, CacheUnavailableError)


class InMemoryTokenCache:
    """Verdicts within this process, for tests. ``clock`` gives Unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, Verdict]] = {}

    def get(self, token: str) -> Verdict | None:
        until, verdict = self._kept.get(_key(token), (0.0, None))
        return verdict if self._clock() < until else None

    def put(self, token: str, verdict: Verdict, ttl_seconds: float) -> None:
        self._kept[_key(token)] = (self._clock() + ttl_seconds, verdict)


def _key(token: str) -> str:
    return f"auth:{hashlib.sha256(token.encode()).hexdigest()}"


def _to_json(verdict: Verdict) -> bytes:
    match verdict:
        case Identity(user_id=user_id, expires_at=expires_at):
            return orjson.dumps({"user_id": user_id, "expires_at": expires_at})
        case Rejection(reason=reason):
            return orjson.dumps({"reason": reason})


def _from_json(kept: bytes) -> Verdict | None:
    try:
        match orjson.loads(kept):
            case {"reason": str(reason)}:
                return Rejection(Reason(reason))
            case {"user_id": found, "expires_at": None | int() | float() as expires_at}:
                user_id = usable_user_id(found)
                if user_id is not None:
                    return Identity(user_id, expires_at)
    except ValueError as error:
        _log.warning("token cache: an entry is unreadable: %s", type(error).__name__)
        return None
    _log.warning("token cache: an entry is not of the known form")
    return None
