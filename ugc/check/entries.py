"""What the check says, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ugc.compatibility.findings import Finding, Report


class Level(StrEnum):
    """An error fails the check; a warning is advice, a note says what was found harmless."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Part(StrEnum):
    """What was asked: the rules of one file, the change, the lock, what is made of contracts."""

    LINT = "lint"
    CHANGE = "change"
    LOCK = "lock"
    GENERATED = "generated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One mistake, or one thing that was found harmless.

    ``path`` is seen from the working directory, ``line`` counts from 1 in it; ``pointer`` (RFC
    6901) leads to the place in the JSON file. ``effects`` are what a change means to each target:
    one entry has those of all of them. ``way_out`` names the command that does it, where one does.
    """

    part: Part
    level: Level
    code: str
    path: str
    line: int
    message: str
    pointer: str = ""
    contract: str = ""
    effects: tuple[Finding, ...] = ()
    way_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All entries, the worst first. ``against`` is what was compared with, as it was given."""

    entries: tuple[Entry, ...]
    report: Report
    against: str

    @property
    def is_ok(self) -> bool:
        """Whether nothing fails the check."""
        return not self.errors

    @property
    def errors(self) -> tuple[Entry, ...]:
        """What fails the check."""
        return tuple(entry for entry in self.entries if entry.level is Level.ERROR)
