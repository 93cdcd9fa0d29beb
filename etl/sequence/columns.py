"""Sequence numbers of a chunk by column, and what the ledger is told of them: ranges. Pure.

A producer's numbers are told as ranges, in the order of the numbers instead of the messages: the
books are the same (:mod:`etl.sequence.numbers` is the reference), since a gap that the chunk itself
closes leaves no trace, and one that stays was revealed by the first message with a number above it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import sub

from contracts.ranges import Ranges
from contracts.sequence import (
    NUMBER,
    PRODUCER,
    SETTLED,
    SKIPPED,
    SequenceHeader,
    sequence_header_in,
)
from etl.sequence.ledger import SequencedMessage
from etl.source import MessageColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceColumns:
    """Messages with their numbers, in order. A message without a number has the number 0.

    ``skipped`` has the places of the few messages that declare numbers skipped.
    """

    partitions: Sequence[int]
    offsets: Sequence[int]
    timestamps_ms: Sequence[int]
    producers: Sequence[bytes]
    numbers: Sequence[int]
    settled: Sequence[int]
    skipped: Mapping[int, Ranges]

    def __len__(self) -> int:
        return len(self.numbers)

    def messages(self, places: Sequence[int] | None = None) -> Iterator[SequencedMessage]:
        """One by one; all, or those at some places."""
        for place in range(len(self)) if places is None else places:
            stamp = None
            if self.numbers[place]:
                stamp = SequenceHeader(
                    producer=self.producers[place].decode(),
                    number=self.numbers[place],
                    skipped=self.skipped.get(place, ()),
                    settled=self.settled[place],
                )
            yield SequencedMessage(
                self.partitions[place], self.offsets[place], self.timestamps_ms[place], stamp
            )

    def unstamped(self) -> set[tuple[int, int]]:
        """Partition and offset of the messages without a number."""
        if 0 not in self.numbers:
            return set()
        return {
            (self.partitions[place], self.offsets[place])
            for place, number in enumerate(self.numbers)
            if not number
        }

    def first_ms(self, partition: int) -> int:
        """The time of the first message in a partition; 0 when there is none."""
        try:
            return self.timestamps_ms[self.partitions.index(partition)]
        except ValueError:
            return 0

    def part(self, start: int, stop: int) -> SequenceColumns:
        """The messages from one place to another."""
        part = slice(start, stop)
        return SequenceColumns(
            partitions=self.partitions[part],
            offsets=self.offsets[part],
            timestamps_ms=self.timestamps_ms[part],
            producers=self.producers[part],
            numbers=self.numbers[part],
            settled=self.settled[part],
            skipped={
                place - start: ranges
                for place, ranges in self.skipped.items()
                if start <= place < stop
            },
        )


def sequence_columns(messages: MessageColumns) -> SequenceColumns:
    """The numbers in the headers of all messages.

    What a producer writes on most of its messages (a name that was read before, a number, and up
    to which all are settled) is read here, in 0.4 µs; the rest by
    :func:`contracts.sequence.sequence_header_in`, the reference, in 3.
    """
    producers: list[bytes] = []
    numbers: list[int] = []
    settled: list[int] = []
    skipped: dict[int, Ranges] = {}
    names: set[bytes] = set()
    for place, headers in enumerate(messages.headers):
        if not headers:
            producers.append(b"")
            numbers.append(0)
            settled.append(0)
            continue
        told = dict(headers)
        name, number = told.get(PRODUCER), _number(told.get(NUMBER))
        if number and name is not None and name in names and SKIPPED not in told:
            text = told.get(SETTLED)
            up_to = number - 1 if text is None else _number(text)
            if up_to or text is None:
                producers.append(name)
                numbers.append(number)
                settled.append(up_to)
                continue
        found = sequence_header_in(told)
        producers.append(found.producer.encode() if found else b"")
        numbers.append(found.number if found else 0)
        settled.append(found.settled_to if found else 0)
        if found is not None and name is not None:
            names.add(name)
            if found.skipped:
                skipped[place] = found.skipped
    return SequenceColumns(
        partitions=messages.partitions,
        offsets=messages.offsets,
        timestamps_ms=messages.timestamps_ms,
        producers=producers,
        numbers=numbers,
        settled=settled,
        skipped=skipped,
    )


def _number(text: bytes | None) -> int:
    """The number in a text like ``[1-9][0-9]{0,15}``; 0 for any other."""
    if text is None or not text.isdigit() or text[0] == 0x30 or len(text) > 16:
        return 0
    return int(text)


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers that came, both ends included.

    ``since_ms`` is when the gap in front of them was revealed, if there is one.
    """

    first: int
    last: int
    since_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerRanges:
    """What a chunk tells of one producer.

    ``ranges`` are apart from each other, the lowest first.  ``repeated`` messages have a number
    that another one in the chunk has as well.  ``skipped``: ranges that were declared, each with
    the time of its message, in order.
    """

    name: bytes
    first_ms: int
    last_ms: int
    settled: int
    ranges: Sequence[NumberRange]
    repeated: int
    skipped: Sequence[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class ChunkRanges:
    """What a chunk tells of all producers; ``unstamped`` messages have no number."""

    producers: Sequence[ProducerRanges]
    unstamped: int

    @property
    def count(self) -> int:
        """How many ranges."""
        return sum(len(each.ranges) for each in self.producers)


def ranges_of(columns: SequenceColumns, noted: Mapping[int, int]) -> ChunkRanges | None:
    """What the messages tell that lie at or above the noted offset of their partition.

    None when a message declares a number skipped that is not below its own, which no producer does:
    then the order of the messages matters, and they have to be told one by one.
    """
    by_producer: dict[bytes, list[int]] = defaultdict(list)
    if all(min(columns.offsets, default=0) >= each for each in noted.values()):
        for place, name in enumerate(columns.producers):
            by_producer[name].append(place)
    else:
        for place, name in enumerate(columns.producers):
            if columns.offsets[place] >= noted.get(columns.partitions[place], 0):
                by_producer[name].append(place)
    unstamped = by_producer.pop(b"", [])
    found = [_ranges_of_one(columns, name, places) for name, places in by_producer.items()]
    if any(last >= number for each in found for _, last, number in each[1]):
        return None
    return ChunkRanges([each[0] for each in found], len(unstamped))


def _ranges_of_one(
    columns: SequenceColumns, name: bytes, places: list[int]
) -> tuple[ProducerRanges, list[tuple[int, int, int]]]:
    """The ranges; and each skipped one with the number of the message that declares it."""
    numbers, times = columns.numbers, columns.timestamps_ms
    of_producer = [times[place] for place in places]
    skipped = [
        (first, last, place)
        for place in places
        if columns.skipped and place in columns.skipped
        for first, last in columns.skipped[place]
    ]
    ranges, repeated = _joined(numbers, times, places)
    told = ProducerRanges(
        name=name,
        first_ms=min(of_producer),
        last_ms=max(of_producer),
        settled=max([columns.settled[place] for place in places]),
        ranges=ranges,
        repeated=repeated,
        skipped=[(first, last, times[place]) for first, last, place in skipped],
    )
    return told, [(first, last, numbers[place]) for first, last, place in skipped]


def _joined(
    numbers: Sequence[int], times: Sequence[int], places: list[int]
) -> tuple[list[NumberRange], int]:
    """The ranges, and how many messages repeat another's number."""
    order = sorted(places, key=numbers.__getitem__)
    ordered = list(map(numbers.__getitem__, order))
    steps = list(map(sub, ordered[1:], ordered))
    starts = [0, *(place for place, step in enumerate(steps, 1) if step > 1)]
    parts = list(zip(starts, [*starts[1:], len(order)], strict=True))
    # The gap in front of a range is known since the first message with a number above it.
    earliest = list(accumulate((min(order[a:b]) for a, b in reversed(parts)), min))[::-1]
    ranges = [
        NumberRange(ordered[start], ordered[stop - 1], times[place])
        for (start, stop), place in zip(parts, earliest, strict=True)
    ]
    return ranges, steps.count(0)
