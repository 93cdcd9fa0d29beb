"""What one event may cost: references and unions can make much of a short text. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ugc.importing.errors import TooLargeError, TooSlowError

Clock = Callable[[], float]

_STEPS_FOR_A_FIELD = 25
"""This many schemas and listed values are looked at for each field that is allowed."""

DEEPEST = 50
"""This many schemas, one inside the other, are followed; readers of Avro recurse too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one event and, in ``plan_bytes``, of one file.

    ``seconds`` are of this thread's processor time: the other bounds stop what grows before that,
    on most machines.
    """

    fields: int = 2000
    contract_bytes: int = 1024 * 1024
    plan_bytes: int = 16 * 1024 * 1024
    seconds: float = 60.0


DEFAULT_LIMITS = Limits()


class Budget:
    """What is left of the limits while one event is read."""

    def __init__(self, limits: Limits, *, clock: Clock = time.thread_time) -> None:
        """``clock`` gives seconds; the event has what it shows now and ``limits.seconds`` more."""
        self._limits = limits
        self._clock = clock
        self._until = clock() + limits.seconds
        self._refill()

    def again(self) -> None:
        """The same event is read once more, in what is left of its time."""
        self._refill()

    def _refill(self) -> None:
        limits = self._limits
        self._fields = limits.fields
        self._steps = limits.fields * _STEPS_FOR_A_FIELD
        self._bytes = limits.contract_bytes

    def field(self) -> None:
        """One field more.

        Raises:
            TooLargeError: it is one too many.
        """
        self._fields -= 1
        if self._fields < 0:
            raise TooLargeError(f"it unfolds into more than {self._limits.fields} fields")

    def step(self, count: int = 1) -> None:
        """Work that grows with the schema.

        Raises:
            TooLargeError: references, unions or lists have made too much of it.
            TooSlowError: the time is over.
        """
        self._steps -= count
        if self._clock() > self._until:
            raise TooSlowError(f"it takes longer than {self._limits.seconds:g} seconds")
        if self._steps < 0:
            most = self._limits.fields * _STEPS_FOR_A_FIELD
            raise TooLargeError(f"it unfolds into more than {most} schemas and listed values")

    def text(self, length: int) -> None:
        """Text that goes into the contract.

        Raises:
            TooLargeError: the contract would be too long.
        """
        self._bytes -= length
        if self._bytes < 0:
            kib = self._limits.contract_bytes // 1024
            raise TooLargeError(f"its contract would have more than {kib} KiB")
