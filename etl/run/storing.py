"""What a chunk comes to → Redis and ClickHouse. Killed at any point, it can be done again.

``docs/decisions/0004`` has the order: when a chunk is stored all of it may be committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from etl.decode.decoding import Decoded
from etl.errors import TooManyDeadLettersError
from etl.run.column_blocks import PlainColumns
from etl.run.context import RunContext
from etl.run.derived import columns_of
from etl.run.preparing import Prepared
from etl.run.report import Tally
from etl.run.sessions import SessionStep
from etl.sessions.pairing import Derived
from etl.source import Chunk


class Storing:
    """Stores the chunks of a run, one at a time."""

    def __init__(self, context: RunContext, sessions: SessionStep) -> None:
        self._context = context
        self._sessions = sessions

    def store(self, prepared: Prepared, of_run: Tally) -> None:
        """Stores a chunk.

        ``of_run`` is what the run has committed, which gets what became of pairs: what is settled
        in the store stays settled, but messages count when they are committed.

        Raises:
            EtlError, ClickHouseError: any part of it may be stored.
        """
        context, decoded, tally = self._context, prepared.decoded, prepared.tally
        if decoded.dead:
            self._set_aside(decoded, tally, of_run)
        lanes = context.lanes
        waits = [lanes.begin(context.loader.ask_erased)]
        try:
            self._drop_repeated(prepared.plain, tally)
            lanes.wait(waits)
            # Plain rows, sessions and numbers have nothing to do with each other.
            waits = self._begin_inserts(prepared.plain)
            rows = self._applied(prepared)
            waits += self._begin_inserts(columns_of(context.loader, rows))
            waits.append(lanes.begin(partial(self._note_numbers, prepared)))
        except Exception:
            lanes.drop(waits)
            raise
        lanes.wait(waits)
        for row in rows:
            of_run.pair(row.pairing.event, "rows")
        self._sessions.settle(rows, of_run)

    def _applied(self, prepared: Prepared) -> list[Derived]:
        """The starts and ends put into the session store; the rows that follow."""
        roles = self._context.plan.roles
        events = [each for each in prepared.decoded.messages if each[1].event in roles]
        events = [*prepared.put_back.messages, *events]
        return self._sessions.apply(
            Chunk([], prepared.spans), events, prepared.lost, prepared.tally
        )

    def _begin_inserts(self, groups: Sequence[PlainColumns]) -> list[Callable[[], None]]:
        context = self._context
        filled = [each for each in groups if each.places]
        return context.loader.begin_columns(filled, context.clock(), context.lanes)

    def _note_numbers(self, prepared: Prepared) -> None:
        self._context.ledger.record_columns(prepared.spans, prepared.numbers)

    def _set_aside(self, decoded: Decoded, tally: Tally, of_run: Tally) -> None:
        policy = self._context.policy
        dead = of_run.total("dead") + tally.total("dead")
        consumed = of_run.total("consumed") + tally.total("consumed")
        if dead >= policy.dead_letter_minimum and dead > policy.dead_letter_ratio * consumed:
            last = decoded.dead[-1]
            where = f"partition {last.original.partition}, offset {last.original.offset}"
            example = f"{where}: {last.reason}: {last.detail}"
            raise TooManyDeadLettersError(dead, consumed, policy.dead_letter_ratio, example)
        self._context.dead_letters.send(decoded.dead)

    def _drop_repeated(self, plain: Sequence[PlainColumns], tally: Tally) -> None:
        """Leaves out repetitions of events seen lately.

        Raises:
            StoreUnavailableError: it is not known what is a repetition.
        """
        for columns in plain:
            repeated = self._context.store.repeated(columns.occurrences())
            columns.drop(repeated)
            tally.event(columns.event, "duplicates", len(repeated))
            tally.event(columns.event, "loaded", len(columns))
