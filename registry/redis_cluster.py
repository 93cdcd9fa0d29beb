"""A Redis Cluster in place of a server: it has one db, where requirement L4 has two.

The dbs lie in one slot instead, under one hash tag: what is ``etl:applied`` in db 2 is
``{ugc}2:etl:applied``.  So each script touches one slot, and everything is done at one server, the
slot's primary, by an ordinary client: what a cluster gives here is that another server takes over,
not more room.  A server that does not have the slot says so, is left, and the cluster is asked
anew, as after any failover (:mod:`registry.redis_leaving`).

Stores and scripts know none of it: keys get their prefix where a command is packed, and those that
a script makes itself where it calls Redis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.commands.core import Script
from redis.crc import key_slot

from registry.redis_leaving import Leaving

SCHEMES = ("redis+cluster", "rediss+cluster")

_TAG = "{ugc}"
_SLOT = key_slot(_TAG.encode())

_WITHOUT_KEY = frozenset(
    {"AUTH", "CLIENT", "CLUSTER", "CONFIG", "EXEC", "HELLO", "INFO", "MULTI", "PING", "SCRIPT"}
)
_ALL_ARE_KEYS = frozenset({"DEL", "EXISTS", "MGET", "UNLINK"})
_SCRIPTS = frozenset({"EVAL", "EVALSHA"})
"""Their keys stand behind the script and their number."""

_IN_SCRIPTS = """\
local server, db = redis, nil
local all_are_keys = { DEL = true, EXISTS = true, MGET = true, UNLINK = true }
local redis = {
  error_reply = server.error_reply,
  call = function(command, ...)
    local given = { ... }
    if command == 'SELECT' then
      db = '%s' .. given[1] .. ':'
      return
    end
    for i = 1, all_are_keys[command] and #given or 1 do
      given[i] = db .. given[i]
    end
    return server.call(command, unpack(given))
  end,
}
"""
"""Before a script: its dbs become prefixes. Of other commands the first argument alone is a key."""


class OneSlotRedis(redis.Redis):
    """A client of the primary that has the slot."""

    def register_script(self, script: str | bytes | memoryview) -> Script:
        """The script, which makes its keys itself, with its dbs as prefixes of them."""
        assert isinstance(script, str)
        return super().register_script(_IN_SCRIPTS % _TAG + script)


class _Packer:
    """Packs commands with the prefix of a db before their keys."""

    def __init__(self, inner: Any, db: int) -> None:
        self._inner = inner
        self._prefix = f"{_TAG}{db}:".encode()

    def pack(self, *arguments: Any) -> Any:
        first, last = _keys(arguments)
        keys = (self._prefix + _as_bytes(each) for each in arguments[first:last])
        return self._inner.pack(*arguments[:first], *keys, *arguments[last:])


def _keys(arguments: Sequence[Any]) -> tuple[int, int]:
    """From where to where a command's keys stand."""
    name = str(arguments[0]).split()[0].upper()
    if name in _WITHOUT_KEY:
        return 1, 1
    if name in _SCRIPTS:
        return 3, 3 + int(arguments[2])
    return 1, len(arguments) if name in _ALL_ARE_KEYS else 2


def _as_bytes(key: bytes | str) -> bytes:
    return key if isinstance(key, bytes) else key.encode()


class _InSlot(Leaving):
    """Mixed into a connection: goes to whoever has the slot when it connects."""

    def __init__(
        self, *args: Any, seeds: list[tuple[str, int]], asking: Any, of_db: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        # Set by the connection's own __init__.
        self._command_packer: Any = _Packer(vars(self)["_command_packer"], of_db)
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


def cluster_client(url: str, *, db: int, **options: Any) -> redis.Redis:
    """A client of ``redis+cluster://[user:password@]host:port,host:port``, TLS: ``rediss+…``.

    Nothing is sent before the first use.  ``db`` is what the keys' prefix says.  Errors are those
    of :func:`registry.redis_primary.primary_client`.
    """
    parts = urlsplit(url)
    user_info, _, servers = parts.netloc.rpartition("@")
    user, _, password = map(unquote, user_info.partition(":"))
    is_tls = parts.scheme.startswith("rediss")
    places = [each.rpartition(":") for each in servers.split(",")]
    options |= {"username": user or None, "password": password or None}
    return OneSlotRedis.from_pool(
        redis.ConnectionPool(
            connection_class=_Tls if is_tls else _Plain,
            seeds=[(host, int(port)) for host, _, port in places],
            asking={**options, "ssl": is_tls},
            of_db=db,
            **options,
        )
    )
