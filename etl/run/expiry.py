"""The sweep: what has waited long enough is taken out, as unpaired rows and as orphan ends.

While rows are made and stored, the session store settles those before and reads those after them: a
whole block of them, since reading takes it as long as making and storing rows takes the loader.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

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
        self._largest = context.policy.chunk_messages
        self._left = 0
        self._begin_anew()
        self._count_settled: Callable[[], None] = lambda: None

    def _begin_anew(self) -> None:
        """Behind those that stay; pages on their way do not count."""
        self._ahead: deque[tuple[int, Callable[[], ExpiredPage]]] = deque()
        self._next, self._room, self._most_ahead = self._left, self._largest, 1

    def go(self, should_stop: Callable[[], bool]) -> int | None:
        """Takes out everything that can be; asks whether to stop before every block of rows.

        Returns:
            The time before which nothing is left; None when it was asked to stop.
        """
        expired_to_ms = self._before_ms
        while not should_stop():
            with uncollected():
                block = _Block(self._pairing)
                at_end = self._fill(block)
                expired_to_ms = min(expired_to_ms, block.left_from_ms or expired_to_ms)
                if not block.looked_at:
                    self._count_settled()
                    return expired_to_ms
                self._take_out(block)
                if at_end:
                    # Once more from the beginning: another worker's sweep may have moved
                    # candidates to where had been looked.
                    self._begin_anew()
                del block
        self._count_settled()
        return None

    def _fill(self, block: _Block) -> bool:
        """Looks at candidates until the block is full, or none is left; whether none is."""
        while block.looked_at < self._largest:
            self._look_ahead()
            limit, ahead = self._ahead.popleft()
            page = ahead()
            block.add(page, self._context.topic)
            if page.looked_at < limit:
                return True
            self._most_ahead = -(-self._largest // _PAGE)
        self._look_ahead()
        return False

    def _look_ahead(self) -> None:
        """Begins to look at as many candidates as a block has, a page each; at first at one page.

        What is begun is done in its order, so pages come before those before them are settled.
        """
        store, prefix, side = self._context.store, self._pairing.prefix, self._side
        while len(self._ahead) < self._most_ahead:
            limit = min(_PAGE, self._room)
            look = partial(
                store.expired, prefix, side, self._before_ms, skip=self._next, limit=limit
            )
            self._ahead.append((limit, store.begin(look)))
            self._next += limit
            self._room = self._room - limit or self._largest

    def _take_out(self, block: _Block) -> None:
        """Stores and settles what the sessions have become."""
        context, tally, closings = self._context, self._tally, block.closings
        if block.dead_letters:
            context.dead_letters.send(block.dead_letters)
        context.loader.load_columns(columns_of(context.loader, block.rows), context.clock())
        tally.pair(self._pairing.event, "rows", len(block.rows))
        self._left += block.looked_at - len(closings.settlements)
        self._next -= len(closings.settlements)
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
