"""Messages with their sequence headers, as the ledger takes them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.sequence import SequenceHeader, sequence_header_in
from etl.sequence.ledger import SequencedMessage
from etl.source import RawMessage


def sequenced(messages: Iterable[RawMessage]) -> list[SequencedMessage]:
    """Every message with its sequence header, in the order given."""
    return [
        SequencedMessage(raw.partition, raw.offset, raw.timestamp_ms, sequence_header_of(raw))
        for raw in messages
    ]


def sequence_header_of(raw: RawMessage) -> SequenceHeader | None:
    """The sequence header of a message; None where there is none, or none that can be read."""
    return sequence_header_in(dict(raw.headers))
