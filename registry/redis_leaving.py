"""A connection that leaves a Redis server which is not the one to write to.

After a failover the name in the URL means another server, while connections to the old one, a
replica by then, may stay open.  Its answers say so; each is a lost connection here, so that the
next use asks the name anew.  Source of the words: ``createSharedObjects`` in Redis's
``src/server.c``, and for those of a cluster ``clusterRedirectClient`` in ``src/cluster.c``.
"""

from __future__ import annotations

import re
from typing import Any

import redis
from redis import exceptions

# A script's error quotes the answer, behind a dash before Redis 7.
_WRONG_SERVER = re.compile(
    r"(?:^|-)(?:READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|MOVED|ASK|TRYAGAIN) "
    r"|non local key"  # a script's, of a slot that lies elsewhere
)


class WrongServerError(redis.ConnectionError):
    """This server cannot be written to: a replica, one that loads, or one without replicas."""


class Leaving:
    """Mixed into a connection: hangs up on a server that is the wrong one."""

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)  # type: ignore[misc]
        except (exceptions.ResponseError, exceptions.BusyLoadingError) as error:
            if not says_wrong_server(error):
                raise
            self.disconnect()  # type: ignore[attr-defined]
            raise WrongServerError(str(error)) from error


def says_wrong_server(error: redis.RedisError) -> bool:
    """Whether an answer refuses the server, and not the command."""
    by_class = (
        exceptions.ReadOnlyError,
        exceptions.BusyLoadingError,
        exceptions.ClusterDownError,
        exceptions.AskError,
        exceptions.MasterDownError,
    )
    return isinstance(error, by_class) or _WRONG_SERVER.search(str(error)) is not None
