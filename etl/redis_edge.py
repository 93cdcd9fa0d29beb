"""What both stores in Redis share: the connection, the scripts, the translation of errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from etl.errors import StateLostError, StoreRefusedError, StoreUnavailableError
from registry.redis_primary import primary_client

TRUTH_DB = 2
STATE_LOST = "STATELOST"


def connect_redis(url: str, timeout_seconds: float, key_prefix: str = "") -> redis.Redis:
    """A client of db 2 at ``redis://host:port``; nothing is sent before the first use.

    ``key_prefix`` stands before every key, those that scripts make included.  On a cluster
    (:mod:`registry.redis_cluster`) it is a client of what stands for db 2.

    Nothing is repeated here: a run that gets no answer ends, and the next one repeats it all.
    """
    return primary_client(
        url,
        db=TRUTH_DB,
        key_prefix=key_prefix,
        protocol=2,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
    )


def lua(package: str, name: str) -> str:
    """The text of a script that lies in a package."""
    return files(package).joinpath(f"{name}.lua").read_text(encoding="utf-8")


def text(name: bytes | str) -> str:
    """redis-py cannot tell its type checker that nothing is decoded here."""
    return name.decode() if isinstance(name, bytes) else name


@contextmanager
def translated() -> Iterator[None]:
    """Redis's errors as ours."""
    try:
        yield
    except redis.ResponseError as error:
        if str(error).startswith(STATE_LOST):
            raise StateLostError(
                "Redis has lost what was written to it: it was flushed, or restarted with older"
                f" data ({error})"
            ) from error
        raise StoreRefusedError(f"Redis refused a command: {error}") from error
    except redis.RedisError as error:
        raise StoreUnavailableError(f"Redis: {type(error).__name__}: {error}") from error
