"""Numbered files: ``v1.json``, ``v2.json`` … without a gap, in a folder or in folders by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from contracts.errors import ContractLoadError

VERSION_FILE = re.compile(r"v([1-9][0-9]*)\.json")
EVENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def version_files(
    folder: Path, skip: frozenset[str] = frozenset()
) -> Iterator[tuple[str, int, Path]]:
    """Name, version and file of everything in a folder of named folders, in that order.

    Raises:
        ContractLoadError: something else lies there, or a version is missing.
    """
    if not folder.is_dir():
        raise ContractLoadError(f"{folder} is not a folder")
    for inner in sorted(folder.iterdir()):
        if inner.name in skip:
            continue
        if not inner.is_dir() or not EVENT_NAME.fullmatch(inner.name):
            raise ContractLoadError(f"{inner} is not a folder named like an event (a-z, 0-9, _)")
        yield from numbered(inner)


def numbered(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """The same of one folder.

    Raises:
        ContractLoadError: as :func:`version_files`.
    """
    found = sorted((_version_of(path), path) for path in folder.iterdir())
    if [number for number, _ in found] != list(range(1, len(found) + 1)) or not found:
        raise ContractLoadError(f"{folder} must hold v1.json, v2.json … without a gap")
    yield from ((folder.name, number, path) for number, path in found)


def _version_of(path: Path) -> int:
    found = VERSION_FILE.fullmatch(path.name)
    if found is None:
        raise ContractLoadError(f"{path} is not named v<N>.json")
    return int(found[1])
