"""Messages → blocks of rows → ClickHouse (requirement L5)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import tenacity

from ch_schema.columns import ColumnBlock
from ch_schema.ddl.rows import Lineage, RowMaker
from ch_schema.ddl.tables import DATABASE
from ch_schema.errors import AmbiguousError, RetryableError
from contracts.message import Message
from contracts.model.loader import Catalog
from etl.run.column_blocks import ColumnBlocks, PlainColumns
from etl.run.lanes import IN_TURN, Lanes

_LOADED_AT = "loaded_at"


class Tables(Protocol):
    """What of :class:`ch_schema.client.protocol.ClickHouse` the loader uses."""

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        deduplication_token: str,
    ) -> None: ...

    def insert_columns(self, block: ColumnBlock, *, deduplication_token: str) -> None: ...


class Erased(Protocol):
    """What of :class:`ch_schema.migrate.erasure.ErasedUsers` the loader uses."""

    def refresh(self) -> None: ...

    def covers(self, message: Message) -> bool: ...

    def until(self, user_ids: Iterable[str]) -> Mapping[str, dt.datetime]: ...


class Nobody:
    """Nobody was erased."""

    def refresh(self) -> None:
        """Nothing to ask."""

    def covers(self, message: Message) -> bool:
        """Never."""
        return False

    def until(self, user_ids: Iterable[str]) -> Mapping[str, dt.datetime]:
        """Of none."""
        return {}


@dataclass(frozen=True, slots=True)
class Loadable:
    """A message that becomes a row, where it lies, and the row's version."""

    message: Message
    partition: int
    offset: int
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The rows of one insert. ``token`` depends on what is in the rows and on nothing else."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    token: str


class Loader:
    """Inserts messages, one block per table and call."""

    def __init__(
        self,
        tables: Tables,
        catalog: Catalog,
        *,
        attempts: int = 5,
        sleep: Callable[[float], None],
        erased: Erased | None = None,
    ) -> None:
        """
        Args:
            tables: ClickHouse.
            catalog: says which events have a table.
            attempts: how often one block is tried; the waits in between grow from 0.2 to 5 s.
            sleep: waits for some seconds.
            erased: who was; asked anew before every load. Rows of theirs tell of no person.
        """
        self._tables = tables
        self._erased: Erased = erased or Nobody()
        self._makers = {contract.event: RowMaker(contract) for contract in catalog.tables}
        self._blocks = {event: ColumnBlocks(maker) for event, maker in self._makers.items()}
        self._patient = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((RetryableError, AmbiguousError)),
            stop=tenacity.stop_after_attempt(attempts),
            wait=tenacity.wait_exponential(multiplier=0.2, max=5.0),
            sleep=sleep,
            reraise=True,
        )

    def has_table(self, event: str) -> bool:
        """Whether the event's messages become rows as they are."""
        return event in self._makers

    def names(self, event: str) -> tuple[str, ...]:
        """The columns of an event's table that a message fills by itself."""
        return self._blocks[event].names

    def columns(self, event: str) -> PlainColumns:
        """Empty columns of an event with a table."""
        return PlainColumns(event, [[] for _ in self.names(event)])

    def raw_values(self, message: Message) -> list[Any]:
        """What a message adds to the columns of its event.

        Raises:
            RefusedError: a value that the table cannot hold.
        """
        return self._blocks[message.event].raw_values(message)

    def data_columns(self, event: str, data: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """See :meth:`etl.run.column_blocks.ColumnBlocks.data_columns`."""
        return self._blocks[event].data_columns(data)

    def load_columns(self, groups: Sequence[PlainColumns], loaded_at: dt.datetime) -> None:
        """As :meth:`load`, for messages by column; the groups are of different events."""
        if not groups:
            return
        self.ask_erased()
        IN_TURN.wait(self.begin_columns(groups, loaded_at, IN_TURN))

    def ask_erased(self) -> None:
        """Learns who was erased, which holds for what is loaded until it is asked again.

        Raises:
            ClickHouseError: it gave no answer, after all attempts.
        """
        self._patient(self._erased.refresh)

    def begin_columns(
        self, groups: Sequence[PlainColumns], loaded_at: dt.datetime, lanes: Lanes
    ) -> list[Callable[[], None]]:
        """Begins to load the groups beside each other; all are stored when each was waited for.

        Each group gives or raises what :meth:`load` would.  Comes behind :meth:`ask_erased`.
        """
        return [lanes.begin(partial(self._load_group, group, loaded_at)) for group in groups]

    def _load_group(self, group: PlainColumns, loaded_at: dt.datetime) -> None:
        block, token = self._blocks[group.event].block(group, loaded_at, self._erased.until)
        self._patient(self._tables.insert_columns, block, deduplication_token=token)

    def load(self, loadables: Iterable[Loadable], loaded_at: dt.datetime) -> None:
        """Stores a row of every message; all of them are stored when it returns.

        Raises:
            ClickHouseError: a block was refused, or still not stored after all attempts.  Any
                part of the blocks may have been.
        """
        self._patient(self._erased.refresh)
        for block in self.blocks(loadables, loaded_at):
            self._patient(
                self._tables.insert,
                block.table,
                block.columns,
                block.rows,
                deduplication_token=block.token,
            )

    def blocks(self, loadables: Iterable[Loadable], loaded_at: dt.datetime) -> list[Block]:
        """One block for each table, by name; the rows in the order of the topic."""
        by_event: dict[str, list[Loadable]] = defaultdict(list)
        for loadable in loadables:
            by_event[loadable.message.event].append(loadable)
        return [
            self._block(self._makers[event], by_event[event], loaded_at)
            for event in sorted(by_event)
        ]

    def _block(self, maker: RowMaker, loadables: list[Loadable], loaded_at: dt.datetime) -> Block:
        loadables.sort(key=lambda each: (each.partition, each.offset, each.message.event_id))
        rows = tuple(self._row(maker, each, loaded_at) for each in loadables)
        return Block(
            table=f"{DATABASE}.{maker.table.name}",
            columns=maker.columns,
            rows=rows,
            token=_token(maker, rows),
        )

    def _row(self, maker: RowMaker, each: Loadable, loaded_at: dt.datetime) -> tuple[Any, ...]:
        lineage = Lineage(partition=each.partition, offset=each.offset, loaded_at=loaded_at)
        row = maker.row(each.message, lineage, each.version)
        return maker.erased(row) if self._erased.covers(each.message) else row


def _token(maker: RowMaker, rows: tuple[tuple[Any, ...], ...]) -> str:
    """ClickHouse drops a block whose token it has seen, so equal tokens must mean equal rows.

    When a row was loaded is left out: it differs between a run and its repetition.
    """
    left_out = maker.columns.index(_LOADED_AT)
    digest = hashlib.sha256(repr((maker.table.name, maker.columns)).encode())
    for row in rows:
        digest.update(repr(row[:left_out] + row[left_out + 1 :]).encode())
    return digest.hexdigest()
