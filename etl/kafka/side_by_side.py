"""What was fetched of several partitions, handed on side by side in time. Pure.

A broker sends much of one partition before it sends anything of the next.  Read as it comes, each
producer's number is a gap in the ledger, and each half of a session waits in the store for the
other, where a chunk of all partitions from one stretch of time has few of both: by turns over six
partitions 97 % of the pairs were apart, and Redis took 28 µs for a message instead of 10
(``python -m bench.loader_between``).  So what is ahead of the other partitions is held back, and
who reads stops asking for more of it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection
from itertools import accumulate, chain, groupby

from etl.source import MessageColumns


class _Lane:
    """What came of one partition; ``times`` never go back, as those of messages may."""

    __slots__ = ("messages", "times")

    def __init__(self, topic: str) -> None:
        self.messages = MessageColumns(topic)
        self.times: list[int] = []

    def add(self, further: MessageColumns) -> None:
        latest = self.times[-1] if self.times else 0
        times = accumulate(further.timestamps_ms, max, initial=latest)
        next(times)
        self.times += times
        self.messages.join(further)

    def take(self, count: int) -> MessageColumns:
        taken, self.messages = self.messages[:count], self.messages[count:]
        del self.times[:count]
        return taken


class SideBySide:
    """Messages that came and were not handed on; each partition's stay in their order."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._lanes: dict[int, _Lane] = {}
        self._count = 0
        self.size_bytes = 0
        """Of the values."""

    def __len__(self) -> int:
        return self._count

    def __contains__(self, partition: int) -> bool:
        """Whether something of a partition is left."""
        return partition in self._lanes

    def add(self, messages: MessageColumns) -> None:
        """Adds what came."""
        first = 0
        for partition, alike in groupby(messages.partitions):
            stop = first + sum(1 for _ in alike)
            lane = self._lanes.get(partition)
            if lane is None:
                lane = self._lanes[partition] = _Lane(self._topic)
            lane.add(messages if stop - first == len(messages) else messages[first:stop])
            first = stop
        self._count += len(messages)
        self.size_bytes += _bytes(messages)

    def has_side_by_side(self, count: int, awaited: Collection[int]) -> bool:
        """Whether so many are there beside which nothing more can come.

        Args:
            count: of messages.
            awaited: partitions of which more will come, in the order of their times.
        """
        if self._count < count:
            return False
        until = self._until(awaited)
        return sum(bisect_right(lane.times, until) for lane in self._lanes.values()) >= count

    def ahead(self, awaited: Collection[int], count: int) -> set[int]:
        """Partitions with more than so many messages for which others have to be awaited."""
        if self._count <= count:
            return set()
        until = self._until(awaited)
        return {
            partition
            for partition, lane in self._lanes.items()
            if len(lane.times) - bisect_right(lane.times, until) > count
        }

    def _until(self, awaited: Collection[int]) -> float:
        """The time up to which nothing more comes."""
        lanes = self._lanes
        return min((lanes[p].times[-1] if p in lanes else -1 for p in awaited), default=math.inf)

    def take(self, most: int) -> MessageColumns:
        """Up to so many, the oldest first; by partition, each in its order."""
        taken = MessageColumns(self._topic)
        for partition, count in self._counts(most).items():
            lane = self._lanes[partition]
            if count == len(lane.messages):
                del self._lanes[partition]
                taken.join(lane.messages)
            elif count:
                taken.join(lane.take(count))
        self._count -= len(taken)
        self.size_bytes -= _bytes(taken)
        return taken

    def _counts(self, most: int) -> dict[int, int]:
        """How many of each partition."""
        lanes = self._lanes
        if self._count <= most:
            return {partition: len(lane.times) for partition, lane in lanes.items()}
        until = sorted(chain.from_iterable(lane.times for lane in lanes.values()))[most]
        counts = {partition: bisect_left(lane.times, until) for partition, lane in lanes.items()}
        room = most - sum(counts.values())
        for partition, lane in lanes.items():
            further = min(room, bisect_right(lane.times, until) - counts[partition])
            counts[partition] += further
            room -= further
        return counts


def _bytes(messages: MessageColumns) -> int:
    return sum(map(len, filter(None, messages.values)))
