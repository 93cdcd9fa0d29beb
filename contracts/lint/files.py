"""Reads the contract folder as it is: what belongs there, and what does not as findings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.lint.rules import Note
from contracts.model.applications import FILE as APPLICATIONS_FILE
from contracts.model.context import FOLDER as CONTEXT_FOLDER
from contracts.model.loader import EVENT_NAME, VERSION_FILE, parse_json
from contracts.model.shared import FOLDER

_VERSION_FOLDER = re.compile(r"v([1-9][0-9]*)")

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON file that could be read."""

    path: Path
    text: str
    value: Any


@dataclass(frozen=True, slots=True)
class Example:
    """An example file of one version; ``valid`` is what its folder says."""

    document: Document
    valid: bool


@dataclass(slots=True)
class Shelf:
    """Events or envelopes: documents by name and version, and their examples."""

    documents: dict[Key, Document] = field(default_factory=dict)
    examples: dict[Key, list[Example]] = field(default_factory=dict)


@dataclass(slots=True)
class Tree:
    """Everything below one contract folder. ``stray`` is what is wrong with a file as a file.

    Shared definitions have no example files: those of the events try them.
    """

    events: Shelf = field(default_factory=Shelf)
    envelopes: Shelf = field(default_factory=Shelf)
    shared: Shelf = field(default_factory=Shelf)
    context: Shelf = field(default_factory=Shelf)
    applications: Document | None = None
    stray: list[tuple[Path, Note, int]] = field(default_factory=list)

    def document(self, path: Path) -> Document | None:
        """What was read from a file; None where nothing was."""
        for shelf in (self.events, self.envelopes, self.shared, self.context):
            examples = (each.document for found in shelf.examples.values() for each in found)
            for document in (*shelf.documents.values(), *examples):
                if document.path == path:
                    return document
        return None

    def misplaced(self, path: Path, message: str, *, code: str = "file-misplaced") -> None:
        self.stray.append((path, Note(code, "", message), 1))


def read_tree(root: Path) -> Tree:
    """The folder's files; a file that cannot be used is in ``stray`` and nowhere else."""
    tree = Tree()
    _read_versions(tree, tree.events, root / "events")
    _read_versions(tree, tree.envelopes, root / "envelopes", skip=("examples",))
    _read_versions(tree, tree.shared, root / FOLDER)
    if (root / CONTEXT_FOLDER).is_dir():
        _read_numbered(tree, tree.context, root / CONTEXT_FOLDER)
    _read_applications(tree, root / APPLICATIONS_FILE)
    _read_examples(tree, tree.events, root / "examples")
    _read_examples(tree, tree.envelopes, root / "envelopes" / "examples")
    for name in ("request", "message"):
        if not any(known == name for known, _ in tree.envelopes.documents):
            path = root / "envelopes" / name / "v1.json"
            tree.misplaced(path, "write this envelope", code="envelope-missing")
    return tree


def _read_versions(tree: Tree, shelf: Shelf, folder: Path, skip: tuple[str, ...] = ()) -> None:
    for inner in _entries(folder):
        if inner.name in skip:
            continue
        if not inner.is_dir() or not EVENT_NAME.fullmatch(inner.name):
            tree.misplaced(inner, "write a folder named like an event: a-z, 0-9 and single _")
            continue
        _read_numbered(tree, shelf, inner)


def _read_numbered(tree: Tree, shelf: Shelf, inner: Path) -> None:
    numbers = set()
    for path in _entries(inner):
        numbered = VERSION_FILE.fullmatch(path.name)
        if numbered is None or not path.is_file():
            tree.misplaced(path, "name it v<N>.json, or move it out of the contract folder")
            continue
        numbers.add(int(numbered[1]))
        document = _read(tree, path)
        if document is not None and not isinstance(document.value, dict):
            tree.misplaced(path, "write a JSON object", code="json-invalid")
        elif document is not None:
            shelf.documents[inner.name, int(numbered[1])] = document
    _find_gaps(tree, inner, numbers)


def _read_applications(tree: Tree, path: Path) -> None:
    document = _read(tree, path) if path.is_file() else None
    if document is not None and not isinstance(document.value, dict):
        tree.misplaced(path, "write a JSON object", code="json-invalid")
    else:
        tree.applications = document


def _find_gaps(tree: Tree, folder: Path, numbers: set[int]) -> None:
    for missing in sorted(set(range(1, max(numbers, default=1))) - numbers):
        message = f"write v{missing}.json, or number the later versions anew"
        tree.misplaced(folder / f"v{missing}.json", message, code="version-gap")
    if not numbers:
        tree.misplaced(folder / "v1.json", "write v1.json, or remove the folder")


def _read_examples(tree: Tree, shelf: Shelf, folder: Path) -> None:
    for path in _files(folder):
        parts = path.relative_to(folder).parts
        version = _VERSION_FOLDER.fullmatch(parts[1]) if len(parts) == 4 else None
        if version is None or parts[2] not in ("valid", "invalid") or path.suffix != ".json":
            message = "move it to <name>/v<N>/valid/*.json or <name>/v<N>/invalid/*.json"
            tree.misplaced(path, message, code="example-orphan")
            continue
        document = _read(tree, path)
        if document is not None:
            found = shelf.examples.setdefault((parts[0], int(version[1])), [])
            found.append(Example(document, parts[2] == "valid"))


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _files(folder: Path) -> Iterator[Path]:
    for path in _entries(folder):
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _read(tree: Tree, path: Path) -> Document | None:
    try:
        text = path.read_text(encoding="utf-8")
        return Document(path, text, parse_json(text))
    except json.JSONDecodeError as error:
        tree.stray.append((path, Note("json-invalid", "", f"is not JSON: {error}"), error.lineno))
    except ValueError as error:
        tree.misplaced(path, f"is not JSON: {error}", code="json-invalid")
    return None
