"""When each contract version came into being, as git knows it."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ugc.catalog.about import Key

_VERSION = re.compile(r"events/([a-z][a-z0-9_]*)/v([1-9][0-9]*)\.json")
_COMMIT = "commit "
_SECONDS = 20.0


def dates_of(folder: Path) -> Mapping[Key, dt.datetime]:
    """Event and version → the time (UTC) of the commit that first had its file.

    Empty where no git is installed, the folder is in no repository, or the clone is shallow, whose
    oldest commit seems to have made everything.  Files that are not committed have no date.
    """
    if _git(folder, "rev-parse", "--is-shallow-repository").strip() != "false":
        return {}
    listing = _git(
        folder,
        "log",
        "--diff-filter=A",
        "--no-renames",
        "--relative",
        f"--format={_COMMIT}%ct",
        "--name-only",
        "--",
        "events",
    )
    found: dict[Key, dt.datetime] = {}
    at = dt.datetime.fromtimestamp(0, dt.UTC)
    for line in listing.splitlines():
        if line.startswith(_COMMIT):
            at = dt.datetime.fromtimestamp(int(line.removeprefix(_COMMIT)), dt.UTC)
        elif version := _VERSION.fullmatch(line):
            # Newest first: the last one told is the oldest.
            found[version[1], int(version[2])] = at
    return found


def _git(folder: Path, *arguments: str) -> str:
    """What git says; nothing where it cannot say anything."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git that the person uses
            check=True,
            capture_output=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")
