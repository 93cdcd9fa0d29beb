"""Events on disk until the API has answered for them, so that they outlive the process.

::

    <folder>/<random>.spool     one for each process, locked by it as long as it lives (flock)
    {"id": …, "event": …, "body": …, "token": …}    an event
    -<id> <id> …                                    settled: accepted or rejected

A line is with the system before ``track`` returns: a killed process loses nothing, a machine that
loses power may.  Whoever starts takes over the files that nobody holds.  Should it be killed while
it does so, an event is in two files, and is sent twice under one ``event_id``, which is one row.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger(__name__)

_REWRITTEN_FROM_BYTES = 4 * 2**20
_SETTLED = b"-"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event that waits. ``body`` are the members of its JSON object but the token.

    ``asks`` for a token when it is sent, instead of having one.  ``was_refused`` with one before.
    """

    event_id: str
    event: str
    body: str
    token: str | None = None
    asks: bool = False
    was_refused: bool = False

    @property
    def size_bytes(self) -> int:
        """About what it takes in a request."""
        return len(self.body) + len(self.token or "") + 32

    def line(self) -> bytes:
        """It on disk."""
        told = {"id": self.event_id, "event": self.event, "body": self.body}
        if not self.asks:
            told["token"] = self.token or ""
        return json.dumps(told).encode() + b"\n"


class Spool:
    """This process's file. Not for several threads at a time."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder and the file.

        Raises:
            OSError: it cannot.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._path, self._file = _new_file(folder)
        self._size = 0
        self._is_torn = False

    def take_over(self) -> list[Entry]:
        """The events of processes that are gone; they are in this file when it returns."""
        found: dict[str, Entry] = {}
        for path in sorted(self._folder.glob("*.spool")):
            if path != self._path and (file := _claimed(path)) is not None:
                try:
                    left = {entry.event_id: entry for entry in _read(path)}
                    self.add([entry for key, entry in left.items() if key not in found])
                    found |= left
                    path.unlink()
                finally:
                    os.close(file)
        return list(found.values())

    def add(self, entries: Iterable[Entry]) -> None:
        """Writes events.

        Raises:
            OSError: the disk takes them not, or not all.
        """
        self._write(b"".join(entry.line() for entry in entries))

    def settle(self, settled: Sequence[str], left: Iterable[Entry], left_bytes: int) -> None:
        """Says that these ids are done; ``left`` is what waits now, of about so many bytes.

        Raises:
            OSError: the disk does not take it. They may be sent again after a restart.
        """
        if left_bytes == 0:
            os.ftruncate(self._file, 0)
            self._size, self._is_torn = 0, False
            return
        self._write(_SETTLED + " ".join(settled).encode() + b"\n")
        if self._size > _REWRITTEN_FROM_BYTES and self._size > 2 * left_bytes:
            self._rewrite(left)

    def close(self, *, is_empty: bool) -> None:
        """Gives the file up: it goes if nothing waits, else it is there for whoever comes next."""
        if is_empty:
            with suppress(OSError):
                self._path.unlink()
        os.close(self._file)

    def leave(self) -> None:
        """In a forked child: the file is the parent's, and stays locked by it."""
        os.close(self._file)

    def _rewrite(self, left: Iterable[Entry]) -> None:
        before, before_file = self._path, self._file
        self._path, self._file = _new_file(self._folder)
        self._size = 0
        try:
            self.add(left)
        except OSError:
            self._path.unlink()
            os.close(self._file)
            self._path, self._file = before, before_file
            raise
        before.unlink()
        os.close(before_file)

    def _write(self, data: bytes) -> None:
        if self._is_torn:
            data = b"\n" + data
        written = 0
        try:
            while written < len(data):
                self._is_torn = True
                written += os.write(self._file, data[written:])
        finally:
            self._size += written
        self._is_torn = False


def _new_file(folder: Path) -> tuple[Path, int]:
    while True:
        path = folder / f"{uuid.uuid4().hex}.spool"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        if _lock(file) and _is_at(path, file):
            return path, file
        os.close(file)  # somebody took it over between the two steps


def _claimed(path: Path) -> int | None:
    """The file, locked; None when a process has it, or had it and is done."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    if _lock(file) and _is_at(path, file):
        return file
    os.close(file)
    return None


def _lock(file: int) -> bool:
    try:
        import fcntl
    except ImportError as error:
        raise OSError("a spool needs POSIX file locks, which this system does not have") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _read(path: Path) -> Iterator[Entry]:
    found: dict[str, Entry] = {}
    torn = 0
    for line in path.read_bytes().split(b"\n"):
        if line.startswith(_SETTLED):
            for settled in line[1:].decode("ascii", "replace").split():
                found.pop(settled, None)
        elif line:
            try:
                told = json.loads(line)
                entry = Entry(
                    told["id"],
                    told["event"],
                    told["body"],
                    told.get("token") or None,
                    asks="token" not in told,
                )
            except (ValueError, KeyError, TypeError):
                torn += 1
            else:
                found[entry.event_id] = entry
    if torn:
        _log.warning("%s: %d lines were cut off and are left out", path, torn)
    yield from found.values()
