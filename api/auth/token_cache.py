"""Verdicts on tokens in Redis (requirement L2), and before it in each process's own memory.

Keys are ``auth:<sha256 of the token>``: who reads Redis learns no token.  Waiting for Redis is
bounded, and after a few failures in a row it is not asked for a while.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import orjson

from api.auth.users import usable_user_id
from api.errors import CacheUnavailableError
from api.limits.redis_calls import RedisCalls
from api.model import ComponentHealth, ComponentStatus, Identity, Kept, TokenRejection
from contracts.reasons import Reason

_log = logging.getLogger(__name__)

_FAILURES_TO_OPEN = 5

_HEALTH_KEY = "health:api"
_HEALTH_MS = 1_000

_MOST_IN_MEMORY = 10_000
"""Tokens that a process knows at a time, half a kilobyte each; the least lately used one goes."""


class RedisTokenCache:
    """Verdicts in a Redis that all API processes share."""

    def __init__(self, redis: RedisCalls) -> None:
        self._redis = redis

    @classmethod
    def connect(cls, url: str, *, timeout_seconds: float, key_prefix: str = "") -> RedisTokenCache:
        """A cache at ``redis://host:port``; nothing is sent before the first use.

        A call takes at most ``timeout_seconds`` for connecting and as much for the answer.
        """
        calls = RedisCalls(
            url,
            timeout_seconds=timeout_seconds,
            failures_to_open=_FAILURES_TO_OPEN,
            key_prefix=key_prefix,
        )
        return cls(calls)

    def get(self, token: str) -> Kept | None:
        """What is kept of a token; an entry that is not ours counts as nothing.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        kept = self._redis.call(lambda redis: redis.get(_key(token)))
        return None if kept is None else _from_json(kept)

    def put(self, token: str, kept: Kept) -> None:
        """Keeps a verdict until its time, rounded down to milliseconds.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        milliseconds = int((kept.until - time.time()) * 1000)
        if milliseconds > 0:
            self._redis.call(lambda redis: redis.set(_key(token), _to_json(kept), px=milliseconds))

    @property
    def is_stopped(self) -> bool:
        """Whether Redis is not asked for a while."""
        return self._redis.is_stopped

    def health(self) -> ComponentHealth:
        """Whether Redis takes a write now. Events are accepted without it, only more slowly.

        A ping would also be answered by a replica.
        """
        try:
            self._redis.call(lambda redis: redis.set(_HEALTH_KEY, b"", px=_HEALTH_MS))
        except CacheUnavailableError as error:
            return ComponentHealth(status=ComponentStatus.DOWN, required=False, detail=str(error))
        return ComponentHealth(status=ComponentStatus.UP, required=False, detail="takes writes")

    def close(self) -> None:
        """Closes the connections."""
        self._redis.close()


class InMemoryTokenCache:
    """Verdicts within this process. ``clock`` gives Unix seconds.

    Reading takes no lock: each call on the dictionary is one step of the interpreter, and what was
    read may be forgotten in between.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()  # the least lately used one first

    def get(self, token: str) -> Kept | None:
        key = _hash(token)
        kept = self._kept.get(key)
        if kept is None or self._clock() >= kept.until:
            return None
        try:  # contextlib's suppress takes as long as all the rest
            self._kept.move_to_end(key)
        except KeyError:
            return kept
        return kept

    def put(self, token: str, kept: Kept) -> None:
        key = _hash(token)
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            if len(self._kept) > _MOST_IN_MEMORY:
                self._kept.popitem(last=False)


def _hash(token: str) -> bytes:
    """As safe as SHA-256, and half the work."""
    return hashlib.blake2b(token.encode(), digest_size=32).digest()


def _key(token: str) -> str:
    return f"auth:{hashlib.sha256(token.encode()).hexdigest()}"


def _to_json(kept: Kept) -> bytes:
    match kept.verdict:
        case Identity(user_id=user_id, expires_at=expires_at):
            told: dict[str, object] = {"user_id": user_id, "expires_at": expires_at}
        case TokenRejection(reason=reason):
            told = {"reason": reason}
    return orjson.dumps({**told, "until": kept.until})


def _from_json(text: bytes | str) -> Kept | None:
    try:
        match orjson.loads(text):
            case {"reason": str(reason), "until": float() as until}:
                return Kept(TokenRejection(Reason(reason)), until)
            case {
                "user_id": found,
                "expires_at": None | int() | float() as expires_at,
                "until": float() as until,
            }:
                user_id = usable_user_id(found)
                if user_id is not None:
                    return Kept(Identity(user_id, expires_at), until)
    except ValueError as error:
        _log.warning("token cache: an entry is unreadable: %s", type(error).__name__)
        return None
    _log.warning("token cache: an entry is not of the known form")
    return None
