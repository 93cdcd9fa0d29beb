"""Events that were stored lately under an id of their sender's, in Redis and in memory.

A sender that repeats an event after no answer, or after a 503, repeats its ``event_id``; whoever
finds it here need not store it again.  It is a kindness, not the guarantee: without Redis, or after
the window, the later stages still make one row of all that bear one id.  So it may cost little:
it waits less for Redis than the token cache does, and one failure stops it for a second.

Keys are ``event:<event_id>``.  An entry is written only when the event is safe: the other way
round, a worker that dies in between would make its sender believe that nothing is left to do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import redis

from api.errors import CacheUnavailableError
from api.limits.redis_calls import RedisCalls

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """An event that is safe: what it said, and when it was accepted (UTC, whole milliseconds)."""

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


def fingerprint(event: str, data: Any) -> str:
    """16 hexadecimal digits that are the same for the same event and data, however written."""
    text = json.dumps([event, data], sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class RedisSeenEvents:
    """Events in a Redis that all API processes share."""

    def __init__(self, redis: RedisCalls, *, window_seconds: float) -> None:
        self._redis = redis
        self._window_milliseconds = int(window_seconds * 1000)

    def find(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Seen]:
        kept = self._redis.call(lambda redis: redis.mget([_key(each) for each in ids]))
        read = zip(ids, map(_from_text, kept), strict=True)
        return {event_id: seen for event_id, seen in read if seen is not None}

    def remember(self, seen: Mapping[uuid.UUID, Seen]) -> None:
        def set_all(client: redis.Redis) -> None:
            pipe = client.pipeline(transaction=False)
            for event_id, each in seen.items():
                pipe.set(_key(event_id), _to_text(each), px=self._window_milliseconds)
            pipe.execute()

        self._redis.call(set_all)


class InMemorySeenEvents:
    """Events within this process, for tests. While ``available`` is false nothing is answered."""

    def __init__(self) -> None:
        self.kept: dict[uuid.UUID, Seen] = {}
        self.available = True

    def find(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Seen]:
        self._check()
        return {event_id: self.kept[event_id] for event_id in ids if event_id in self.kept}

    def remember(self, seen: Mapping[uuid.UUID, Seen]) -> None:
        self._check()
        self.kept.update(seen)

    def _check(self) -> None:
        if not self.available:
            raise CacheUnavailableError("not there")


def _key(event_id: uuid.UUID) -> str:
    return f"event:{event_id}"


def _to_text(seen: Seen) -> str:
    return f"{seen.fingerprint} {seen.timestamp.isoformat()}"


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
