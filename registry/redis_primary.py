"""A Redis client that leaves a server which is not the one to write to.

After a failover the name in the URL means another server, while connections to the old one, a
replica by then, may stay open.  Its answers say so; each is a lost connection here, so that the
next use asks the name anew.  Source of the words: ``createSharedObjects`` in Redis's
``src/server.c``.
"""

from __future__ import annotations

import re
from typing import Any

import redis
from redis import exceptions

# A script's error quotes the answer, behind a dash before Redis 7.
_WRONG_SERVER = re.compile(r"(?:^|-)(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|NOREPLICAS) ")


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
    """A client of ``redis://`` or ``rediss://``; nothing is sent before the first use.

    Beside what redis-py raises a call raises :class:`WrongServerError`, a
    :class:`redis.ConnectionError`.
    """
    pool = redis.ConnectionPool.from_url(url, **options)
    is_tls = issubclass(pool.connection_class, redis.SSLConnection)
    pool.connection_class = _Tls if is_tls else _Plain
    client: redis.Redis = redis.Redis.from_pool(pool)
    return client
