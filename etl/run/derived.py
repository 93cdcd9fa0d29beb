"""Rows of derived events on their way: into the tables, and settled once they are there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from etl.run.column_blocks import PlainColumns
from etl.run.load import Loadable, Loader
from etl.run.report import PairField, Tally
from etl.sessions.pairing import VERSION_PAIRED, Derived, PairingPlan
from etl.sessions.store import SettledAs, Settlement

_SETTLED_AS: Mapping[SettledAs, PairField] = {
    SettledAs.PAIRED: "paired",
    SettledAs.UNPAIRED: "unpaired",
    SettledAs.ORPHAN_ENDS: "orphan_ends",
}


def loadables(rows: Iterable[Derived]) -> Iterator[Loadable]:
    """Derived rows as the loader takes them one by one: the reference of :func:`columns_of`."""
    return (Loadable(row.message, row.partition, row.offset, row.version) for row in rows)


def columns_of(loader: Loader, rows: Iterable[Derived]) -> list[PlainColumns]:
    """Derived rows by event and column, in the order of their starts.

    A row costs 5 µs this way, and 15 as a message that becomes a row
    (``python -m bench.pairs``, ``python -m bench.etl_sweep``).
    """
    by_event: dict[str, list[Derived]] = defaultdict(list)
    for row in rows:
        by_event[row.pairing.event].append(row)
    return [_columns(loader, by_event[event]) for event in sorted(by_event)]


def _columns(loader: Loader, rows: list[Derived]) -> PlainColumns:
    rows.sort(key=lambda row: (row.start["partition"], row.start["offset"], row.session))
    pairing, starts = rows[0].pairing, [row.start for row in rows]
    return PlainColumns(
        event=pairing.event,
        columns=[
            [pairing.row_id(start) for start in starts],
            [start["user"].encode() for start in starts],
            [start["at"] for start in starts],
            [pairing.version] * len(rows),
            *loader.data_columns(pairing.event, [pairing.data(row) for row in rows]),
        ],
        places=list(range(len(rows))),
        partitions=[start["partition"] for start in starts],
        offsets=[start["offset"] for start in starts],
        versions=[row.version for row in rows],
    )


class Closings:
    """Sessions of one pairing whose rows or dead letters are stored, or are about to be."""

    def __init__(self, pairing: PairingPlan) -> None:
        self._pairing = pairing
        self._skewed: list[bool] = []
        self.settlements: list[Settlement] = []

    def row(self, row: Derived) -> None:
        """A row that is stored."""
        became = SettledAs.PAIRED if row.version == VERSION_PAIRED else SettledAs.UNPAIRED
        self._skewed.append(row.skewed)
        self.settlements.append(Settlement(self._pairing.prefix, row.session, became))

    def orphan(self, session: str) -> None:
        """An end without a start, whose dead letter is stored."""
        self._skewed.append(False)
        settlement = Settlement(self._pairing.prefix, session, SettledAs.ORPHAN_ENDS)
        self.settlements.append(settlement)

    def count(self, settled: Sequence[int], tally: Tally) -> None:
        """Counts what was settled.

        ``settled`` tells for each how many of its events were waiting: of a late pair one, since
        the other was settled before.
        """
        event = self._pairing.event
        settled_as = [settlement.settled_as for settlement in self.settlements]
        alike = Counter(zip(settled_as, settled, self._skewed, strict=True))
        for (became, events, skewed), number in alike.items():
            if events:
                tally.pair(event, _SETTLED_AS[became], number)
                if became is SettledAs.PAIRED and events == 1:
                    tally.pair(event, "late", number)
                if skewed:
                    tally.pair(event, "skewed", number)
