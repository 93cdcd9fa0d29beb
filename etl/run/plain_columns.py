"""Messages that become rows as they are, by column: the fast way of a run.

What our own encoder wrote for an event's newest contract is read by a generated reader
(:mod:`registry.columns`) and never becomes an object; all else goes through
:class:`registry.serde.Decoder` message by message, the reference, and joins the same columns if it
is a plain event.  From there on nobody can tell which way a row came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.message import Message
from etl.decode.decoding import MessageDecoder
from etl.run.column_blocks import PlainColumns
from etl.run.load import Loader
from etl.source import MessageColumns, RawMessage
from registry.columns import ColumnReader, MisfitError
from registry.framing import HEADER_BYTES

_AT_ONCE = 500
"""So many messages are read at a time, while they are in the processor's caches."""

_ONE_BY_ONE = 8
"""Around a message that does not fit, so many go the reference's way."""


@dataclass(slots=True)
class Taken:
    """A chunk by the ways that its messages go: columns by event, and the places of the rest."""

    by_event: dict[str, PlainColumns] = field(default_factory=dict)
    rest: list[int] = field(default_factory=list)


class PlainReader:
    """Reads what can be read by column."""

    def __init__(self, decoder: MessageDecoder, loader: Loader, roles: Collection[str]) -> None:
        """``roles``: events that are halves of a session; they stay out of the columns."""
        self._decoder = decoder
        self._loader = loader
        self._roles = roles

    def take(self, messages: MessageColumns) -> Taken:
        """Reads by column what can be, in the order of the chunk.

        Raises:
            RegistryUnavailableError: a schema could not be fetched now.
        """
        taken = Taken()
        for (key, head), places in _alike(messages).items():
            reader = self._reader(key, head)
            if reader is None:
                taken.rest += places
                continue
            found = self._loader.columns(reader.event)
            for first in range(0, len(places), _AT_ONCE):
                _read(reader, messages, places[first : first + _AT_ONCE], found, taken.rest)
            if found.places:
                taken.by_event[reader.event] = found
        taken.rest.sort()
        return taken

    def join(
        self,
        taken: Taken,
        messages: MessageColumns,
        decoded: Sequence[tuple[RawMessage, Message]],
    ) -> list[PlainColumns]:
        """The columns, with those of the decoded rest that are plain events, too; by event."""
        place_of: Mapping[tuple[int, int], int] | None = None
        for raw, message in decoded:
            if not self._loader.has_table(message.event):
                continue
            if place_of is None:
                place_of = {(messages.partitions[p], messages.offsets[p]): p for p in taken.rest}
            columns = taken.by_event.get(message.event)
            if columns is None:
                columns = taken.by_event[message.event] = self._loader.columns(message.event)
            columns.add(
                place_of[raw.partition, raw.offset],
                raw.partition,
                raw.offset,
                self._loader.raw_values(message),
            )
        for columns in taken.by_event.values():
            columns.sort()
        return [taken.by_event[event] for event in sorted(taken.by_event)]

    def _reader(self, key: bytes | None, head: bytes | None) -> ColumnReader | None:
        if key is None or head is None or len(head) < HEADER_BYTES or head[0] != 0:
            return None
        event = key.decode(errors="replace")
        if event in self._roles or not self._loader.has_table(event):
            return None
        reader = self._decoder.columns(int.from_bytes(head[1:], "big"))
        if reader is None or reader.event != event:
            return None
        return reader if reader.names == self._loader.names(event) else None


def _alike(
    messages: MessageColumns,
) -> Mapping[tuple[bytes | None, bytes | None], list[int]]:
    """The places of the messages with one key and one framing."""
    heads = [value and value[:HEADER_BYTES] for value in messages.values]
    places: dict[tuple[bytes | None, bytes | None], list[int]] = defaultdict(list)
    for place, kind in enumerate(zip(messages.keys, heads, strict=True)):
        places[kind].append(place)
    return places


def _read(
    reader: ColumnReader,
    messages: MessageColumns,
    places: list[int],
    into: PlainColumns,
    rest: list[int],
) -> None:
    """Reads the messages at these places; halves them around one that does not fit."""
    values: list[Any] = [messages.values[place] for place in places]
    try:
        columns = reader.read(values)
    except MisfitError:
        if len(places) <= _ONE_BY_ONE:
            rest += places
            return
        half = len(places) // 2
        _read(reader, messages, places[:half], into, rest)
        _read(reader, messages, places[half:], into, rest)
        return
    into.extend(
        places,
        [messages.partitions[place] for place in places],
        [messages.offsets[place] for place in places],
        columns,
    )
