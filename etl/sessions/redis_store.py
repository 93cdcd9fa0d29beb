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
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby, islice
from operator import itemgetter
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
    Occurrences,
    SessionEvent,
    SessionPair,
    SessionState,
    SessionTotals,
    Settled,
    Settlement,
    Side,
    T,
)
from etl.source import Spans

_log = logging.getLogger(__name__)

_IDS = 1_000
"""So many event ids are in one script: some 2 ms of Redis's time."""

_BATCH = 1_000
"""At most this many ids or sessions are in one script: Redis serves nobody else meanwhile."""

_RESULTS = {ord(str(int(result))): result for result in ApplyResult}
_LEVELS = {ord(str(int(level))): level for level in Settled}
_SETTLED = tuple(Settled)
_ZERO, _ONE = b"01"


class RedisSessionStore:
    """:class:`etl.sessions.store.SessionStore` in a Redis server that all workers share."""

    def __init__(self, client: redis.Redis, topic: str, *, dedup_window_seconds: int) -> None:
        """``client`` is on db 2, decodes nothing and repeats nothing by itself."""
        self._client = client
        self._topic = topic
        self._dedup_window_seconds = dedup_window_seconds
        self._beside = ThreadPoolExecutor(1, "sessions")
        self._scripts = {
            name: client.register_script(lua(__package__, name))
            for name in (
                "adopt",
                "apply",
                "apply_pairs",
                "advance",
                "expired",
                "first_occurrences",
                "repeated",
                "forget",
                "settle",
            )
        }

    @classmethod
    def connect(
        cls,
        url: str,
        topic: str,
        *,
        dedup_window_seconds: int,
        timeout_seconds: float,
        key_prefix: str = "",
    ) -> RedisSessionStore:
        """A store at ``redis://host:port``; nothing is sent before the first use."""
        client = connect_redis(url, timeout_seconds, key_prefix)
        return cls(client, topic, dedup_window_seconds=dedup_window_seconds)

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """See :meth:`etl.sessions.store.SessionStore.begin`."""
        return self._beside.submit(call).result

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
        listed = orjson.dumps(list(map(_listed, events)))
        originals = b"".join([event.original for event in events])
        results, levels, sizes, texts = self._run("apply", [len(spans), *ranges, listed, originals])
        halves = _cut(orjson.loads(sizes), texts)
        return [
            Applied(
                _RESULTS[result],
                SessionState(
                    session=event.session,
                    start=_payload(next(halves)),
                    end=_payload(next(halves)),
                    settled=_LEVELS[level],
                ),
            )
            for event, result, level in zip(events, results, levels, strict=True)
        ]

    def apply_pairs(
        self, starts: Mapping[int, int], prefix: str, pairs: Iterable[SessionPair]
    ) -> Sequence[bool]:
        """See :meth:`etl.sessions.store.SessionStore.apply_pairs`."""
        reached = [len(starts), *_flat((self._field(p), start) for p, start in starts.items())]
        calls = ([*reached, prefix, orjson.dumps(batch)] for batch in _batches(map(_whole, pairs)))
        told = self._run_ahead("apply_pairs", calls)
        return [digit == _ONE for digits in told for digit in digits]

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[int]:
        """See :meth:`etl.sessions.store.SessionStore.settle`."""
        calls = (
            [prefix, settled_as, orjson.dumps(batch)]
            for (prefix, settled_as), alike in groupby(settlements, itemgetter(0, 2))
            for batch in _batches(map(itemgetter(1), alike))
        )
        told = self._run_ahead("settle", calls)
        return [digit - _ZERO for digits in told for digit in digits]

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

    def repeated(self, occurrences: Occurrences) -> Sequence[int]:
        """See :meth:`etl.sessions.store.SessionStore.repeated`.

        The texts of a batch's ids, and their places in the topic, are one argument each: an
        argument costs redis-py as much as the rest of a message costs the loader.
        """
        found: list[int] = []
        for start in range(0, len(occurrences.ids), _IDS):
            part = slice(start, start + _IDS)
            told = self._run(
                "repeated",
                [
                    self._dedup_window_seconds,
                    occurrences.event,
                    b"".join(occurrences.ids[part]),
                    array("Q", occurrences.offsets[part]).tobytes(),
                    array("I", occurrences.partitions[part]).tobytes(),
                ],
            )
            found += [start + place for place in told]
        return found

    def close(self) -> None:
        """See :meth:`etl.sessions.store.SessionStore.close`."""
        self._beside.shutdown(cancel_futures=True)
        self._client.close()

    def _field(self, partition: int) -> str:
        return f"{self._topic}/{partition}"

    def _run(self, script: str, arguments: Sequence[Any]) -> Any:
        with translated():
            return self._scripts[script](args=arguments)

    def _run_ahead(self, script: str, calls: Iterable[Sequence[Any]]) -> Iterator[Any]:
        """The answers of a script's calls, each made before the answer to the last is taken.

        So Redis works while the arguments of the next call are made.  When one fails the next has
        been sent too.
        """
        waiting: Future[Any] | None = None
        with ThreadPoolExecutor(1, "redis") as other_thread:
            for arguments in calls:
                following = other_thread.submit(self._run, script, arguments)
                if waiting is not None:
                    yield waiting.result()
                waiting = following
            if waiting is not None:
                yield waiting.result()


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    """In parts of one script each."""
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _whole(pair: SessionPair) -> tuple[Any, ...]:
    """As the script that adds it takes it: with both events as a state has them."""
    return (
        pair.session,
        f"{pair.start_location} {pair.start.decode()}",
        f"{pair.end_location} {pair.end.decode()}",
        pair.start_expires_ms,
        pair.end_expires_ms,
        pair.forget_ms,
    )


def _listed(event: SessionEvent) -> tuple[Any, ...]:
    """As the script that adds it takes it, but for the original."""
    return (
        event.prefix,
        event.session,
        event.side,
        event.location,
        event.payload.decode(),
        event.expires_ms,
        event.forget_ms,
        event.settled,
        len(event.original),
    )


def _states(sizes: Sequence[int], texts: bytes) -> Iterator[SessionState]:
    """What the script that finds expired sessions tells of them."""
    parts = _cut([size for index, size in enumerate(sizes) if index % 5], texts)
    for level, name, start, end, original in zip(sizes[::5], *[parts] * 4, strict=True):
        assert name is not None
        yield SessionState(
            session=name.decode(),
            start=_payload(start),
            end=_payload(end),
            settled=_SETTLED[level],
            original_end=original,
        )


def _cut(sizes: Iterable[int], texts: bytes) -> Iterator[bytes | None]:
    """The texts of these sizes; None for -1."""
    place = 0
    for size in sizes:
        if size < 0:
            yield None
        else:
            yield texts[place : place + size]
            place += size


def _payload(kept: bytes | None) -> bytes | None:
    """Without the location that the scripts keep in front of it."""
    return None if kept is None else kept[kept.index(b" ") + 1 :]


def _flat(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [value for row in rows for value in row]
