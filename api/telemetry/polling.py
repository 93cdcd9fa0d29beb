"""The state of a worker, looked at from time to time for those who fetch metrics.

Any worker may answer for all of them, so each writes its own state down before it is asked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Totals:
    """What a worker counted elsewhere since its start."""

    records: Mapping[str, int] = field(default_factory=dict)
    replayed: Mapping[str, int] = field(default_factory=dict)
    adopted: int = 0
    rebuilds: int = 0

    @classmethod
    def of(cls, state: State) -> Totals:
        """The totals in a state, by label."""
        counts = state.records
        return cls(
            records={
                "acknowledged": counts.acknowledged,
                "spooled": counts.spooled,
                "refused": counts.refused,
            },
            replayed={
                "replayed": counts.replay.replayed,
                "late": counts.replay.late,
                "set_aside": counts.replay.set_aside,
            },
            adopted=counts.replay.adopted,
            rebuilds=state.producer_rebuilds,
        )


class Poller(Protocol):
    """Takes states down, and shows the others what was counted."""

    def flush(self) -> None:
        """Adds what was counted since the last time to what all processes share."""
        ...

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
                self._takes.flush()
                self._takes.state(self._look())
            except Exception:  # noqa: BLE001 - no figure is worth the thread
                _log.exception("the state of this worker is not known")
            if is_last:
                return
            self._closing.wait(EVERY_SECONDS)
