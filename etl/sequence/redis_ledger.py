"""The ledger in Redis, next to the open sessions in db 2.

``etl:noted`` (hash): ``topic/partition`` → the offset up to which messages were noted.
``etl:topics`` (hash): topic → the id of the one that is meant.
``etl:producer:{id}`` (hash): one producer's numbers, and ``etl:holes:{id}`` (sorted set) what is
missing of them; ``etl:producers`` (sorted set): when each was
last met.  ``etl:numbers`` (hash): totals.  ``etl:journal`` (hash): reports of runs by run.
"""

from __future__ import annotations

import re
import uuid
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import redis

from etl.redis_edge import connect_redis, lua, text, translated
from etl.sequence.columns import ProducerRanges, SequenceColumns, ranges_of
from etl.sequence.ledger import LedgerTotals, SequencedMessage
from etl.sequence.numbers import MAX_GAPS, Gap, Producer
from etl.source import Span, Spans

_BATCH = 250
"""This many messages are in one script, since Redis serves nobody else while it runs."""

_RANGED = 4_000
"""So many ranges are told in one script, some 10 ms of Redis's time."""

_PRODUCERS_AT_ONCE = 200
_HOLE = re.compile(r"(\d+)-(\d+)@(\d+)(v?)")
_COUNTS = ("highest", "seen", "repeated", "lost")


class RedisLedger:
    """:class:`etl.sequence.ledger.Ledger` in a Redis server that all workers share."""

    def __init__(self, client: redis.Redis, topic: str, *, max_gaps: int = MAX_GAPS) -> None:
        """``client`` is on db 2, decodes nothing and repeats nothing by itself."""
        self._max_gaps = max_gaps
        self._client = client
        self._topic = topic
        self._record = self._script("record")
        self._record_ranges = self._script("record_ranges")
        self._begin = client.register_script(lua(__package__, "begin_topic"))
        self._forget = client.register_script(lua(__package__, "forget_producers"))

    @classmethod
    def connect(
        cls,
        url: str,
        topic: str,
        *,
        timeout_seconds: float,
        max_gaps: int = MAX_GAPS,
        key_prefix: str = "",
    ) -> RedisLedger:
        """A ledger at ``redis://host:port``; nothing is sent before the first use."""
        client = connect_redis(url, timeout_seconds, key_prefix)
        return cls(client, topic, max_gaps=max_gaps)

    def begin(self, topic_id: uuid.UUID) -> None:
        """See :meth:`etl.sequence.ledger.Ledger.begin`."""
        with translated():
            self._begin(args=[self._topic, str(topic_id)])

    def record(self, spans: Spans, sequenced: Sequence[SequencedMessage]) -> None:
        """See :meth:`etl.sequence.ledger.Ledger.record`. Atomic for every part of it, in order."""
        for part_spans, part in _parts(spans, sequenced):
            arguments: list[str | int] = [self._max_gaps, len(part_spans)]
            for partition, span in part_spans.items():
                times = [each.timestamp_ms for each in part if each.partition == partition]
                arguments += [self._field(partition), span.start, span.stop, *(times[:1] or [0])]
            for each in part:
                arguments += [self._field(each.partition), each.offset, each.timestamp_ms]
                arguments += _stamp(each)
            with translated():
                self._record(args=arguments)

    def record_columns(self, spans: Spans, columns: SequenceColumns) -> None:
        """See :meth:`etl.sequence.ledger.Ledger.record_columns`. Atomic for parts, in order.

        A whole chunk has few ranges, and is told at once.  Where each number is a range by itself
        it is told in parts, so that no script is long.
        """
        if self._record_ranges_of(spans, columns, most=_RANGED):
            return
        reached = {partition: span.start for partition, span in spans.items()}
        for first in range(0, len(columns), _RANGED):
            stop = first + _RANGED
            part = columns.part(first, stop)
            stops = {partition: span.stop for partition, span in spans.items()}
            if stop < len(columns):
                stops = {p: at + 1 for p, at in zip(part.partitions, part.offsets, strict=True)}
            part_spans = {p: Span(reached[p], at) for p, at in stops.items()}
            self._record_ranges_of(part_spans, part, most=_RANGED)
            reached.update(stops)

    def _record_ranges_of(self, spans: Spans, columns: SequenceColumns, *, most: int) -> bool:
        """Whether it was done: there are not more ranges than that."""
        fields = [self._field(partition) for partition in spans]
        while spans:
            with translated():
                kept: list[Any] = self._client.hmget("etl:noted", fields)
            noted = dict(zip(spans, (int(each or 0) for each in kept), strict=True))
            ranges = ranges_of(columns, noted)
            if ranges is None:
                self.record(spans, list(columns.messages()))
                return True
            if ranges.count > most:
                return False
            arguments: list[str | int | bytes] = [self._max_gaps, len(spans)]
            for partition, span in spans.items():
                arguments += [self._field(partition), span.start, span.stop]
                arguments.append(columns.first_ms(partition))
            arguments += [*noted.values(), ranges.unstamped]
            for producer in ranges.producers:
                arguments += _told(producer)
            with translated():
                if self._record_ranges(args=arguments):
                    break
        return True

    def producers(self) -> Sequence[Producer]:
        """See :meth:`etl.sequence.ledger.Ledger.producers`."""
        with translated():
            found_names: list[Any] = self._client.zrevrange("etl:producers", 0, -1)
        names = [text(name) for name in found_names]
        found: list[Producer] = []
        for first in range(0, len(names), _PRODUCERS_AT_ONCE):
            batch = names[first : first + _PRODUCERS_AT_ONCE]
            with translated(), self._client.pipeline(transaction=False) as together:
                for name in batch:
                    together.hgetall(f"etl:producer:{name}")
                    together.zrange(f"etl:holes:{name}", 0, -1)
                kept = together.execute()
            found += [
                _producer(name, fields, gaps)
                for name, fields, gaps in zip(batch, kept[::2], kept[1::2], strict=True)
            ]
        return sorted(found, key=lambda each: (-each.last_ms, each.name))

    def totals(self) -> LedgerTotals:
        """See :meth:`etl.sequence.ledger.Ledger.totals`."""
        with translated():
            kept = self._client.hgetall("etl:numbers")
        return LedgerTotals(**{text(name): int(number) for name, number in kept.items()})

    def forget(self, before_ms: int, *, limit: int) -> int:
        """See :meth:`etl.sequence.ledger.Ledger.forget`."""
        with translated():
            number: int = self._forget(args=[before_ms, limit])
        return number

    def keep_report(self, run_id: str, report: bytes) -> None:
        """See :meth:`etl.sequence.ledger.Ledger.keep_report`."""
        with translated():
            self._client.hset("etl:journal", run_id, report)

    def kept_reports(self) -> Mapping[str, bytes]:
        """See :meth:`etl.sequence.ledger.Ledger.kept_reports`."""
        with translated():
            kept: dict[Any, Any] = self._client.hgetall("etl:journal")
        return {text(run_id): report for run_id, report in kept.items()}

    def drop_report(self, run_id: str) -> None:
        """See :meth:`etl.sequence.ledger.Ledger.drop_report`."""
        with translated():
            self._client.hdel("etl:journal", run_id)

    def close(self) -> None:
        """See :meth:`etl.sequence.ledger.Ledger.close`."""
        self._client.close()

    def _script(self, name: str) -> Any:
        shared = lua(__package__, "numbers")
        return self._client.register_script(shared + lua(__package__, name))

    def _field(self, partition: int) -> str:
        return f"{self._topic}/{partition}"


def _parts(
    spans: Spans, sequenced: Sequence[SequencedMessage]
) -> Iterator[tuple[Mapping[int, Span], Sequence[SequencedMessage]]]:
    """The messages in batches, with spans that join; the last has what has no messages."""
    reached = {partition: span.start for partition, span in spans.items()}
    for first in range(0, max(1, len(sequenced)), _BATCH):
        part = sequenced[first : first + _BATCH]
        if first + _BATCH < len(sequenced):
            stops = {each.partition: each.offset + 1 for each in part}
        else:
            stops = {partition: span.stop for partition, span in spans.items()}
        yield {p: Span(reached[p], stop) for p, stop in stops.items()}, part
        reached.update(stops)


def _stamp(each: SequencedMessage) -> Iterator[str | int]:
    if each.sequence is None:
        yield from ("", 0, 0, 0)
        return
    found = each.sequence
    yield from (found.producer, found.number, found.settled_to, len(found.skipped))
    for first, last in found.skipped:
        yield from (first, last)


def _told(producer: ProducerRanges) -> Iterator[str | int | bytes]:
    yield from (producer.name, producer.first_ms, producer.last_ms, producer.settled)
    ranges = [(each.first, each.last, each.since_ms) for each in producer.ranges]
    yield from (producer.repeated, _packed(ranges), _packed(producer.skipped))


def _packed(ranges: Iterable[tuple[int, int, int]]) -> bytes:
    return array("q", chain.from_iterable(ranges)).tobytes()


def _producer(name: str, fields: Mapping[bytes, bytes], gaps: Sequence[bytes]) -> Producer:
    kept = {text(field): text(value) for field, value in fields.items()}
    return Producer(
        name=name,
        **{count: int(kept[count]) for count in _COUNTS},
        first_ms=int(kept["first"]),
        last_ms=int(kept["last"]),
        gaps=tuple(map(_gap, gaps)),
        # Kept by a loader that knew nothing of it: then all is taken for settled.
        settled=int(kept.get("settled", kept["highest"])),
    )


def _gap(member: bytes) -> Gap:
    found = _HOLE.fullmatch(text(member))
    assert found is not None
    return Gap(int(found[1]), int(found[2]), int(found[3]), skipped=found[4] == "v")
