"""What was handed to Kafka and is not stored yet, and the thread that ends its waiting.

Kafka has a queue under load and answers all the same: then waiting is right, since a detour over
the disk costs more than the queue.  When it is silent nobody knows whether it will answer again.
So what is under way is overdue, all of it at once, when nothing was acknowledged for
``wait_seconds`` although something was under way all that time; where answers usually take long,
for up to four times that.  Or when any of it has waited for :data:`MOST_WAITS` times that long.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from api.publish.delivery import Delivery, Outcome
from api.publish.sender import Sender
from api.publish.sequencer import Numbers
from api.publish.spool.record import Record

_log = logging.getLogger(__name__)

MOST_WAITS = 20
"""Nothing waits for more than so many times ``wait_seconds``, however busy Kafka is."""

_USUAL_WAITS = 4
"""Where an answer usually takes more than a quarter of ``wait_seconds``, a longer silence is usual
too: a broker, or this process, that shares its processors pauses."""

_USUAL_SHARE = 1 / 16
"""What one publication counts in what is usual."""

_LOOKS = 5
"""So often within ``wait_seconds`` is looked whether Kafka is silent."""

MOST_RECORDS = 5_000
"""So many may be under way: a tenth of a second's work for a worker and a broker at their best."""


class Publication:
    """Records that were published together; ``done`` gets an outcome for each."""

    __slots__ = ("began", "delivery", "done", "numbers")

    def __init__(
        self,
        numbers: Numbers,
        records: Sequence[Record],
        done: Callable[[Sequence[Outcome]], None],
        heard: Callable[[Publication], None],
    ) -> None:
        """``heard`` is called once, when something was heard of each record; it must not wait."""
        self.began = time.monotonic()
        self.numbers = numbers
        self.done = done
        self.delivery = Delivery(records, partial(heard, self))

    def outcomes(self) -> list[Outcome]:
        """What was heard of each record so far."""
        return [each.outcome for each in self.delivery.sent]


Move = Callable[[Sequence[Publication]], None]


class UnderWay:
    """Publications on their way, in the order in which they were begun.

    Whoever takes one out, and only they, bring it to its end.
    """

    def __init__(self, sender: Sender, move: Move, *, wait_seconds: float) -> None:
        """``move`` brings to their end those that Kafka failed or is overdue with; by one thread,
        and it may wait for a disk."""
        self._sender = sender
        self._move = move
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._publications: dict[int, Publication] = {}
        self._records = 0
        self._usual_seconds = 0.0
        self._failed: list[Publication] = []
        self._has_work = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publish-overdue", daemon=True)

    def start(self) -> None:
        """Begins to look after what is overdue."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Returns when nothing is under way any more."""
        self._closing.set()
        self._has_work.set()
        if self._thread.ident is not None:
            self._thread.join()

    def has_room(self, count: int) -> bool:
        """Whether so many more records may be under way; what is too many may go alone."""
        return self._records == 0 or self._records + count <= MOST_RECORDS

    def begin(self, publication: Publication) -> None:
        """Takes one in."""
        with self._lock:
            self._publications[id(publication)] = publication
            self._records += publication.numbers.count

    def take(self, publication: Publication) -> bool:
        """Takes one out; whether it was there."""
        with self._lock:
            found = self._publications.pop(id(publication), None)
            if found is None:
                return False
            self._records -= found.numbers.count
            return True

    def heard(self, publication: Publication) -> bool:
        """Takes one out of which all is heard; whether it was there."""
        took = time.monotonic() - publication.began
        self._usual_seconds += (took - self._usual_seconds) * _USUAL_SHARE
        return self.take(publication)

    def failed(self, publication: Publication) -> None:
        """Kafka did not take all of one: it is due at once, in the thread."""
        with self._lock:
            self._failed.append(publication)
        self._has_work.set()

    def _run(self) -> None:
        while self._publications or not self._closing.is_set():
            self._has_work.wait(self._wait_seconds / _LOOKS)
            self._has_work.clear()
            if due := self._due():
                try:
                    self._move(due)
                except Exception:  # noqa: BLE001 - who waits was answered; others are to be, too
                    _log.critical("events were not put aside", exc_info=True)

    def _due(self) -> list[Publication]:
        """Takes out what has failed, or all when it is overdue."""
        is_overdue = self._is_overdue()
        with self._lock:
            failed, self._failed = self._failed, []
            candidates = list(self._publications.values()) if is_overdue else failed
        return [each for each in candidates if self.take(each)]

    def _is_overdue(self) -> bool:
        usual_seconds = min(self._usual_seconds, self._wait_seconds)
        patience_seconds = max(self._wait_seconds, _USUAL_WAITS * usual_seconds)
        if self._sender.silent_seconds >= patience_seconds:
            return True
        with self._lock:
            oldest = next(iter(self._publications.values()), None)
        limit = self._wait_seconds * MOST_WAITS
        return oldest is not None and time.monotonic() - oldest.began >= limit
