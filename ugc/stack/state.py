"""``stack.json``: what runs on a state folder, for other terminals and for the next start."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ugc.stack.process import kill_group

_FILE = "stack.json"
_SECRET_FILE = "jwt.secret"  # noqa: S105 - a file's name, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class StackInfo:
    """A running stack. ``env`` is what its parts were told; ``pids`` are their group leaders.

    ``started`` maps a pid to its start time in clock ticks, so that a pid that the system has
    given to another process since is not taken for ours.
    """

    supervisor: int
    env: Mapping[str, str]
    urls: Mapping[str, str]
    pids: Mapping[str, int]
    started: Mapping[str, int]


def running_stack(state_dir: Path) -> StackInfo | None:
    """The stack that runs on a state folder, or None."""
    info = read(state_dir)
    return info if info is not None and _is_ours(info.supervisor, info.started) else None


def read(state_dir: Path) -> StackInfo | None:
    """What the last stack on the folder wrote, whether or not it still runs."""
    try:
        return StackInfo(**json.loads((state_dir / _FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def write(state_dir: Path, info: StackInfo) -> None:
    """Replaces the file in one step; only the owner may read it, since it holds the JWT secret."""
    draft = state_dir / f"{_FILE}.{os.getpid()}"
    _write_private(draft, json.dumps(asdict(info), indent=2))
    draft.replace(state_dir / _FILE)


def forget(state_dir: Path) -> None:
    """The stack has ended."""
    (state_dir / _FILE).unlink(missing_ok=True)


def stop_orphans(state_dir: Path) -> tuple[str, ...]:
    """Kills what a supervisor that was killed has left running, and returns the parts' names."""
    info = read(state_dir)
    if info is None:
        return ()
    left = {name: pid for name, pid in info.pids.items() if _is_ours(pid, info.started)}
    for pid in left.values():
        kill_group(pid)
    forget(state_dir)
    return tuple(left)


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return 0
    # Field 22; the second field is the program's name in parentheses and may hold anything.
    return int(text.rpartition(")")[2].split()[19])


def jwt_secret(state_dir: Path) -> str:
    """The stack's secret for demo tokens, made at the first start and kept."""
    path = state_dir / _SECRET_FILE
    if not path.exists():
        _write_private(path, secrets.token_hex(32))
    return path.read_text(encoding="utf-8")


def _is_ours(pid: int, started: Mapping[str, int]) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return start_time(pid) == started.get(str(pid))


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
