"""The session store in Redis (requirement L4): its open sessions.

Two dbs, as L4 has them, under one key ``{prefix}:{key}.{user_id}``:

* db 2 holds the states, without a lifetime.  It is the truth.
* db 1 holds a marker that lives until the event has waited long enough.  A state is taken out when
  it has expired by the ETL's clock *and* its marker is gone by Redis's; never because the marker is
  gone alone, so a flush of this db changes nothing.

Beside the states db 2 holds, per pairing, the waiting events by the time they expire
(``{prefix}:due:s`` and ``:e``) and the settled states by the time to forget them
(``{prefix}:done``), so that nothing is ever scanned for, and the totals (``{prefix}:books``); and
for all ``etl:applied`` and ``etl:reached``. db 1 also holds the event ids met lately
(``seen:{event}:{event_id}``). Names without a dot can be no state's.

Every change is one Lua script, so it happens whole or not at all, and in the append-only file no
later change stands before an earlier one.  A Redis Cluster has no second db;
:mod:`registry.redis_cluster` says what is done there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson
import redis

from etl.errors import StoreRefusedError, StoreUnsafeError
from etl.redis_edge import connect_redis, lua, text, translated
from etl.sessions.store import (
    Applied,
    ApplyResult,
    ExpiredPage,
    Occurrence,
    SessionEvent,
    SessionState,
    SessionTotals,
    Settled,
    Settlement,
    Side,
)
from etl.source import Spans

_log = logging.getLogger(__name__)

_BATCH = 500
"""At most this many ids or sessions are in one script: Redis serves nobody else meanwhile."""


class RedisSessionStore:
    """:class:`etl.sessions.store.SessionStore` in a Redis server that all workers share."""

    def __init__(self, client: redis.Redis, topic: str, *, dedup_window_seconds: int) -> None:
        """``client`` is on db 2, decodes nothing and repeats nothing by itself."""
        self._client = client
        self._topic = topic
        self._dedup_window_seconds = dedup_window_seconds
        self._scripts = {
            name: client.register_script(lua(__package__, name))
            for name in (
                "adopt",
                "apply",
                "advance",
                "expired",
                "first_occurrences",
                "forget",
                "settle",
            )
        }

    @classmethod
    def connect(
        cls, url: str, topic: str, *, dedup_window_seconds: int, timeout_seconds: float
    ) -> RedisSessionStore:
        """A store at ``redis://host:port``; nothing is sent before the first use."""
        client = connect_redis(url, timeout_seconds)
        return cls(client, topic, dedup_window_seconds=dedup_window_seconds)

    def check(self) -> None:
        """See :meth:`etl.sessions.store.SessionStore.check`."""
        try:
            with translated():
                found = self._client.config_get("maxmemory-policy")
        except StoreRefusedError as error:
            _log.warning("make sure that Redis has maxmemory-policy noeviction: %s", error)
            return
        if (policy := found.get("maxmemory-policy")) != "noeviction":
            raise StoreUnsafeError(
                f"Redis has maxmemory-policy {policy} and would drop open sessions when it is full:"
                " set maxmemory-policy noeviction"
            )

    def applied(self) -> Mapping[int, int]:
        """See :meth:`etl.sessions.store.SessionStore.applied`."""
        with translated():
            found = self._client.hgetall("etl:applied")
        offsets = {text(field): int(offset) for field, offset in found.items()}
        mine = f"{self._topic}/"
        return {
            int(field.removeprefix(mine)): offset
            for field, offset in offsets.items()
            if field.startswith(mine)
        }

    def adopt(self, starts: Mapping[int, int]) -> None:
        """See :meth:`etl.sessions.store.SessionStore.adopt`."""
        self._run("adopt", _flat((self._field(p), start) for p, start in starts.items()))

    def apply(self, spans: Spans, events: Sequence[SessionEvent]) -> Sequence[Applied]:
        """See :meth:`etl.sessions.store.SessionStore.apply`."""
        ranges = _flat((self._field(p), span.start, span.stop) for p, span in spans.items())
        told = self._run("apply", [len(spans), *ranges, *_flat(map(_arguments, events))])
        return [
            Applied(
                ApplyResult(result),
                SessionState(
                    session=event.session,
                    start=_payload(start),
                    end=_payload(end),
                    settled=Settled(settled),
                ),
            )
            for event, (result, settled, start, end) in zip(events, told, strict=True)
        ]

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[int]:
        """See :meth:`etl.sessions.store.SessionStore.settle`."""
        closed: list[int] = []
        for (prefix, settled_as), alike in groupby(
            settlements, lambda each: (each.prefix, each.settled_as)
        ):
            sessions = [each.session for each in alike]
            for start in range(0, len(sessions), _BATCH):
                told = self._run("settle", [prefix, settled_as, *sessions[start : start + _BATCH]])
                closed += map(int, text(told))
        return closed

    def expired(
        self, prefix: str, side: Side, before_ms: int, *, skip: int, limit: int
    ) -> ExpiredPage:
        """See :meth:`etl.sessions.store.SessionStore.expired`."""
        told = self._run("expired", [prefix, side, before_ms, skip, limit])
        looked_at, left_from, sizes, texts = told
        return ExpiredPage(
            states=list(_states(orjson.loads(sizes), texts)),
            looked_at=looked_at,
            left_from_ms=int(left_from) if left_from else None,
        )

    def forget(self, prefix: str, before_ms: int, *, limit: int) -> int:
        """See :meth:`etl.sessions.store.SessionStore.forget`."""
        number: int = self._run("forget", [prefix, before_ms, limit])
        return number

    def advance(self, positions: Mapping[int, int], observed_ms: int) -> None:
        """See :meth:`etl.sessions.store.SessionStore.advance`."""
        fields = _flat((self._field(p), position) for p, position in positions.items())
        self._run("advance", [observed_ms, *fields])

    def watermark_ms(self, partition_count: int) -> int | None:
        """See :meth:`etl.sessions.store.SessionStore.watermark_ms`."""
        fields = [self._field(partition) for partition in range(partition_count)]
        with translated():
            times = self._client.hmget("etl:reached", fields)
        known = [int(time) for time in times if time is not None]
        return min(known) if len(known) == len(times) else None

    def totals(self, prefix: str) -> SessionTotals:
        """See :meth:`etl.sessions.store.SessionStore.totals`."""
        with translated(), self._client.pipeline(transaction=True) as together:
            together.hgetall(f"{prefix}:books")
            together.zcard(f"{prefix}:due:{Side.START}")
            together.zcard(f"{prefix}:due:{Side.END}")
            totals, starts, ends = together.execute()
        counts = {text(name): int(number) for name, number in totals.items()}
        return SessionTotals(**counts, starts_waiting=starts, ends_waiting=ends)

    def first_occurrences(self, occurrences: Sequence[Occurrence]) -> Sequence[bool]:
        """See :meth:`etl.sessions.store.SessionStore.first_occurrences`."""
        first: list[int] = []
        for start in range(0, len(occurrences), _BATCH):
            batch = occurrences[start : start + _BATCH]
            keys = ((f"seen:{each.event}:{each.event_id}", each.location) for each in batch)
            first += self._run("first_occurrences", [self._dedup_window_seconds, *_flat(keys)])
        return list(map(bool, first))

    def close(self) -> None:
        """See :meth:`etl.sessions.store.SessionStore.close`."""
        self._client.close()

    def _field(self, partition: int) -> str:
        return f"{self._topic}/{partition}"

    def _run(self, script: str, arguments: Sequence[Any]) -> Any:
        with translated():
            return self._scripts[script](args=arguments)


def _arguments(event: SessionEvent) -> tuple[Any, ...]:
    return (
        event.prefix,
        event.session,
        event.side,
        event.location,
        event.payload,
        event.original,
        event.expires_ms,
        event.forget_ms,
        int(event.settled),
    )


def _states(sizes: Sequence[int], texts: bytes) -> Iterator[SessionState]:
    """What the script that finds expired sessions tells of them."""
    place = 0

    def taken(size: int) -> bytes | None:
        nonlocal place
        if size < 0:
            return None
        place += size
        return texts[place - size : place]

    for first in range(0, len(sizes), 5):
        settled, *lengths = sizes[first : first + 5]
        session, start, end, original = map(taken, lengths)
        assert session is not None
        yield SessionState(
            session=session.decode(),
            start=_payload(start),
            end=_payload(end),
            settled=Settled(settled),
            original_end=original,
        )


def _payload(kept: bytes | None) -> bytes | None:
    """Without the location that the scripts keep in front of it."""
    return None if kept is None else kept.partition(b" ")[2]


def _flat(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [value for row in rows for value in row]
