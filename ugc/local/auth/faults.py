"""The ways in which the stand-in misbehaves on request."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum

DEFAULT_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0


class FaultMode(StrEnum):
    """What ``verify`` does instead of its work, or before it."""

    OK = "ok"
    SLOW = "slow"
    ERROR = "error"
    MALFORMED = "malformed"
    WRONG_USER = "wrong_user"


@dataclass(frozen=True, slots=True)
class Fault:
    """A mode, and the delay of the slow one."""

    mode: FaultMode = FaultMode.OK
    delay_seconds: float = DEFAULT_DELAY_SECONDS


class FaultSwitch:
    """The fault of the moment, shared by all requests."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._replaced = threading.Event()

    def set(self, fault: Fault) -> None:
        """Changes the fault and lets go of the requests that the last one holds back."""
        ended, self._replaced = self._replaced, threading.Event()
        self._fault = fault
        ended.set()

    def enter(self) -> FaultMode:
        """The mode that a request has to follow; a slow one has been waited for by then."""
        fault, replaced = self._fault, self._replaced
        if fault.mode is FaultMode.SLOW:
            replaced.wait(fault.delay_seconds)
        return fault.mode
