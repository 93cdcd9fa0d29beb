"""Messages on their way to Kafka: a Protocol, and the value that passes through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from etl.source import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A message to be stored. ``partition`` None: the one that belongs to the key."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


class MessageProducer(Protocol):
    """Stores messages in topics."""

    def publish(self, topic: str, records: Sequence[Record]) -> None:
        """Stores them; returns when all are acknowledged.

        Raises:
            DeadLettersUnavailableError: at least one was not acknowledged in time; any may be
                stored.
        """
        ...

    def close(self) -> None:
        """Releases the connection."""
        ...
