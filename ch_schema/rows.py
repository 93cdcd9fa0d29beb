"""Message → row of the event's table. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ch_schema.tables import Table, table_for
from contracts.message import Message
from contracts.model import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where in Kafka a row came from, and when it was loaded (aware, UTC)."""

    partition: int
    offset: int
    loaded_at: dt.datetime


class RowMaker:
    """Makes the rows of one event's table."""

    def __init__(self, contract: Contract) -> None:
        self.table: Table = table_for(contract)
        self.columns: tuple[str, ...] = tuple(column.name for column in self.table.columns)
        self._readers: tuple[Callable[[Any], Any], ...] = tuple(
            column.read for column in self.table.columns if column.read is not None
        )

    def row(self, message: Message, lineage: Lineage, row_version: int) -> tuple[Any, ...]:
        """One row, in the order of :attr:`columns`."""
        return (
            message.event_id,
            message.user_id,
            message.timestamp,
            message.contract_version,
            *(read(message.data) for read in self._readers),
            lineage.partition,
            lineage.offset,
            lineage.loaded_at,
            row_version,
        )
