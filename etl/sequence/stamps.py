"""The stamps on Kafka messages, as the ledger takes them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.stamps import Stamp, stamp_in
from etl.sequence.ledger import Stamped
from etl.source import RawMessage


def stamped(messages: Iterable[RawMessage]) -> list[Stamped]:
    """Every message with its stamp, in the order given."""
    return [Stamped(raw.partition, raw.offset, raw.timestamp_ms, stamp_of(raw)) for raw in messages]


def stamp_of(raw: RawMessage) -> Stamp | None:
    """The stamp of a message; None where there is none, or none that can be read."""
    return stamp_in(dict(raw.headers))
