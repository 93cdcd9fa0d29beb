"""What takes records to Kafka: the protocol."""

from __future__ import annotations

from typing import Protocol

from api.model import ComponentHealth
from api.publish.delivery import Delivery


class Sender(Protocol):
    """Hands records to Kafka and hears from it. Safe to share between threads."""

    def send(self, delivery: Delivery) -> None:
        """Never waits; each record ends when Kafka has it, or with a
        :class:`~api.errors.StoreUnavailableError`, as a rule within a set time, from any thread
        and perhaps before this returns."""
        ...

    @property
    def silent_seconds(self) -> float:
        """For how long nothing has been heard, although a record was under way all that time; 0
        when none is."""
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
