"""A prefix before every key in Redis, so that several projects, or the dbs of one, share a server.

Stores and scripts know none of it: keys get their prefix where a command is packed, and those that
a script makes itself where it calls Redis.  A key inside of a value (a sorted set of keys) stays
without.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
from redis.commands.core import Script

_WITHOUT_KEY = frozenset(
    {
        *("AUTH", "CLIENT", "CLUSTER", "CONFIG", "EXEC", "HELLO", "INFO", "MULTI", "PING"),
        *("SCRIPT", "SELECT"),
    }
)
_ALL_ARE_KEYS = frozenset({"DEL", "EXISTS", "MGET", "UNLINK"})
_SCRIPTS = frozenset({"EVAL", "EVALSHA"})
"""Their keys stand behind the script and their number."""

_IN_SCRIPTS = """\
local server, send, prefix = redis, redis.call, '%s'
local all_are_keys = { DEL = true, EXISTS = true, MGET = true, UNLINK = true }
local redis = {
  error_reply = server.error_reply,
  call = function(command, first, ...)
    if command == 'SELECT' then
      %s
      return
    end
    if not all_are_keys[command] or select('#', ...) == 0 then
      return send(command, prefix .. first, ...)
    end
    local keys = { first, ... }
    for i = 1, #keys do
      keys[i] = prefix .. keys[i]
    end
    return send(command, unpack(keys))
  end,
}
"""
"""Before a script: its keys get the prefix. Of other commands the first argument alone is a key."""

SELECT = "send(command, first)"
"""What SELECT does in a script where there are dbs."""


def scripted(prefix: str, select: str, script: str) -> str:
    """A script whose keys get a prefix; ``select`` is what its SELECT does, in Lua."""
    return _IN_SCRIPTS % (prefix, select) + script


class PrefixedRedis(redis.Redis):
    """A client whose scripts make keys with its prefix; its connections are :class:`Prefixing`."""

    key_prefix = ""

    def register_script(self, script: str | bytes | memoryview) -> Script:
        """The script, with the prefix before the keys that it makes itself."""
        assert isinstance(script, str)
        return super().register_script(scripted(self.key_prefix, SELECT, script))


class Packer:
    """Packs commands with a prefix before their keys."""

    def __init__(self, inner: Any, prefix: str) -> None:
        self._inner = inner
        self._prefix = prefix.encode()

    def pack(self, *arguments: Any) -> Any:
        """The command in bytes."""
        first, last = _keys(arguments)
        keys = (self._prefix + _as_bytes(each) for each in arguments[first:last])
        return self._inner.pack(*arguments[:first], *keys, *arguments[last:])


class Prefixing:
    """Mixed into a connection: sends keys with a prefix, if it has one."""

    def __init__(self, *args: Any, key_prefix: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if key_prefix:
            # Set by the connection's own __init__.
            self._command_packer: Any = Packer(vars(self)["_command_packer"], key_prefix)


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
