"""Records that are handed to Kafka together, and what is heard of each.

One object for a record and one for them all: a ``concurrent.futures.Future`` for each record costs
2.3 µs before anybody waits for it, a :class:`Sent` with its share of the end 0.6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from api.errors import StoreUnavailableError
from api.publish.spool.record import Record

Outcome = StoreUnavailableError | None
"""Why a record is not stored; ``None`` if it is."""

UNHEARD = StoreUnavailableError("Kafka did not answer in time")
"""The outcome of a record as long as nothing is heard of it; the one object, told by identity."""


class Sent:
    """One record on its way. ``outcome`` is :data:`UNHEARD` until its end."""

    __slots__ = ("_delivery", "outcome", "record")

    def __init__(self, record: Record, delivery: Delivery) -> None:
        self.record = record
        self.outcome: Outcome = UNHEARD
        self._delivery: Delivery | None = delivery

    @property
    def is_open(self) -> bool:
        """Whether nothing is heard of it yet."""
        return self.outcome is UNHEARD

    def end(self, outcome: Outcome) -> bool:
        """What became of it; whether that was not known before. Any thread may say so."""
        delivery = self._delivery
        return delivery is not None and delivery.end(self, outcome)

    def let_go(self) -> None:
        """Nothing is kept for its end any more, so that no circle is left to be collected."""
        self._delivery = None


class Delivery:
    """Some records, at least one, and who is told when nothing is open any more."""

    __slots__ = ("_ended", "_lock", "_open", "sent")

    def __init__(self, records: Sequence[Record], ended: Callable[[], None] = lambda: None) -> None:
        """``ended`` is called once, by whoever ends the last record; it must not wait."""
        self.sent = [Sent(record, self) for record in records]
        self._open = len(self.sent)
        self._ended = ended
        self._lock = Lock()

    def end(self, sent: Sent, outcome: Outcome) -> bool:
        """See :meth:`Sent.end`."""
        with self._lock:
            if sent.outcome is not UNHEARD:
                return False
            sent.outcome = outcome
            sent.let_go()
            self._open -= 1
            is_last = self._open == 0
        if is_last:
            self._ended()
        return True

    def fail(self, error: StoreUnavailableError) -> None:
        """Ends every record that is open."""
        for each in self.sent:
            each.end(error)
