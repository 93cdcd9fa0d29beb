"""Writes a site into a folder, and takes away what an earlier one had and this one has not."""

from __future__ import annotations

from pathlib import Path

from ugc.catalog.site import Site
from ugc.errors import CommandLineError

LISTING = ".ugc-catalog"
"""Lists what was written, so that nothing else is ever taken away."""


class OutputFolderError(CommandLineError):
    """The folder cannot be written to, or holds something else."""


def write_site(site: Site, folder: Path) -> int:
    """Writes every page; gives the bytes. Files that are the same already are left alone.

    Raises:
        OutputFolderError: see there; nothing is changed where it holds something else.
    """
    listing = folder / LISTING
    try:
        earlier = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
        if not earlier and folder.is_dir() and any(folder.iterdir()):
            raise OutputFolderError(
                f"{folder} holds something else than a catalogue; choose another: --out DIR"
            )
        folder.mkdir(parents=True, exist_ok=True)
        # First, so that a run that is interrupted leaves a folder that the next one takes for ours.
        listing.write_text("\n".join(sorted({*earlier, *site.paths})) + "\n", encoding="utf-8")
        written = sum(_write(site, folder, path) for path in site.paths)
        for path in sorted(set(earlier) - set(site.paths)):
            _remove(folder, path)
        listing.write_text("\n".join(sorted(site.paths)) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputFolderError(f"{error.filename or folder}: {error.strerror}") from error
    return written


def _write(site: Site, folder: Path, path: str) -> int:
    document = site.page(path)
    assert document is not None, f"{path} is one of the site's own"
    file = folder / path
    if not file.is_file() or file.read_bytes() != document.body:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document.body)
    return len(document.body)


def _remove(folder: Path, path: str) -> None:
    """A page that is no longer one, and the folders that it leaves empty."""
    file = (folder / path).resolve()
    if not file.is_relative_to(folder.resolve()):
        return
    file.unlink(missing_ok=True)
    for parent in file.parents:
        if parent == folder.resolve() or any(parent.iterdir()):
            return
        parent.rmdir()
