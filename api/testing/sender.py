"""Kafka in a list."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from api.errors import StoreUnavailableError
from api.model import ComponentHealth, ComponentStatus
from api.publish.spool.record import Record


class InMemorySender:
    """Kafka in a list.

    ``answer`` tells what becomes of a record: ``None`` it is taken; an error; or ``SILENCE``,
    nothing is heard until :meth:`settle`.
    """

    SILENCE = StoreUnavailableError("never raised: nothing is heard")

    def __init__(self) -> None:
        self.taken: list[Record] = []
        self.rebuilt = 0
        self.answer: Callable[[Record], StoreUnavailableError | None] = lambda _record: None
        self.asked = 0
        self._open: list[tuple[Record, Future[None]]] = []
        self._lock = threading.Lock()

    @property
    def is_alive(self) -> bool:
        return True

    def send(self, record: Record) -> Future[None]:
        outcome: Future[None] = Future()
        answer = self.answer(record)
        with self._lock:
            self.asked += 1
            if answer is self.SILENCE:
                self._open.append((record, outcome))
            else:
                self._end(record, outcome, answer)
        return outcome

    def settle(self, answer: StoreUnavailableError | None) -> None:
        """Ends everything that was not heard of yet."""
        with self._lock:
            for record, outcome in self._open:
                self._end(record, outcome, answer)
            self._open.clear()

    def health(self) -> ComponentHealth:
        return ComponentHealth(status=ComponentStatus.UP, required=True, detail="answers")

    def close(self, timeout_seconds: float = 5.0) -> None:
        self.settle(StoreUnavailableError("closed"))

    def _end(
        self, record: Record, outcome: Future[None], answer: StoreUnavailableError | None
    ) -> None:
        if answer is None:
            self.taken.append(record)
            outcome.set_result(None)
        else:
            outcome.set_exception(answer)
