"""Messages that become rows as they are, by column: the fast way of a run.

What our own encoder wrote for an event's newest contract is read by a generated reader
(:mod:`registry.columns`) and never becomes an object; all else goes through
:class:`registry.serde.Decoder` message by message, the reference, and joins the same columns if it
is a plain event.  From there on nobody can tell which way a row came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from contracts.message import Message
from etl.decode.decoding import Decoded, MessageDecoder, decode_all
from etl.run.column_blocks import PlainColumns
from etl.run.load import Loader
from etl.source import MessageColumns, RawMessage
from registry.columns import ColumnReader, Columns, MisfitError
from registry.framing import HEADER_BYTES

_AT_ONCE = 500
"""So many messages are read at a time, while they are in the processor's caches."""

_ONE_BY_ONE = 8
"""Around a message that does not fit, so many go the reference's way."""


@dataclass(slots=True)
class Taken:
    """A chunk by the ways that its messages go.

    Columns by event; halves of sessions as messages, with their places; the places of the rest.
    """

    by_event: dict[str, PlainColumns] = field(default_factory=dict)
    halves: list[tuple[int, Message]] = field(default_factory=list)
    rest: list[int] = field(default_factory=list)

    def place_of(self, messages: MessageColumns) -> Mapping[tuple[int, int], int]:
        """Partition and offset of each of the rest → its place."""
        return {(messages.partitions[p], messages.offsets[p]): p for p in self.rest}


class PlainReader:
    """Reads what can be read by column."""

    def __init__(self, decoder: MessageDecoder, loader: Loader, roles: Collection[str]) -> None:
        """``roles``: events that are halves of a session, which become messages."""
        self._decoder = decoder
        self._loader = loader
        self._roles = roles

    def take(self, messages: MessageColumns) -> Taken:
        """Reads by column what can be, in the order of the chunk.

        Raises:
            RegistryUnavailableError: a schema could not be fetched now.
        """
        taken = Taken()
        for head, alike in _alike(messages).items():
            reader = self._reader(head)
            if reader is None:
                taken.rest += alike
                continue
            places = self._with_fitting_keys(reader.event, messages.keys, alike, taken.rest)
            read = _read(reader, messages.values, places, taken.rest)
            if reader.event in self._roles:
                for of_part, columns in read:
                    taken.halves += zip(of_part, reader.messages(columns), strict=True)
                continue
            found = taken.by_event.get(reader.event) or self._loader.columns(reader.event)
            for of_part, columns in read:
                partitions = [messages.partitions[place] for place in of_part]
                offsets = [messages.offsets[place] for place in of_part]
                found.extend(of_part, partitions, offsets, columns)
            if found.places:
                taken.by_event[reader.event] = found
        taken.rest.sort()
        return taken

    def decode(self, taken: Taken, messages: MessageColumns) -> Decoded:
        """The halves of sessions, and what the reference makes of the rest, in the chunk's order.

        Raises:
            RegistryUnavailableError: a schema could not be fetched now.
        """
        decoded = decode_all(self._decoder, [messages[place] for place in taken.rest])
        if taken.halves:
            place_of = taken.place_of(messages) if decoded.messages else {}
            others = [(place_of[raw.partition, raw.offset], raw, m) for raw, m in decoded.messages]
            halves = [(place, messages[place], message) for place, message in taken.halves]
            ordered = sorted([*others, *halves], key=itemgetter(0))
            decoded.messages = [(raw, message) for _, raw, message in ordered]
        return decoded

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
                place_of = taken.place_of(messages)
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

    def _reader(self, head: bytes | None) -> ColumnReader | None:
        if head is None or len(head) < HEADER_BYTES or head[0] != 0:
            return None
        reader = self._decoder.columns(int.from_bytes(head[1:], "big"))
        if reader is None:
            return None
        event = reader.event
        if event in self._roles:
            return reader if reader.makes_messages else None
        is_whole = self._loader.has_table(event) and reader.names == self._loader.names(event)
        return reader if is_whole else None

    def _with_fitting_keys(
        self, event: str, keys: Sequence[bytes | None], places: list[int], rest: list[int]
    ) -> list[int]:
        """Those of the places whose keys fit the event; the others join the rest."""
        name, fits = event.encode(), self._decoder.key_fits
        fitting = [at for at in places if keys[at] == name or fits(keys[at], event)]
        if len(fitting) < len(places):
            rest += sorted({*places} - {*fitting})
        return fitting


def _alike(messages: MessageColumns) -> Mapping[bytes | None, list[int]]:
    """The places of the messages with one framing."""
    places: dict[bytes | None, list[int]] = defaultdict(list)
    for place, value in enumerate(messages.values):
        places[value and value[:HEADER_BYTES]].append(place)
    return places


def _read(
    reader: ColumnReader, values: Sequence[Any], places: list[int], rest: list[int]
) -> Iterator[tuple[list[int], Columns]]:
    """The messages at these places in parts; around one that does not fit, some join the rest."""
    for first in range(0, len(places), _AT_ONCE):
        yield from _read_part(reader, values, places[first : first + _AT_ONCE], rest)


def _read_part(
    reader: ColumnReader, values: Sequence[Any], places: list[int], rest: list[int]
) -> Iterator[tuple[list[int], Columns]]:
    try:
        columns = reader.read([values[place] for place in places])
    except MisfitError:
        if len(places) <= _ONE_BY_ONE:
            rest += places
            return
    else:
        yield places, columns
        return
    half = len(places) // 2
    yield from _read_part(reader, values, places[:half], rest)
    yield from _read_part(reader, values, places[half:], rest)
