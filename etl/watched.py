"""A source that tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from etl.source import Assignment, Chunk, Source


def watched(source: Source, progress: Callable[[int], object]) -> Source:
    """The same source; ``progress`` gets the number of messages read so far, at every chunk."""
    return _Watched(source, progress)


@dataclass(slots=True)
class _Watched:
    source: Source
    progress: Callable[[int], object]
    messages: int = 0

    def assign(self) -> Assignment:
        return self.source.assign()

    def rewind(self, starts: Mapping[int, int]) -> None:
        self.source.rewind(starts)

    def offsets_at(self, partitions: Collection[int], timestamp_ms: int) -> Mapping[int, int]:
        return self.source.offsets_at(partitions, timestamp_ms)

    def read(self, max_messages: int) -> Chunk | None:
        chunk = self.source.read(max_messages)
        if chunk is not None:
            self._count(chunk)
        return chunk

    def read_on(self, max_messages: int, seconds: float, should_stop: Callable[[], bool]) -> Chunk:
        chunk = self.source.read_on(max_messages, seconds, should_stop)
        self._count(chunk)
        return chunk

    def commit(self, positions: Mapping[int, int], metadata: str) -> None:
        self.source.commit(positions, metadata)

    def lag(self) -> Mapping[int, int]:
        return self.source.lag()

    def close(self) -> None:
        self.source.close()

    def _count(self, chunk: Chunk) -> None:
        self.messages += len(chunk.messages)
        self.progress(self.messages)
