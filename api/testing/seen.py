"""Events seen, within this process."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from api.errors import CacheUnavailableError
from api.pipeline.seen import Seen


class InMemorySeenEvents:
    """Events within this process, for tests. While ``available`` is false nothing is answered."""

    def __init__(self) -> None:
        self.kept: dict[uuid.UUID, Seen] = {}
        self.available = True

    def find(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Seen]:
        self._check()
        return {event_id: self.kept[event_id] for event_id in ids if event_id in self.kept}

    def remember(self, seen: Mapping[uuid.UUID, Seen]) -> None:
        self._check()
        self.kept.update(seen)

    def find_soon(self, event_id: uuid.UUID, done: Callable[[bool], None]) -> bool:
        done(self.available and event_id in self.kept)
        return True

    def remember_soon(self, event_id: uuid.UUID, seen: Seen) -> None:
        with suppress(CacheUnavailableError):
            self.remember({event_id: seen})

    def _check(self) -> None:
        if not self.available:
            raise CacheUnavailableError("not there")
