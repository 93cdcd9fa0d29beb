"""What a run has committed so far. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl.run.report import Tally
from etl.source import Span


class Progress:
    """How much of what, and where."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.offsets: dict[int, Span] = {}
        self.ranges: list[tuple[int, Span]] = []

    def with_chunk(self, tally: Tally, further: Mapping[int, Span]) -> Progress:
        """As it is once a chunk is committed as well."""
        after = Progress()
        after.tally.add(self.tally)
        after.tally.add(tally)
        after.ranges = _joined(self.ranges, further)
        after.offsets = dict(self.offsets)
        for partition, span in further.items():
            known = self.offsets.get(partition)
            after.offsets[partition] = Span(known.start if known else span.start, span.stop)
        return after


def _joined(
    ranges: Sequence[tuple[int, Span]], further: Mapping[int, Span]
) -> list[tuple[int, Span]]:
    """The ranges with others behind them; a range that goes on where one ended makes it longer."""
    joined = list(ranges)
    for partition, span in further.items():
        for index, (of, known) in enumerate(joined):
            if of == partition and known.stop == span.start:
                joined[index] = partition, Span(known.start, span.stop)
                break
        else:
            joined.append((partition, span))
    return joined
