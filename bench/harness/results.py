"""What a run measured, as a file under ``bench/results/``. Files of older runs stay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parents[1] / "results"

Sample = Mapping[str, float]
"""Metric (see :mod:`bench.harness.figures`) → value in one round."""

Role = Literal["ours", "baseline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that was measured, round by round."""

    name: str
    title: str
    role: Role
    against: tuple[str, ...]
    """Names of the cases that it is held against."""
    samples: tuple[Sample, ...]
    answers: Mapping[str, int] = field(default_factory=dict)
    """HTTP status, or what happened instead of an answer → how often, in all rounds."""

    @property
    def group(self) -> str:
        """``api``, ``loader`` or ``contracts``."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One run."""

    taken: str
    """Its beginning, ``YYYY-MM-DDTHH:MM:SSZ``."""
    commit: str
    is_quick: bool
    notes: tuple[str, ...]
    """What a reader has to know of it, such as that the machine was busy."""
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    cases: tuple[Case, ...]

    def case(self, name: str) -> Case | None:
        return next((case for case in self.cases if case.name == name), None)

    @property
    def file_name(self) -> str:
        """Sorts by time, then tells the commit."""
        stamp = self.taken.replace(":", "")
        return f"{stamp}-{self.commit[:9]}.json"


def save(results: Results, folder: Path = FOLDER) -> Path:
    """Writes the file of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / results.file_name
    path.write_text(json.dumps(asdict(results), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def load(path: Path) -> Results:
    """Reads the file of a run."""
    return parse(path.read_text("utf-8"))


def parse(text: str) -> Results:
    """The run that a file's text tells of."""
    found: dict[str, Any] = json.loads(text)
    cases = tuple(
        Case(**{**case, "against": tuple(case["against"]), "samples": tuple(case["samples"])})
        for case in found.pop("cases")
    )
    return Results(**{**found, "notes": tuple(found["notes"]), "cases": cases})


def all_runs(folder: Path = FOLDER) -> list[Results]:
    """Every run that has a file, oldest first."""
    return sorted((load(path) for path in folder.glob("*.json")), key=lambda each: each.taken)
