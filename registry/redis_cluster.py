"""A Redis Cluster in place of a server: it has one db, where requirement L4 has two.

The dbs lie in one slot instead, under one hash tag: what is ``etl:applied`` in db 2 is
``{ugc}2:etl:applied``, and with a project's own prefix (:mod:`registry.redis_prefix`)
``{ugc}2:shop:etl:applied``.  So each script touches one slot, and everything is done at one server,
the slot's primary, by an ordinary client: what a cluster gives here is that another server takes
over, not more room.  A server that does not have the slot says so, is left, and the cluster is
asked anew, as after any failover (:mod:`registry.redis_leaving`).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.commands.core import Script
from redis.crc import key_slot

from registry.redis_leaving import Leaving
from registry.redis_prefix import Prefixing, scripted

SCHEMES = ("redis+cluster", "rediss+cluster")

_TAG = "{ugc}"
_SLOT = key_slot(_TAG.encode())

_SELECT = "prefix = '%s' .. first .. ':%s'"
"""In a script a db is a prefix: of the tag, the db and the project."""


class OneSlotRedis(redis.Redis):
    """A client of the primary that has the slot."""

    key_prefix = ""

    def register_script(self, script: str | bytes | memoryview) -> Script:
        """The script, which makes its keys itself, with its dbs as prefixes of them."""
        assert isinstance(script, str)
        select = _SELECT % (_TAG, self.key_prefix)
        return super().register_script(scripted("", select, script))


class _InSlot(Prefixing, Leaving):
    """Mixed into a connection: goes to whoever has the slot when it connects."""

    def __init__(
        self, *args: Any, seeds: list[tuple[str, int]], asking: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._seeds = seeds
        self._asking = asking

    def _connect(self) -> Any:
        self.host, self.port = self._primary()
        return super()._connect()  # type: ignore[misc]

    def _primary(self) -> tuple[str, int]:
        problem: Exception | None = None
        for host, port in self._seeds:
            try:
                with redis.Redis(host, port, **self._asking) as node:
                    found: Any = node.execute_command("CLUSTER SLOTS")
            except redis.RedisError as error:
                problem = error
                continue
            for first, last, (told_host, told_port, *_), *_ in found:
                if first <= _SLOT <= last:
                    # A server that does not know its own address tells none.
                    return told_host.decode() or host, told_port
        raise redis.ConnectionError(
            f"no server of the cluster tells who has slot {_SLOT}: {problem}"
        )


class _Plain(_InSlot, redis.Connection):
    pass


class _Tls(_InSlot, redis.SSLConnection):
    pass


def cluster_client(url: str, *, db: int, key_prefix: str = "", **options: Any) -> redis.Redis:
    """A client of ``redis+cluster://[user:password@]host:port,host:port``, TLS: ``rediss+…``.

    Nothing is sent before the first use.  Before a key stand the tag, ``db``
    and ``key_prefix``.  Errors are those
    of :func:`registry.redis_primary.primary_client`.
    """
    parts = urlsplit(url)
    user_info, _, servers = parts.netloc.rpartition("@")
    user, _, password = map(unquote, user_info.partition(":"))
    is_tls = parts.scheme.startswith("rediss")
    places = [each.rpartition(":") for each in servers.split(",")]
    options |= {"username": user or None, "password": password or None}
    client = OneSlotRedis.from_pool(
        redis.ConnectionPool(
            connection_class=_Tls if is_tls else _Plain,
            seeds=[(host, int(port)) for host, _, port in places],
            asking={**options, "ssl": is_tls},
            key_prefix=f"{_TAG}{db}:{key_prefix}",
            **options,
        )
    )
    assert isinstance(client, OneSlotRedis)
    client.key_prefix = key_prefix
    return client
