"""Kafka in a list."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from api.errors import StoreUnavailableError
from api.model import ComponentHealth, ComponentStatus
from api.publish.delivery import Delivery, Outcome, Sent
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
        self._open: list[Sent] = []
        self._silent_since = 0.0
        self._lock = threading.Lock()

    def hear(self) -> None:
        """Whatever there is to hear is heard at once."""

    def leave(self) -> None:
        """See :meth:`hear`."""

    @property
    def is_alive(self) -> bool:
        return True

    @property
    def silent_seconds(self) -> float:
        with self._lock:
            return time.monotonic() - self._silent_since if self._open else 0.0

    def send(self, delivery: Delivery) -> None:
        answers = [self.answer(each.record) for each in delivery.sent]
        with self._lock:
            self.asked += len(answers)
            for sent, answer in zip(delivery.sent, answers, strict=True):
                if answer is not self.SILENCE:
                    self._end(sent, answer)
                    continue
                if not self._open:
                    self._silent_since = time.monotonic()
                self._open.append(sent)

    def settle_first(self) -> None:
        """Takes the first record that was not heard of yet, if there is one."""
        with self._lock:
            self._silent_since = time.monotonic()
            if self._open:
                self._end(self._open.pop(0), None)

    def was_heard(self) -> None:
        """Something was heard that concerns nobody here."""
        with self._lock:
            self._silent_since = time.monotonic()

    def settle(self, answer: StoreUnavailableError | None) -> None:
        """Ends everything that was not heard of yet."""
        with self._lock:
            ended, self._open = self._open, []
            for sent in ended:
                self._end(sent, answer)

    def health(self) -> ComponentHealth:
        return ComponentHealth(status=ComponentStatus.UP, required=True, detail="answers")

    def close(self, timeout_seconds: float = 5.0) -> None:
        self.settle(StoreUnavailableError("closed"))

    def _end(self, sent: Sent, answer: Outcome) -> None:
        if answer is None:
            self.taken.append(sent.record)
        sent.end(answer)
