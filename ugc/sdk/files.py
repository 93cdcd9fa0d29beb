"""Writes a package: a folder is replaced whole, and only if an earlier run made it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ugc.sdk.errors import SdkError

MARK = ".ugc-sdk"
"""A file that says that a folder was made here, and may be replaced."""

_MARK_TEXT = "Made by `ugc sdk build`, which replaces this folder whole.\n"

Files = Mapping[str, str | bytes]
"""Path in the package, with ``/`` → content."""


def write_package(folder: Path, files: Files) -> None:
    """Replaces ``folder`` by these files; what was there stays until they are all written.

    Raises:
        SdkError: the folder holds what no earlier run made, or cannot be written.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise SdkError(f"{folder} is no folder; name another with --out")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise SdkError(
            f"{folder} holds files that `ugc sdk build` did not make; name an empty folder with"
            " --out"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sdk-", dir=folder.parent) as beside:
            made = Path(beside) / "made"
            _write(made, {MARK: _MARK_TEXT, **files})
            if folder.exists():
                os.replace(folder, Path(beside) / "before")
            os.replace(made, folder)
    except OSError as error:
        raise SdkError(f"{folder} cannot be written: {error.strerror or error}") from error


def _write(folder: Path, files: Files) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
