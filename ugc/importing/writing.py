"""Imported contracts → files of a contract folder, an event at a time.

An event's files are written beside the others first, and then moved: its examples, and after them
its contracts.  So a contract that is there has its examples, whenever the import was stopped; an
event that was not reached is written by the next one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ugc.importing.events import ImportedEvent
from ugc.project.scaffold import new_event

Move = Callable[[Path, Path], None]


def write_events(
    folder: Path, events: Sequence[ImportedEvent], *, move: Move = os.rename
) -> Iterator[tuple[str, str]]:
    """Writes each event with all its versions; yields its name, and why it was not written, if so.

    What the folder holds already is left as it is.

    Args:
        folder: the contract folder.
        events: those without a contract are passed over.
        move: renames a folder, in one go.

    Raises:
        OSError: the folder cannot be written to.
    """
    by_name: dict[str, list[ImportedEvent]] = {}
    for each in events:
        if each.document is not None:
            by_name.setdefault(each.event, []).append(each)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=folder) as beside:
        for name, versions in by_name.items():
            yield name, _write(folder, Path(beside) / name, name, versions, move)


def _write(
    folder: Path, beside: Path, name: str, versions: Sequence[ImportedEvent], move: Move
) -> str:
    contracts, examples = folder / "events" / name, folder / "examples" / name
    if contracts.exists():
        return f"{contracts} is there already"
    for each in versions:
        for path, text in new_event(name, each.document or {}, each.version).items():
            target = beside / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    left_to_move = [examples, contracts]
    if examples.exists():
        # As of an import that was stopped between the two moves.
        if _files(examples) != _files(beside / examples.relative_to(folder)):
            return f"{examples} is there already, and holds something else"
        left_to_move = [contracts]
    for target in left_to_move:
        target.parent.mkdir(exist_ok=True)
        move(beside / target.relative_to(folder), target)
    return ""


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
