"""What takes records to Kafka: the protocol."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from api.model import ComponentHealth
from api.publish.spool.record import Record


class Sender(Protocol):
    """Hands records to Kafka and hears from it. Safe to share between threads."""

    def send(self, record: Record) -> Future[None]:
        """Never waits; what it returns ends when Kafka has the record, or with a
        :class:`~api.errors.StoreUnavailableError`, as a rule within a set time."""
        ...

    def health(self) -> ComponentHealth:
        """Whether Kafka answers now."""
        ...

    @property
    def rebuilt(self) -> int:
        """How often it had to be made anew, since it could not go on."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether it can still hear from Kafka."""
        ...

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Waits for what is under way, then stops."""
        ...
