"""Refused events on their way to Kafka, beside the answer and never before it.

A request hands over and goes on.  A thread of its own makes the messages; what it cannot keep up
with, or Kafka does not take, is counted and forgotten.  What waits is bounded in number and bytes.
"""

from __future__ import annotations

import datetime as dt
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

from api.errors import Rejection
from api.rejections.record import Hints, Rejected, Sampler, key_and_value, rejected

_log = logging.getLogger(__name__)

_WAITING = 1_000
_WAITING_BYTES = 16_777_216
"""What the bodies that wait may hold together; what comes beyond is told without its body."""

_PAUSE_SECONDS = 0.1
_FLUSH_SECONDS = 5.0
_CLOSE_SECONDS = 2.0


class Outcome(StrEnum):
    """What became of a message (``sent``, ``lost``), or of a refused event without one of its own.

    The latter (``sampled``) is in the weight of another message.
    """

    SENT = "sent"
    SAMPLED = "sampled"
    LOST = "lost"


class Sink(Protocol):
    """Takes messages to the topic. Used by one thread at a time."""

    def put(self, key: bytes | None, value: bytes, done: Callable[[bool], None]) -> None:
        """Never waits. ``done`` is told once whether Kafka has it, perhaps before this returns."""
        ...

    def serve(self) -> None:
        """Lets reports of what was put come in; never waits."""
        ...

    def close(self, timeout_seconds: float) -> None:
        """Waits for reports of what was put, then gives the rest up, reporting that as well."""
        ...


class RejectionSender:
    """Keeps a bounded number of refused events. :meth:`keep` is safe to share between threads."""

    def __init__(
        self,
        sink: Sink,
        sampler: Sampler[Rejected],
        *,
        now: Callable[[], dt.datetime],
        count: Callable[[Outcome, int], None],
    ) -> None:
        """
        Args:
            sink: takes the messages; closed with this.
            sampler: chooses those that get a message of their own.
            now: aware instants.
            count: is told what became of how many refused events.
        """
        self._sink = sink
        self._sampler = sampler
        self._now = now
        self._count = count
        self._sampling = threading.Lock()
        self._waiting: queue.Queue[tuple[Rejected, int]] = queue.Queue(_WAITING)
        self._waiting_bytes = 0
        self._counting = threading.Lock()
        self._closing = threading.Event()
        self._worker = threading.Thread(target=self._run, name="rejected", daemon=True)

    def start(self) -> None:
        """Starts the thread that sends. Make it in the process that serves."""
        self._worker.start()

    def keep(
        self, rejection: Rejection, body: bytes | None, hints: Hints, *, correlation_id: str
    ) -> None:
        """See :class:`api.rejections.record.RejectionReporter`."""
        found = rejected(rejection, body, hints, time=self._now(), correlation_id=correlation_id)
        with self._sampling:
            try:
                # One that is held back is told without its body, so that little is remembered.
                weight = self._sampler.offer(found.kind, replace(found, body=None))
            except OverflowError:
                self._count(Outcome.LOST, 1)
                return
        if weight is None:
            self._count(Outcome.SAMPLED, 1)
            return
        self._hand_over(found, weight)

    def flush(self) -> None:
        """Hands over what was held back, one message for each event and code."""
        with self._sampling:
            held_back = self._sampler.drain()
        for found, weight in held_back:
            self._hand_over(found, weight)

    def work(self, wait_seconds: float = 0.0) -> None:
        """Sends what was handed over; waits for the first as long as told."""
        try:
            item = self._waiting.get(timeout=wait_seconds) if wait_seconds else self._next()
            while True:
                self._send(*item)
                item = self._next()
        except queue.Empty:
            self._sink.serve()

    def close(self) -> None:
        """Sends what is left, as far as Kafka takes it within two seconds."""
        self._closing.set()
        if self._worker.is_alive():
            self._worker.join()
        self.flush()
        self.work()
        self._sink.close(_CLOSE_SECONDS)

    def _next(self) -> tuple[Rejected, int]:
        return self._waiting.get_nowait()

    def _hand_over(self, found: Rejected, weight: int) -> None:
        if not self._has_room(found):
            found = replace(found, body=None)
        try:
            self._waiting.put_nowait((found, weight))
        except queue.Full:
            self._let_go(found)
            self._count(Outcome.LOST, 1)

    def _has_room(self, found: Rejected) -> bool:
        """Whether its body may wait; then it is counted until it is let go."""
        size = len(found.body or b"")
        with self._counting:
            if self._waiting_bytes + size > _WAITING_BYTES:
                return False
            self._waiting_bytes += size
            return True

    def _let_go(self, found: Rejected) -> None:
        with self._counting:
            self._waiting_bytes -= len(found.body or b"")

    def _send(self, found: Rejected, weight: int) -> None:
        def done(is_taken: bool) -> None:
            self._count(Outcome.SENT if is_taken else Outcome.LOST, 1)

        self._let_go(found)
        try:
            key, value = key_and_value(found, weight)
        except Exception:  # noqa: BLE001 - the thread outlives whatever a sender thinks of
            _log.exception("a refused event could not be told")
            self._count(Outcome.LOST, 1)
            return
        self._sink.put(key, value, done)

    def _run(self) -> None:
        flush_at = time.monotonic() + _FLUSH_SECONDS
        while not self._closing.is_set():
            self.work(_PAUSE_SECONDS)
            if time.monotonic() >= flush_at:
                self.flush()
                flush_at = time.monotonic() + _FLUSH_SECONDS
