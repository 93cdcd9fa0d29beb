"""The decoder's reference way, for tests that compare."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.message import Message
from etl.decode.decoding import MessageDecoder
from registry.columns import ColumnReader


@dataclass(frozen=True, slots=True)
class OneByOne:
    """The decoder without the fast way."""

    decoder: MessageDecoder

    def decode(self, key: bytes | None, value: bytes | None) -> Message:
        """The decoder's own."""
        return self.decoder.decode(key, value)

    def key_fits(self, key: bytes | None, event: str) -> bool:
        """The decoder's own."""
        return self.decoder.key_fits(key, event)

    def columns(self, schema_id: int) -> ColumnReader | None:
        """None of any schema."""
        return None
