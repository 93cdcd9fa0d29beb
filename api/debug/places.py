"""Where Kafka has put events: heard from the producer, asked for by the recorder."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Sequence

_MOST = 20_000

At = tuple[int, int]
"""Partition and offset."""


class Places:
    """A bounded memory of both sides. Safe to share between threads.

    An event is answered after Kafka has it, and then its place is known already; one that went to
    the spool is asked for before it has one, and told by :meth:`late`.
    """

    def __init__(self, most: int = _MOST) -> None:
        """``most``: so many places, and so many events without one, are remembered."""
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[uuid.UUID, At] = OrderedDict()
        self._awaited: OrderedDict[uuid.UUID, None] = OrderedDict()
        self._late: list[tuple[uuid.UUID, At]] = []

    def note(self, event_id: uuid.UUID, partition: int, offset: int) -> None:
        """Kafka has an event."""
        with self._lock:
            if event_id in self._awaited:
                del self._awaited[event_id]
                self._late.append((event_id, (partition, offset)))
                return
            self._known[event_id] = (partition, offset)
            if len(self._known) > self._most:
                self._known.popitem(last=False)

    def of(self, event_id: uuid.UUID) -> At | None:
        """The place of an event, told once; if there is none yet, it will be among the late."""
        with self._lock:
            found = self._known.pop(event_id, None)
            if found is None:
                self._awaited[event_id] = None
                if len(self._awaited) > self._most:
                    self._awaited.popitem(last=False)
            return found

    def late(self) -> Sequence[tuple[uuid.UUID, At]]:
        """Places of events that were asked for in vain; each is told once."""
        with self._lock:
            found, self._late = self._late, []
            return found
