"""The events that wait, in their order, bounded. The caller has a lock around every call."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection, Sequence
from pathlib import Path

from ugc.sdk.python.core.spool import Entry, Spool

_log = logging.getLogger(__name__)


class Waiting:
    """A queue in memory, with a copy in a spool where there is one."""

    def __init__(self, most_events: int, most_bytes: int, folder: Path | None) -> None:
        """Opens the spool, and has what processes that are gone left in it.

        Raises:
            OSError: the folder cannot be used.
        """
        self._most_events, self._most_bytes = most_events, most_bytes
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self.unspooled = 0
        """Events that the disk did not take, and that are in memory alone."""
        self._spool = None if folder is None else Spool(folder)
        if self._spool is not None:
            for entry in self._spool.take_over():
                self._append(entry)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def survives(self) -> bool:
        """Whether what waits is there for the next process."""
        return self._spool is not None

    def add(self, entry: Entry) -> bool:
        """False when it is full, and the event is not taken."""
        if len(self._entries) >= self._most_events:
            return False
        if self._bytes + entry.size_bytes > self._most_bytes:
            return False
        self._append(entry)
        if self._spool is not None:
            try:
                self._spool.add([entry])
            except OSError as error:
                self.unspooled += 1
                _log.error("an event is in memory alone, the spool does not take it: %s", error)
        return True

    def first(self, most_events: int, most_bytes: int) -> list[Entry]:
        """Those that waited longest; one at least, if any waits."""
        found: list[Entry] = []
        size = 0
        for entry in self._entries:
            size += entry.size_bytes
            if found and (len(found) == most_events or size > most_bytes):
                break
            found.append(entry)
        return found

    def settle(self, batch: Sequence[Entry], again: Collection[Entry]) -> None:
        """``batch`` are the first ones; of them ``again`` stay first."""
        for entry in batch:
            self._entries.popleft()
            self._bytes -= entry.size_bytes
        for entry in reversed(list(again)):
            self._entries.appendleft(entry)
            self._bytes += entry.size_bytes
        kept = {entry.event_id for entry in again}
        settled = [entry.event_id for entry in batch if entry.event_id not in kept]
        if self._spool is not None and settled:
            try:
                self._spool.settle(settled, self._entries, self._bytes)
            except OSError as error:
                _log.error("the spool does not take what is settled: %s", error)

    def close(self) -> None:
        """Gives the spool up."""
        if self._spool is not None:
            self._spool.close(is_empty=not self._entries)

    def leave(self) -> None:
        """In a forked child: all this is the parent's."""
        if self._spool is not None:
            self._spool.leave()

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._bytes += entry.size_bytes
