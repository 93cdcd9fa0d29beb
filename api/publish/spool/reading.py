"""The records in a segment's bytes, and what cannot be read of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from api.publish.delivery import Sent
from api.publish.spool import frames
from api.publish.spool.record import Record, from_bytes
from api.publish.spool.segment import Segment


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A record as it was read.

    ``sent`` is set when the same record was handed to Kafka before it was put aside, and Kafka had
    not said yet what became of it.
    """

    record: Record
    spooled_at_ms: int
    sent: Sent | None
    segment: Segment


@dataclass(frozen=True, slots=True)
class Unread:
    """Bytes that hold no record, and why."""

    at: int
    count: int
    problem: str


def parsed(source: Segment, raw: bytes, begin: int) -> tuple[list[Entry], list[Unread]]:
    """What the bytes hold that stand in a segment from ``begin`` on; 0 is its header.

    The salt is kept in the segment. A file that ends within its header was never answered for.
    """
    if begin == 0:
        source.salt = frames.salt_of(raw)
        if source.salt is None:
            is_whole = len(raw) >= frames.HEADER_BYTES
            return [], [Unread(0, len(raw), "the header is damaged")] if is_whole else []
        raw, begin = raw[frames.HEADER_BYTES :], frames.HEADER_BYTES
    assert source.salt is not None, "a segment is read from its beginning"
    entries: list[Entry] = []
    unread: list[Unread] = []
    at = begin
    for part in frames.parse(raw, source.salt):
        if isinstance(part, frames.Damage):
            why = "cut off or damaged up to its end" if part.is_tail else "damaged"
            unread.append(Unread(at, part.count, why))
            at += part.count
            continue
        try:
            record, spooled_at_ms = from_bytes(part.body)
        except ValueError as error:
            unread.append(Unread(at, len(part.body), str(error)))
        else:
            entries.append(Entry(record, spooled_at_ms, source.sent.pop(at, None), source))
        at = begin + part.end
    return entries, unread
