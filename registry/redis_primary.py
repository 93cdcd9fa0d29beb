"""A Redis client that leaves a server which is not the one to write to.

After a failover the name in the URL means another server, while connections to the old one, a
replica by then, may stay open.  Its answers say so; each is a lost connection here, so that the
next use asks the name anew.  Source of the words: ``createSharedObjects`` in Redis's
``src/server.c``.

With ``redis+sentinel://host:port,host:port/service`` the sentinels tell which server is the one to
write to, each time a connection is made.  They are asked one after the other, each for as long as
a connection may take; user and password in the URL are those of the servers that they watch, and
the sentinels themselves ask for none.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

# A script's error quotes the answer, behind a dash before Redis 7.
_WRONG_SERVER = re.compile(r"(?:^|-)(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|NOREPLICAS) ")


_OF_SENTINELS = ("protocol", "driver_info", "socket_timeout", "socket_connect_timeout")
"""Options that hold for the sentinels too."""


class WrongServerError(redis.ConnectionError):
    """This server cannot be written to: a replica, one that loads, or one without replicas."""


class _Leaving:
    """Mixed into a connection: hangs up on a server that is the wrong one."""

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)  # type: ignore[misc]
        except (exceptions.ResponseError, exceptions.BusyLoadingError) as error:
            if not says_wrong_server(error):
                raise
            self.disconnect()  # type: ignore[attr-defined]
            raise WrongServerError(str(error)) from error


class _Plain(_Leaving, redis.Connection):
    pass


class _Tls(_Leaving, redis.SSLConnection):
    pass


class _Watched(_Leaving, SentinelManagedConnection):
    pass


class _WatchedTls(_Leaving, SentinelManagedSSLConnection):
    pass


def says_wrong_server(error: redis.RedisError) -> bool:
    """Whether an answer refuses the server, and not the command."""
    by_class = (
        exceptions.ReadOnlyError,
        exceptions.BusyLoadingError,
        exceptions.ClusterDownError,
        exceptions.MasterDownError,
    )
    return isinstance(error, by_class) or _WRONG_SERVER.search(str(error)) is not None


def primary_client(url: str, **options: Any) -> redis.Redis:
    """A client of ``redis://``, or of ``redis+sentinel://``; nothing is sent before the first use.

    With TLS they begin with ``rediss``.

    Beside what redis-py raises a call raises :class:`WrongServerError`, a
    :class:`redis.ConnectionError`.
    """
    if "+sentinel:" in url:
        pool: redis.ConnectionPool = _watched_pool(url, options)
    else:
        pool = redis.ConnectionPool.from_url(url, **options)
        is_tls = issubclass(pool.connection_class, redis.SSLConnection)
        pool.connection_class = _Tls if is_tls else _Plain
    client: redis.Redis = redis.Redis.from_pool(pool)
    return client


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
