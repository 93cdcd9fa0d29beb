"""Where the records of the debugger lie: a capped stream in Redis that all workers share.

``debug:events`` is a stream whose entries have one field ``e``, a record as JSON; ``debug:lost``
counts what could not be kept.  The id of an entry (``1760000000000-0``) orders records, and is what
a listener names to go on behind it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Protocol, cast

import redis

from api.limits.redis_calls import RedisCalls

MOST_RECORDS = 10_000
"""So many are kept, roughly: Redis cuts whole nodes of a stream."""

LIFETIME_SECONDS = 24 * 3600
"""So long a record is kept, and so long after the last one everything is."""

_STREAM = "debug:events"
_LOST = "debug:lost"
_FIELD = "e"

Kept = tuple[str, bytes]
"""The id of a record, and the record as JSON."""


class DebugStore(Protocol):
    """Keeps records in order; safe to share between threads.

    Every method raises :class:`~api.errors.CacheUnavailableError` when there is no answer in time.
    """

    def append(self, records: Sequence[bytes], *, lost: int) -> None:
        """Keeps records, and that ``lost`` others could not be kept."""
        ...

    def after(self, record_id: str, count: int) -> Sequence[Kept]:
        """The first records behind this one, which need not be there any more; ``0``: of all."""
        ...

    def before(self, record_id: str | None, count: int) -> Sequence[Kept]:
        """The last records before this one, the newest first; ``None``: of all."""
        ...

    def newest(self) -> str:
        """The id of the newest record; ``0`` when there is none."""
        ...

    def lost(self) -> int:
        """How many records could not be kept lately."""
        ...

    def forget(self, record_ids: Sequence[str] | None) -> None:
        """Removes records; ``None``: all of them, and the count of those that were lost."""
        ...


class RedisDebugStore:
    """The stream in Redis."""

    def __init__(self, redis: RedisCalls) -> None:
        self._redis = redis

    def append(self, records: Sequence[bytes], *, lost: int) -> None:
        oldest_ms = int((time.time() - LIFETIME_SECONDS) * 1000)

        def kept(client: redis.Redis) -> None:
            with client.pipeline(transaction=False) as commands:
                for record in records:
                    fields: Any = {_FIELD: record}
                    commands.xadd(_STREAM, fields, maxlen=MOST_RECORDS, approximate=True)
                commands.xtrim(_STREAM, minid=str(oldest_ms), approximate=True)
                commands.expire(_STREAM, LIFETIME_SECONDS)
                if lost:
                    commands.incrby(_LOST, lost)
                    commands.expire(_LOST, LIFETIME_SECONDS)
                commands.execute()

        self._redis.call(kept)

    def after(self, record_id: str, count: int) -> Sequence[Kept]:
        return self._redis.call(
            lambda client: _entries(client.xrange(_STREAM, min=f"({record_id}", count=count))
        )

    def before(self, record_id: str | None, count: int) -> Sequence[Kept]:
        last = "+" if record_id is None else f"({record_id}"
        return self._redis.call(
            lambda client: _entries(client.xrevrange(_STREAM, max=last, count=count))
        )

    def newest(self) -> str:
        found = self.before(None, 1)
        return found[0][0] if found else "0"

    def lost(self) -> int:
        found = self._redis.call(lambda client: client.get(_LOST))
        return int(cast("bytes | None", found) or 0)

    def forget(self, record_ids: Sequence[str] | None) -> None:
        if record_ids is None:
            # Not by DEL: the ids go on from where they were, and so does who listens.
            self._redis.call(lambda client: client.xtrim(_STREAM, maxlen=0, approximate=False))
            self._redis.call(lambda client: client.delete(_LOST))
        elif record_ids:
            self._redis.call(lambda client: client.xdel(_STREAM, *record_ids))


def _entries(found: Any) -> list[Kept]:
    return [(entry_id.decode(), fields[_FIELD.encode()]) for entry_id, fields in found]
