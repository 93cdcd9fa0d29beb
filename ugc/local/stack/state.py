"""The state folder: who owns it, and ``stack.json``, by which others find what runs on it.

::

    lock              held by the supervisor as long as it lives
    stack.json        the running stack; readable by its owner only, since it holds the JWT secret
                      and whatever passwords the parts were given
    jwt.secret        the key of demo tokens, made at the first start and kept
    logs/<part>.log   this run; <part>.log.1 is the run before
    <part>/           the part's data
    schema-ids/       what the parts remember of the registry
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from ugc.local.stack import proctable
from ugc.local.stack.errors import AlreadyRunningError, StateFolderError

_FILE = "stack.json"
_LOCK_FILE = "lock"
_SECRET_FILE = "jwt.secret"  # noqa: S105 - a file's name, not a secret
_SECRET_BYTES = 32

_GONE_SECONDS = 10.0
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class StackInfo:
    """A running stack.

    ``env`` is what a command needs to work on it; ``urls`` and ``pids`` are by part, a pid being
    also the number of the part's session.  ``started`` maps a pid to its start time in clock ticks
    since the boot named by ``boot``: the system gives the same pid to others later on.
    """

    supervisor: int
    env: Mapping[str, str]
    urls: Mapping[str, str]
    pids: Mapping[str, int]
    started: Mapping[str, int]
    boot: str


def running_stack(state_dir: Path) -> StackInfo | None:
    """The stack that runs on a state folder, or None.

    Raises:
        StateFolderError: ``stack.json`` is there and cannot be read.
    """
    info = read(state_dir)
    return info if info is not None and _is_ours(info.supervisor, info) else None


def claim(state_dir: Path) -> BinaryIO:
    """Makes the folder, and this process its owner until the returned file is closed.

    Raises:
        AlreadyRunningError: another stack owns it.
        StateFolderError: it cannot be made or written.
    """
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        lock = (state_dir / _LOCK_FILE).open("ab")
    except OSError as error:
        raise StateFolderError(f"{state_dir} cannot be used: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        if not isinstance(error, BlockingIOError):
            raise StateFolderError(f"{state_dir} cannot be locked: {error}") from error
        info = read(state_dir)
        owner = f" (process {info.supervisor})" if info else ""
        raise AlreadyRunningError(
            f"a stack runs on {state_dir} already{owner}; stop it, or choose another folder"
        ) from error
    return lock


def read(state_dir: Path) -> StackInfo | None:
    """What the last stack on the folder wrote, whether or not it still runs.

    Raises:
        StateFolderError: the file cannot be read.
    """
    path = state_dir / _FILE
    try:
        return StackInfo(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        advice = "delete it when no stack runs on this folder"
        raise StateFolderError(f"{path} cannot be read, {advice}: {error}") from error


def write(
    state_dir: Path, *, env: Mapping[str, str], urls: Mapping[str, str], pids: Mapping[str, int]
) -> None:
    """Says in one step that this process runs these parts.

    Raises:
        StateFolderError: the file cannot be written.
    """
    supervisor = os.getpid()
    info = StackInfo(
        supervisor=supervisor,
        env=env,
        urls=urls,
        pids=pids,
        started={
            str(pid): found.started
            for pid in (supervisor, *pids.values())
            if (found := proctable.look(pid)) is not None
        },
        boot=proctable.boot_id(),
    )
    _write_private(state_dir / _FILE, json.dumps(asdict(info), indent=2))


def clear(state_dir: Path) -> None:
    """Removes everything but the lock, which the caller holds.

    Raises:
        StateFolderError: something cannot be removed.
    """
    try:
        for path in state_dir.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != _LOCK_FILE:
                path.unlink()
    except OSError as error:
        raise StateFolderError(f"{state_dir} cannot be cleared: {error}") from error


def forget(state_dir: Path) -> None:
    """The stack has ended."""
    (state_dir / _FILE).unlink(missing_ok=True)


def stop_orphans(state_dir: Path) -> tuple[str, ...]:
    """Kills what a supervisor that was killed has left running.

    Only what the process table proves to be ours; without such a table, nothing.

    Returns:
        The names of the parts that were left.

    Raises:
        StateFolderError: ``stack.json`` cannot be read, or something does not go away.
    """
    info = read(state_dir)
    if info is None:
        return ()
    left = {name: _left_of(pid, info) for name, pid in info.pids.items()}
    found = [pid for pids in left.values() for pid in pids]
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _wait_until_gone(found)
    forget(state_dir)
    return tuple(name for name, pids in left.items() if pids)


def jwt_secret(state_dir: Path) -> str:
    """The stack's key for demo tokens, made at the first start and kept."""
    path = state_dir / _SECRET_FILE
    if not path.exists():
        _write_private(path, secrets.token_hex(_SECRET_BYTES))
    return path.read_text(encoding="utf-8")


def _write_private(path: Path, text: str) -> None:
    """Replaces a file in one step; nobody else may read it at any moment."""
    draft = path.with_name(f"{path.name}.draft")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        raise StateFolderError(f"{path} cannot be written: {error}") from error


def _is_ours(pid: int, info: StackInfo) -> bool:
    """Whether the process that ``info`` is about still runs under its pid."""
    if not proctable.is_available():
        return _exists(pid)
    return proctable.is_running(pid) and not _belongs_to_another(pid, info)


def _belongs_to_another(pid: int, info: StackInfo) -> bool:
    found = proctable.look(pid)
    reused = found is not None and found.started != info.started.get(str(pid))
    return reused or info.boot != proctable.boot_id()


def _left_of(leader: int, info: StackInfo) -> list[int]:
    """Every process of a part's session, also when its leader has ended.

    As long as one of them lives the system gives the leader's number to nobody else; so when
    nobody has it, whoever is in that session belongs to it.
    """
    if _belongs_to_another(leader, info):
        return []
    earliest = info.started.get(str(leader), 0)
    return [found.pid for found in proctable.session(leader) if found.started >= earliest]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _wait_until_gone(pids: Iterable[int]) -> None:
    deadline = time.monotonic() + _GONE_SECONDS
    for pid in pids:
        while proctable.is_running(pid):
            if time.monotonic() > deadline:
                raise StateFolderError(f"process {pid} of a killed stack does not end")
            time.sleep(_PAUSE_SECONDS)
