"""Looks after a running stack: parts that die are started again."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from ugc.local.stack.config import PartName
from ugc.local.stack.errors import PartFailedError
from ugc.local.stack.parts import PART
from ugc.local.stack.process import last_lines
from ugc.local.stack.restarts import RestartPolicy, Restarts
from ugc.local.stack.supervisor import Say, Stack

_PAUSE_SECONDS = 0.1


class Watch:
    """Starts dead parts again, not too often."""

    def __init__(self, stack: Stack, policy: RestartPolicy, say: Say) -> None:
        self._stack = stack
        self._say = say
        self._restarts: dict[PartName, Restarts] = defaultdict(lambda: Restarts(policy))
        self._due: dict[PartName, float] = {}

    def until(self, stopped: Callable[[], bool]) -> None:
        """Returns as soon as ``stopped`` is true.

        Raises:
            PartFailedError: a part dies too often, or Kafka did, whose memory is gone with it.
            StoppedError: the stack was asked to stop while a part was being started again.
        """
        while not stopped():
            self._look(time.monotonic())
            time.sleep(_PAUSE_SECONDS)

    def _look(self, now: float) -> None:
        for name in self._stack.dead_parts():
            if name not in self._due:
                self._mourn(name, now)
        for name in [name for name, due in self._due.items() if due <= now]:
            del self._due[name]
            self._start_again(name)

    def _mourn(self, name: PartName, now: float) -> None:
        self._say(f"{name} has ended; its log ends with:\n{last_lines(self._stack.log(name))}")
        if not PART[name].remembers:
            raise PartFailedError(
                f"{name} has ended and with it all that it kept in memory; start the stack anew"
            )
        self._plan(name, now)

    def _plan(self, name: PartName, now: float) -> None:
        pause = self._restarts[name].next_pause(now)
        if pause is None:
            raise PartFailedError(f"{name} ends too often; see {self._stack.log(name)}")
        self._due[name] = now + pause

    def _start_again(self, name: PartName) -> None:
        try:
            self._stack.start_part(name)
        except PartFailedError as error:
            self._say(str(error))
            self._stack.kill_part(name)
            self._plan(name, time.monotonic())
        else:
            self._say(f"{name} runs again")
