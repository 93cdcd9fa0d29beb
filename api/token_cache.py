"""Verdicts on tokens in Redis (requirement L2), and the same in memory.

Keys are ``auth:<sha256 of the token>``: who reads Redis learns no token.  Waiting for Redis is
bounded, and after a few failures in a row it is not asked for a while.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

import orjson

from api.errors import CacheUnavailableError
from api.model import Identity, PartHealth, PartStatus, Rejection, Verdict
from api.redis_calls import RedisCalls
from api.users import usable_user_id
from contracts.reasons import Reason

_log = logging.getLogger(__name__)

_FAILURES_TO_OPEN = 5


class RedisTokenCache:
    """Verdicts in a Redis that all API processes share."""

    def __init__(self, redis: RedisCalls) -> None:
        self._redis = redis

    @classmethod
    def connect(cls, url: str, *, timeout_seconds: float) -> RedisTokenCache:
        """A cache at ``redis://host:port``; nothing is sent before the first use.

        A call takes at most ``timeout_seconds`` for connecting and as much for the answer.
        """
        calls = RedisCalls(url, timeout_seconds=timeout_seconds, failures_to_open=_FAILURES_TO_OPEN)
        return cls(calls)

    def get(self, token: str) -> Verdict | None:
        """The verdict on a token, if one is kept; an entry that is not ours counts as none.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        kept = self._redis.call(lambda redis: redis.get(_key(token)))
        return None if kept is None else _from_json(kept)

    def put(self, token: str, verdict: Verdict, ttl_seconds: float) -> None:
        """Keeps a verdict for that long, rounded down to milliseconds.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        ttl_milliseconds = int(ttl_seconds * 1000)
        if ttl_milliseconds > 0:
            self._redis.call(
                lambda redis: redis.set(_key(token), _to_json(verdict), px=ttl_milliseconds)
            )

    @property
    def is_stopped(self) -> bool:
        """Whether Redis is not asked for a while."""
        return self._redis.is_stopped

    def health(self) -> PartHealth:
        """Whether Redis answers now. Events are accepted without it, only more slowly."""
        try:
            self._redis.call(lambda redis: redis.ping())
        except CacheUnavailableError as error:
            return PartHealth(status=PartStatus.DOWN, required=False, detail=str(error))
        return PartHealth(status=PartStatus.UP, required=False, detail="answers")

    def close(self) -> None:
        """Closes the connections."""
        self._redis.close()


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


def _from_json(kept: bytes | str) -> Verdict | None:
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
