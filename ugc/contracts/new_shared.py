"""The files of a new shared definition, or of the next version of one, as texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from contracts.lint import RULES, Severity
from contracts.lint.definitions import check
from contracts.lint.names import LONGEST_NAME
from contracts.lint.shape import SNAKE_CASE
from contracts.model.loader import read_shared
from contracts.model.shared import FOLDER, path_of
from ugc.contracts.errors import ScaffoldError, ScaffoldTextError
from ugc.project import scaffold


def first_version(
    folder: Path,
    name: str,
    owner: str | None,
    title: str | None,
    description: str | None,
    fields: tuple[str, ...],
) -> Mapping[str, str]:
    """Path below the contract folder → text.

    Raises:
        ScaffoldTextError: no definition can be made of that.
        ScaffoldError: there is one of that name.
    """
    if not SNAKE_CASE.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ScaffoldTextError(
            f"{name!r} is no name: write snake_case, {LONGEST_NAME} characters at most"
        )
    if (folder / FOLDER / name).exists():
        raise ScaffoldError(f"{name} exists already; a change is a new version: --next-version")
    if owner is None:
        raise ScaffoldTextError(
            "write --owner TEAM, or owner in ugc.toml: somebody has to answer for the definition"
        )
    parsed = [scaffold.NewField.parse(text) for text in fields or ("name:string",)]
    document = scaffold.shared_document(
        name, owner=owner, fields=parsed, title=title, description=description
    )
    if len(document["properties"]) < len(parsed):
        raise ScaffoldTextError("two fields have one name")
    notes, _ = check({(name, 1): document})
    wrong = [note.message for note in notes[name, 1] if RULES[note.code].severity is Severity.ERROR]
    if wrong:
        raise ScaffoldTextError("; ".join(wrong))
    return {path_of((name, 1)): scaffold.json_text(document)}


def next_version(folder: Path, name: str) -> Mapping[str, str]:
    """Path below the contract folder → text: a copy of the newest version.

    Raises:
        ScaffoldTextError: there is no definition of that name.
        ContractError: a shared definition breaks the dialect.
    """
    documents = read_shared(folder).documents
    versions = [version for known, version in documents if known == name]
    if not versions:
        known = ", ".join(sorted({each for each, _ in documents})) or "none yet"
        raise ScaffoldTextError(f"there is no shared definition {name!r}; there is {known}")
    newest = (name, max(versions))
    return {path_of((name, newest[1] + 1)): scaffold.json_text(documents[newest])}


def reference_in(files: Iterable[str]) -> str:
    """What an event writes to refer to the definition in the one of ``files``."""
    (path,) = (each for each in files if re.match(rf"{FOLDER}/", each))
    return json.dumps({"$ref": f"../../{path}"})
