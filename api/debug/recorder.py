"""Records on their way to Redis, beside the answer and never before it.

A request hands over what it was answered with and goes on.  A thread of its own masks, renders and
sends, many records with one command.  What waits is bounded in number and bytes; what does not fit,
and what Redis does not take, is counted, and the count is kept as soon as Redis answers again.
"""

from __future__ import annotations

import datetime as dt
import logging
import queue
import threading
from collections.abc import Callable, Collection
from typing import Any

import orjson

from api.debug.masking import Masks
from api.debug.places import At, Places
from api.debug.records import Place, event_record, place_record
from api.debug.store import DebugStore
from api.errors import CacheUnavailableError
from api.http.observing import Observed
from api.model import Accepted

_log = logging.getLogger(__name__)

EVERY = "*"
"""Among the names of applications: every event, whoever sends it."""

MOST_WAITING = 2_000
MOST_WAITING_BYTES = 16_777_216

_AT_ONCE = 200
_LOOK_SECONDS = 0.5
"""How soon late places and a count of losses are told when no event comes."""

_Handed = tuple[Observed, dt.datetime, int]


class Recorder:
    """An :class:`~api.http.observing.Observer` that keeps a bounded number of answers."""

    def __init__(
        self,
        store: DebugStore,
        masks: Masks,
        places: Places,
        *,
        topic: str,
        applications: Collection[str] = (),
        now: Callable[[], dt.datetime],
        waiting: int = MOST_WAITING,
    ) -> None:
        """
        Args:
            store: takes the records.
            masks: decide what of an event is shown.
            places: where Kafka has put events.
            topic: the name of the topic that they are in.
            applications: whose events are kept without a tag; ``*``: everybody's.
            now: aware instants.
            waiting: so many requests may wait for the thread.
        """
        self._store = store
        self._masks = masks
        self._places = places
        self._topic = topic
        self._applications = frozenset(applications)
        self._keeps_every = EVERY in self._applications
        self._now = now
        self._waiting: queue.Queue[_Handed] = queue.Queue(waiting)
        self._waiting_bytes = 0
        self._lost = 0
        self._counting = threading.Lock()
        self._closing = threading.Event()
        self._worker = threading.Thread(target=self._run, name="debug-recorder", daemon=True)

    def start(self) -> None:
        """Starts the thread that sends. Make it in the process that serves."""
        self._worker.start()

    def wants(self, tag: str | None, sender: str | None) -> bool:
        """See :class:`api.http.observing.Observer`."""
        return tag is not None or self._keeps_every or sender in self._applications

    def keep(self, observed: Observed) -> None:
        """See :class:`api.http.observing.Observer`."""
        size = sum(len(body) for _, body in observed.results if body is not None)
        if not self._has_room(size):
            self._lose(len(observed.results))
            return
        try:
            self._waiting.put_nowait((observed, self._now(), size))
        except queue.Full:
            self._lose(len(observed.results), size)

    def work(self, wait_seconds: float = 0.0) -> None:
        """Sends what was handed over; waits for the first as long as told."""
        records: list[bytes] = []
        try:
            handed = self._waiting.get(timeout=wait_seconds) if wait_seconds else self._next()
            while True:
                records += self._rendered(handed)
                if len(records) >= _AT_ONCE:
                    break
                handed = self._next()
        except queue.Empty:
            pass
        late = [place_record(event_id, self._place(at)) for event_id, at in self._places.late()]
        records += map(orjson.dumps, late)
        with self._counting:
            lost, self._lost = self._lost, 0
        if records or lost:
            self._send(records, lost)

    def close(self) -> None:
        """Sends what is left, as far as Redis takes it."""
        self._closing.set()
        if self._worker.is_alive():
            self._worker.join()
        while not self._waiting.empty():
            self.work()

    @property
    def lost(self) -> int:
        """Records that could not be kept, and of which Redis does not know yet."""
        return self._lost

    def _next(self) -> _Handed:
        return self._waiting.get_nowait()

    def _has_room(self, size: int) -> bool:
        with self._counting:
            if self._waiting_bytes + size > MOST_WAITING_BYTES:
                return False
            self._waiting_bytes += size
            return True

    def _lose(self, records: int, waiting_bytes: int = 0) -> None:
        with self._counting:
            self._lost += records
            self._waiting_bytes -= waiting_bytes

    def _rendered(self, handed: _Handed) -> list[bytes]:
        observed, time, size = handed
        with self._counting:
            self._waiting_bytes -= size
        try:
            return [
                orjson.dumps(
                    event_record(
                        observed,
                        outcome,
                        body,
                        time=time,
                        masks=self._masks,
                        place=self._place_of(outcome),
                    )
                )
                for outcome, body in observed.results
            ]
        except Exception:  # noqa: BLE001 - the thread outlives whatever a sender thinks of
            _log.exception("an event could not be recorded for the debugger")
            self._lose(len(observed.results))
            return []

    def _place_of(self, outcome: Any) -> Place | None:
        if not isinstance(outcome, Accepted) or outcome.is_duplicate:
            return None
        at = self._places.of(outcome.event_id)
        return None if at is None else self._place(at)

    def _place(self, at: At) -> Place:
        return {"topic": self._topic, "partition": at[0], "offset": at[1]}

    def _send(self, records: list[bytes], lost: int) -> None:
        try:
            self._store.append(records, lost=lost)
        except CacheUnavailableError as error:
            _log.debug("debug records: %s", error)
            self._lose(lost + len(records))

    def _run(self) -> None:
        while not self._closing.is_set():
            self.work(_LOOK_SECONDS)
