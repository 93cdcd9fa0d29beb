"""The segments of one folder: records in, synced in groups; records out, in order."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.errors import SpoolError, SpoolFullError
from api.publish.delivery import Sent
from api.publish.spool import frames, segment
from api.publish.spool.disk import Disk
from api.publish.spool.reading import Entry, Unread, parsed
from api.publish.spool.record import Record, to_bytes
from api.publish.spool.segment import Segment

_log = logging.getLogger(__name__)

SEGMENTS = f"*{segment.SUFFIX}"
"""Glob of the files that hold records."""

_SEGMENT_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Damage:
    """What could not be read, since this log was opened."""

    places: int
    count: int
    """Bytes."""


class Log:
    """Any number of threads may append; one thread reads and says what is done.

    Opened on a folder that the process owns (:mod:`api.publish.spool.slots`).
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        clock_ms: Callable[[], int],
        segment_bytes: int = _SEGMENT_BYTES,
        disk: Disk | None = None,
    ) -> None:
        """Opens what is there.

        Args:
            folder: where the segments are.
            max_bytes: that much may lie in the folder; more is refused.
            clock_ms: Unix time in milliseconds.
            segment_bytes: a segment of that size is not continued.
            disk: the files; the operating system's if not given.

        Raises:
            OSError: the folder cannot be read.
        """
        self._folder = folder
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._clock_ms = clock_ms
        self._disk = disk or Disk()
        self._changed = threading.Condition(threading.Lock())
        self._syncing = False
        self._closed = False
        kept = list(folder.glob(f"*{segment.DAMAGED_SUFFIX}"))
        self._kept_bytes = sum(path.stat().st_size for path in kept)
        self._segments = [segment.found(path) for path in sorted(folder.glob(SEGMENTS))]
        numbers = [segment.number_of(each.path) for each in self._segments]
        self._next_number = max([*numbers, *map(segment.number_of, kept)], default=0) + 1
        self._damage = Damage(0, 0)
        self._tidy()

    @property
    def bytes_used(self) -> int:
        """What lies in the folder, damaged segments that were kept included."""
        with self._changed:
            return self._bytes_used()

    @property
    def max_bytes(self) -> int:
        """What may lie in the folder."""
        return self._max_bytes

    @property
    def oldest_ms(self) -> int | None:
        """About when the oldest record was put aside, to a segment's accuracy."""
        with self._changed:
            return min((each.oldest_ms for each in self._segments), default=None)

    @property
    def damage(self) -> Damage:
        """What could not be read."""
        return self._damage

    @property
    def is_read(self) -> bool:
        """Whether every record was handed out; those of appends under way count as not.

        Without the lock, which is held while the disk writes: an event loop asks this. Nothing it
        looks at goes back while it looks, except what is cut off, which counts as not read.
        """
        return all(each.is_read for each in tuple(self._segments))

    @property
    def is_empty(self) -> bool:
        """Whether Kafka has everything that was put aside."""
        with self._changed:
            return not self._segments

    def append(self, records: Sequence[Record], sent: Sequence[Sent | None] | None = None) -> None:
        """Puts records aside, all or none; returns when they survive a power cut.

        Threads that wait at the same time share one sync.

        Args:
            records: in the order in which they are to be read.
            sent: for each, what is still to be heard from Kafka about it.

        Raises:
            SpoolFullError: there is no room for them.
            SpoolError: the disk refuses.
        """
        self.append_made(lambda: records, sent)

    def append_made(
        self,
        make: Callable[[], Sequence[Record]],
        sent: Sequence[Sent | None] | None = None,
    ) -> None:
        """As :meth:`append`, with records that are made when it is their turn to be written.

        What numbers them in ``make`` numbers them in the order of the file, so that whatever a
        process leaves behind that is killed, no number is missing before the last.
        """
        now_ms = self._clock_ms()
        with self._changed:
            bodies = [to_bytes(record, spooled_at_ms=now_ms) for record in make()]
            current = self._writable(sum(map(len, bodies)) + frames.FRAME_BYTES * len(bodies))
            target = self._write(current, bodies, sent or [None] * len(bodies))
            self._sync_to(current, target)

    def read(self, timeout_seconds: float) -> list[Entry]:
        """The records that were not handed out yet, of one segment; waits for some.

        Raises:
            OSError: the disk does not give them. Nothing is lost; the next call tries again.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._unread() or self._closed, timeout_seconds)
        entries: list[Entry] = []
        while not entries and (source := self._next_source()) is not None:
            begin, end = source.read, source.synced
            raw = _read(source.descriptor, begin, end)
            with self._changed:
                entries, unread = parsed(source, raw, begin)
                for each in unread:
                    self._report(source, each)
                source.read = end
                source.under_way += len(entries)
                self._tidy()
        return entries

    def done(self, entries: Sequence[Entry]) -> None:
        """Kafka has these; segments that are wholly done are deleted."""
        with self._changed:
            for entry in entries:
                entry.segment.under_way -= 1
            self._tidy()

    def set_aside(self, entries: Sequence[Entry]) -> None:
        """Kafka will never take these; the files they are in are kept under another name."""
        with self._changed:
            for entry in entries:
                entry.segment.damaged = True
                entry.segment.under_way -= 1
            self._tidy()

    def close(self) -> None:
        """Lets go of the files and leaves them to the next worker. A waiting ``read`` ends."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._syncing)
            for each in self._segments:
                self._disk.close(each.descriptor)
            self._segments.clear()

    def _next_source(self) -> Segment | None:
        with self._changed:
            return None if self._closed else self._unread()

    # Everything below is called with the lock held.

    def _bytes_used(self) -> int:
        return self._kept_bytes + sum(each.written for each in self._segments)

    def _unread(self) -> Segment | None:
        return next((each for each in self._segments if each.read < each.synced), None)

    def _writable(self, more_bytes: int) -> Segment:
        """The segment to write to; a new one where that is due."""
        if self._closed:
            raise SpoolError("the spool is closed")
        if self._bytes_used() + frames.HEADER_BYTES + more_bytes > self._max_bytes:
            raise SpoolFullError(f"the spool holds {self._bytes_used():,} bytes and is full")
        if self._segments:
            last = self._segments[-1]
            last.sealed = last.sealed or last.written >= self._segment_bytes
            if not last.sealed:
                return last
        path = segment.path_of(self._folder, self._next_number)
        self._next_number += 1
        try:
            descriptor = self._disk.create(path)
        except OSError as error:
            raise SpoolError(f"no new file in the spool: {error}") from error
        created = Segment(
            path=path,
            descriptor=descriptor,
            salt=os.urandom(frames.SALT_BYTES),
            written=0,
            synced=0,
            oldest_ms=self._clock_ms(),
        )
        self._segments.append(created)
        return created

    def _write(self, current: Segment, bodies: Sequence[bytes], sent: Sequence[Sent | None]) -> int:
        """Writes without a sync; returns how far the segment has to be synced."""
        salt = current.salt
        assert salt is not None, "only segments of our own are written to"
        start = current.written
        parts = [] if start else [frames.header(salt)]
        at = start or frames.HEADER_BYTES
        for body, each in zip(bodies, sent, strict=True):
            parts.append(frames.framed(body, salt))
            if each is not None:
                current.sent[at] = each
            at += len(parts[-1])
        try:
            self._disk.write(current.descriptor, b"".join(parts))
        except OSError as error:
            self._cut(current, start)
            raise SpoolError(f"the spool cannot be written to: {error}") from error
        current.written = at
        return at

    def _sync_to(self, current: Segment, target: int) -> None:
        """Waits until a segment is synced that far, or syncs it for everybody who waits."""
        while current.synced < target:
            if current.written < target:
                raise SpoolError("the spool could not be synced")
            if self._closed:
                raise SpoolError("the spool is closed")
            if self._syncing:
                self._changed.wait()
            else:
                self._sync(current)

    def _sync(self, current: Segment) -> None:
        """One sync of all that is written; others write on meanwhile.

        After an error nobody knows what is on the disk, and a second sync may claim success: so
        what was not synced before is cut off, and the segment is not continued.
        """
        goal = current.written
        self._syncing = True
        self._changed.release()
        problem: OSError | None = None
        try:
            self._disk.sync(current.descriptor)
        except OSError as error:
            problem = error
        finally:
            self._changed.acquire()
            self._syncing = False
        if problem is None:
            current.synced = goal
        else:
            self._cut(current, current.synced)
        self._changed.notify_all()
        if problem is not None:
            raise SpoolError(f"the spool cannot be synced: {problem}") from problem

    def _cut(self, current: Segment, length: int) -> None:
        """Takes off what was not answered for, and seals the segment."""
        current.sealed = True
        try:
            self._disk.truncate(current.descriptor, length)
        except OSError as error:
            _log.error(
                "%s: what was refused cannot be taken off, and is sent after a restart: %s",
                current.path,
                error,
            )
        current.written = length
        current.sent = {at: sent for at, sent in current.sent.items() if at < length}
        current.read = min(current.read, max(length, frames.HEADER_BYTES))
        self._tidy()

    def _report(self, source: Segment, unread: Unread) -> None:
        """Says and counts what cannot be read; its file is kept for whoever wants to look."""
        source.damaged = True
        self._damage = Damage(self._damage.places + 1, self._damage.count + unread.count)
        _log.critical(
            "%s: %d bytes at %d cannot be read: %s",
            source.path,
            unread.count,
            unread.at,
            unread.problem,
        )

    def _tidy(self) -> None:
        """Deletes what Kafka has, wholly read segments only; keeps damaged ones under a name of
        their own."""
        for each in [each for each in self._segments if each.is_finished]:
            self._segments.remove(each)
            self._disk.close(each.descriptor)
            try:
                if each.damaged:
                    each.path.rename(each.path.with_suffix(segment.DAMAGED_SUFFIX))
                    self._kept_bytes += each.written
                else:
                    self._disk.remove(each.path)
            except OSError as error:
                _log.error("%s cannot be put away, and is sent again: %s", each.path, error)


def _read(descriptor: int, begin: int, end: int) -> bytes:
    parts = []
    while begin < end and (part := os.pread(descriptor, end - begin, begin)):
        parts.append(part)
        begin += len(part)
    return b"".join(parts)
