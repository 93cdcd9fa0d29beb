"""Calls to the Redis that all API processes share: bounded in time, behind a circuit breaker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from api.errors import CacheUnavailableError
from api.limits.breaker import Breaker
from registry.redis_primary import primary_client

_T = TypeVar("_T")

_DB = 0
"""The other dbs hold the loader's page views."""

RETRY_SECONDS = 1.0
"""So long Redis is left alone when it did not answer."""


class RedisCalls:
    """One Redis client, and the breaker before it."""

    def __init__(
        self, url: str, *, timeout_seconds: float, failures_to_open: int, key_prefix: str = ""
    ) -> None:
        """Nothing is sent before the first call.

        Plain RESP2 without CLIENT SETINFO keeps a new connection from waiting for further answers.
        A broken connection is replaced once, and so is one to a server that is a replica since
        (:mod:`registry.redis_primary`); a time-out is not repeated.

        Args:
            url: ``redis://host:port``, without a db number.
            timeout_seconds: a call takes at most that long to connect, and as long again for the
                answer.
            failures_to_open: after that many failures in a row Redis is not asked for a second.
            key_prefix: stands before every key.
        """
        self._client = primary_client(
            url,
            db=_DB,
            key_prefix=key_prefix,
            protocol=2,
            driver_info=None,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        self._breaker = Breaker(
            "Redis", failures_to_open=failures_to_open, retry_seconds=RETRY_SECONDS
        )

    def call(self, command: Callable[[redis.Redis], _T]) -> _T:
        """What the command gives.

        Raises:
            CacheUnavailableError: no answer in time, or an error of Redis.
        """

        def translated() -> _T:
            try:
                return command(self._client)
            except redis.RedisError as error:
                raise CacheUnavailableError(f"Redis: {type(error).__name__}") from error

        return self._breaker.call(translated, CacheUnavailableError)

    @property
    def is_stopped(self) -> bool:
        """Whether the breaker keeps calls back."""
        return not self._breaker.closed

    def unconnected(self) -> redis.connection.ConnectionInterface:
        """A connection for somebody who uses it alone, and connects it within :meth:`call`."""
        return self._client.connection_pool.make_connection()

    def note_failure(self) -> None:
        """Redis did not answer a command that did not go through :meth:`call`."""
        self._breaker.note_failure()

    @property
    def connection_pool(self) -> redis.ConnectionPool:
        """The bounded connections, for a library that sends commands itself within :meth:`call`."""
        return self._client.connection_pool

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()
