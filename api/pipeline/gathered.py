"""Ids looked up and remembered for an event loop: what comes during one call goes with the next.

A call to Redis costs some 100 µs of processor, for one id as for fifty; senders give nearly every
event an id.  One thread makes the calls, so that no event holds a thread while it waits.
"""

from __future__ import annotations

import logging
import queue
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from api.errors import CacheUnavailableError
from api.pipeline.seen import Seen, SeenEvents

_log = logging.getLogger(__name__)

_MOST_IN_A_CALL = 256


@dataclass(frozen=True, slots=True)
class _Find:
    event_id: uuid.UUID
    done: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class _Remember:
    event_id: uuid.UUID
    seen: Seen
    done: Callable[[bool], None]


class GatheredSeen:
    """Events seen lately, asked for without waiting. Its thread starts with the first question.

    Without an answer in time an event counts as not seen, and is not remembered.
    """

    def __init__(self, seen: SeenEvents) -> None:
        self._seen = seen
        self._asked: queue.SimpleQueue[_Find | _Remember | None] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def find_soon(self, event_id: uuid.UUID, done: Callable[[bool], None]) -> bool:
        """Tells ``done`` once, from another thread, whether an id is known; it must not raise."""
        self._ask(_Find(event_id, done))
        return True

    def remember_soon(self, event_id: uuid.UUID, seen: Seen, done: Callable[[bool], None]) -> bool:
        """Keeps an event that is safe; tells ``done`` the same way, when that is tried."""
        self._ask(_Remember(event_id, seen, done))
        return True

    def close(self) -> None:
        """Returns when everything that was asked before is told."""
        if self._thread is not None:
            self._asked.put(None)
            self._thread.join()

    def _ask(self, question: _Find | _Remember) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="seen", daemon=True)
                    self._thread.start()
        self._asked.put(question)

    def _run(self) -> None:
        while (first := self._asked.get()) is not None:
            together = [first]
            is_last = False
            while len(together) < _MOST_IN_A_CALL and not self._asked.empty():
                following = self._asked.get()
                if following is None:
                    is_last = True
                    break
                together.append(following)
            self._call(together)
            if is_last:
                return

    def _call(self, together: list[_Find | _Remember]) -> None:
        stored = [each for each in together if isinstance(each, _Remember)]
        asked = [each for each in together if isinstance(each, _Find)]
        known: set[uuid.UUID] = set()
        try:
            if stored:
                self._seen.remember({each.event_id: each.seen for each in stored})
            if asked:
                known.update(self._seen.find(list({each.event_id for each in asked})))
        except CacheUnavailableError as error:
            _log.debug("seen events: %s", error)
        except Exception:  # noqa: BLE001 - those that wait are told, and the next are asked for
            _log.exception("seen events cannot be asked for")
        for each in stored:
            each.done(True)
        for question in asked:
            question.done(question.event_id in known)
