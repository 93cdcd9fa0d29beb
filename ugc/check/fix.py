"""``ugc check --fix``: what the check can put right by itself.

A merged version that was edited, of an event, a shared definition or the context, goes back to what
is merged; the edited text becomes the next version, and an event's examples follow it.  Then the
lock and the generated files are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from contracts.model.context import FOLDER as CONTEXT
from contracts.model.loader import read_document
from contracts.model.shared import FOLDER as SHARED
from registry.lock import lock_of, lock_path, lock_text
from ugc.check.gather import Asked
from ugc.check.generated import stale_files
from ugc.compatibility.judge import version_changes
from ugc.compatibility.sources import files_of, from_folder, from_reference
from ugc.errors import UgcError
from ugc.project.scaffold import json_text
from ugc.wiring import own_catalog

Say = Callable[[str], object]


class NotFixedError(UgcError):
    """It cannot be put right by itself; the text says what to do by hand."""


def fix(asked: Asked, say: Say) -> None:
    """Puts right what can be; says each file that it wrote.

    Raises:
        NotFixedError: an edited version cannot become the next one.
        ContractError: a contract breaks the dialect, which lint tells better.
        SourceError: what is compared with cannot be had.
    """
    for path in _edited(asked):
        _move_to_next_version(asked, path, say)
    catalog = own_catalog(asked.folder)
    _write(lock_path(asked.folder), lock_text(lock_of(catalog)).encode(), say)
    for stale in stale_files(*asked.generated_from(catalog)):
        _write(stale.path, stale.wanted.encode(), say)


def _edited(asked: Asked) -> list[str]:
    """Merged version files that say something else, by path in the folder."""
    base, head = from_reference(asked.against, asked.folder), from_folder(asked.folder)
    return [
        each.path
        for folder in ("events", SHARED, CONTEXT)
        for each in version_changes(base, head, folder, asked.today)
        if each.code == "version.edited"
    ]


def _move_to_next_version(asked: Asked, path: str, say: Say) -> None:
    folder, place = asked.folder, path.rpartition("/")[0]
    number = int(path.removeprefix(f"{place}/v").removesuffix(".json"))
    following = f"{place}/v{number + 1}.json"
    if (folder / following).exists():
        raise NotFixedError(
            f"{path} was edited, and {following} is there already: put the file back"
            f" (git checkout {asked.against} -- {folder / path}) and write the change into that one"
        )
    merged = files_of(asked.against, folder, place)
    _write(folder / following, _without_notice(folder / path, read_document(folder / path)), say)
    if place.startswith("events/"):
        _move_examples(asked, place.removeprefix("events/"), number, say)
    _write(folder / path, merged[path], say)


def _move_examples(asked: Asked, event: str, number: int, say: Say) -> None:
    """Copies the examples to the next version; this one's go back to the merged ones."""
    folder, examples = asked.folder, f"examples/{event}/v{number}"
    merged = files_of(asked.against, folder, examples)
    for source in sorted((folder / examples).rglob("*.json")):
        name = source.relative_to(folder / examples).as_posix()
        _write(folder / f"examples/{event}/v{number + 1}/{name}", source.read_bytes(), say)
        if f"{examples}/{name}" not in merged:
            source.unlink()
            say(f"removed {source}")
    for name, content in merged.items():
        _write(folder / name, content, say)


def _without_notice(path: Path, document: Mapping[str, object]) -> bytes:
    """The file's own text, unless a deprecation is in it, which is not the next version's."""
    if "x-deprecated" not in document:
        return path.read_bytes()
    return json_text({k: v for k, v in document.items() if k != "x-deprecated"}).encode()


def _write(path: Path, content: bytes, say: Say) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    say(f"wrote {path}")
