"""The few things that the spool asks of a disk. A test hands in one that fails."""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """The operating system's files. Every method raises ``OSError`` when the disk refuses."""

    def create(self, path: Path) -> int:
        """A new file, open for appending and reading; its name survives a power cut."""
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            self.sync_folder(path.parent)
        except OSError:
            os.close(descriptor)
            path.unlink()
            raise
        return descriptor

    def write(self, descriptor: int, raw: bytes) -> None:
        """Appends everything, or raises with a part of it written."""
        left = memoryview(raw)
        while left:
            left = left[os.write(descriptor, left) :]

    def sync(self, descriptor: int) -> None:
        """Returns when what was written survives a power cut."""
        os.fsync(descriptor)

    def truncate(self, descriptor: int, count: int) -> None:
        """Leaves the first ``count`` bytes."""
        os.ftruncate(descriptor, count)

    def close(self, descriptor: int) -> None:
        """Lets go of an open file."""
        os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Deletes a file."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Makes new names in a folder survive a power cut."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
