"""Messages by column → blocks of columns. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import ge
from typing import Any

from ch_schema.columns import ColumnBlock, encoded, raw_of
from ch_schema.ddl.rows import USER_COLUMN, RowMaker
from ch_schema.ddl.tables import LINEAGE
from ch_schema.errors import RefusedError
from contracts.message import Message
from etl.sessions.store import Occurrences

_TIME = "timestamp"
_LOADED_AT = "loaded_at"
_ROW_VERSION = 1

Until = Callable[[Iterable[str]], Mapping[str, dt.datetime]]
"""Of some users those who were erased, and up to which time."""


@dataclass(slots=True)
class PlainColumns:
    """Messages of one event that become rows as they are: raw values by column.

    ``columns`` are those of :meth:`Loader.names`; ``places`` are the messages' in their chunk, and
    partitions and offsets those in the topic.  ``versions`` are the rows', empty where all are the
    first.
    """

    event: str
    columns: list[list[Any]]
    places: list[int] = field(default_factory=list)
    partitions: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.places)

    def extend(
        self,
        places: Sequence[int],
        partitions: Sequence[int],
        offsets: Sequence[int],
        columns: Sequence[Sequence[Any]],
    ) -> None:
        """Adds messages by column."""
        self.places += places
        self.partitions += partitions
        self.offsets += offsets
        for column, further in zip(self.columns, columns, strict=True):
            column += further

    def add(self, place: int, partition: int, offset: int, values: Sequence[Any]) -> None:
        """Adds one message."""
        self.extend([place], [partition], [offset], [[value] for value in values])

    def occurrences(self) -> Occurrences:
        """The ids, and where they were met."""
        return Occurrences(
            event=self.event,
            ids=self.columns[0],
            partitions=self.partitions,
            offsets=self.offsets,
        )

    def sort(self) -> None:
        """Into the order of the chunk."""
        places = self.places
        if any(map(ge, places, places[1:])):
            self._choose(sorted(range(len(places)), key=places.__getitem__))

    def sort_by_offset(self) -> None:
        """Into the order of the topic: by partition, then by offset."""
        if len(set(self.partitions)) > 1:
            at = list(zip(self.partitions, self.offsets, strict=True))
            self._choose(sorted(range(len(at)), key=at.__getitem__))

    def drop(self, indexes: Collection[int]) -> None:
        """Without those that stand there."""
        if indexes:
            left_out = frozenset(indexes)
            self._choose([index for index in range(len(self)) if index not in left_out])

    def _choose(self, indexes: Sequence[int]) -> None:
        own = (self.places, self.partitions, self.offsets, *self.columns)
        for values in (*own, self.versions) if self.versions else own:
            values[:] = [values[index] for index in indexes]


class ColumnBlocks:
    """Makes the blocks of one event's table."""

    def __init__(self, maker: RowMaker) -> None:
        self._maker = maker
        self._columns = maker.table.columns
        self._types = tuple(column.type for column in self._columns)
        self._ways = [raw_of(type_text) for type_text in self._types]
        own = len(self._columns) - len(LINEAGE)
        self.names = maker.columns[:own]
        self._user = self.names.index(USER_COLUMN)
        self._time = self.names.index(_TIME)
        self._moment = self._ways[self._time]
        self._loaded = self._ways[maker.columns.index(_LOADED_AT)]

    def raw_values(self, message: Message) -> list[Any]:
        """What a message adds to the columns.

        Raises:
            RefusedError: a value that the table cannot hold.
        """
        values = self._maker.values(message)
        raw: list[Any] = []
        for column, way, value in zip(self._columns, self._ways, values, strict=False):
            try:
                raw.append(way(value))
            except (TypeError, ValueError, OverflowError) as error:
                where = f"column {column.name} {column.type}, value {value!r:.80}"
                raise RefusedError(f"{self._maker.table.name}: {where}: {error}") from error
        return raw

    def data_columns(self, data: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """What messages with this data add to the columns behind those of the envelope.

        Raises:
            RefusedError: a value that the table cannot hold.
        """
        columns: list[list[Any]] = []
        for column, way in zip(self._columns, self._ways, strict=True):
            if column.read is not None:
                try:
                    columns.append(list(map(way, map(column.read, data))))
                except (TypeError, ValueError, OverflowError) as error:
                    where = f"column {column.name} {column.type}"
                    raise RefusedError(f"{self._maker.table.name}: {where}: {error}") from error
        return columns

    def block(
        self, group: PlainColumns, loaded_at: dt.datetime, until: Until
    ) -> tuple[ColumnBlock, str]:
        """The rows in the order of the topic, and their token.

        Raises:
            RefusedError: a value that the table cannot hold.
        """
        group.sort_by_offset()
        self._erase(group, until)
        count = len(group)
        lineage = {
            "kafka_partition": group.partitions,
            "kafka_offset": group.offsets,
            _LOADED_AT: [self._loaded(loaded_at)] * count,
            "row_version": group.versions or [_ROW_VERSION] * count,
        }
        columns = [*group.columns, *(lineage[column.name] for column in LINEAGE)]
        block = ColumnBlock(
            table=f"{self._maker.table.database}.{self._maker.table.name}",
            names=self._maker.columns,
            types=self._types,
            columns=columns,
            encoded=[encoded(*each) for each in zip(self._types, columns, strict=True)],
        )
        return block, _token(block)

    def _erase(self, group: PlainColumns, until: Until) -> None:
        """What tells of a person goes from the rows of users who were erased after them."""
        users = group.columns[self._user]
        erased = until(user.decode() for user in set(users))
        if not erased:
            return
        ticks = {user.encode(): self._moment(moment) for user, moment in erased.items()}
        times = group.columns[self._time]
        rows = [i for i, user in enumerate(users) if user in ticks and times[i] <= ticks[user]]
        for index, value in self._maker.erased_values.items():
            empty = self._ways[index](value)
            for row in rows:
                group.columns[index][row] = empty


def _token(block: ColumnBlock) -> str:
    """ClickHouse drops a block whose token it has seen, so equal tokens must mean equal rows.

    When a row was loaded is left out: it differs between a run and its repetition.
    """
    digest = hashlib.sha256(repr((block.table, block.names, block.types)).encode())
    for name, column, values in zip(block.names, block.encoded, block.columns, strict=True):
        if name != _LOADED_AT:
            told = repr(values).encode() if column is None else column
            digest.update(b"%d " % len(told))
            digest.update(told)
    return digest.hexdigest()
