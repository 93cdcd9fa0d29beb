"""Ids looked up and remembered on the event loop: :mod:`api.pipeline.seen` without a wait.

Senders give nearly every event an id, so this is as frequent as events.  The reference is
:class:`~api.pipeline.seen.RedisSeenEvents`: what one writes the other reads.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Protocol

from api.limits.redis_loop import LoopRedis
from api.pipeline.seen import Seen, key, to_text


class SeenSoon(Protocol):
    """Events seen lately, for one event loop; without an answer in time none is, and none is kept.

    It is a kindness, as with :class:`~api.pipeline.seen.SeenEvents`.
    """

    def find_soon(self, event_id: uuid.UUID, done: Callable[[bool], None]) -> bool:
        """Tells ``done`` once whether something is kept of an id; from the loop, perhaps before
        this returns. It is always on its way."""
        ...

    def remember_soon(self, event_id: uuid.UUID, seen: Seen) -> None:
        """Keeps an event that is safe: whoever asks afterwards on this loop finds it."""
        ...


_ID = uuid.UUID(int=0)
_SEEN = Seen("0123456789abcdef", dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
"""Examples, as long as any other."""


class LoopSeenEvents:
    """Events in a Redis that all API processes share, over a connection of the loop's own."""

    def __init__(self, redis: LoopRedis, *, window_seconds: float) -> None:
        self._redis = redis
        milliseconds = int(window_seconds * 1000)
        set_ = redis.packed("SET", key(_ID), to_text(_SEEN), "PX", milliseconds)
        self._get = _with_holes(redis.packed("GET", key(_ID)), key(_ID))
        self._set = _with_holes(set_, key(_ID), to_text(_SEEN))

    def find_soon(self, event_id: uuid.UUID, done: Callable[[bool], None]) -> bool:
        # What is kept may be of another form: the reference reads it.
        self._redis.send(self._get % key(event_id).encode(), lambda found: done(bool(found)))
        return True

    def remember_soon(self, event_id: uuid.UUID, seen: Seen) -> None:
        self._redis.send(self._set % (key(event_id).encode(), to_text(seen).encode()))

    def close(self) -> None:
        """Hangs up."""
        self._redis.close()


def _with_holes(command: bytes, *values: str) -> bytes:
    """A command as a format, with a hole where each of these values of constant length stands."""
    command = command.replace(b"%", b"%%")
    for value in values:
        assert command.count(value.encode()) == 1, "a value is like no other part"
        command = command.replace(value.encode(), b"%b")
    return command
