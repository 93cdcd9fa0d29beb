"""Records, logs and a disk that fails, for the tests of the spool."""

from __future__ import annotations

import errno
import os
import threading
import uuid
from pathlib import Path

from hypothesis import strategies as st

from api.publish.spool.disk import Disk
from api.publish.spool.log import Log
from api.publish.spool.record import Record

NOW_MS = 1_770_000_000_000

RECORDS = st.builds(
    Record,
    event_id=st.uuids(),
    key=st.binary(max_size=40),
    value=st.binary(max_size=200),
    headers=st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=3),
)


def record(number: int, *, size: int = 10) -> Record:
    """A record that is known by its number."""
    return Record(
        event_id=uuid.UUID(int=number),
        key=b"element_click",
        value=b"v" * size,
        headers={"ugc-seq": str(number)},
    )


def open_log(
    folder: Path,
    *,
    max_bytes: int = 10_000_000,
    segment_bytes: int = 1_000_000,
    disk: Disk | None = None,
) -> Log:
    return Log(
        folder,
        max_bytes=max_bytes,
        segment_bytes=segment_bytes,
        clock_ms=lambda: NOW_MS,
        disk=disk,
    )


def drained(log: Log) -> list[int]:
    """Everything that is unread, by number, and done with."""
    found: list[int] = []
    while entries := log.read(0):
        found += [entry.record.event_id.int for entry in entries]
        log.done(entries)
    return found


class FaultyDisk(Disk):
    """A disk whose operations fail when told to; it counts syncs."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.room: int | None = None
        self.syncs = 0

    def create(self, path: Path) -> int:
        self._maybe("create")
        return super().create(path)

    def write(self, descriptor: int, raw: bytes) -> None:
        self._maybe("write")
        if self.room is not None and len(raw) > self.room:
            super().write(descriptor, raw[: self.room])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(descriptor, raw)

    def sync(self, descriptor: int) -> None:
        self._maybe("sync")
        self.syncs += 1
        super().sync(descriptor)

    def truncate(self, descriptor: int, count: int) -> None:
        self._maybe("truncate")
        super().truncate(descriptor, count)

    def _maybe(self, operation: str) -> None:
        if operation in self.failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class HeldDisk(Disk):
    """A disk whose first sync ends when the test says so; it counts syncs."""

    def __init__(self) -> None:
        self.syncs = 0
        self.syncing, self.go_on = threading.Event(), threading.Event()

    def sync(self, descriptor: int) -> None:
        self.syncs += 1
        self.syncing.set()
        assert self.go_on.wait(60)
        super().sync(descriptor)
