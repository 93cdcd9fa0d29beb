"""A chunk as it was read → what is to be stored of it. Writes nothing anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from etl.decode.decoding import Decoded, decode_all
from etl.decode.holding import Holds
from etl.run.column_blocks import PlainColumns
from etl.run.context import RunContext
from etl.run.plain_columns import PlainReader
from etl.run.report import UNKNOWN_EVENT, Tally
from etl.run.sessions import Lost
from etl.sequence.columns import SequenceColumns, sequence_columns
from etl.source import Chunk, MessageColumns, Spans
from registry.keys import name_in_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What can be used of a chunk: what is new in it, and what is only put back.

    ``decoded`` are the messages that become no column, and the dead letters.  ``tally`` has
    counted all that is new.  Of the chunk's ``count`` messages nothing else is kept.
    """

    spans: Spans
    count: int
    decoded: Decoded
    plain: list[PlainColumns]
    put_back: Decoded
    numbers: SequenceColumns
    lost: Lost
    tally: Tally

    @property
    def stops(self) -> dict[int, int]:
        """How far the partitions are done when it is stored."""
        return {partition: span.stop for partition, span in self.spans.items()}


class Preparing:
    """Decodes the chunks of one assignment, in their order.

    ``holds`` are partitions that wait for a message's contract, and ``unread`` counts what was
    read behind it.
    """

    def __init__(self, context: RunContext, plain: PlainReader) -> None:
        self._context = context
        self._plain = plain
        self.lost = Lost({}, None)
        self.holds = Holds()
        self.unread: Counter[int] = Counter()

    def prepared(self, read: Chunk) -> Prepared:
        """
        Raises:
            RegistryUnavailableError: a schema could not be fetched now.
        """
        chunk, decoded, plain, put_back = self._decoded(read)
        for partition, span in read.spans.items():
            used = chunk.spans.get(partition)
            self.unread[partition] += span.stop - (used.stop if used else span.start)
        numbers, tally = sequence_columns(MessageColumns.of(chunk.messages)), Tally()
        self._count(decoded, plain, numbers, tally)
        return Prepared(
            spans=chunk.spans,
            count=len(chunk.messages),
            decoded=decoded,
            plain=plain,
            put_back=put_back,
            numbers=numbers,
            lost=self.lost,
            tally=tally,
        )

    def _decoded(self, read: Chunk) -> tuple[Chunk, Decoded, list[PlainColumns], Decoded]:
        chunk, lost = self.holds.before(read), self.lost
        new = MessageColumns.of(
            [raw for raw in chunk.messages if not lost.covers(raw)]
            if lost.until
            else chunk.messages
        )
        taken = self._plain.take(new)
        decoded = self._plain.decode(taken, new)
        put_back = self._put_back(chunk)
        if self.holds.add([*decoded.dead, *put_back.dead]):
            return self._decoded(chunk)
        return chunk, decoded, self._plain.join(taken, new, decoded.messages), put_back

    def _put_back(self, chunk: Chunk) -> Decoded:
        """Starts and ends that were committed before; unusable messages were set aside then."""
        if not self.lost.until:
            return Decoded()
        names = self._context.plan.names_in_keys
        known = [
            raw for raw in chunk.messages if self.lost.covers(raw) and name_in_key(raw.key) in names
        ]
        return decode_all(self._context.decoder, known)

    def _count(
        self,
        decoded: Decoded,
        plain: Collection[PlainColumns],
        numbers: SequenceColumns,
        tally: Tally,
    ) -> None:
        unstamped = numbers.unstamped()
        for columns in plain:
            tally.event(columns.event, "consumed", len(columns))
            if unstamped:
                places = zip(columns.partitions, columns.offsets, strict=True)
                tally.event(columns.event, "unstamped", sum(at in unstamped for at in places))
        has_table = self._context.loader.has_table
        for raw, message in decoded.messages:
            if not has_table(message.event):  # else it is among the columns
                tally.event(message.event, "consumed")
                without = (raw.partition, raw.offset) in unstamped
                tally.event(message.event, "unstamped", without)
        for dead_letter in decoded.dead:
            original = dead_letter.original
            event = name_in_key(original.key)
            known = event in self._context.plan.roles or has_table(event)
            event = event if known else UNKNOWN_EVENT
            tally.event(event, "consumed")
            tally.event(event, "dead")
            without = (original.partition, original.offset) in unstamped
            tally.event(event, "unstamped", without)


def lag_with(unread: Mapping[int, int], lag: Mapping[int, int]) -> dict[int, int]:
    """What is behind; of a partition that waits, also what was read behind its offset."""
    found = dict(lag)
    for partition, number in unread.items():
        found[partition] = found.get(partition, 0) + number
    return found
