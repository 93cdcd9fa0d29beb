"""Finds processes that were started for a folder."""

from __future__ import annotations

import contextlib
from pathlib import Path


def running_below(folder: Path) -> list[str]:
    """Command lines and environments that name ``folder``; empty when nothing is left of it."""
    wanted = str(folder).encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            if wanted in command or wanted in (entry / "environ").read_bytes():
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found
