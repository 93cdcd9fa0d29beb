"""What one event may cost: references and unions can make much of a short text. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ugc.importing.errors import TooLargeError

_STEPS_FOR_A_FIELD = 25
"""This many schemas and listed values are looked at for each field that is allowed."""

DEEPEST = 50
"""This many schemas, one inside the other, are followed; readers of Avro recurse too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one event (``fields``, ``contract_bytes``) and of one file (``plan_bytes``)."""

    fields: int = 2000
    contract_bytes: int = 1024 * 1024
    plan_bytes: int = 16 * 1024 * 1024


DEFAULT_LIMITS = Limits()


class Budget:
    """What is left of the limits while one event is read. Counts work and size, never time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
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
        """
        self._steps -= count
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
