"""Who owns which folder of the spool: one lock file each, held for as long as the process lives."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from api.publish.spool.log import SEGMENTS

_MOST_SLOTS = 10_000


@dataclass(frozen=True, slots=True)
class Slot:
    """A folder that this process owns until :meth:`release` or its end, however it ends."""

    folder: Path
    _lock: int

    def release(self) -> None:
        """Leaves the folder to the next worker. The lock file stays: its inode is the lock."""
        os.close(self._lock)


def take(root: Path) -> Slot:
    """The first folder that no living process owns; a new one if there is none.

    Raises:
        OSError: the folder cannot be used.
    """
    root.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MOST_SLOTS):
        folder = root / f"worker-{number:04}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if (slot := _try_take(folder)) is not None:
            return slot
    raise OSError(f"{root} holds {_MOST_SLOTS} folders and all are in use")


def take_abandoned(root: Path) -> Iterator[Slot]:
    """Every folder that holds segments and that no living process owns. Release each."""
    for folder in sorted(root.glob("worker-*")):
        if any(folder.glob(SEGMENTS)) and (slot := _try_take(folder)) is not None:
            yield slot


def in_use(root: Path) -> bool:
    """Whether anything waits in the folder, or a living process owns a part of it."""
    for folder in root.glob("worker-*"):
        if any(folder.glob(SEGMENTS)) or (slot := _try_take(folder)) is None:
            return True
        slot.release()
    return False


def _try_take(folder: Path) -> Slot | None:
    """The folder, unless a living process owns it; this process counts as another, too."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    with suppress(OSError):  # only for whoever looks into the folder; the disk may be full
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    return Slot(folder, descriptor)
