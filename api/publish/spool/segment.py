"""One file of the spool: how far it is written, synced, read and done with."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from api.publish.delivery import Sent
from api.publish.spool.frames import HEADER_BYTES

SUFFIX = ".spool"
DAMAGED_SUFFIX = ".damaged"


@dataclass(slots=True, kw_only=True)
class Segment:
    """Mutable; the log that owns it guards it. Positions are bytes from the file's beginning.

    ``read <= synced <= written``.  What stands between ``synced`` and ``written`` has not been
    answered for yet.
    """

    path: Path
    descriptor: int
    salt: bytes | None
    written: int
    synced: int
    oldest_ms: int
    """When its first record was put aside; for a segment found on the disk, its last change."""
    sealed: bool = False
    """Nothing is written to it any more."""
    read: int = HEADER_BYTES
    under_way: int = 0
    """Records that were handed out, and of which nobody has said yet that Kafka has them."""
    damaged: bool = False
    sent: dict[int, Sent] = field(default_factory=dict)
    """By position of the frame: what is still to be heard of the same record from Kafka."""

    @property
    def is_read(self) -> bool:
        """Whether every record was handed out. Looked at from the left: see ``Log.is_read``."""
        return self.read >= self.synced == self.written

    @property
    def is_finished(self) -> bool:
        """Whether Kafka has everything in it."""
        return self.is_read and self.under_way == 0


def number_of(path: Path) -> int:
    """The number in a segment's name."""
    return int(path.name.split(".")[0])


def path_of(folder: Path, number: int) -> Path:
    """The file of a segment."""
    return folder / f"{number:010}{SUFFIX}"


def found(path: Path) -> Segment:
    """A segment that an earlier worker left behind."""
    descriptor = os.open(path, os.O_RDONLY)
    about = os.fstat(descriptor)
    return Segment(
        path=path,
        descriptor=descriptor,
        salt=None,
        written=about.st_size,
        synced=about.st_size,
        oldest_ms=int(about.st_mtime * 1000),
        sealed=True,
        read=0,
    )
