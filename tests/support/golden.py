"""What is generated and committed, held against what the code makes of it.

A test that takes the fixture ``golden`` bears the mark ``generated``; ``make generate`` runs just
those, with ``UPDATE_GOLDEN=1``, and they write the files instead.  What a change does to them then
shows in version control.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

FIXTURE = "golden"
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "golden"
COMMAND = "make generate"

_SHOWN_LINES = 40


@dataclass(frozen=True, slots=True)
class Golden:
    """Holds generated files; ``writes`` says that it makes them right instead of failing."""

    root: Path = ROOT
    writes: bool = False

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Golden:
        return cls(writes=env.get("UPDATE_GOLDEN") == "1")

    def __call__(self, name: str, text: str) -> None:
        """The golden file ``name`` (below ``tests/golden``) holds ``text``."""
        self.file(f"tests/golden/{name}", text)

    def file(self, where: str, text: str) -> None:
        """The generated file ``where`` (from the project's folder on) holds ``text``."""
        path = self.root / where
        found = path.read_text(encoding="utf-8") if path.is_file() else ""
        if found == text:
            return
        if not self.writes:
            raise AssertionError(f"{where} is stale; run: {COMMAND}\n{_difference(found, text)}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def nothing_but(self, folder: str, names: Iterable[str]) -> None:
        """Below ``tests/golden`` the folder holds no other files than ``names``."""
        there = self.root / "tests/golden"
        wanted = {there / name for name in names}
        orphans = sorted({p for p in (there / folder).rglob("*") if p.is_file()} - wanted)
        if orphans and not self.writes:
            names = ", ".join(str(path.relative_to(self.root)) for path in orphans)
            raise AssertionError(f"nothing makes {names} any more; run: {COMMAND}")
        for path in orphans:
            path.unlink()


def _difference(found: str, wanted: str) -> str:
    lines = list(
        difflib.unified_diff(found.splitlines(), wanted.splitlines(), "committed", "made", n=1)
    )
    cut = [f"… and {len(lines) - _SHOWN_LINES} lines more"] if len(lines) > _SHOWN_LINES else []
    return "\n".join(line.rstrip("\n") for line in [*lines[:_SHOWN_LINES], *cut])
