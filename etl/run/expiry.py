"""The sweep: what has waited long enough is taken out, as unpaired rows and as orphan ends.

While rows are made and stored, the session store settles those before and reads those after them.
"""

from __future__ import annotations

from collections.abc import Callable

from etl.decode.dead_letters import DeadLetter
from etl.run.collecting import uncollected
from etl.run.context import RunContext
from etl.run.derived import Closings, columns_of
from etl.run.report import Tally
from etl.sessions.pairing import Derived, PairingPlan
from etl.sessions.store import ExpiredPage, Side

_PAGE = 1_000
"""At most this many expired sessions are looked at in one script."""


class Expiry:
    """The sweep of one side of a pairing.

    Candidates are looked at from the longest waiting on.  Those that are settled leave the store's
    index, so that the next ones stand where they stood; the others stay and are skipped.
    """

    def __init__(
        self, context: RunContext, pairing: PairingPlan, side: Side, before_ms: int, tally: Tally
    ) -> None:
        self._context = context
        self._pairing = pairing
        self._side = side
        self._before_ms = before_ms
        self._tally = tally
        self._left = 0
        self._ahead: tuple[int, Callable[[], ExpiredPage]] | None = None
        self._count_settled: Callable[[], None] = lambda: None

    def go(self, should_stop: Callable[[], bool]) -> int | None:
        """Takes out everything that can be; asks whether to stop before every block of rows.

        Returns:
            The time before which nothing is left; None when it was asked to stop.
        """
        expired_to_ms = self._before_ms
        while not should_stop():
            with uncollected():
                # At the end once more from the beginning: another worker's sweep may have moved
                # candidates to where had been looked.
                block = _Block(self._pairing)
                self._fill(block)
                expired_to_ms = min(expired_to_ms, block.left_from_ms or expired_to_ms)
                if not block.looked_at:
                    self._count_settled()
                    return expired_to_ms
                self._take_out(block)
                del block
        self._count_settled()
        return None

    def _fill(self, block: _Block) -> None:
        """Looks at candidates until the block is full, or none is left."""
        at_end, largest = False, self._context.policy.chunk_messages
        while not at_end and block.looked_at < largest:
            limit, ahead = self._ahead or self._look(0, largest)
            page = ahead()
            block.add(page, self._context.topic)
            at_end = page.looked_at < limit
            room = largest - block.looked_at
            self._ahead = None if at_end else self._look(block.looked_at, room or largest)

    def _look(self, after: int, most: int) -> tuple[int, Callable[[], ExpiredPage]]:
        """Begins to look at the candidates after so many; how many it looks at, and the page."""
        store, prefix, side = self._context.store, self._pairing.prefix, self._side
        skip, limit = self._left + after, min(_PAGE, most)
        page = store.begin(
            lambda: store.expired(prefix, side, self._before_ms, skip=skip, limit=limit)
        )
        return limit, page

    def _take_out(self, block: _Block) -> None:
        """Stores and settles what the sessions have become."""
        context, tally, closings = self._context, self._tally, block.closings
        if block.dead_letters:
            context.dead_letters.send(block.dead_letters)
        context.loader.load_columns(columns_of(context.loader, block.rows), context.clock())
        tally.pair(self._pairing.event, "rows", len(block.rows))
        self._left += block.looked_at - len(closings.settlements)
        settled = context.store.begin(lambda: context.store.settle(closings.settlements))
        self._count_settled()
        self._count_settled = lambda: closings.count(settled(), tally)


class _Block:
    """What is stored at once."""

    def __init__(self, pairing: PairingPlan) -> None:
        self._pairing = pairing
        self.looked_at = 0
        self.left_from_ms: int | None = None
        self.rows: list[Derived] = []
        self.dead_letters: list[DeadLetter] = []
        self.closings = Closings(pairing)

    def add(self, page: ExpiredPage, topic: str) -> None:
        """Makes of a page's sessions what they have become."""
        self.looked_at += page.looked_at
        if page.left_from_ms is not None:
            self.left_from_ms = min(self.left_from_ms or page.left_from_ms, page.left_from_ms)
        for state in page.states:
            row = self._pairing.derive(state)
            if row is not None:
                self.rows.append(row)
                self.closings.row(row)
            elif state.original_end is not None:
                self.dead_letters.append(self._pairing.orphan(state.original_end, topic))
                self.closings.orphan(state.session)
