"""The topic of rejections in a list."""

from __future__ import annotations

from collections.abc import Callable


class InMemorySink:
    """A topic in a list. While ``available`` is false nothing is taken."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes | None, bytes]] = []
        self.available = True

    def put(self, key: bytes | None, value: bytes, done: Callable[[bool], None]) -> None:
        if self.available:
            self.taken.append((key, value))
        done(self.available)

    def serve(self) -> None:
        return None

    def close(self, timeout_seconds: float) -> None:
        return None
