"""Raw messages → messages and dead letters. Pure but for the registry that the decoder asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contracts.message import Message
from etl.decode.dead_letters import DeadLetter
from etl.source import RawMessage
from registry.columns import ColumnReader
from registry.errors import UndecodableError


class MessageDecoder(Protocol):
    """What :class:`registry.serde.Decoder` does."""

    def decode(self, key: bytes | None, value: bytes | None) -> Message: ...

    def key_fits(self, key: bytes | None, event: str) -> bool: ...

    def columns(self, schema_id: int) -> ColumnReader | None: ...


@dataclass(slots=True)
class Decoded:
    """What a chunk's messages are."""

    messages: list[tuple[RawMessage, Message]] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


def decode_all(decoder: MessageDecoder, raw_messages: Sequence[RawMessage]) -> Decoded:
    """Decodes what can be decoded, in the order given.

    Raises:
        RegistryUnavailableError: a schema could not be fetched now.
    """
    decoded = Decoded()
    for raw in raw_messages:
        try:
            decoded.messages.append((raw, decoder.decode(raw.key, raw.value)))
        except UndecodableError as error:
            decoded.dead.append(DeadLetter(raw, error.reason, error.detail, error.schema_id))
    return decoded
