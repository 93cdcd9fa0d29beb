"""Rows of derived events on their way: into the tables, and settled once they are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from etl.run.load import Loadable
from etl.run.report import PairField, Tally
from etl.sessions.pairing import VERSION_PAIRED, Derived, PairingPlan
from etl.sessions.store import SettledAs, Settlement

_SETTLED_AS: Mapping[SettledAs, PairField] = {
    SettledAs.PAIRED: "paired",
    SettledAs.UNPAIRED: "unpaired",
    SettledAs.ORPHAN_ENDS: "orphan_ends",
}


def loadables(rows: Iterable[Derived]) -> Iterator[Loadable]:
    """Derived rows as the loader takes them."""
    return (Loadable(row.message, row.partition, row.offset, row.version) for row in rows)


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
