"""The thread that sends what waits. One for each process: a forked child begins its own."""

from __future__ import annotations

import atexit
import logging
import os
import random
import threading
import time
import weakref
from collections import Counter
from pathlib import Path

from ugc.sdk.python.core.sender import Sender, Sent
from ugc.sdk.python.core.settings import Counts, DropReason, Rejected, Settings
from ugc.sdk.python.core.spool import Entry
from ugc.sdk.python.core.waiting import Waiting

_log = logging.getLogger(__name__)

_AT_EXIT_SECONDS = 5.0


class Sending:
    """A queue and its thread. Every method may be called from any thread."""

    _changed: threading.Condition
    _waiting: Waiting | None
    _thread: threading.Thread | None
    _told: Counter[str]
    _dropped: Counter[DropReason]
    _closed: bool
    _is_sending: bool

    def __init__(self, settings: Settings, sender: Sender) -> None:
        """Begins to send at once if a spool has left something.

        Raises:
            OSError: the spool's folder cannot be used.
        """
        self._settings, self._sender = settings, sender
        self._begin_anew()
        self._waiting = self._open(settings.spool)
        with self._changed:
            self._ensure_thread()
        _ALL.add(self)

    def add(self, entry: Entry) -> None:
        """Takes an event, or drops it and tells so; never waits for the network."""
        reason: DropReason | None = None
        with self._changed:
            if self._closed:
                reason = "closed"
            else:
                if self._waiting is None:
                    self._waiting = self._open_after_fork()
                if self._waiting.add(entry):
                    self._ensure_thread()
                    if self._count() == 1 or self._count() >= self._batch_events:
                        self._changed.notify_all()
                else:
                    reason = "full"
        if reason is not None:
            self._drop(1, reason)

    def flush(self, timeout_seconds: float) -> bool:
        """Sends without collecting more; whether nothing waited at last."""
        until = time.monotonic() + timeout_seconds
        with self._changed:
            self._flushing += 1
            self._changed.notify_all()
            try:
                while self._count() and (left := until - time.monotonic()) > 0:
                    if not self._changed.wait(left):
                        break
                return not self._count()
            finally:
                self._flushing -= 1

    def close(self, timeout_seconds: float) -> bool:
        """Sends what it can in that time, and ends the thread; whether nothing was left.

        What is left stays in the spool, or is dropped where there is none.
        """
        with self._changed:
            if self._closed:
                return not self._count()
            self._closed = True
            self._closes_at = time.monotonic() + timeout_seconds
            thread = self._thread
            self._changed.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_seconds)
        lost = 0
        with self._changed:
            left, waiting = self._count(), self._waiting
            if waiting is not None and not self._is_sending:
                self._waiting = None
                waiting.close()
            if waiting is not None and left and not waiting.survives:
                lost = left
        if lost:
            self._drop(lost, "closed")
        return not left

    def counts(self) -> Counts:
        """See :class:`Counts`."""
        with self._changed:
            told = self._told
            return Counts(
                queued=self._count(),
                accepted=told["accepted"],
                rejected=told["rejected"],
                dropped=dict(self._dropped),
                retries=told["retries"],
                unspooled=0 if self._waiting is None else self._waiting.unspooled,
            )

    def _begin_anew(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._waiting = None
        self._thread = None
        self._told = Counter()
        self._dropped = Counter()
        self._flushing = 0
        self._closed = False
        self._closes_at = 0.0
        self._is_sending = False
        self._batch_events = self._settings.batch_events
        self._tries = 0

    def _open(self, folder: Path | None) -> Waiting:
        return Waiting(self._settings.most_events, self._settings.most_bytes, folder)

    def _open_after_fork(self) -> Waiting:
        try:
            return self._open(self._settings.spool)
        except OSError as error:
            _log.error("events are in memory alone, the spool cannot be used: %s", error)
            return self._open(None)

    def _count(self) -> int:
        return 0 if self._waiting is None else len(self._waiting)

    def _ensure_thread(self) -> None:
        if self._count() and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._run, name="ugc-events", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while batch := self._next():
            try:
                sent = self._sender.send(batch)
            except Exception:  # noqa: BLE001 - the thread lives as long as the process
                _log.exception("events could not be sent; they are tried again")
                sent = Sent(again=batch, pause=True)
            self._settle(batch, sent)
            for rejected in sent.rejected:
                self._tell(rejected)
            if sent.pause:
                self._pause(sent)

    def _next(self) -> list[Entry]:
        """Waits for events, and a moment for more of them; none: the thread's work is over."""
        with self._changed:
            while not self._closed and not self._count():
                self._changed.wait()
            until = time.monotonic() + self._settings.collect_seconds
            while not (self._closed or self._flushing) and self._count() < self._batch_events:
                if (left := until - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
            if self._waiting is None or self._is_over():
                return []
            batch = self._waiting.first(self._batch_events, self._settings.batch_bytes)
            self._is_sending = bool(batch)
            return batch

    def _is_over(self) -> bool:
        return self._closed and time.monotonic() >= self._closes_at

    def _settle(self, batch: list[Entry], sent: Sent) -> None:
        with self._changed:
            self._is_sending = False
            if self._waiting is not None:
                self._waiting.settle(batch, sent.again)
            self._told["accepted"] += sent.accepted
            self._told["rejected"] += len(sent.rejected)
            if sent.again:
                self._told["retries"] += 1
            if sent.too_large:
                self._batch_events = max(1, len(batch) // 2)
            elif not sent.pause:
                more = self._batch_events + 1 + self._batch_events // 10
                self._batch_events = min(more, self._settings.batch_events)
            self._tries = self._tries + 1 if sent.pause else 0
            self._changed.notify_all()

    def _pause(self, sent: Sent) -> None:
        """Grows with each try, by chance between half and all of it; the API's wish at least."""
        settings = self._settings
        longest = min(settings.most_pause_seconds, settings.least_pause_seconds * 2**self._tries)
        seconds = max(sent.wait_seconds, longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        if self._tries == 1 or self._tries % 10 == 0:
            why = f"status {sent.answer.status}, {sent.answer.body[:200]!r}"
            _log.warning("try %d in %.1f s, since it failed: %s", self._tries + 1, seconds, why)
        until = time.monotonic() + seconds
        with self._changed:
            while (left := until - time.monotonic()) > 0:
                if self._closed and until > self._closes_at:
                    self._closes_at = 0.0  # it would not be tried again before the end
                    return
                self._changed.wait(left)

    def _tell(self, rejected: Rejected) -> None:
        if self._settings.on_rejected is None:
            _log.warning(
                "%s %s is refused: %s", rejected.event, rejected.event_id, dict(rejected.problem)
            )
            return
        try:
            self._settings.on_rejected(rejected)
        except Exception:  # noqa: BLE001 - whatever a caller's function raises
            _log.exception("on_rejected failed")

    def _drop(self, count: int, reason: DropReason) -> None:
        with self._changed:
            self._dropped[reason] += count
            is_first = self._dropped[reason] == count
        if self._settings.on_dropped is not None:
            try:
                self._settings.on_dropped(count, reason)
            except Exception:  # noqa: BLE001 - whatever a caller's function raises
                _log.exception("on_dropped failed")
        elif is_first:
            _log.error("events are dropped (%s); counts() tells how many", reason)

    # A fork takes no thread along, and would take a lock as it is.

    def before_fork(self) -> None:
        self._changed.acquire()

    def after_fork_in_parent(self) -> None:
        self._changed.release()

    def after_fork_in_child(self) -> None:
        """What waits is the parent's, which sends it."""
        if self._waiting is not None:
            self._waiting.leave()
        was_closed = self._closed
        self._begin_anew()
        self._closed = was_closed


_ALL: weakref.WeakSet[Sending] = weakref.WeakSet()
_forking: list[Sending] = []


def _before_fork() -> None:
    _forking[:] = list(_ALL)
    for each in _forking:
        each.before_fork()


def _after_fork_in_parent() -> None:
    for each in _forking:
        each.after_fork_in_parent()
    _forking.clear()


def _after_fork_in_child() -> None:
    for each in _forking:
        each.after_fork_in_child()
    _forking.clear()


def _at_exit() -> None:
    for each in list(_ALL):
        each.close(_AT_EXIT_SECONDS)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
atexit.register(_at_exit)
