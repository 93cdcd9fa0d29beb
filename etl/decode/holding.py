"""Partitions that wait for newer contracts: nothing of them is used from a message on. Pure.

A message whose schema says more than the contracts here would lose values on the way to its row.
So the run stops before it; the other partitions go on.
"""

from __future__ import annotations

from collections.abc import Iterable

from contracts.reasons import Reason
from etl.decode.dead_letters import DeadLetter
from etl.source import Chunk, Span


class Holds:
    """Of one assignment: from which offset on each partition waits."""

    def __init__(self) -> None:
        self.offsets: dict[int, int] = {}
        self.where = ""

    def add(self, dead_letters: Iterable[DeadLetter]) -> bool:
        """Whether one of them waits. Then its partition does, from the first such message on."""
        newer = [
            dead_letter for dead_letter in dead_letters if dead_letter.reason is Reason.SCHEMA_NEWER
        ]
        for dead_letter in newer:
            partition, offset = dead_letter.original.partition, dead_letter.original.offset
            self.offsets[partition] = min(offset, self.offsets.get(partition, offset))
        if newer:
            self.where = where_of(newer)
        return bool(newer)

    def before(self, chunk: Chunk) -> Chunk:
        """What of the chunk lies before the messages that wait."""
        if not self.offsets:
            return chunk
        stops = {
            partition: min(span.stop, self.offsets.get(partition, span.stop))
            for partition, span in chunk.spans.items()
        }
        return Chunk(
            [raw for raw in chunk.messages if raw.offset < stops[raw.partition]],
            {
                partition: Span(span.start, stops[partition])
                for partition, span in chunk.spans.items()
                if stops[partition] > span.start
            },
        )


def where_of(dead_letters: list[DeadLetter]) -> str:
    """The first of them for a message: partition, offset and what is wrong."""
    first = dead_letters[0]
    where = f"partition {first.original.partition}, offset {first.original.offset}"
    return f"{where}: {first.detail}, schema id {first.schema_id}"
