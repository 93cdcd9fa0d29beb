"""Message → row of the event's table. Pure."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ch_schema.ddl.reports import ERASED
from ch_schema.ddl.tables import Table, table_for
from ch_schema.values import is_nullable, split_type
from contracts.message import Message
from contracts.model.types import Contract
from contracts.naming import DATABASE

USER_COLUMN = "user_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where in Kafka a row came from, and when it was loaded (aware, UTC)."""

    partition: int
    offset: int
    loaded_at: dt.datetime


class RowMaker:
    """Makes the rows of one event's table.

    ``erased_values``: by the place of a column that tells of a person what stands there once that
    person was erased.
    """

    def __init__(self, contract: Contract, database: str = DATABASE) -> None:
        self.table: Table = table_for(contract, database)
        self.columns: tuple[str, ...] = tuple(column.name for column in self.table.columns)
        self._readers: tuple[Callable[[Any], Any], ...] = tuple(
            column.read for column in self.table.columns if column.read is not None
        )
        self.erased_values: Mapping[int, Any] = {
            index: ERASED if column.name == USER_COLUMN else empty_value(column.type)
            for index, column in enumerate(self.table.columns)
            if column.pii is not None
        }

    def values(self, message: Message) -> tuple[Any, ...]:
        """What a message says: the row without where it came from."""
        return (
            message.event_id,
            message.user_id,
            message.timestamp,
            message.contract_version,
            *(read(message.data) for read in self._readers),
        )

    def row(self, message: Message, lineage: Lineage, row_version: int) -> tuple[Any, ...]:
        """One row, in the order of :attr:`columns`."""
        return (
            *self.values(message),
            lineage.partition,
            lineage.offset,
            lineage.loaded_at,
            row_version,
        )

    def erased(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row without what tells about a person (see :mod:`ch_schema.migrate.erasure`)."""
        return tuple(self.erased_values.get(index, value) for index, value in enumerate(row))


def empty_value(type_text: str) -> Any:
    """ClickHouse's ``defaultValueOfTypeName``, for the types that fields become."""
    if is_nullable(type_text):
        return None
    name, arguments = split_type(type_text)
    return empty_value(arguments[0]) if name == "LowCardinality" else _EMPTY[name]()


_EMPTY: Mapping[str, Callable[[], Any]] = {
    "String": str,
    "UUID": lambda: uuid.UUID(int=0),
    "DateTime64": lambda: dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    "Date32": lambda: dt.date(1900, 1, 1),
    "Int64": int,
    "Float64": float,
    "Bool": bool,
    "Decimal": Decimal,
    "Array": list,
    "Map": dict,
}
