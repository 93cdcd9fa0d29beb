"""How often a part that dies is started again. Pure: time is passed in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """At most ``most`` restarts within ``window_seconds``, each after a longer pause."""

    most: int = 5
    window_seconds: float = 120.0
    first_pause_seconds: float = 0.25
    longest_pause_seconds: float = 8.0


class Restarts:
    """The restarts of one part."""

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._lately: deque[float] = deque()

    def next_pause(self, now: float) -> float | None:
        """Counts a restart.

        Args:
            now: seconds of a clock that only goes forward.

        Returns:
            The seconds to wait before it; None when there were too many lately.
        """
        while self._lately and now - self._lately[0] >= self._policy.window_seconds:
            self._lately.popleft()
        count = len(self._lately)
        if count >= self._policy.most:
            return None
        self._lately.append(now)
        pause = self._policy.first_pause_seconds * 2.0**count
        return min(pause, self._policy.longest_pause_seconds)
