"""The state of a worker, looked at from time to time for those who fetch metrics.

Any worker may answer for all of them, so each writes its own state down before it is asked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from api.publish.spooling import Counts, SpoolState

_log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One worker, now. ``open_breakers`` tells by part whether calls to it are stopped."""

    open_breakers: Mapping[str, bool]
    spool: SpoolState
    records: Counts
    producer_rebuilds: int


class Poller(Protocol):
    """Takes states down."""

    def state(self, state: State) -> None:
        """The newest state of this worker. Used by one thread at a time."""
        ...


class MetricsPoller:
    """A thread that looks every second, and once more at the end."""

    def __init__(self, look: Callable[[], State], takes: Poller) -> None:
        self._look = look
        self._takes = takes
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampling", daemon=True)

    def start(self) -> None:
        """Starts the thread. Make it in the process that serves."""
        self._thread.start()

    def close(self) -> None:
        """Looks a last time, and stops."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            is_last = self._closing.is_set()
            try:
                self._takes.state(self._look())
            except Exception:  # noqa: BLE001 - no figure is worth the thread
                _log.exception("the state of this worker is not known")
            if is_last:
                return
            self._closing.wait(EVERY_SECONDS)
