"""Kafka's acknowledgements, heard on the event loop while many are awaited.

The thread that hears them otherwise takes the interpreter from the loop for each single one, and
the loop takes it back: some 40 µs of processor for an event.  So while more than a few events are
awaited, the loop looks for itself, every millisecond (what loops can measure).  A few are left to
the thread: it hears at once, and they have no queue to share the wait with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from api.publish.sender import Reports

_MANY = 4
_EVERY_SECONDS = 0.001


class LoopHearing:
    """Looks for acknowledgements on one event loop, from when many are awaited until none is."""

    def __init__(self, reports: Reports, awaited: Callable[[], int]) -> None:
        """``awaited`` tells how many are awaited on the loop."""
        self._reports = reports
        self._awaited = awaited
        self._is_on = False

    def look(self) -> None:
        """Begins to, if many are awaited. Called on the loop."""
        if not self._is_on and self._awaited() > _MANY:
            self._is_on = True
            asyncio.get_running_loop().call_later(_EVERY_SECONDS, self._hear)

    def _hear(self) -> None:
        self._reports.hear()
        if self._awaited():
            asyncio.get_running_loop().call_later(_EVERY_SECONDS, self._hear)
        else:
            self._is_on = False
            self._reports.leave()
