"""Events that were stored lately under an id of their sender's, in Redis and in memory.

A sender that repeats an event after no answer, or after a 503, repeats its ``event_id``; whoever
finds it here need not store it again.  It is a kindness, not the guarantee: without Redis, or after
the window, the later stages still make one row of all that bear one id.  So it may cost little:
it waits less for Redis than the token cache does, and one failure stops it for a second.

Keys are ``event:2:<event_id>``; another form of fingerprint gets another number, so that entries
of another form count as none, and not as other events.  An entry is written only when the event is
safe: the other way round, a worker that dies in between would make its sender believe that nothing
is left to do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import redis

from api.limits.redis_calls import RedisCalls

_log = logging.getLogger(__name__)

_FORM = 2
"""The fingerprint is of the data as it is kept, not as it was sent."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that is safe: what is kept of it, and when it was accepted (UTC, milliseconds)."""

    fingerprint: str
    timestamp: dt.datetime


class SeenEvents(Protocol):
    """Remembers events by id for a while. Safe to share between threads."""

    def find(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Seen]:
        """Those that are known.

        Raises:
            CacheUnavailableError: no answer in time.
        """
        ...

    def remember(self, seen: Mapping[uuid.UUID, Seen]) -> None:
        """Keeps events that are safe, for the length of the window.

        Raises:
            CacheUnavailableError: no answer in time; some may be kept.
        """
        ...


def fingerprint(event: str, image: bytes) -> str:
    """16 hexadecimal digits of an event's name and of what is kept of its data."""
    return hashlib.blake2b(event.encode() + b"\0" + image, digest_size=8).hexdigest()


class RedisSeenEvents:
    """Events in a Redis that all API processes share."""

    def __init__(self, redis: RedisCalls, *, window_seconds: float) -> None:
        self._redis = redis
        self._window_milliseconds = int(window_seconds * 1000)

    def find(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Seen]:
        kept = self._redis.call(lambda redis: redis.mget([key(each) for each in ids]))
        read = zip(ids, map(_from_text, kept), strict=True)
        return {event_id: seen for event_id, seen in read if seen is not None}

    def remember(self, seen: Mapping[uuid.UUID, Seen]) -> None:
        def set_all(client: redis.Redis) -> None:
            pipe = client.pipeline(transaction=False)
            for event_id, each in seen.items():
                pipe.set(key(event_id), to_text(each), px=self._window_milliseconds)
            pipe.execute()

        self._redis.call(set_all)


def key(event_id: uuid.UUID) -> str:
    """Where an event is kept."""
    return f"event:{_FORM}:{event_id}"


def to_text(seen: Seen) -> str:
    """What is kept; always of the same length."""
    return f"{seen.fingerprint} {seen.timestamp.isoformat(timespec='microseconds')}"


def _from_text(kept: Any) -> Seen | None:
    """An entry; one that is not ours counts as none."""
    if kept is None:
        return None
    try:
        known, _, instant = kept.decode().partition(" ")
        return Seen(known, dt.datetime.fromisoformat(instant))
    except ValueError:
        _log.warning("seen events: an entry is not of the known form")
        return None
