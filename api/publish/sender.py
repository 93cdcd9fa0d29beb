"""What takes records to Kafka: the protocol."""

from __future__ import annotations

from typing import Protocol

from api.model import ComponentHealth
from api.publish.delivery import Delivery


class Reports(Protocol):
    """What Kafka has said of records, heard in a thread of one's own choice.

    Beside a busy thread, another one pays for each report with a hand-over of the interpreter; the
    busy one itself hears many at a time for next to nothing.
    """

    def hear(self) -> None:
        """Takes in what has come, in the calling thread; never waits.

        Until :meth:`leave`, or a tenth of a second without another call, nobody else does.
        """
        ...

    def leave(self) -> None:
        """The caller hears no more."""
        ...


class Sender(Reports, Protocol):
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
