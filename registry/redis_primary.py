"""A Redis client that leaves a server which is not the one to write to.

:mod:`registry.redis_leaving` says when.

With ``redis+sentinel://host:port,host:port/service`` the sentinels tell which server is the one to
write to, each time a connection is made.  They are asked one after the other, each for as long as
a connection may take; user and password in the URL are those of the servers that they watch, and
the sentinels themselves ask for none.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from registry.redis_cluster import cluster_client
from registry.redis_leaving import Leaving
from registry.redis_prefix import PrefixedRedis, Prefixing

_OF_SENTINELS = ("protocol", "driver_info", "socket_timeout", "socket_connect_timeout")
"""Options that hold for the sentinels too."""


class _Plain(Prefixing, Leaving, redis.Connection):
    pass


class _Tls(Prefixing, Leaving, redis.SSLConnection):
    pass


class _Watched(Prefixing, Leaving, SentinelManagedConnection):
    pass


class _WatchedTls(Prefixing, Leaving, SentinelManagedSSLConnection):
    pass


def primary_client(url: str, *, key_prefix: str = "", **options: Any) -> redis.Redis:
    """A client of ``redis://``, or of ``redis+sentinel://``; nothing is sent before the first use.

    Or of ``redis+cluster://`` (:mod:`registry.redis_cluster`); with TLS they begin with ``rediss``.
    ``key_prefix`` stands before every key (:mod:`registry.redis_prefix`).

    Beside what redis-py raises a call raises :class:`~registry.redis_leaving.WrongServerError`, a
    :class:`redis.ConnectionError`.
    """
    if "+cluster:" in url:
        return cluster_client(url, key_prefix=key_prefix, **options)
    prefixed = {"key_prefix": key_prefix} if key_prefix else {}
    if "+sentinel:" in url:
        pool: redis.ConnectionPool = _watched_pool(url, options | prefixed)
    else:
        pool = redis.ConnectionPool.from_url(url, **options, **prefixed)
        is_tls = issubclass(pool.connection_class, redis.SSLConnection)
        pool.connection_class = _Tls if is_tls else _Plain
    if not key_prefix:
        client: redis.Redis = redis.Redis.from_pool(pool)
        return client
    with_prefix = PrefixedRedis.from_pool(pool)
    assert isinstance(with_prefix, PrefixedRedis)
    with_prefix.key_prefix = key_prefix
    return with_prefix


def _watched_pool(url: str, options: dict[str, Any]) -> SentinelConnectionPool:
    """Connections to whichever server the sentinels in the URL say."""
    parts = urlsplit(url)
    user_info, _, servers = parts.netloc.rpartition("@")
    user, _, password = map(unquote, user_info.partition(":"))
    is_tls = parts.scheme.startswith("rediss")
    asking = {name: value for name, value in options.items() if name in _OF_SENTINELS}
    sentinels = Sentinel(  # type: ignore[no-untyped-call]
        [_place(each) for each in servers.split(",")],
        sentinel_kwargs={**asking, "ssl": is_tls, "retry": Retry(NoBackoff(), 0)},
    )
    return SentinelConnectionPool(  # type: ignore[no-untyped-call]
        parts.path.removeprefix("/"),
        sentinels,
        connection_class=_WatchedTls if is_tls else _Watched,
        username=user or None,
        password=password or None,
        **options,
    )


def _place(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    return host, int(port)
