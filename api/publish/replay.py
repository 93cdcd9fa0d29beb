"""What lies in the spool goes to Kafka, in order, as soon as Kafka takes it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from api.errors import RecordRefusedError
from api.publish.delivery import Delivery, Sent
from api.publish.sender import Sender
from api.publish.spool.log import Log
from api.publish.spool.reading import Entry

_log = logging.getLogger(__name__)

_WINDOW = 500
_IDLE_SECONDS = 0.2
_LATE_SECONDS = 0.02
_RETRY_SECONDS = 0.5
_ADOPT_SECONDS = 5.0
_HICCUP_SECONDS = 0.25
"""After so short an outage little lies in the spool, and events wait for their turn after it."""

_HICCUP_WAIT_SECONDS = 0.5

_PATIENCE = 4.25
"""Times the sender's own limit; after that it will never say anything."""

Abandoned = Callable[[], Iterator[AbstractContextManager[Log]]]
"""The spools of dead workers, each owned by this process until its context ends."""


@dataclass(slots=True)
class ReplayCounts:
    """Since the start. ``late``: Kafka had the record after all and it was not sent twice."""

    replayed: int = 0
    late: int = 0
    set_aside: int = 0
    adopted: int = 0


class Replayer:
    """One thread that empties this worker's spool, and those that nobody owns any more.

    While Kafka does not answer it tries with one record; what Kafka takes is followed by windows
    of many.  A window is acknowledged as a whole before the next one begins.
    """

    def __init__(
        self, own: Log, sender: Sender, abandoned: Abandoned, *, delivery_seconds: float
    ) -> None:
        """
        Args:
            own: this worker's spool.
            sender: where records go.
            abandoned: looks for spools of dead workers.
            delivery_seconds: the sender has given up after that long.
        """
        self.counts = ReplayCounts()
        self._own = own
        self._sender = sender
        self._abandoned = abandoned
        self._patience_seconds = delivery_seconds * _PATIENCE
        self._outage = threading.Event()
        self._outage_at = 0.0
        self._is_near_end = False
        self._is_hiccup = False
        self._said: set[str] = set()
        self._looked = threading.Condition()
        self._closing = threading.Event()
        self._adopt_at = 0.0
        self._thread = threading.Thread(target=self._run, name="spool-replay", daemon=True)

    def start(self) -> None:
        """Begins to empty the spools."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def is_direct(self) -> bool:
        """Whether an event may go straight to Kafka: Kafka answers and nothing is ahead of it."""
        return not self._outage.is_set() and self._own.is_read

    def wait_direct(self, timeout_seconds: float) -> bool:
        """Whether an event may go straight to Kafka, waiting a moment if little is ahead of it.

        Events that go to the spool while its last ones leave it would keep it from ever being
        empty: under load there is always another, and the disk is faster than Kafka.
        """
        is_hiccup = self._is_hiccup
        if self.is_direct or not (self._is_near_end or is_hiccup):
            return self.is_direct
        with self._looked:
            wait_seconds = max(timeout_seconds, _HICCUP_WAIT_SECONDS if is_hiccup else 0.0)
            return self._looked.wait_for(lambda: self.is_direct, wait_seconds)

    def report_outage(self) -> None:
        """Kafka did not take a record in time."""
        self._is_near_end = self._is_hiccup = False
        if not self._outage.is_set():
            _log.warning("Kafka does not take events; they go to the spool")
            self._outage_at = time.monotonic()
            self._outage.set()

    def close(self) -> None:
        """Stops after what is under way; the rest stays in the spool."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._step()
            except OSError as error:
                _log.critical("the spool cannot be read: %s", error)
                self._closing.wait(_RETRY_SECONDS)

    def _step(self) -> None:
        entries = self._own.read(_IDLE_SECONDS)
        if entries:
            self._deliver(self._own, entries)
            self._is_near_end = len(entries) <= _WINDOW
        if self._own.is_read and not self._closing.is_set():
            if self._outage.is_set():
                _log.warning("events go straight to Kafka again")
                self._outage.clear()
                self._said.clear()
            with self._looked:
                self._looked.notify_all()
            self._adopt()

    def _adopt(self) -> None:
        """Sends what dead workers left; one look from time to time."""
        if time.monotonic() < self._adopt_at:
            return
        for opened in self._abandoned():
            with opened as left:
                _log.warning("a dead worker's spool is taken over: %d bytes", left.bytes_used)
                self.counts.adopted += 1
                while not self._closing.is_set() and (entries := left.read(0)):
                    self._deliver(left, entries)
        self._adopt_at = time.monotonic() + _ADOPT_SECONDS

    def _deliver(self, source: Log, entries: Sequence[Entry]) -> None:
        """Returns when Kafka has all of them, or at the end."""
        waiting, answers = list(entries), not self._outage.is_set()
        while waiting and not self._closing.is_set():
            count = _WINDOW if answers else 1
            failed = self._send(source, waiting[:count])
            waiting = failed + waiting[count:]
            if not failed and not answers:
                self._is_hiccup = time.monotonic() - self._outage_at < _HICCUP_SECONDS
            answers = not failed
            if failed:
                self.report_outage()
                self._closing.wait(_RETRY_SECONDS)

    def _send(self, source: Log, window: Sequence[Entry]) -> list[Entry]:
        """The entries of a window that Kafka did not take."""
        window = [_without_failure(entry) for entry in window]
        acknowledged, failed, refused = [], [], []
        for entry, sent in zip(window, self._heard(window), strict=True):
            error = sent.outcome
            if error is None:
                acknowledged.append(entry)
                self.counts.late += entry.sent is not None
                self.counts.replayed += entry.sent is None
            elif isinstance(error, RecordRefusedError):
                refused.append(entry)
                _log.critical("Kafka will never take event %s: %s", entry.record.event_id, error)
            else:
                failed.append(replace(entry, sent=None))
                self._say_why(error)
        source.done(acknowledged)
        if refused:
            self.counts.set_aside += len(refused)
            source.set_aside(refused)
        return failed

    def _say_why(self, error: BaseException) -> None:
        """Once for each reason in an outage."""
        why = str(error) or type(error).__name__
        if why not in self._said:
            self._said.add(why)
            _log.warning("Kafka did not take an event again: %s", why)

    def _heard(self, window: Sequence[Entry]) -> list[Sent]:
        """Sends what is not on its way, and waits until all have ended, the sender must have given
        up, or this thread is to end."""
        until = time.monotonic() + self._patience_seconds
        sent = {id(entry): entry.sent for entry in window if entry.sent is not None}
        new = [entry for entry in window if entry.sent is None]
        ended = threading.Event()
        if new:
            delivery = Delivery([entry.record for entry in new], ended.set)
            self._sender.send(delivery)
            sent.update(zip(map(id, new), delivery.sent, strict=True))
            while not ended.wait(_IDLE_SECONDS) and not self._is_over(until):
                pass
        while any(each.is_open for each in sent.values()) and not self._is_over(until):
            self._closing.wait(_LATE_SECONDS)
        return [sent[id(entry)] for entry in window]

    def _is_over(self, until: float) -> bool:
        return self._closing.is_set() or time.monotonic() > until


def _without_failure(entry: Entry) -> Entry:
    """The entry, to be sent anew if what was sent of it before is known to have failed."""
    has_failed = entry.sent is not None and not entry.sent.is_open and entry.sent.outcome
    return replace(entry, sent=None) if has_failed else entry
