"""Events seen, within this process."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

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

    def _check(self) -> None:
        if not self.available:
            raise CacheUnavailableError("not there")
